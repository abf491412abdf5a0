"""B6.5: heart rate of the denoised stream, second by second, against the annotations.

Both signals of each record from 5:00 to 10:00, noise mixed into each as in B2 (the stretch of noise
starts at another place for each), with both signals missing for 7.5 s of every minute, and with
ten seconds of every minute replaced by the isoelectric line, as in a cardiac arrest. After each
second, from the tenth on, the detector's rate is compared with the mean rate of the beats that are
annotated in the ten seconds before; it is wrong when it differs by more than 5 bpm and by more than
5 %. Neither the engine's delay nor the detector's is made up for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ecgstream.model.evaluation.benchmark import Benchmark, Section, record_number
from ecgstream.model.evaluation.methods import FlaggedMethod, Signals
from ecgstream.model.evaluation.noisy_stretches import (
    NOISE_RECORDS,
    noise_halves,
    noise_stretch,
)
from ecgstream.model.evaluation.report.tables import Table, number, words
from ecgstream.model.evaluation.runner import Evaluation, Rows
from ecgstream.model.evaluation.subjects import Subject, fingerprint
from ecgstream.streamer.denoiser import Denoised
from ecgstream.streamer.ecg.annotations import record_marks
from ecgstream.streamer.ecg.metrics import reference
from ecgstream.streamer.ecg.noise import noise_gain
from ecgstream.streamer.ecg.qrs import SPAN, BeatDetector
from ecgstream.streamer.engine.delay import FS
from ecgstream.streamer.io.records import read_record

START, LENGTH = 300 * round(FS), 300 * round(FS)
"""Samples of the stretch of each record."""
MAX_BPM, MAX_SHARE = 5.0, 0.05
"""Errors of which both must be exceeded for a rate to be wrong."""
NOISY_INPUT = "input"
"""Row of the noisy signal itself, without flags, through the same detector."""
_MINUTE = round(60 * FS)
_GAP = slice(round(30 * FS), round(37.5 * FS))
_PAUSE = slice(round(30 * FS), round(40 * FS))

Beats = npt.NDArray[np.int64]


class Condition(NamedTuple):
    """What is done to a record."""

    noise: str = ""
    level: int = 0
    """dB."""
    disturbance: str = ""
    """`gaps`, `pauses` or nothing."""

    @property
    def name(self) -> str:
        """Name in tables."""
        noise = f"{self.noise}, {self.level} dB" if self.noise else "clean"
        return f"{noise}, {self.disturbance}" if self.disturbance else noise


CONDITIONS = (
    Condition(),
    Condition(disturbance="gaps"),
    Condition(disturbance="pauses"),
    *(Condition(kind, level) for kind in ("em", "ma", "mix", "pli50") for level in (12, 6, 0)),
    Condition("mix", 6, "gaps"),
    Condition("em", 6, "pauses"),
)


def disturbed(
    condition: Condition, record: str, clean: Signals, beats: Beats, data: Path, *, test: bool
) -> tuple[Signals, Beats]:
    """Return the signals (n, channels) under a condition, and the beats that are left in them."""
    x = clean.astype(float)
    of_minute = np.arange(len(x)) % _MINUTE
    if condition.disturbance == "pauses":
        pause = (of_minute >= _PAUSE.start) & (of_minute < _PAUSE.stop)
        x[pause] = 0
        beats = beats[~pause[beats]]
    if condition.noise:
        halves = noise_halves(data, test=test)
        for channel, signal in enumerate(clean.T):
            noise = noise_stretch(condition.noise, record, channel, halves, len(x))
            x[:, channel] += noise * noise_gain(signal, noise, condition.level)
    if condition.disturbance == "gaps":
        x[(of_minute >= _GAP.start) & (of_minute < _GAP.stop)] = np.nan
    return x.astype(np.float32), beats


def true_rate(beats: Beats, end: int) -> float:
    """Mean rate in bpm of the beats in the `SPAN` seconds before a sample; NaN of one or none."""
    first, stop = np.searchsorted(beats, (end - round(SPAN * FS), end))
    inside = beats[first:stop]
    if len(inside) < 2:
        return float("nan")
    return 60 * FS * (len(inside) - 1) / float(inside[-1] - inside[0])


def score(given: Denoised, beats: Beats) -> dict[str, Any]:
    """Count all seconds, those with a rate, with a wrong one, and without one by the reason."""
    detector = BeatDetector(FS, given.signal.shape[1])
    second, span = round(FS), round(SPAN * FS)
    seconds = known = wrong = 0
    reasons: dict[str, int] = {}
    for end in range(second, len(given.signal) + 1, second):
        part = slice(end - second, end)
        detector.push(given.signal[part], given.quality[part])
        if end < span:
            continue
        rate, true = detector.heart_rate(), true_rate(beats, end)
        seconds += 1
        if rate.reason:
            reasons[rate.reason] = reasons.get(rate.reason, 0) + 1
            continue
        known += 1
        # Also where there is no true one, NaN.
        wrong += not abs(rate.bpm - true) <= max(MAX_BPM, MAX_SHARE * true)
    return {"seconds": seconds, "known": known, "wrong": wrong, "reasons": reasons}


def run_record(
    record: str, data: Path, methods: Mapping[str, FlaggedMethod], *, test: bool = True
) -> list[dict[str, Any]]:
    """`score` of a record under every condition and method.

    Raises
    ------
    ecgstream.streamer.io.records.RecordError : the record or the noise is missing or damaged.
    """
    recording = read_record(f"mitdb/{record}", data)
    stretch = slice(START, START + LENGTH)
    whole = [reference(signal, recording.fs) for signal in recording.signals.T]
    clean = np.stack([signal[stretch] for signal in whole], axis=1).astype(np.float32)
    marked = record_marks(recording.annotations).beats.sample - START
    beats = marked[(marked >= 0) & (marked < LENGTH)]
    rows = []
    for condition in CONDITIONS:
        x, left = disturbed(condition, record, clean, beats, data, test=test)
        for name, method in methods.items():
            row = {"record": record, "method": name, "condition": condition.name}
            rows.append({**row, **score(method(x), left)})
    return rows


def summary(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Shares in percent by condition and method, over the seconds of all records.

    `worst` is the record with most wrong seconds.
    """
    out = []
    for condition, method in dict.fromkeys((row["condition"], row["method"]) for row in rows):
        own = [row for row in rows if (row["condition"], row["method"]) == (condition, method)]
        seconds, known, wrong = (sum(r[key] for r in own) for key in ("seconds", "known", "wrong"))
        reasons: dict[str, int] = {}
        for row in own:
            for reason, count in row["reasons"].items():
                reasons[reason] = reasons.get(reason, 0) + count
        worst = max(own, key=lambda row: row["wrong"])
        out.append(
            {
                "condition": condition,
                "method": method,
                "known": 100 * known / seconds,
                "wrong": 100 * wrong / known if known else None,
                "worst_record": worst["record"],
                "worst": 100 * worst["wrong"] / worst["known"] if worst["known"] else None,
                "reasons": {reason: 100 * n / seconds for reason, n in reasons.items()},
            }
        )
    return out


def unchanged(x: Signals) -> Denoised:
    """Return the signals without a flag."""
    return Denoised(x, np.zeros(x.shape, np.uint8), np.full(x.shape, np.nan, np.float32))


_CODE = fingerprint(Path(__file__))
"""Taken at import: a file that is edited while its code runs must not count as what was run."""


class HeartRate(Benchmark):
    """Heart rate of the denoised stream against the annotations."""

    name = "rate"
    title = "B6.5: heart rate"
    description = (
        "The heart rate over the last ten seconds, from the beats found in the denoised stream, "
        "compared every second with that of the beats that cardiologists annotated. It is wrong "
        "when it differs by more than 5 beats per minute and by more than 5 %. Where the beats do "
        "not determine a rate none is shown, and a reason in its place. Gaps: both leads are "
        "missing for 7.5 s of every minute. Pauses: ten seconds of every minute without a beat."
    )
    validation = True
    optional = True
    needed = NOISE_RECORDS

    def scored(self, run: Evaluation) -> tuple[str, ...]:
        """Records to score."""
        return run.split

    def score(self, run: Evaluation, present: list[str]) -> Section:
        """Score the records that are present."""

        def rates(record: str, methods: Mapping[str, FlaggedMethod]) -> Rows:
            return run_record(record_number(record), run.data, methods, test=run.test)

        subjects = {name: model.flagged(run.delay) for name, model in run.models.items()}
        if run.others:
            subjects[NOISY_INPUT] = Subject(unchanged, NOISY_INPUT)
        rows = run.score("rate", present, subjects, _CODE, rates)
        return {"cells": summary(rows), "rows": rows}

    def tables(self, section: Mapping[str, Any]) -> list[Table]:
        """Seconds with a rate, and with a wrong one; and why there is none."""
        cells = section["cells"]
        methods = list(dict.fromkeys(cell["method"] for cell in cells))
        by_condition: dict[str, dict[str, Any]] = {}
        for cell in cells:
            by_condition.setdefault(cell["condition"], {})[cell["method"]] = cell
        headings = ["input"]
        for method in methods:
            headings += [f"{method}: shown", "of them wrong", "worst record"]
        rows, whys = [], []
        first = methods[0]
        reasons = sorted({reason for cell in cells for reason in cell["reasons"]})
        for condition, found in by_condition.items():
            row = words(condition)
            for method in methods:
                cell = found[method]
                worst = f"{number(cell['worst'])} ({cell['worst_record']})"
                row += words(number(cell["known"]), number(cell["wrong"], 2), worst)
            rows.append(row)
            shares = (number(found[first]["reasons"].get(reason, 0.0)) for reason in reasons)
            whys.append(words(condition, *shares))
        return [
            Table("Heart rate, % of seconds", headings, rows),
            Table(f"{first}: seconds without a rate, %, by the reason", ["input", *reasons], whys),
        ]


BENCHMARK = HeartRate()
