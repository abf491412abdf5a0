"""How often the engine's `uncertain` flag is right: beats found where it is set, and where not.

The noise stress test B3, in stretches of five seconds of its noisy minutes. A stretch is wrong
when xqrs, on the denoised signal, misses a beat in it or finds one that is none; it counts as
flagged when more than half of it is. On the validation records, with the training half of the
noise, the same counts at other thresholds show where the threshold should lie.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from wfdb.processing import xqrs_detect

from ecgstream.model.data.splits import VALIDATION
from ecgstream.model.evaluation.benchmark import Benchmark, Section, record_number
from ecgstream.model.evaluation.benchmarks import b3_beat_detection
from ecgstream.model.evaluation.benchmarks.b3_beat_detection import (
    LEVELS,
    noisy_minutes,
    stressed_record,
    unmatched,
)
from ecgstream.model.evaluation.methods import Method
from ecgstream.model.evaluation.noisy_stretches import NOISE_RECORDS
from ecgstream.model.evaluation.report.tables import Cell, Table, number, words
from ecgstream.model.evaluation.runner import Evaluation, Methods, Rows
from ecgstream.model.evaluation.subjects import fingerprint
from ecgstream.streamer.engine.delay import FS, delay_mode
from ecgstream.streamer.engine.detectors.artifact import ArtifactDetector
from ecgstream.streamer.engine.detectors.uncertainty import MAX_SLOPE_RATIO, UncertaintyDetector

THRESHOLDS = tuple(float(round(t, 3)) for t in np.geomspace(0.05, 5, 15))
"""Candidates for `MAX_SLOPE_RATIO`."""
_STRETCH = round(5 * FS)


def run_record(
    record: str,
    data: Path,
    methods: Mapping[str, Method],
    delay: str | int = "balanced",
    *,
    test: bool = True,
) -> list[dict[str, Any]]:
    """For each method, level and stretch: whether it is wrong, and its median ratio of powers.

    The ratio is that of the detector, worked out again from what the engine gave.

    Raises
    ------
    ecgstream.streamer.io.records.RecordError : the record or the noise is missing or damaged.
    """
    stressed, annotated = stressed_record(record, data, LEVELS, test=test)
    noisy = noisy_minutes(len(stressed))
    starts = [
        start
        for start in range(0, len(stressed) - _STRETCH + 1, _STRETCH)
        if noisy[start : start + _STRETCH].all()
    ]
    mode = delay_mode(delay)
    hop = mode.hop
    rows = []
    for name, method in methods.items():
        given = stressed.astype(np.float32)
        denoised = method(given)
        artifacts = ArtifactDetector(len(LEVELS), FS, Fraction(1), mode, 0)
        artifacts.push(np.pad(given.T, ((0, 0), (1, 0)), "edge"))
        near = artifacts.near(0, len(given))
        ratios = UncertaintyDetector(len(LEVELS), hop).ratios(
            (given - denoised).T, denoised.T, near
        )
        for level, y, ratio in zip(LEVELS, denoised.T.astype(float), ratios, strict=True):
            mistakes = np.concatenate(unmatched(annotated, xqrs_detect(y, FS, verbose=False)))
            for start in starts:
                inside = (mistakes >= start) & (mistakes < start + _STRETCH)
                hops = ratio[start // hop : (start + _STRETCH) // hop]
                row = {"record": record, "method": name, "level": level}
                rows.append({**row, "wrong": bool(inside.any()), "ratio": float(np.median(hops))})
    return rows


def counts(
    rows: Sequence[Mapping[str, Any]], threshold: float = float(MAX_SLOPE_RATIO)
) -> dict[str, Any]:
    """Shares in percent of all stretches, of the (un)flagged and of the wrong ones; None of none.

    `found` is how many of the wrong ones are flagged.
    """
    wrong = np.array([row["wrong"] for row in rows], bool)
    flagged = np.array([row["ratio"] for row in rows]) > threshold
    return {
        "threshold": float(threshold),
        "stretches": len(rows),
        "flagged": _percent(flagged),
        "wrong": _percent(wrong),
        "wrong_if_flagged": _percent(wrong[flagged]),
        "wrong_if_not": _percent(wrong[~flagged]),
        "found": _percent(flagged[wrong]),
        "right": _percent(flagged == wrong),
    }


def _percent(which: np.ndarray[Any, Any]) -> float | None:
    return float(100 * which.mean()) if len(which) else None


def summary(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """`counts` by level and over all, and over all at each of `THRESHOLDS`."""
    by_level = {
        level: counts([row for row in rows if row["level"] == level])
        for level in dict.fromkeys(row["level"] for row in rows)
    }
    return {
        "levels": by_level,
        "all": counts(rows),
        "thresholds": [counts(rows, threshold) for threshold in THRESHOLDS],
    }


_CODE = fingerprint(Path(__file__), b3_beat_detection)
"""Taken at import: a file that is edited while its code runs must not count as what was run."""


class UncertaintyFlag(Benchmark):
    """Calibration of the `uncertain` flag under the noise stress test."""

    name = "doubt"
    title = "When not to trust it"
    description = (
        "Where too much had to be taken away, the engine flags its own output as "
        "uncertain, by the model's estimate of the noise. A stretch of five seconds is "
        "wrong when a beat detector misses a beat in the denoised signal or finds one "
        "that is none. A good flag is set where things are wrong and nowhere else."
    )
    validation = True
    optional = True
    needed = NOISE_RECORDS

    def scored(self, run: Evaluation) -> tuple[str, ...]:
        """Records to score."""
        return tuple(
            f"mitdb/{name}" for name in (b3_beat_detection.RECORDS if run.test else VALIDATION)
        )

    def score(self, run: Evaluation, present: list[str]) -> Section:
        """Score the records that are present."""

        def flagged(record: str, methods: Methods) -> Rows:
            return run_record(record_number(record), run.data, methods, run.delay, test=run.test)

        model = {run.first: run.streamed[run.first]}
        rows = run.score("doubt", present, model, _CODE, flagged)
        return {**summary(rows), "rows": rows}

    def tables(self, section: Mapping[str, Any]) -> list[Table]:
        """How often the flag is right by level, and what another threshold would give."""
        what = ("flagged", "wrong", "wrong_if_flagged", "wrong_if_not", "found", "right")
        names = ["of them flagged", "wrong", "wrong if flagged", "wrong if not", "found", "right"]

        def row(name: str, counts: Mapping[str, Any]) -> list[Cell]:
            figures = (number(counts[figure]) for figure in what)
            return words(name, f"{counts['stretches']:,}", *figures)

        levels = [row(f"{level} dB", counts) for level, counts in section["levels"].items()]
        thresholds = [row(number(c["threshold"], 2), c) for c in section["thresholds"]]
        return [
            Table(
                "`uncertain`: five-second stretches with beats missed or made up, %",
                ["input", "stretches", *names],
                [*levels, row("all", section["all"])],
            ),
            Table(
                "The same over all levels at other thresholds "
                f"(it is {section['all']['threshold']:g})",
                ["threshold", "stretches", *names],
                thresholds,
            ),
        ]


BENCHMARK = UncertaintyFlag()
