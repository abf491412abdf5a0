"""What waiting longer is worth: the gain of a model over the delay of the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from matplotlib.figure import Figure

from ecgstream.model.evaluation import noisy_stretches
from ecgstream.model.evaluation.benchmark import Benchmark, Section, record_number
from ecgstream.model.evaluation.methods import Method
from ecgstream.model.evaluation.noisy_stretches import NOISE_RECORDS
from ecgstream.model.evaluation.report.plots import KIND_COLOURS, label_axes
from ecgstream.model.evaluation.report.tables import Table, number, words
from ecgstream.model.evaluation.runner import Evaluation, Methods, Rows
from ecgstream.model.evaluation.subjects import fingerprint
from ecgstream.streamer.ecg.metrics import snr
from ecgstream.streamer.engine.delay import FS, delay_mode

DELAYS: tuple[int | str, ...] = (24, 31, 47, 64, 90, 122, 160, 200, "best")
"""Samples; the last one is the full overlap-add."""
NOISE_KINDS = ("mix", "em")
LEVEL = 0


def run_record(
    record: str, data: Path, methods: Mapping[str, Method], *, test: bool = True
) -> list[dict[str, Any]]:
    """ΔSNR in dB of every method on the stretches of B2 with `NOISE_KINDS` at `LEVEL` dB.

    Raises
    ------
    ecgstream.streamer.io.records.RecordError : the record or the noise is missing or damaged.
    """
    cases = [
        case
        for case in noisy_stretches.cases(
            record, data, noisy_stretches.noise_halves(data, test=test)
        )
        if case.kind in NOISE_KINDS and case.level == LEVEL
    ]
    noisy = np.stack([case.noisy for case in cases], axis=1).astype(np.float32)
    rows = []
    for name, method in methods.items():
        for case, x, y in zip(cases, noisy.T, method(noisy).T, strict=True):
            clean = case.clean[noisy_stretches.SCORED]
            gain = snr(clean, y[noisy_stretches.SCORED]) - snr(clean, x[noisy_stretches.SCORED])
            rows.append({"record": record, "method": name, "kind": case.kind, "db": gain})
    return rows


def summary(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Mean over all stretches by kind and delay; `method` of the rows names the delay."""
    out = []
    for delay in DELAYS:
        for kind in NOISE_KINDS:
            own = [r["db"] for r in rows if (r["method"], r["kind"]) == (str(delay), kind)]
            mode = delay_mode(delay)
            out.append({"delay": mode.samples, "hop": mode.hop, "kind": kind, "mean": np.mean(own)})
    return out


_CODE = fingerprint(Path(__file__))
"""Taken at import: a file that is edited while its code runs must not count as what was run."""


def _plot(summary: Sequence[Mapping[str, Any]]) -> Figure:
    """Mean ΔSNR over the delay of the engine, a line for each kind of noise."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    for kind in dict.fromkeys(row["kind"] for row in summary):
        rows = [row for row in summary if row["kind"] == kind]
        delays = [row["delay"] / FS for row in rows]
        gains = [row["mean"] for row in rows]
        axes.plot(delays, gains, "o-", color=KIND_COLOURS[kind], ms=5, label=f"{kind} at 0 dB")
    label_axes(axes, "delay of the output, s", "ΔSNR, dB")
    axes.set_xlim(left=0)
    axes.legend(frameon=False, loc="lower right")
    return figure


class DelayCurve(Benchmark):
    """Gain over the delay of the engine."""

    name = "delay_curve"
    title = "What waiting longer is worth"
    description = (
        "The engine may emit a sample early or late; late ones are better, as more "
        "windows have seen what comes after. This is the gain over the delay."
    )
    optional = True
    needed = NOISE_RECORDS
    plots_before: ClassVar[Mapping[str, str]] = {
        "delay_curve": ("Mean gain on B2 at 0 dB over the delay of the output."),
    }

    def scored(self, run: Evaluation) -> tuple[str, ...]:
        """Records to score."""
        return run.split

    def score(self, run: Evaluation, present: list[str]) -> Section:
        """Score the records that are present."""

        def delayed(record: str, methods: Methods) -> Rows:
            return run_record(record_number(record), run.data, methods, test=run.test)

        model = run.models[run.first]
        delays = {str(delay): model.streamed(delay) for delay in DELAYS}
        curve = summary(run.score("delay curve", present, delays, _CODE, delayed))
        run.figures["delay_curve"] = _plot(curve)
        return {"curve": curve}

    def tables(self, section: Mapping[str, Any]) -> list[Table]:
        """Gain over delay."""
        by_delay: dict[int, dict[str, Any]] = {}
        for row in section["curve"]:
            by_delay.setdefault(row["delay"], {})[row["kind"]] = row
        kinds = list(dict.fromkeys(row["kind"] for row in section["curve"]))
        rows = [
            words(
                f"{delay} ({delay / 360:.2f} s)",
                next(iter(found.values()))["hop"],
                *(number(found[kind]["mean"], 2) for kind in kinds),
            )
            for delay, found in by_delay.items()
        ]
        headings = ["delay in samples", "hop", *(f"{kind} at 0 dB" for kind in kinds)]
        return [Table("Mean ΔSNR in dB over the delay", headings, rows)]


BENCHMARK = DelayCurve()
