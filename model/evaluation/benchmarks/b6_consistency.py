"""B6.6: consistency of the beats of `dpmotion`, recordings with noise that nobody added.

Without a clean reference, a person's beats are each other's: per recording, at `FS`, each beat is
compared with the median beat. R peaks are found by xqrs on the raw signal through 5 to 25 Hz
without delay, and moved to the largest |signal| of that band within 12 samples; they are the same
for all methods. A beat is 220 samples from 80 before R, less its own median. The median beat is
that over the beats at grade 1 and 2. The residual of a beat is the RMS of its difference from the
median beat over the peak-to-peak height of that; the figure is 20 log10(1 / median residual) by
grade, the mean over recordings. Beside it stands the height of the median beat over that of the raw
signal, so that nothing is won by smoothing. `raw` is the signal through the zero-phase high-pass
at 0.5 Hz of every reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, resample_poly, sosfiltfilt
from wfdb.processing import xqrs_detect

from ecgstream.model.evaluation import real_noise_records
from ecgstream.model.evaluation.benchmark import Benchmark, Note, Section, record_number
from ecgstream.model.evaluation.methods import Method, Signals
from ecgstream.model.evaluation.real_noise_records import (
    DPMOTION,
    GRADE_MEANINGS,
    GRADES,
    MOTION_TERMS,
    absent,
    grades,
)
from ecgstream.model.evaluation.report.tables import Cell, Table, number, words
from ecgstream.model.evaluation.report.targets import Report, Target
from ecgstream.model.evaluation.runner import Evaluation, Methods, Rows
from ecgstream.model.evaluation.subjects import Subject, fingerprint
from ecgstream.streamer.ecg.metrics import reference
from ecgstream.streamer.ecg.noise import Samples
from ecgstream.streamer.engine.delay import FS
from ecgstream.streamer.engine.resampling import ratio
from ecgstream.streamer.io.records import read_record

RAW, FILTER = "raw", "zero-phase 0.5 to 40 Hz"
"""Comparison rows."""
QRS_BAND_HZ = (5.0, 25.0)
"""Band that R peaks are found in."""
FILTER_BAND_HZ = (0.5, 40.0)
MAX_MOVE = 12
"""Samples from a detection to its R peak."""
BEFORE_R, BEAT = 80, 220
"""Samples of a beat before its R peak, and in all."""
TEMPLATE_GRADES = (1, 2)
"""Grades of the beats that the median beat is made of."""
MIN_BEATS = 20
"""Beats of a recording that is scored."""
MIN_GRADE_BEATS = 8
"""Beats of one grade for a recording to count in it."""

Places = npt.NDArray[np.int64]


def band_pass(x: Samples, band: tuple[float, float]) -> Samples:
    """A signal (n,) through a second-order Butterworth band-pass, forwards and backwards."""
    return np.asarray(sosfiltfilt(butter(2, band, "bandpass", fs=FS, output="sos"), x))


def raw(x: Signals) -> Signals:
    """Signals (n, channels), their baseline below 0.5 Hz removed."""
    return np.stack([reference(s) for s in x.T], axis=1).astype(np.float32)


def filtered(x: Signals) -> Signals:
    """Signals (n, channels) through the band-pass of the comparison row."""
    passed = [band_pass(s.astype(float), FILTER_BAND_HZ) for s in x.T]
    return np.stack(passed, axis=1).astype(np.float32)


def r_peaks(x: Samples) -> Places:
    """R peaks of a raw signal (n,) whose whole beat lies in it, (k,)."""
    band = band_pass(x, QRS_BAND_HZ)
    found = np.asarray(xqrs_detect(band, FS, verbose=False), np.int64)
    found = found[(found >= MAX_MOVE) & (found < len(x) - MAX_MOVE)]
    near = np.abs(band)[found[:, None] + np.arange(-MAX_MOVE, MAX_MOVE + 1)]
    peaks = np.unique(found - MAX_MOVE + near.argmax(axis=1))
    return peaks[(peaks >= BEFORE_R) & (peaks + BEAT - BEFORE_R <= len(x))]


def grades_at(places: npt.NDArray[np.float64], segments: Places) -> Places:
    """Grade at each place (k,) by the segments (j, 3) of `grades`; 0 where there is none."""
    found = np.zeros(len(places), np.int64)
    for start, end, grade in segments:
        found[(places >= start) & (places < end)] = grade
    return found


def beats_of(signal: Samples, peaks: Places) -> npt.NDArray[np.float64]:
    """Beats (k, BEAT) of a signal (n,) at its R peaks, each less its own median."""
    beats = signal[peaks[:, None] + np.arange(-BEFORE_R, BEAT - BEFORE_R)]
    return beats - np.median(beats, axis=1, keepdims=True)


def consistency(signal: Samples, peaks: Places, given: Places) -> dict[str, Any]:
    """Figure in dB by grade, and height in mV of the median beat, of a signal (n,).

    `given` holds the grade of each R peak. A grade with fewer than `MIN_GRADE_BEATS` is left out.
    """
    beats = beats_of(signal, peaks)
    median_beat = np.median(beats[np.isin(given, TEMPLATE_GRADES)], axis=0)
    height = float(np.ptp(median_beat))
    residuals = np.sqrt(np.mean((beats - median_beat) ** 2, axis=1))
    by_grade = []
    for grade in GRADES:
        own = residuals[given == grade]
        if len(own) >= MIN_GRADE_BEATS:
            with np.errstate(divide="ignore", invalid="ignore"):  # beats that are all equal
                db = float(20 * np.log10(height / np.median(own)))
            by_grade.append({"grade": grade, "beats": len(own), "db": db})
    return {"height": height, "grades": by_grade}


def run_record(record: str, data: Path, methods: Mapping[str, Method]) -> list[dict[str, Any]]:
    """`consistency` of a record of `dpmotion`, a row for each method.

    `height` is that of the median beat over that of the raw signal. A record that is not scored
    has rows that say why in `left_out`.

    Raises
    ------
    ecgstream.streamer.io.records.RecordError : the record or its labels are missing or damaged.
    """
    recording = read_record(f"dpmotion/{record}", data)
    segments = grades(f"dpmotion/{record}", data, len(recording.signals))
    rate = ratio(recording.fs, FS)
    x = resample_poly(recording.signal(0).astype(float), rate.numerator, rate.denominator)
    peaks = r_peaks(x)
    given = grades_at(peaks / float(rate), segments)
    reason = ""
    if len(peaks) < MIN_BEATS:
        reason = f"{len(peaks)} beats, {MIN_BEATS} are needed"
    elif not np.isin(given, TEMPLATE_GRADES).any():
        reason = "no beat at grade 1 or 2"
    if reason:
        return [{"record": record, "method": name, "left_out": reason} for name in methods]
    raw_height = consistency(reference(x), peaks, given)["height"]
    rows = []
    for name, method in methods.items():
        y = method(x.astype(np.float32)[:, None])[:, 0].astype(float)
        found = consistency(y, peaks, given)
        row = {"record": record, "method": name, "beats": len(peaks), "grades": found["grades"]}
        rows.append({**row, "height": found["height"] / raw_height})
    return rows


def summary(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Mean figure and height by method over the recordings that are scored.

    Each grade has the mean in `db`, None of none, and its `recordings` and `beats`; `lowest` is
    the least height, in `lowest_record`.
    """
    out = []
    scored = [row for row in rows if "left_out" not in row]
    for method in dict.fromkeys(row["method"] for row in scored):
        own = [row for row in scored if row["method"] == method]
        by_grade = []
        for grade in GRADES:
            found = [g for row in own for g in row["grades"] if g["grade"] == grade]
            by_grade.append(
                {
                    "grade": grade,
                    "recordings": len(found),
                    "beats": sum(g["beats"] for g in found),
                    "db": float(np.mean([g["db"] for g in found])) if found else None,
                }
            )
        lowest = min(own, key=lambda row: row["height"])
        cell = {
            **{"method": method, "recordings": len(own), "grades": by_grade},
            "height": float(np.mean([row["height"] for row in own])),
            **{"lowest": lowest["height"], "lowest_record": lowest["record"]},
        }
        out.append(cell)
    return out


_CODE = fingerprint(Path(__file__), real_noise_records)
"""Taken at import: a file that is edited while its code runs must not count as what was run."""


def _of_model(find: Callable[[Mapping[str, Any]], Any]) -> Callable[[Report, str], float]:
    def figure(report: Report, model: str) -> float:
        (cell,) = (cell for cell in report["consistency"]["cells"] if cell["method"] == model)
        return float(find(cell))

    return figure


def _db(grade: int) -> Callable[[Report, str], float]:
    return _of_model(lambda cell: cell["grades"][grade - 1]["db"])


class Consistency(Benchmark):
    """Consistency of beats where nobody added noise."""

    name = "consistency"
    title = "B6.6: are beats alike where nobody added noise?"
    description = (
        "Recordings of a wearable at rest and in motion, each two seconds graded by a person. "
        "Nobody knows their clean ECG, but beats of one person are alike: what differs from the "
        "median beat is mostly noise. 20 dB means that a beat differs from it by a tenth of its "
        "height. The height beside it must stay near 1: smoothing makes beats alike, too. "
        f"{MOTION_TERMS}"
    )
    optional = True
    targets: ClassVar[tuple[Target, ...]] = (
        *(
            Target("consistency", f"beats at grade {grade}", "dB", limit, True, _db(grade))
            for grade, limit in ((1, 31.8), (2, 26.0), (3, 21.3))
        ),
        Target(
            *("consistency", "height of the median beat over raw", "", 0.98, True),
            _of_model(lambda cell: cell["height"]),
        ),
    )

    def scored(self, run: Evaluation) -> tuple[str, ...]:
        """Records to score."""
        return DPMOTION

    def missing(self, run: Evaluation) -> list[str]:
        """Records that are not in the data folder or have no labels there, and those labels."""
        return absent(DPMOTION, run.data)

    def score(self, run: Evaluation, present: list[str]) -> Section:
        """Score the records that are present."""

        def alike(record: str, methods: Methods) -> Rows:
            return run_record(record_number(record), run.data, methods)

        unchanged: dict[str, Subject[Method]] = {
            RAW: Subject(raw, fingerprint(RAW, _CODE)),
            FILTER: Subject(filtered, fingerprint(FILTER, _CODE)),
        }
        rows = run.score("consistency", present, unchanged | run.streamed, _CODE, alike)
        left_out = {row["record"]: row["left_out"] for row in rows if "left_out" in row}
        return {"cells": summary(rows), "left_out": left_out, "rows": rows}

    def tables(self, section: Mapping[str, Any]) -> list[Table]:
        """Figures by grade, and the height of the median beat."""
        rows = []
        for cell in section["cells"]:
            row = words(cell["method"])
            for g in cell["grades"]:
                detail = f"{g['beats']:,} beats of {g['recordings']} recordings"
                row.append(Cell(number(g["db"]), detail))
            lowest = f"least {number(cell['lowest'], 3)}, {cell['lowest_record']}"
            rows.append([*row, Cell(number(cell["height"], 3), lowest)])
        headings = ["", *(f"grade {grade}" for grade in GRADES), "height over raw"]
        title = "B6.6: height of the median beat over what beats differ from it, dB"
        return [Table(title, headings, rows)]

    def notes(self, section: Mapping[str, Any]) -> list[Note]:
        """What the grades mean, and the recordings that are not scored."""
        notes = [Note(GRADE_MEANINGS, "open")]
        if section["left_out"]:
            named = "; ".join(f"{name}: {why}" for name, why in section["left_out"].items())
            notes.append(Note(f"Not scored: {named}.", "missing"))
        return notes


BENCHMARK = Consistency()
