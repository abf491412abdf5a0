"""B6.4: what the engine puts out where there is no heart.

No heart: sixty seconds of zeros, white noise, hum, and each recorded kind of noise, at 0.1, 0.3 and
1 mV RMS, each a stream from its first sample to its last; three stretches of each noise, by turns
of both channels of NSTDB. Asystole: half a minute of a clean record's reference, of which ten
seconds are replaced by its isoelectric line, alone and under the same noises, scored inside the
pause.

A peak is a deflection, up or down, with a prominence above 0.15 mV within 0.12 s, where an ECG
would have a QRS complex; of peaks within 0.12 s of one another one counts. It is unflagged where
no flag at all is set: there a beat detector takes it for a beat.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d
from scipy.signal import find_peaks

from ecgstream.model.evaluation.benchmark import Benchmark, Section, record_number
from ecgstream.model.evaluation.benchmarks.b6_heart_rate import NOISY_INPUT, unchanged
from ecgstream.model.evaluation.methods import FlaggedMethod
from ecgstream.model.evaluation.noisy_stretches import (
    NOISE_RECORDS,
    noise_halves,
    noise_stretch,
)
from ecgstream.model.evaluation.report.tables import Cell, Table, number, words
from ecgstream.model.evaluation.report.targets import Report, Target
from ecgstream.model.evaluation.runner import Evaluation, Rows
from ecgstream.model.evaluation.subjects import Subject, fingerprint
from ecgstream.streamer.ecg.metrics import reference
from ecgstream.streamer.ecg.noise import RECORDED, Samples
from ecgstream.streamer.engine.delay import FS
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.io.records import read_record
from ecgstream.streamer.quality import Flags, Quality

NO_HEART, ASYSTOLE = "no heart", "asystole"
"""Scenes: no ECG at all, and a pause in one."""
NOTHING = "nothing"
"""Kind of noise of zeros, and of a pause alone."""
KINDS = ("white", "pli50", "pli60", *RECORDED)
LEVELS_MV = (0.1, 0.3, 1.0)
"""RMS of the noise over what is fed."""
PEAK_MV = 0.15
"""Prominence above which a deflection counts as a peak."""
PEAK_SECONDS = 0.12
"""Time within which it rises and falls, and in which one peak counts."""
STRETCHES = 3
"""Pieces of each noise without a heart."""
_SECONDS = 60
_MINUTE = round(_SECONDS * FS)
FED = slice(round(60 * FS), round(90 * FS))
"""Stretch of each record around its pause."""
PAUSE = round(10 * FS)
"""Samples of a pause."""
_BEGINS = slice(round(10 * FS), round(15 * FS))
"""Places of the stretch where the pause may begin."""
_MIN_INPUT_MV = 1e-6
"""RMS below which an input is none but rounding."""
_FLAT = 2 * round(0.05 * FS) + 1
"""Samples about either end of a pause that should lie on the isoelectric line."""


class Case(NamedTuple):
    """One kind of noise at one level."""

    noise: str
    rms: float
    """mV; 0 of `NOTHING`."""

    @property
    def name(self) -> str:
        """Name in tables."""
        return f"{self.noise}, {self.rms:g} mV" if self.rms else self.noise


CASES = (Case(NOTHING, 0.0), *(Case(kind, rms) for kind in KINDS for rms in LEVELS_MV))


def noise_of(case: Case, record: str, j: int, data: Path, n: int, *, test: bool) -> Samples:
    """Noise for stretch `j` of a record, (n,) in mV: zero mean, and the RMS of the case.

    Raises
    ------
    ecgstream.streamer.io.records.RecordError : the noise is missing or damaged.
    """
    if case.noise == NOTHING:
        return np.zeros(n)
    if case.noise == "white":
        noise = np.random.default_rng((int(record), j)).standard_normal(n)
        noise -= noise.mean()
    else:
        halves = noise_halves(data, test=test) if case.noise in RECORDED else {}
        noise = noise_stretch(case.noise, record, j, halves, n)
    return np.asarray(noise * (case.rms / noise.std()))


def with_pause(clean: Samples) -> tuple[Samples, slice]:
    """Replace ten seconds of a clean stretch (n,) by its isoelectric line; also where they are.

    The line is the median of the stretch. The pause begins where the signal lies flattest on
    the line at both of its ends, so that its edges are no steps.
    """
    line = float(np.median(clean))
    off = maximum_filter1d(np.abs(clean - line), _FLAT)
    begins = np.arange(_BEGINS.start, _BEGINS.stop)
    start = int(begins[np.argmin(np.maximum(off[begins - 1], off[begins + PAUSE]))])
    paused = clean.copy()
    paused[start : start + PAUSE] = line
    return paused, slice(start, start + PAUSE)


def peaks(signal: Floats | Samples) -> npt.NDArray[np.int64]:
    """Samples of the peaks in a signal (n,) in mV, up or down, (k,)."""
    within = round(PEAK_SECONDS * FS)
    with warnings.catch_warnings():
        # A plateau wider than the window has no prominence, and is no peak.
        warnings.simplefilter("ignore", RuntimeWarning)
        found = [
            find_peaks(side, prominence=PEAK_MV, wlen=within)[0] for side in (signal, -1.0 * signal)
        ]
    kept: list[int] = []
    for place in np.sort(np.concatenate(found)).tolist():
        if not kept or place - kept[-1] > within:
            kept.append(place)
    return np.array(kept, np.int64)


def score(x: Floats, signal: Floats, quality: Flags, scored: slice) -> dict[str, Any]:
    """RMS of input and output (n,) in mV, peaks, and shares of samples flagged.

    Figures are those of the samples of `scored`, the mean over them removed first: an offset is
    no beat. `flagged` counts any flag, `uncertain` one.
    """
    y, flags = signal[scored].astype(float), quality[scored]
    places = peaks(signal)
    inside = places[(places >= scored.start) & (places < scored.stop)]
    return {
        "seconds": len(y) / FS,
        "input": float(x[scored].std(dtype=float)),
        "output": float(y.std()),
        "peaks": len(inside),
        "unflagged": int(np.count_nonzero(quality[inside] == 0)),
        "flagged": float(np.mean(flags != 0)),
        "uncertain": float(np.mean((flags & Quality.UNCERTAIN) != 0)),
    }


def run_without_heart(
    case: Case, data: Path, methods: Mapping[str, FlaggedMethod], *, test: bool = True
) -> list[dict[str, Any]]:
    """`score` of sixty seconds of a noise, by method and stretch.

    Raises
    ------
    ecgstream.streamer.io.records.RecordError : the noise is missing or damaged.
    """
    stretches = range(STRETCHES if case.rms else 1)
    made = [noise_of(case, "0", j, data, _MINUTE, test=test) for j in stretches]
    x = np.stack(made, axis=1).astype(np.float32)
    rows = []
    for name, method in methods.items():
        given = method(x)
        for j in stretches:
            row = {"scene": NO_HEART, "case": case.name, "unit": f"stretch {j}", "method": name}
            found = score(x[:, j], given.signal[:, j], given.quality[:, j], slice(0, _MINUTE))
            rows.append({**row, **found})
    return rows


def run_record(
    record: str, data: Path, methods: Mapping[str, FlaggedMethod], *, test: bool = True
) -> list[dict[str, Any]]:
    """`score` inside the pause of a record of MIT-BIH, by method and noise.

    Raises
    ------
    ecgstream.streamer.io.records.RecordError : the record or the noise is missing or damaged.
    """
    recording = read_record(f"mitdb/{record}", data)
    paused, pause = with_pause(reference(recording.signal(0), recording.fs)[FED])
    made = [paused + noise_of(case, record, 0, data, len(paused), test=test) for case in CASES]
    x = np.stack(made, axis=1).astype(np.float32)
    rows = []
    for name, method in methods.items():
        given = method(x)
        for i, case in enumerate(CASES):
            row = {"scene": ASYSTOLE, "case": case.name, "unit": record, "method": name}
            found = score(x[:, i], given.signal[:, i], given.quality[:, i], pause)
            rows.append({**row, **found})
    return rows


def summary(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Figures by scene, noise and method over all stretches or records.

    `ratio` is the RMS of all outputs over that of all inputs, None of no input; `output` is in
    mV, `peaks` and `unflagged` are per minute, `flagged` and `uncertain` in percent; `worst` is
    the most that one stretch or record, `worst_unit`, has of unflagged peaks per minute.
    """
    found: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault((row["scene"], row["case"], row["method"]), []).append(row)
    out = []
    for (scene, case, method), own in found.items():
        minutes = sum(row["seconds"] for row in own) / 60
        given, left = (
            float(np.sqrt(np.mean([row[side] ** 2 for row in own]))) for side in ("input", "output")
        )
        worst = max(own, key=lambda row: row["unflagged"] / row["seconds"])
        cell = {
            **{"scene": scene, "case": case, "method": method, "output": left},
            "ratio": left / given if given > _MIN_INPUT_MV else None,
            "peaks": sum(row["peaks"] for row in own) / minutes,
            "unflagged": sum(row["unflagged"] for row in own) / minutes,
            "flagged": float(100 * np.mean([row["flagged"] for row in own])),
            "uncertain": float(100 * np.mean([row["uncertain"] for row in own])),
            "worst": 60 * worst["unflagged"] / worst["seconds"],
            "worst_unit": worst["unit"],
        }
        out.append(cell)
    return out


_CODE = fingerprint(Path(__file__))
"""Taken at import: a file that is edited while its code runs must not count as what was run."""


def _unflagged(scene: str) -> Callable[[Report, str], float]:
    """Unflagged peaks per minute in the noise that has most of them."""

    def find(report: Report, model: str) -> float:
        return max(
            float(cell["unflagged"])
            for cell in report["invention"]["cells"]
            if (cell["scene"], cell["method"]) == (scene, model)
        )

    return find


class Invention(Benchmark):
    """Output without a heart, and in the pauses of one."""

    name = "invention"
    title = "B6.4: does it invent beats?"
    description = (
        "Noise without a heart, and ten seconds of asystole in a clean ECG: nothing like a "
        "beat should come out, and what does should be flagged. A peak is a deflection of more "
        "than 0.15 mV within 0.12 s, about that of a small QRS complex. White noise and hum are "
        "made, the other kinds recorded without a heart (NSTDB)."
    )
    validation = True
    optional = True
    needed = NOISE_RECORDS
    targets: ClassVar[tuple[Target, ...]] = (
        Target(
            *("invention", "no heart: unflagged peaks in the worst noise", "per minute", 0, False),
            _unflagged(NO_HEART),
        ),
        Target(
            *("invention", "asystole: unflagged peaks in the worst noise", "per minute", 0, False),
            _unflagged(ASYSTOLE),
        ),
    )

    def scored(self, run: Evaluation) -> tuple[str, ...]:
        """Records to put pauses into."""
        return run.split

    def score(self, run: Evaluation, present: list[str]) -> Section:
        """Score noises alone, and the records that are present with pauses."""
        cases = {case.name: case for case in CASES}

        def without_heart(name: str, methods: Mapping[str, FlaggedMethod]) -> Rows:
            return run_without_heart(cases[name], run.data, methods, test=run.test)

        def paused(record: str, methods: Mapping[str, FlaggedMethod]) -> Rows:
            return run_record(record_number(record), run.data, methods, test=run.test)

        subjects = {name: model.flagged(run.delay) for name, model in run.models.items()}
        if run.others:
            subjects[NOISY_INPUT] = Subject(unchanged, NOISY_INPUT)
        rows = run.score("invention", list(cases), subjects, _CODE, without_heart)
        rows += run.score("invention asystole", present, subjects, _CODE, paused)
        return {"cells": summary(rows), "rows": rows}

    def tables(self, section: Mapping[str, Any]) -> list[Table]:
        """Figures without a heart, then in the pauses of one."""
        cells = section["cells"]
        titles = {
            NO_HEART: "No heart: sixty seconds of noise alone",
            ASYSTOLE: "Asystole: inside a pause of ten seconds",
        }
        methods = list(dict.fromkeys(cell["method"] for cell in cells))
        headings = ["noise"]
        for method in methods:
            if method == NOISY_INPUT:
                headings.append("input: peaks per minute")
                continue
            headings += [f"{method}: output, µV RMS", "output over input", "peaks per minute"]
            headings += ["of them unflagged", "most in one", "flagged, %", "uncertain, %"]
        out = []
        for scene, title in titles.items():
            by_case: dict[str, dict[str, Mapping[str, Any]]] = {}
            for cell in cells:
                if cell["scene"] == scene:
                    by_case.setdefault(cell["case"], {})[cell["method"]] = cell
            rows = []
            for case, found in by_case.items():
                row = words(case)
                for method in methods:
                    row += _figures(found[method])
                rows.append(row)
            if rows:
                out.append(Table(title, headings, rows))
        return out


def _figures(cell: Mapping[str, Any]) -> list[Cell]:
    if cell["method"] == NOISY_INPUT:
        return words(number(cell["peaks"]))
    return [
        *words(number(1000 * cell["output"]), number(cell["ratio"], 3), number(cell["peaks"])),
        *words(number(cell["unflagged"])),
        Cell(number(cell["worst"]), cell["worst_unit"] if cell["worst"] else ""),
        *words(number(cell["flagged"]), number(cell["uncertain"])),
    ]


BENCHMARK = Invention()
