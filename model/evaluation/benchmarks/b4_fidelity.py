"""B4: do no harm, what a method does to beats that need no denoising, and to a pulse.

Beats come from B2's clean stretches, and from the references of QTDB records where an expert
marked them (`q1c`). Of each beat is compared, y with the reference c:

- shift: samples from the peak of |c| to the peak of |y|, each within 50 ms of the mark;
- ST change: what is added to the level 80 ms after R minus the PR level 80 ms before R, single
  samples counted from the reference's R, in µV;
- amplitude: peak to peak of y over that of c, within 50 ms of the mark.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ecgstream.model.data.mixing import load_clean
from ecgstream.model.data.splits import QTDB_DEVELOPMENT
from ecgstream.model.evaluation.benchmark import Benchmark, Section, record_number
from ecgstream.model.evaluation.benchmarks import b3_beat_detection
from ecgstream.model.evaluation.benchmarks.b3_beat_detection import Places, beats
from ecgstream.model.evaluation.methods import Method
from ecgstream.model.evaluation.noisy_stretches import (
    CLEAN,
    NOISE_RECORDS,
    SCORED,
    cases,
    noise_halves,
)
from ecgstream.model.evaluation.report.tables import Cell, Table, number, words
from ecgstream.model.evaluation.report.targets import Report, Target
from ecgstream.model.evaluation.runner import Evaluation, Methods, Rows, keeping_st
from ecgstream.model.evaluation.subjects import Subject, fingerprint
from ecgstream.streamer.ecg.annotations import BEATS
from ecgstream.streamer.ecg.metrics import snr
from ecgstream.streamer.ecg.noise import Samples
from ecgstream.streamer.engine.delay import FS, MODES
from ecgstream.streamer.io.records import RecordError, find_record, read_record

QTDB_RECORDS = QTDB_DEVELOPMENT
_QRS = round(0.05 * FS)
_ST = round(0.08 * FS)
_SETTLING = SCORED.start
_FINISHING = 360

PULSE = (3.0, 0.1)
"""mV and seconds."""
AFTER = {"": (0.0, 0.2), "later_": (0.1, 0.3)}
"""Seconds from the end of the pulse between which the output is looked at."""


def compare_beats(clean: Samples, denoised: Samples, marks: Places) -> dict[str, list[float]]:
    """Shift, ST change and amplitude ratio of each marked beat, see above.

    `clean` and `denoised` (n,) in mV, marks at least 50 + 80 ms from either end.
    """
    around = marks[:, None] + np.arange(-_QRS, _QRS + 1)
    peak, found = (np.abs(s[around]).argmax(axis=1) for s in (clean, denoised))
    r = marks - _QRS + peak
    st, st_found = (s[r + _ST] - s[r - _ST] for s in (clean, denoised))
    heights, heights_found = (np.ptp(s[around], axis=1) for s in (clean, denoised))
    return {
        "shift": (found - peak).tolist(),
        "st": (1000 * (st_found - st)).tolist(),
        "amplitude": (heights_found / heights).tolist(),
    }


def run_record(record: str, data: Path, methods: Mapping[str, Method]) -> list[dict[str, Any]]:
    """Output SNR in dB and the comparison of every beat in B2's clean stretches of one record.

    Raises
    ------
    RecordError : the record, its annotations or the noise is missing or damaged.
    """
    halves = noise_halves(data, test=True)
    found = [case for case in cases(record, data, halves) if case.kind == CLEAN]
    marks = beats(read_record(f"mitdb/{record}", data))
    fed = np.stack([case.clean for case in found], axis=1)
    rows = []
    for name, method in methods.items():
        denoised = method(fed.astype(np.float32)).astype(float)
        for case, y in zip(found, denoised.T, strict=True):
            inside = marks - ((60 + 600 * case.stretch) * 360 - SCORED.start)
            inside = inside[(inside >= SCORED.start) & (inside < SCORED.stop)]
            rows.append(
                {
                    "record": record,
                    "method": name,
                    "stretch": case.stretch,
                    "db": snr(case.clean[SCORED], y[SCORED]),
                    **compare_beats(case.clean, y, inside),
                }
            )
    return rows


def expert_marks(record: str, data: Path) -> Places:
    """The QRS complexes that the expert marked in a QTDB record, (k,) samples at `FS`.

    Raises
    ------
    RecordError : the record or its marks are missing or damaged.
    """
    import wfdb

    path = find_record(f"qtdb/{record}", data)
    try:
        if path is None:
            raise OSError("there is no such record")
        fs = wfdb.rdheader(str(path)).fs
        marks = wfdb.rdann(str(path), "q1c")
    except (ValueError, OSError, IndexError, KeyError, TypeError) as error:
        raise RecordError(
            f"the expert's marks of qtdb/{record} (its .q1c file) cannot be read: {error}"
        ) from error
    places = marks.sample[[symbol in BEATS for symbol in marks.symbol]]
    return np.asarray(np.rint(places * (FS / fs)), np.int64)


def run_qtdb_record(record: str, data: Path, methods: Mapping[str, Method]) -> list[dict[str, Any]]:
    """The same at the beats that the expert marked, signal 0 of a QTDB record at 360 Hz.

    One stretch from the first such beat to the last, fed with what lies 8 s before and 1 s after
    it, as far as there is a record; the SNR is that of the stretch.

    Raises
    ------
    RecordError : the record or its marks are missing or damaged.
    """
    whole = load_clean(f"qtdb/{record}", data)[0]
    marks = expert_marks(record, data)
    margin = _QRS + _ST
    marks = marks[(marks >= margin) & (marks < len(whole) - margin)]
    if not len(marks):
        raise RecordError(f"the .q1c file of qtdb/{record} marks no QRS complex")
    first = max(0, int(marks[0]) - _SETTLING)
    clean = whole[first : int(marks[-1]) + _FINISHING]
    marks = marks - first
    scored = slice(int(marks[0]), int(marks[-1]) + 1)
    rows = []
    for name, method in methods.items():
        y = method(clean[:, None])[:, 0]
        rows.append(
            {
                "record": record,
                "method": name,
                "stretch": 0,
                "db": snr(clean[scored], y[scored]),
                **compare_beats(clean.astype(float), y.astype(float), marks),
            }
        )
    return rows


def summary(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Over all beats, and for the SNR over records, one row for each method.

    Percent of beats with a shift of one sample or less; median and 95th percentile of |ST change|
    in µV; median, 5th and 95th percentile of the amplitude ratio; mean SNR and the worst record's.
    """
    out = []
    for method in dict.fromkeys(row["method"] for row in rows):
        own = [row for row in rows if row["method"] == method]
        shift, st, amplitude = (
            np.concatenate([row[key] for row in own]) for key in ("shift", "st", "amplitude")
        )
        names = dict.fromkeys(row["record"] for row in own)
        db = {n: float(np.mean([r["db"] for r in own if r["record"] == n])) for n in names}
        worst = min(db, key=lambda record: db[record])
        out.append(
            {
                "method": method,
                "beats": len(shift),
                "shift_within_1": float(100 * np.mean(np.abs(shift) <= 1)),
                "st_median": _percentile(np.abs(st), 50),
                "st_p95": _percentile(np.abs(st), 95),
                "amplitude_median": _percentile(amplitude, 50),
                "amplitude_p5": _percentile(amplitude, 5),
                "amplitude_p95": _percentile(amplitude, 95),
                "db_mean": float(np.mean(list(db.values()))),
                "worst_record": worst,
                "worst_db": db[worst],
            }
        )
    return out


def _percentile(values: npt.NDArray[np.float64], percent: float) -> float:
    return float(np.percentile(values, percent))


def pulse(method: Method) -> dict[str, float]:
    """Response after a rectangular pulse of 3 mV and 100 ms on zero, 8 s after the start.

    `offset` is the largest |output| in mV, `slope` the size of the slope in mV/s of a straight
    line through the output, both over the 200 ms that follow the pulse; `later_offset` and
    `later_slope` the same from 100 to 300 ms after it. AAMI EC11 and the IEC 60601-2 standards of
    electrocardiographs ask for no more than 0.1 mV and 0.3 mV/s outside the region of the pulse.
    Where that begins is a choice: the first pair takes the pulse alone for its region.
    """
    height, seconds = PULSE
    end = _SETTLING + round(seconds * FS)
    x = np.zeros((end + _SETTLING, 1), np.float32)
    x[_SETTLING:end] = height
    y = method(x)[end:, 0].astype(float)
    out = {}
    for name, span in AFTER.items():
        start, stop = (round(s * FS) for s in span)
        t = np.arange(start, stop) / FS
        out[f"{name}offset"] = float(np.abs(y[start:stop]).max())
        out[f"{name}slope"] = float(abs(np.polyfit(t, y[start:stop], 1)[0]))
    return out


_CODE = fingerprint(Path(__file__), b3_beat_detection)
"""Taken at import: a file that is edited while its code runs must not count as what was run."""


def _harm(figure: str) -> Callable[[Report, str], float]:
    """In the delay mode of the run, on clean stretches of MIT-BIH."""

    def find(report: Report, model: str) -> float:
        name = f"{model}, {report['delay']}"
        (row,) = (row for row in report["b4"]["mitdb"] if row["method"] == name)
        return float(row[figure])

    return find


def _after_pulse(figure: str) -> Callable[[Report, str], float]:
    """In the mode that keeps the ST segment; the worse of the two spans after the pulse."""

    def find(report: Report, model: str) -> float:
        (row,) = (row for row in report["b4"]["pulse"] if row["method"] == keeping_st(model))
        return float(max(row[figure], row[f"later_{figure}"]))

    return find


class Fidelity(Benchmark):
    """B4: distortion of clean beats, and recovery after a pulse."""

    name = "b4"
    title = "B4: does it harm a clean ECG?"
    description = (
        "What a clean recording loses: whether R peaks move, the ST level shifts or the "
        "QRS complex shrinks. The best change is none. After a pulse of 3 mV and 100 ms "
        "the output should be at rest again: standards of electrocardiographs ask for no "
        "more than 0.1 mV and 0.3 mV/s."
    )
    needed = NOISE_RECORDS
    targets: ClassVar[tuple[Target, ...]] = (
        Target("b4", "R peaks within one sample", "%", 99.5, True, _harm("shift_within_1")),
        Target("b4", "ST change, median", "µV", 8.0, False, _harm("st_median")),
        Target("b4", "ST change, 95th percentile", "µV", 40.0, False, _harm("st_p95")),
        Target("b4", "after a pulse, ST kept: offset", "mV", 0.1, False, _after_pulse("offset")),
        Target("b4", "after a pulse, ST kept: slope", "mV/s", 0.3, False, _after_pulse("slope")),
    )

    def scored(self, run: Evaluation) -> tuple[str, ...]:
        """Records to score."""
        return (*run.split, *(f"qtdb/{name}" for name in QTDB_RECORDS))

    def score(self, run: Evaluation, present: list[str]) -> Section:
        """Score the records that are present."""
        modes: dict[str, Subject[Method]] = {
            f"{name}, {mode}": model.streamed(mode)
            for name, model in run.models.items()
            for mode in MODES
        }
        subjects = modes | run.keeping_st | run.others

        def clean(record: str, methods: Methods) -> Rows:
            one = run_record if record.startswith("mitdb/") else run_qtdb_record
            return one(record_number(record), run.data, methods)

        def after_pulse(_: str, methods: Methods) -> Rows:
            return [{"method": name, **pulse(method)} for name, method in methods.items()]

        code = _CODE
        rows = {
            database: run.score(
                "b4", [name for name in present if name.startswith(database)], subjects, code, clean
            )
            for database in ("mitdb", "qtdb")
        }
        return {
            **{database: summary(found) for database, found in rows.items()},
            "pulse": run.score("b4", ["pulse"], subjects, code, after_pulse),
        }

    def tables(self, section: Mapping[str, Any]) -> list[Table]:
        """Beats of clean records, of those an expert marked, and the pulse."""
        places = {"mitdb": "clean stretches of MIT-BIH", "qtdb": "QTDB, at an expert's marks"}
        headings = [
            "",
            "beats",
            "R within 1 sample, %",
            "ST change, µV: median",
            "95th percentile",
            "QRS height: median",
            "SNR, dB",
            "worst record, dB",
        ]
        out = []
        for database, place in places.items():
            rows = []
            for row in section[database]:
                heights = f"{number(row['amplitude_p5'], 3)} to {number(row['amplitude_p95'], 3)}"
                rows.append(
                    [
                        *words(row["method"], f"{row['beats']:,}"),
                        *words(number(row["shift_within_1"], 2), number(row["st_median"])),
                        *words(number(row["st_p95"])),
                        Cell(number(row["amplitude_median"], 3), heights),
                        *words(number(row["db_mean"])),
                        Cell(number(row["worst_db"]), row["worst_record"]),
                    ]
                )
            if rows:
                out.append(Table(f"B4: {place}", headings, rows))
        after = ("offset", "slope", "later_offset", "later_slope")
        rows = [
            [Cell(row["method"]), *(Cell(number(row[key], 3)) for key in after)]
            for row in section["pulse"]
        ]
        spans = ("0 to 200 ms after it", "100 to 300 ms")
        names = [f"{what}, {span}" for span in spans for what in ("offset in mV", "slope in mV/s")]
        return [*out, Table("B4: after a pulse of 3 mV and 100 ms", ["", *names], rows)]


BENCHMARK = Fidelity()
