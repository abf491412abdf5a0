"""B2: streaming MIT-BIH records with real noise, method by method and cell by cell.

ΔSNR = SNR(c, y) - SNR(c, x) on `noisy_stretches`, each signal's mean over the scored samples
removed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from matplotlib.figure import Figure

from ecgstream.model.evaluation.benchmark import Benchmark, Section, record_number
from ecgstream.model.evaluation.benchmarks import error_by_position, worst_cases
from ecgstream.model.evaluation.methods import Method
from ecgstream.model.evaluation.noisy_stretches import (
    CLEAN,
    LEVELS,
    NOISE_KINDS,
    NOISE_RECORDS,
    SCORED,
    cases,
    noise_halves,
)
from ecgstream.model.evaluation.report import strips
from ecgstream.model.evaluation.report.plots import COLOURS
from ecgstream.model.evaluation.report.tables import Cell, Table, number, words
from ecgstream.model.evaluation.report.targets import Report, Target
from ecgstream.model.evaluation.runner import Evaluation, Methods, Rows
from ecgstream.model.evaluation.subjects import fingerprint
from ecgstream.streamer.ecg.metrics import snr


def run_record(
    record: str, data: Path, methods: Mapping[str, Method], *, test: bool = True
) -> list[dict[str, Any]]:
    """Score every method on every case of one record.

    With `test` false the training halves of NSTDB are mixed in: for choosing between models on
    validation records.

    Raises
    ------
    ecgstream.streamer.io.records.RecordError : the record or the noise is missing or damaged.
    """
    found = list(cases(record, data, noise_halves(data, test=test)))
    noisy = np.stack([case.noisy for case in found], axis=1).astype(np.float32)
    rows = []
    for name, method in methods.items():
        denoised = method(noisy)[SCORED]
        for case, y in zip(found, denoised.T, strict=True):
            after = snr(case.clean[SCORED], y)
            before = snr(case.clean[SCORED], case.noisy[SCORED])
            rows.append(
                {
                    "record": record,
                    "method": name,
                    "kind": case.kind,
                    "level": case.level,
                    "stretch": case.stretch,
                    # What is clean already has no noise to take away: its own SNR is reported.
                    "db": after if case.level is None else after - before,
                }
            )
    return rows


def summary(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Mean, median and 95 % bootstrap interval over records of every cell and method."""
    cells: dict[tuple[str, str, int | None], dict[str, list[float]]] = {}
    for row in rows:
        cell = cells.setdefault((row["method"], row["kind"], row["level"]), {})
        cell.setdefault(row["record"], []).append(row["db"])
    out = []
    for (method, kind, level), by_record in cells.items():
        means = np.array([np.mean(values) for values in by_record.values()])
        drawn = np.random.default_rng(0).choice(means, (2000, len(means))).mean(axis=1)
        low, high = np.percentile(drawn, [2.5, 97.5])
        worst = min(by_record, key=lambda record: np.mean(by_record[record]))
        out.append(
            {
                "method": method,
                "kind": kind,
                "level": level,
                "mean": float(means.mean()),
                "median": float(np.median(np.concatenate(list(by_record.values())))),
                "low": float(low),
                "high": float(high),
                "worst_record": worst,
                "worst": float(np.mean(by_record[worst])),
            }
        )
    return out


def worst_cells(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The noisy cell of each record in which a method gains least, by method and record."""
    out: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row["level"] is None:
            continue
        worst = out.setdefault(row["method"], {})
        if row["db"] < worst.get(row["record"], {"db": np.inf})["db"]:
            worst[row["record"]] = {key: row[key] for key in ("kind", "level", "db")}
    return out


_EXAMPLE = "103"
_EXAMPLE_CELLS = {("em", 0), ("ma", 0), ("bw", -6)}
_CODE = fingerprint(Path(__file__))
"""Taken at import: a file that is edited while its code runs must not count as what was run."""


def _plot_cells(summary: Sequence[Mapping[str, Any]]) -> Figure:
    """ΔSNR over input level, a panel for each kind of noise, a line for each method."""
    figure = Figure(figsize=(11, 6.5), layout="constrained")
    panels = figure.subplots(2, 3, sharex=True)
    methods = list(dict.fromkeys(row["method"] for row in summary))
    for panel, kind in zip(panels.flat, NOISE_KINDS, strict=True):
        for method, colour in zip(methods, COLOURS, strict=False):
            rows = [r for r in summary if r["method"] == method and r["kind"] == kind]
            x = [r["level"] for r in rows]
            low, high = [r["low"] for r in rows], [r["high"] for r in rows]
            panel.fill_between(x, low, high, color=colour, alpha=0.15, lw=0)
            panel.plot(x, [r["mean"] for r in rows], "o-", color=colour, ms=4, label=method)
        panel.axhline(0, color="0.4", lw=0.8)
        panel.set_title(kind)
        panel.set_xticks(LEVELS)
        panel.grid(alpha=0.25)
    for panel in panels[-1]:
        panel.set_xlabel("SNR of the input, dB")
    for panel in panels[:, 0]:
        panel.set_ylabel("ΔSNR, dB")
    clean = {r["method"]: r["mean"] for r in summary if r["kind"] == CLEAN}
    handles, labels = panels.flat[0].get_legend_handles_labels()
    named = [f"{label} (clean in: {clean[label]:.0f} dB)" for label in labels]
    figure.legend(handles, named, loc="outside lower center", ncols=3, frameon=False)
    return figure


def _example(run: Evaluation, present: Sequence[str], method: Method) -> list[strips.Strip]:
    numbers = [record_number(name) for name in present]
    record = _EXAMPLE if _EXAMPLE in numbers else numbers[0]
    chosen = [
        case
        for case in cases(record, run.data, noise_halves(run.data, test=run.test))
        if (case.kind, case.level) in _EXAMPLE_CELLS and case.stretch == 0
    ]
    denoised = method(np.stack([case.noisy for case in chosen], axis=1).astype(np.float32))
    return [
        strips.Strip.of(record, case, y, SCORED.start)
        for case, y in zip(chosen, denoised.T, strict=True)
    ]


def _cell(kind: str, level: int | None, figure: str = "mean") -> Callable[[Report, str], float]:
    def find(report: Report, model: str) -> float:
        wanted = (model, kind, level)
        for cell in report["b2"]["cells"]:
            if (cell["method"], cell["kind"], cell["level"]) == wanted:
                return float(cell[figure])
        raise LookupError(wanted)

    return find


def _beside_float(kinds: Mapping[str, int | None]) -> Callable[[Report, str], float]:
    """The worst difference to the float model of the same run, over some cells of B2."""

    def find(report: Report, model: str) -> float:
        models = report["models"]
        (exact,) = (name for name in models if not models[name]["quantized"])
        if model == exact:
            raise LookupError(model)
        return min(
            _cell(kind, level)(report, model) - _cell(kind, level)(report, exact)
            for kind, level in kinds.items()
        )

    return find


def _noisy(levels: Mapping[str, float], level: int) -> tuple[Target, ...]:
    return tuple(
        Target("b2", f"gain in {kind} at {level} dB", "dB", limit, True, _cell(kind, level))
        for kind, limit in levels.items()
    )


class RecordedNoise(Benchmark):
    """B2: recorded noise at known levels in MIT-BIH records."""

    name = "b2"
    title = "B2: real noise in a live stream"
    description = (
        "How much cleaner the ECG becomes: recordings of real patients with recorded "
        "noise mixed in at a known level. A gain of 10 dB means that one tenth of the "
        "power of the noise is left. Clean input should come out as it went in. Only the "
        "models and the causal band-pass can run live; the other filters see the whole "
        "recording first."
    )
    validation = True
    needed = NOISE_RECORDS
    targets: ClassVar[tuple[Target, ...]] = (
        *_noisy({"bw": 15.0, "em": 8.5, "ma": 11.5, "mix": 10.0, "pli50": 20.0, "pli60": 20.0}, 0),
        *_noisy({"bw": 7.5, "em": 3.5, "ma": 5.0, "mix": 4.5}, 12),
        Target("b2", "clean input, SNR of the output", "dB", 32.0, True, _cell("clean", None)),
        Target("b2", "clean input, worst record", "dB", 15.0, True, _cell("clean", None, "worst")),
        Target(
            "b2",
            "int8 beside float, worst noisy cell at 0 dB",
            "dB",
            -0.1,
            True,
            _beside_float(dict.fromkeys(("bw", "em", "ma", "mix", "pli50", "pli60"), 0)),
        ),
        Target("b2", "int8 beside float, clean", "dB", -2.0, True, _beside_float({"clean": None})),
    )
    plots_before: ClassVar[Mapping[str, str]] = {
        "strips": ("Six seconds of an ECG: as it was, with noise, and what the model made of it."),
        "cells": ("Gain over the level of the noise, with 95 % bootstrap intervals over records."),
    }
    plots_after: ClassVar[Mapping[str, str]] = {
        "worst": (
            "The worst strips: first the noisy stretches at 0 dB and better where least was "
            "gained (the figure is the gain), then the clean ones where most was lost (the "
            "figure is the SNR of the output). Each stretch is shown once, where its error is"
            " greatest."
        ),
        "positions": (
            "How much of the noise a single window leaves, by place in the window: its ends "
            "are worst, which is why the engine waits a little and uses the middle."
        ),
    }
    strips = ("strips", "worst")

    def scored(self, run: Evaluation) -> tuple[str, ...]:
        """Records to score."""
        return run.split

    def score(self, run: Evaluation, present: list[str]) -> Section:
        """Score the records that are present."""

        def mixed(record: str, methods: Methods) -> Rows:
            return run_record(record_number(record), run.data, methods, test=run.test)

        def windows(record: str, networks: Mapping[str, Any]) -> Rows:
            return error_by_position.run_record(
                record_number(record), run.data, networks, test=run.test
            )

        rows = run.score("b2", present, run.streamed | run.others, _CODE, mixed)
        bare = {run.first: run.models[run.first].network}
        places = error_by_position.summary(
            run.score("b2 windows", present, bare, error_by_position.CODE, windows)
        )
        cells = summary(rows)
        keeping_st = summary(run.score("b2", present, run.keeping_st, _CODE, mixed))
        method = run.streamed[run.first].value
        selected = worst_cases.worst(rows, run.first)
        shown = worst_cases.strips(selected, run.data, method, test=run.test)
        run.figures |= {
            "cells": _plot_cells(cells),
            "positions": error_by_position.plot(places),
            "strips": strips.strips(_example(run, present, method)),
            "worst": strips.strips(shown),
        }
        return {
            "models": list(run.models),
            "cells": cells,
            "keeping_st": keeping_st,
            "worst_cells": worst_cells(rows),
            "worst_stretches": selected,
            "positions": places,
            "stretches": rows,
        }

    def tables(self, section: Mapping[str, Any]) -> list[Table]:
        """All cells, the worst record of each, and where a filter beats the first model."""
        cells = section["cells"]
        methods = list(dict.fromkeys(cell["method"] for cell in cells))
        by_cell: dict[tuple[str, int | None], dict[str, Any]] = {}
        for cell in cells:
            by_cell.setdefault((cell["kind"], cell["level"]), {})[cell["method"]] = cell
        all_rows, worst_rows, better = [], [], []
        for (kind, level), found in by_cell.items():
            names = words(kind, "" if level is None else f"{level} dB")
            best = max(found[method]["mean"] for method in methods)
            row, worst = list(names), list(names)
            for method in methods:
                c = found[method]
                interval = f"{number(c['low'])} to {number(c['high'])}"
                mark = "best" if c["mean"] == best else ""
                row.append(Cell(number(c["mean"]), interval, mark))
                worst.append(Cell(number(c["worst"]), c["worst_record"]))
                ahead = c["mean"] - found[methods[0]]["mean"]
                if method not in section["models"] and ahead > 0:
                    better.append([*names, *words(method, number(ahead, 1, "+"))])
            all_rows.append(row)
            worst_rows.append(worst)
        headings = ["noise", "input", *methods]
        tables = [
            Table(
                "B2: mean ΔSNR in dB over records (clean: SNR of the output)", headings, all_rows, 2
            ),
            Table("B2: the record that each fares worst on, dB", headings, worst_rows, 2),
        ]
        kept = [
            [
                *words(cell["kind"], "" if cell["level"] is None else f"{cell['level']} dB"),
                *words(number(cell["mean"]), number(cell["mean"] - usual, 1, "+")),
            ]
            for cell in section["keeping_st"]
            for usual in [by_cell[cell["kind"], cell["level"]][methods[0]]["mean"]]
        ]
        title = f"B2: {methods[0]} in the mode that keeps the ST segment, and what that costs, dB"
        tables.append(Table(title, ["noise", "input", "ΔSNR", "beside the usual mode"], kept, 2))
        if better:
            title = f"B2: where a filter is better than {methods[0]}"
            tables.append(Table(title, ["noise", "input", "filter", "by, dB"], better, 3))
        return tables


BENCHMARK = RecordedNoise()
