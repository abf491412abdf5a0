"""B7: waves found in denoised 12-lead ECGs, against the marks of cardiologists (LUDB).

Ten seconds at 500 Hz, every lead of each record through the zero-phase high-pass of all references;
clean, and with noise as in B2, of the record's number and the lead's place in the record, scaled
over the whole ten seconds. NeuroKit2's `ecg_delineate(method="dwt")` looks for the waves around the
R peaks that the cardiologists marked, so that only the delineation is compared; a beat that it
cannot delineate has no waves. A mark from 3 s to 9 s is found when the nearest of the same kind
lies within 150 ms, and the distance is its error. On clean input the heights of P, R and T are
compared as well: the largest |signal| within 20 ms of the peak's mark, over the mean of the 20 ms
before the onset of the nearest QRS complex.

Kalyakulina et al., LUDB: a new open-access validation tool for electrocardiogram delineation
algorithms, IEEE Access 8 (2020).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import neurokit2
import numpy as np
import numpy.typing as npt
from scipy.signal import resample_poly

from ecgstream.model.data.splits import LUDB_TEST, LUDB_VALIDATION
from ecgstream.model.evaluation.benchmark import Benchmark, Section, record_number
from ecgstream.model.evaluation.methods import FlaggedMethod, Method, Signals
from ecgstream.model.evaluation.noisy_stretches import (
    CLEAN,
    NOISE_RECORDS,
    noise_halves,
    noise_stretch,
)
from ecgstream.model.evaluation.report.tables import Table, number, words
from ecgstream.model.evaluation.report.targets import Report, Target
from ecgstream.model.evaluation.runner import Evaluation, Methods, Rows
from ecgstream.model.evaluation.subjects import Subject, fingerprint
from ecgstream.streamer.ecg.metrics import reference
from ecgstream.streamer.ecg.noise import Samples, noise_gain
from ecgstream.streamer.engine.delay import FS
from ecgstream.streamer.io.annotation_file import read_annotations
from ecgstream.streamer.io.records import RecordError, find_record, read_record

LUDB_FS = 500.0
"""Hz."""
NOISE_KINDS = ("em", "ma", "mix")
LEVELS = (12, 6, 0)
"""dB."""
SCORED = slice(round(3 * LUDB_FS), round(9 * LUDB_FS))
MAX_ERROR_MS = 150.0
"""Distance beyond which a mark was not found."""
NOISY_INPUT = "input"
"""Row of the noisy signal itself."""
FILTER = "zero-phase + Savitzky-Golay"
"""The one comparison filter that runs here: a delineation takes longer than any of them."""
_RATIO = Fraction(round(LUDB_FS), round(FS))
_AROUND_PEAK = round(0.02 * LUDB_FS)
_BEFORE_QRS = round(0.02 * LUDB_FS)

Places = npt.NDArray[np.int64]


class Wave(NamedTuple):
    """A wave that a cardiologist marked; samples."""

    symbol: str
    """`p`, `N` or `t`."""
    onset: int | None
    peak: int
    offset: int | None


class Boundary(NamedTuple):
    """A boundary of waves."""

    name: str
    marked: Callable[[Wave], int | None]
    symbol: str
    feature: str
    """Name in NeuroKit2."""


BOUNDARIES = (
    Boundary("P onset", lambda wave: wave.onset, "p", "ECG_P_Onsets"),
    Boundary("QRS onset", lambda wave: wave.onset, "N", "ECG_R_Onsets"),
    Boundary("QRS offset", lambda wave: wave.offset, "N", "ECG_R_Offsets"),
    Boundary("T offset", lambda wave: wave.offset, "t", "ECG_T_Offsets"),
)
WAVES = {"p": "P", "N": "R", "t": "T"}


class Case(NamedTuple):
    """All leads of a record, as they are fed."""

    kind: str
    level: int | None  # dB; None when nothing is added
    noisy: Samples  # (n, leads), mV at LUDB_FS


def lead_waves(record: str, lead: str, data: Path) -> list[Wave]:
    """Waves that were marked in a lead of a LUDB record (`4`, `ii`), in order.

    Raises
    ------
    RecordError : the record or the lead's marks are missing or damaged.
    """
    path = find_record(f"ludb/data/{record}", data)
    try:
        if path is None:
            raise OSError("there is no such record")
        samples, symbols, _ = read_annotations(path.with_name(f"{path.name}.{lead}"))
    except (ValueError, OSError) as error:
        raise RecordError(
            f"the marks of lead {lead} of ludb/data/{record} cannot be read: {error}"
        ) from error
    at = [None, *samples.tolist(), None]
    around = ["", *symbols, ""]
    return [
        Wave(
            around[i],
            at[i - 1] if around[i - 1] == "(" else None,
            at[i],
            at[i + 1] if around[i + 1] == ")" else None,
        )
        for i in range(1, len(around) - 1)
        if around[i] in WAVES
    ]


def cases(record: str, clean: Samples, data: Path, *, test: bool = True) -> Iterator[Case]:
    """The clean leads (n, leads) of a record, and the leads under every noise.

    With `test` false the training halves of NSTDB are mixed in.

    Raises
    ------
    RecordError : the noise is missing or damaged.
    """
    halves = noise_halves(data, test=test)
    yield Case(CLEAN, None, clean)
    for kind in NOISE_KINDS:
        n = math.ceil(len(clean) / _RATIO)
        stretches = [noise_stretch(kind, record, j, halves, n) for j in range(clean.shape[1])]
        # A line through either end: the filter would see a step there.
        noise = resample_poly(
            np.stack(stretches, axis=1), *_RATIO.as_integer_ratio(), padtype="line"
        )[: len(clean)]
        noise -= noise.mean(axis=0)
        for level in LEVELS:
            gains = [noise_gain(c, z, level) for c, z in zip(clean.T, noise.T, strict=True)]
            yield Case(kind, level, clean + noise * gains)


def delineate(signal: npt.NDArray[Any], r_peaks: Places) -> dict[str, Places]:
    """Samples of each boundary that NeuroKit2 finds in a lead (n,) at `LUDB_FS`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            _, found = neurokit2.ecg_delineate(
                signal.astype(float), r_peaks, sampling_rate=round(LUDB_FS), method="dwt"
            )
        except (ValueError, IndexError, TypeError):  # too few beats, no wave in any of them
            found = {}
    places = {b.name: np.asarray(found.get(b.feature, ()), float) for b in BOUNDARIES}
    return {name: at[np.isfinite(at)].astype(np.int64) for name, at in places.items()}


def errors_ms(marks: Places, found: Places) -> list[float]:
    """Distance of the nearest found place from each mark that it is found for, positive if late."""
    if not len(marks) or not len(found):
        return []
    distances = found[None, :] - marks[:, None]
    nearest = distances[np.arange(len(marks)), np.abs(distances).argmin(axis=1)]
    milliseconds = nearest * 1000 / LUDB_FS
    return [float(e) for e in milliseconds[np.abs(milliseconds) <= MAX_ERROR_MS]]


def heights(signal: npt.NDArray[Any], waves: Sequence[Wave]) -> dict[str, list[float]]:
    """Height of each scored P, R and T in mV, see above; `signal` (n,)."""
    out: dict[str, list[float]] = {name: [] for name in WAVES.values()}
    marked = [w.onset for w in waves if w.symbol == "N" and w.onset is not None]
    onsets = np.array([onset for onset in marked if onset >= _BEFORE_QRS], np.int64)
    if not len(onsets):
        return out
    for wave in waves:
        if SCORED.start <= wave.peak < SCORED.stop:
            onset = onsets[np.abs(onsets - wave.peak).argmin()]
            level = signal[onset - _BEFORE_QRS : onset].mean()
            around = signal[wave.peak - _AROUND_PEAK : wave.peak + _AROUND_PEAK + 1]
            out[WAVES[wave.symbol]].append(float(np.abs(around - level).max()))
    return out


def score_lead(signal: npt.NDArray[Any], waves: Sequence[Wave]) -> dict[str, Any]:
    """Number of scored marks of each boundary, and the errors in ms of those found."""
    found = delineate(signal, np.array([w.peak for w in waves if w.symbol == "N"], np.int64))
    out = {}
    for boundary in BOUNDARIES:
        places = [boundary.marked(w) for w in waves if w.symbol == boundary.symbol]
        marks = np.array([p for p in places if p is not None], np.int64)
        marks = marks[(marks >= SCORED.start) & (marks < SCORED.stop)]
        out[boundary.name] = {
            "marks": len(marks),
            "errors": errors_ms(marks, found[boundary.name]),
        }
    return out


def run_record(
    record: str, data: Path, methods: Mapping[str, Method], *, test: bool = True
) -> list[dict[str, Any]]:
    """`score_lead` of all leads of a record in every case, by method; `heights` of the clean ones.

    Raises
    ------
    RecordError : the record, its marks or the noise is missing or damaged.
    """
    recording = read_record(f"ludb/data/{record}", data)
    marked = {lead: lead_waves(record, lead, data) for lead in recording.leads}
    clean = np.stack([reference(s, recording.fs) for s in recording.signals.T], axis=1)
    found = list(cases(record, clean, data, test=test))
    noisy = np.concatenate([case.noisy for case in found], axis=1).astype(np.float32)
    rows = []
    for name, method in methods.items():
        by_case = np.split(method(noisy), len(found), axis=1)
        for case, denoised in zip(found, by_case, strict=True):
            leads = dict(zip(marked, denoised.T, strict=True))
            rows.append(
                {
                    "record": record,
                    "method": name,
                    "kind": case.kind,
                    "level": case.level,
                    "leads": {lead: score_lead(s, marked[lead]) for lead, s in leads.items()},
                    "heights": _heights(clean, denoised, marked) if case.level is None else {},
                }
            )
    return rows


def _heights(
    clean: Samples, denoised: Signals, marked: Mapping[str, Sequence[Wave]]
) -> dict[str, list[list[float]]]:
    """Heights of all leads before and after, by wave."""
    out: dict[str, list[list[float]]] = {name: [[], []] for name in WAVES.values()}
    for signal, y, waves in zip(clean.T, denoised.T, marked.values(), strict=True):
        before, after = heights(signal, waves), heights(y, waves)
        for name, (all_before, all_after) in out.items():
            all_before += before[name]
            all_after += after[name]
    return out


def summary(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Medians over leads of every cell, method and boundary.

    Of each lead, over all records: sensitivity in percent, mean and standard deviation of the
    errors in ms.
    """
    out = []
    keys = dict.fromkeys((row["method"], row["kind"], row["level"]) for row in rows)
    for method, kind, level in keys:
        own = [r for r in rows if (r["method"], r["kind"], r["level"]) == (method, kind, level)]
        leads = dict.fromkeys(lead for row in own for lead in row["leads"])
        for boundary in BOUNDARIES:
            figures: dict[str, list[float]] = {"sensitivity": [], "mean": [], "sd": []}
            marks = 0
            for lead in leads:
                scored = [r["leads"][lead][boundary.name] for r in own if lead in r["leads"]]
                of_lead = sum(s["marks"] for s in scored)
                errors = [e for s in scored for e in s["errors"]]
                marks += of_lead
                if of_lead:
                    figures["sensitivity"].append(100 * len(errors) / of_lead)
                if len(errors) > 1:
                    figures["mean"].append(float(np.mean(errors)))
                    figures["sd"].append(float(np.std(errors, ddof=1)))
            out.append(
                {
                    "method": method,
                    "kind": kind,
                    "level": level,
                    "boundary": boundary.name,
                    "marks": marks,
                    **{k: float(np.median(v)) if v else None for k, v in figures.items()},
                }
            )
    return out


def height_summary(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Heights on clean input before and after, over all beats and leads, by method and wave.

    `before`, `after` are medians in mV, `ratio` the median of their ratios; `change` and
    `change_p95` are the median and the 95th percentile of |after - before| in µV.
    """
    out = []
    clean = [row for row in rows if row["kind"] == CLEAN]
    for method in dict.fromkeys(row["method"] for row in clean):
        for wave in WAVES.values():
            pairs = [row["heights"][wave] for row in clean if row["method"] == method]
            before, after = (np.concatenate([p[i] for p in pairs]) for i in (0, 1))
            if not len(before):
                continue
            change = 1000 * np.abs(after - before)
            out.append(
                {
                    "method": method,
                    "wave": wave,
                    "beats": len(before),
                    "before": float(np.median(before)),
                    "after": float(np.median(after)),
                    "ratio": float(np.median(after / before)),
                    "change": float(np.median(change)),
                    "change_p95": float(np.percentile(change, 95)),
                }
            )
    return out


def at_ludb_rate(method: Method) -> Method:
    """A method for signals at `FS`, resampled there and back."""
    up, down = _RATIO.as_integer_ratio()

    def resampled(x: Signals) -> Signals:
        there = resample_poly(x.astype(float), down, up, padtype="line")
        back = resample_poly(method(there.astype(np.float32)), up, down, padtype="line")
        return np.asarray(back[: len(x)], np.float32)

    return resampled


def _signal_alone(method: FlaggedMethod) -> Method:
    return lambda x: method(x).signal


def _unchanged(x: Signals) -> Signals:
    return x


def _beside_input(report: Report, model: str, figure: str, *, noisy: bool) -> list[float]:
    """Figure of a model minus that of its input, of every boundary and noisy or clean cell.

    A cell in which too few marks were found for a deviation has none.
    """
    found: dict[tuple[Any, ...], dict[str, float]] = {}
    for cell in report["delineation"]["cells"]:
        if (cell["level"] is not None) == noisy and cell[figure] is not None:
            key = (cell["kind"], cell["level"], cell["boundary"])
            found.setdefault(key, {})[cell["method"]] = cell[figure]
    both = [of for of in found.values() if model in of and NOISY_INPUT in of]
    differences = [of[model] - of[NOISY_INPUT] for of in both]
    if not differences:
        raise LookupError(model)
    return differences


def _target(what: str, unit: str, limit: float, at_least: bool, *, noisy: bool) -> Target:
    figure, worst = ("sensitivity", min) if at_least else ("sd", max)

    def find(report: Report, model: str) -> float:
        return worst(_beside_input(report, model, figure, noisy=noisy))

    return Target("delineation", what, unit, limit, at_least, find)


_CODE = fingerprint(Path(__file__), version("neurokit2"))
"""Taken at import: a file that is edited while its code runs must not count as what was run."""


class Delineation(Benchmark):
    """B7: onsets and offsets of waves against a cardiologist's marks."""

    name = "delineation"
    title = "B7: are the waves still where they were?"
    description = (
        "Twelve-lead ECGs in which cardiologists marked where each wave begins and ends. A program "
        "(NeuroKit2) looks for the same places in the clean, the noisy and the denoised signal. "
        "Told are how many of the marked ones it finds within 150 ms, and how far off these are: "
        "mean and standard deviation, the median lead. On clean input, the heights of the waves "
        "before and after."
    )
    optional = True
    needed = NOISE_RECORDS
    targets = (
        _target("marks found, beside the noisy input", "points", 0, True, noisy=True),
        _target("SD of errors, beside the noisy input", "ms", 0, False, noisy=True),
        _target("marks found, beside the clean input", "points", -1, True, noisy=False),
        _target("SD of errors, beside the clean input", "ms", 1, False, noisy=False),
    )

    def scored(self, run: Evaluation) -> tuple[str, ...]:
        """Records to score."""
        names = LUDB_TEST if run.test else LUDB_VALIDATION
        return tuple(f"ludb/{name}" for name in names)

    def score(self, run: Evaluation, present: list[str]) -> Section:
        """Score the records that are present."""

        def delineated(record: str, methods: Methods) -> Rows:
            return run_record(record_number(record), run.data, methods, test=run.test)

        subjects: dict[str, Subject[Method]] = {NOISY_INPUT: Subject(_unchanged, NOISY_INPUT)}
        for name, model in run.models.items():
            flagged = model.flagged(run.delay, LUDB_FS)
            subjects[name] = Subject(_signal_alone(flagged.value), flagged.fingerprint)
        if FILTER in run.others:
            other = run.others[FILTER]
            subjects[FILTER] = Subject(at_ludb_rate(other.value), other.fingerprint)
        rows = run.score("delineation", present, subjects, _CODE, delineated)
        return {"cells": summary(rows), "heights": height_summary(rows)}

    def tables(self, section: Mapping[str, Any]) -> list[Table]:
        """Waves found and their errors, and heights of clean waves."""
        methods = list(dict.fromkeys(cell["method"] for cell in section["cells"]))
        by_row: dict[tuple[str, ...], dict[str, Any]] = {}
        for cell in section["cells"]:
            noise = CLEAN if cell["level"] is None else f"{cell['kind']}, {cell['level']} dB"
            by_row.setdefault((cell["boundary"], noise), {})[cell["method"]] = cell
        headings = ["mark", "input"]
        for method in methods:
            headings += [f"{method}: found, %", "error, ms"]
        rows = []
        for boundary in BOUNDARIES:
            for (name, noise), found in by_row.items():
                if name == boundary.name:
                    row = words(name, noise)
                    for cell in (found[method] for method in methods):
                        error = f"{number(cell['mean'], sign='+')} ± {number(cell['sd'])}"
                        row += words(number(cell["sensitivity"]), error)
                    rows.append(row)
        waves = [
            words(
                row["method"],
                row["wave"],
                f"{row['beats']:,}",
                number(row["before"], 3),
                number(row["after"], 3),
                number(row["ratio"], 3),
                number(row["change"]),
                number(row["change_p95"]),
            )
            for row in section["heights"]
            if row["method"] != NOISY_INPUT
        ]
        columns = ["before, mV", "after, mV", "ratio", "change, µV", "95th percentile"]
        return [
            Table("B7: marks found, and mean (± sd) of the error", headings, rows, 2),
            Table("B7: heights of clean waves, medians", ["", "wave", "beats", *columns], waves, 2),
        ]


BENCHMARK = Delineation()
