"""B6.1 and B6.3: whether the error band holds the error, and what is flagged where noise was added.

On every cell of B2: the share of the scored samples within the band of 90 %, and within those of
50 % and 99 %, which are that band times a factor; half widths beside the errors; the share of the
samples that are flagged UNCERTAIN.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ecgstream.model.evaluation.benchmark import Benchmark, Section, record_number
from ecgstream.model.evaluation.methods import FlaggedMethod
from ecgstream.model.evaluation.noisy_stretches import (
    CLEAN,
    NOISE_KINDS,
    NOISE_RECORDS,
    SCORED,
    cases,
    noise_halves,
)
from ecgstream.model.evaluation.report import strips
from ecgstream.model.evaluation.report.tables import Table, number, words
from ecgstream.model.evaluation.report.targets import Report, Target
from ecgstream.model.evaluation.runner import Evaluation, Rows
from ecgstream.model.evaluation.subjects import fingerprint
from ecgstream.streamer.quality import Quality

FACTORS = {str(percent): float(np.log(1 - percent / 100) / np.log(0.1)) for percent in (50, 90, 99)}
"""Half width of each band, in percent of the samples, over that of the band of 90 %, if the errors
had a Laplace distribution: 0.30, 1 and 2."""
HUM = ("pli50", "pli60")


def run_record(
    record: str, data: Path, methods: Mapping[str, FlaggedMethod], *, test: bool = True
) -> list[dict[str, Any]]:
    """Cover of each band, half widths, errors and flags of every case, by method.

    Raises
    ------
    ecgstream.streamer.io.records.RecordError : the record or the noise is missing or damaged.
    """
    found = list(cases(record, data, noise_halves(data, test=test)))
    noisy = np.stack([case.noisy for case in found], axis=1).astype(np.float32)
    rows = []
    for name, method in methods.items():
        given = method(noisy)
        for i, case in enumerate(found):
            error = np.abs(given.signal[SCORED, i] - case.clean[SCORED])
            band = given.error[SCORED, i]
            flags = given.quality[SCORED, i]
            rows.append(
                {
                    "record": record,
                    "method": name,
                    "kind": case.kind,
                    "level": case.level,
                    "cover": {k: float((error <= f * band).mean()) for k, f in FACTORS.items()},
                    "half_width": float(band.mean()),
                    "error": float(error.mean()),
                    "uncertain": float((flags & Quality.UNCERTAIN > 0).mean()),
                }
            )
    return rows


def summary(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Means over records of every cell and method; shares in percent, widths in µV.

    `low` and `high` are the records' least and greatest cover of the band of 90 %.
    """
    out = []
    keys = dict.fromkeys((row["method"], row["kind"], row["level"]) for row in rows)
    for method, kind, level in keys:
        own = [r for r in rows if (r["method"], r["kind"], r["level"]) == (method, kind, level)]
        by_record: dict[str, list[float]] = {}
        for row in own:
            by_record.setdefault(row["record"], []).append(100 * row["cover"]["90"])
        means = [float(np.mean(values)) for values in by_record.values()]
        out.append(
            {
                "method": method,
                "kind": kind,
                "level": level,
                "cover": {k: float(np.mean([100 * r["cover"][k] for r in own])) for k in FACTORS},
                "low": min(means),
                "high": max(means),
                "half_width": 1000 * float(np.mean([r["half_width"] for r in own])),
                "error": 1000 * float(np.mean([r["error"] for r in own])),
                "uncertain": 100 * float(np.mean([r["uncertain"] for r in own])),
            }
        )
    return out


def _cells(report: Report, model: str, kinds: Sequence[str]) -> list[Mapping[str, Any]]:
    found = [c for c in report["band"]["cells"] if c["method"] == model and c["kind"] in kinds]
    if not found:
        raise LookupError(model)
    return found


def _targets() -> tuple[Target, ...]:
    def covers(report: Report, model: str) -> list[float]:
        return [cell["cover"]["90"] for cell in _cells(report, model, NOISE_KINDS)]

    def in_clean(report: Report, model: str) -> float:
        return float(_cells(report, model, (CLEAN,))[0]["cover"]["90"])

    def false_alarms(report: Report, model: str) -> float:
        cells = _cells(report, model, HUM)
        return max(float(cell["uncertain"]) for cell in cells if cell["level"] >= 6)

    what = "cover of the 90 % band"
    return (
        Target("band", f"{what}, least in noise", "%", 84, True, lambda *of: min(covers(*of))),
        Target("band", f"{what}, most in noise", "%", 97, False, lambda *of: max(covers(*of))),
        Target("band", f"{what}, clean", "%", 99.5, False, in_clean),
        Target("band", "flagged in hum at 6 dB and better", "%", 5, False, false_alarms),
    )


def _example(run: Evaluation, present: Sequence[str]) -> list[strips.Strip]:
    """Strips of the first model that tells its error."""
    record = record_number(present[0])
    found = cases(record, run.data, noise_halves(run.data, test=run.test))
    chosen = [case for case in found if (case.kind, case.level) in _EXAMPLE_CELLS]
    chosen = [case for case in chosen if case.stretch == 0]
    noisy = np.stack([case.noisy for case in chosen], axis=1).astype(np.float32)
    model = next(model for model in run.models.values() if model.predicts_error)
    given = model.flagged(run.delay).value(noisy)
    return [
        strips.Strip.of(record, case, given.signal[:, i], SCORED.start, band=given.error[:, i])
        for i, case in enumerate(chosen)
    ]


_EXAMPLE_CELLS = {("em", 0), ("ma", 0), ("pli50", 6), (CLEAN, None)}
_CODE = fingerprint(Path(__file__))
"""Taken at import: a file that is edited while its code runs must not count as what was run."""


class ErrorBand(Benchmark):
    """Cover of the error band, and the flag, in every cell of B2."""

    name = "band"
    title = "B6.1: the error band"
    description = (
        "The network tells for each sample how far off it may be. In each cell of B2, the share of "
        "the samples whose error lies within the band that should hold 90 % of them, with the "
        "records that have least and most; the half width of the band beside the error; and how "
        "much is flagged as uncertain."
    )
    validation = True
    optional = True
    needed = NOISE_RECORDS
    targets = _targets()
    plots_after: ClassVar[Mapping[str, str]] = {
        "band": "The denoised signal in its error band of 90 %, below the clean and the noisy one."
    }
    strips = ("band",)

    def scored(self, run: Evaluation) -> tuple[str, ...]:
        """Records to score."""
        return run.split

    def run(self, run: Evaluation) -> Section | None:
        """Score the models that tell their error; None when there is none."""
        return super().run(run) if self._models(run) else None

    def _models(self, run: Evaluation) -> list[str]:
        return [name for name, model in run.models.items() if model.predicts_error]

    def score(self, run: Evaluation, present: list[str]) -> Section:
        """Score the records that are present."""

        def covered(record: str, methods: Mapping[str, FlaggedMethod]) -> Rows:
            return run_record(record_number(record), run.data, methods, test=run.test)

        models = {name: run.models[name].flagged(run.delay) for name in self._models(run)}
        rows = run.score("band", present, models, _CODE, covered)
        run.figures["band"] = strips.strips(_example(run, present))
        return {"cells": summary(rows), "rows": rows}

    def tables(self, section: Mapping[str, Any]) -> list[Table]:
        """One table for each model, a row for each cell."""
        cells = section["cells"]
        headings = [
            "noise, dB",
            "in the 90 % band",
            "records from",
            "to",
            "in the 50 % band",
            "in the 99 % band",
            "half width, µV",
            "error, µV",
            "flagged",
        ]
        out = []
        for method in dict.fromkeys(cell["method"] for cell in cells):
            rows = []
            for cell in cells:
                if cell["method"] != method:
                    continue
                level = "" if cell["level"] is None else f", {cell['level']}"
                cover = cell["cover"]
                figures = (cover["90"], cell["low"], cell["high"], cover["50"], cover["99"])
                widths = number(cell["half_width"], 0), number(cell["error"], 0)
                shares = (number(figure) for figure in figures)
                flags = number(cell["uncertain"])
                rows.append(words(f"{cell['kind']}{level}", *shares, *widths, flags))
            out.append(Table(f"Error band of {method}, % of the samples", headings, rows))
        return out


BENCHMARK = ErrorBand()
