"""B3: the noise stress test, QRS detection in electrode motion noise, raw beside denoised.

The rules are those of WFDB's `nst` and `sigamp` (Moody, Muldrow & Mark 1984): signal 0 of records
118 and 119, five clean minutes, then two noisy and two clean ones in turn. One thing differs. `nst`
lets the noise record run on in the clean minutes; here, as the protocol has it, it begins with
the first noisy minute and pauses in the clean ones. So the 13 noisy minutes of half an hour hear
the first 13 minutes of `em`, all of it from the half that tests; with `nst` they would hear the
half that trains from minute 17 on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from scipy.stats import trim_mean

from ecgstream.model.data.splits import NOISE_STRESS
from ecgstream.model.evaluation.benchmark import Benchmark, Section, record_number
from ecgstream.model.evaluation.methods import Method, Signals
from ecgstream.model.evaluation.noisy_stretches import NOISE_RECORDS, noise_halves
from ecgstream.model.evaluation.report.plots import COLOURS, label_axes
from ecgstream.model.evaluation.report.tables import Cell, Table, number, words
from ecgstream.model.evaluation.report.targets import Report, Target
from ecgstream.model.evaluation.runner import Evaluation, Methods, Rows
from ecgstream.model.evaluation.subjects import Subject, fingerprint
from ecgstream.streamer.ecg.annotations import BEATS, NORMAL
from ecgstream.streamer.ecg.noise import Samples
from ecgstream.streamer.engine.delay import FS
from ecgstream.streamer.io.records import Record, RecordError, read_record

RECORDS = NOISE_STRESS
LEVELS = (24, 18, 12, 6, 0, -6)
RAW = "raw"
"""The method that leaves the input as it is, see `raw`."""
MILD = 12
"""dB; from here on denoising must not cost sensitivity."""

Places = npt.NDArray[np.int64]
Detector = Callable[[Samples], Places]

_MINUTE = round(60 * FS)
_QRS = round(0.05 * FS)
_REACH = round(0.15 * FS)
_MEASURED = 300  # beats, and seconds of noise
_TRIMMED = 0.05  # at each end


def raw(x: Signals) -> Signals:
    """The input itself, (n, channels), as a method."""
    return x


def beats(recording: Record, symbols: frozenset[str] = BEATS) -> Places:
    """Samples of the annotated beats, (k,).

    Raises
    ------
    ecgstream.streamer.io.records.RecordError : the record has no annotations.
    """
    marks = recording.annotations
    if marks is None:
        raise RecordError(f"record {recording.name} has no annotations: put its .atr file there")
    return marks.sample[[symbol in symbols for symbol in marks.symbol]]


def signal_power(signal: Samples, normal: Places) -> float:
    """Power in mV² of a sine as high as the QRS complexes of the normal beats in a signal (n,).

    Height is peak to peak within 50 ms of a beat, the trimmed mean of the first 300.

    Raises
    ------
    ValueError : there is no normal beat.
    """
    inside = normal[(normal >= _QRS) & (normal < len(signal) - _QRS)][:_MEASURED]
    if not len(inside):
        raise ValueError("there is no normal beat to measure the signal by")
    heights = np.ptp(signal[inside[:, None] + np.arange(-_QRS, _QRS + 1)], axis=1)
    return float(trim_mean(heights, _TRIMMED) ** 2 / 8)


def noise_power(noise: Samples) -> float:
    """Power in mV² of a noise (n,): trimmed mean of the RMS of its first 300 seconds, squared."""
    second = round(FS)
    count = min(len(noise) // second, _MEASURED)
    rms = noise[: count * second].reshape(count, second).std(axis=1)
    return float(trim_mean(rms, _TRIMMED) ** 2)


def noisy_minutes(n: int) -> npt.NDArray[np.bool_]:
    """Which of `n` samples noise is added to."""
    minute = np.arange(n) // _MINUTE
    return np.asarray((minute >= 5) & ((minute - 5) % 4 < 2))


def stress(recording: Record, noise: Samples, level: float) -> Samples:
    """Signal 0 of an annotated record with noise (m,) in its noisy minutes, (n,) mV.

    What is added begins at zero with the first noisy minute and keeps its last value in the clean
    ones, so that the signal never jumps.

    Raises
    ------
    ValueError : the noise is too short, or there is no normal beat.
    ecgstream.streamer.io.records.RecordError : the record has no annotations.
    """
    signal = recording.signal(0).astype(float)
    heard = np.cumsum(noisy_minutes(len(signal)))
    if len(noise) < heard[-1]:
        raise ValueError(f"{heard[-1]} samples of noise are needed, there are {len(noise)}")
    added = noise[np.maximum(heard - 1, 0)] - noise[0]
    powers = signal_power(signal, beats(recording, NORMAL)) / noise_power(noise)
    return signal + added * np.sqrt(powers / 10 ** (level / 10))


def stressed_record(
    record: str, data: Path, levels: Sequence[int], *, test: bool = True
) -> tuple[Samples, Places]:
    """A record of MIT-BIH under each level of noise, (n, levels) in mV, and its beats (k,).

    The noise is the half of `em` that tests, or the one that trains.

    Raises
    ------
    ecgstream.streamer.io.records.RecordError : the record or the noise is missing or damaged.
    """
    recording = read_record(f"mitdb/{record}", data)
    noise = noise_halves(data, test=test)["em"][:, 0]
    signals = [stress(recording, noise, level) for level in levels]
    return np.stack(signals, axis=1), beats(recording)


def detectors() -> dict[str, Detector]:
    """The QRS detectors of wfdb, each from a signal (n,) in mV at `FS` to samples (k,)."""
    from wfdb import processing

    return {
        "xqrs": lambda x: np.asarray(processing.xqrs_detect(x, FS, verbose=False), np.int64),
        "gqrs": lambda x: np.asarray(processing.gqrs_detect(x, FS), np.int64),
    }


def count(annotated: Places, detected: Places, scored: npt.NDArray[np.bool_]) -> dict[str, int]:
    """True positives, misses (`fn`) and false alarms (`fp`) in the scored samples (n,).

    A beat counts where it is annotated, a false alarm where it is detected.
    """
    missed, false = unmatched(annotated, detected)
    misses = int(scored[missed].sum())
    return {
        "tp": int(scored[annotated].sum()) - misses,
        "fn": misses,
        "fp": int(scored[np.minimum(false, len(scored) - 1)].sum()),
    }


def unmatched(annotated: Places, detected: Places) -> tuple[Places, Places]:
    """Annotated beats without a detection, and detections without a beat.

    A detection is matched with one beat at most, within 150 ms.
    """
    from wfdb.processing import compare_annotations

    matched = np.full(len(annotated), -1)
    if len(annotated) and len(detected):
        # It takes distances below the width that it is given.
        comparison = compare_annotations(annotated, detected, _REACH + 1)
        matched = comparison.matching_sample_nums
    return annotated[matched < 0], np.delete(detected, matched[matched >= 0])


def run_record(
    record: str, data: Path, methods: Mapping[str, Method], levels: Sequence[int] = LEVELS
) -> list[dict[str, Any]]:
    """Count what each detector finds in the noisy minutes of one record, by method and level.

    `raw` is a method like the others; each row depends on its own method and level alone.

    Raises
    ------
    ecgstream.streamer.io.records.RecordError : the record or the noise is missing or damaged.
    """
    stressed, annotated = stressed_record(record, data, levels)
    scored = noisy_minutes(len(stressed))
    rows = []
    for name, method in methods.items():
        denoised = method(stressed.astype(np.float32)).astype(float)
        for level, y in zip(levels, denoised.T, strict=True):
            for detector, detect in detectors().items():
                counts = count(annotated, detect(y), scored)
                row = {"record": record, "method": name, "level": level, "detector": detector}
                rows.append({**row, **counts})
    return rows


def summary(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Gross Se, +P (`ppv`) and F1 in percent over all records, by method, level and detector.

    A share of nothing is 0.
    """
    cells: dict[tuple[str, int, str], dict[str, int]] = {}
    for row in rows:
        cell = cells.setdefault((row["method"], row["level"], row["detector"]), {})
        for kind in ("tp", "fn", "fp"):
            cell[kind] = cell.get(kind, 0) + row[kind]
    return [
        {
            "method": method,
            "level": level,
            "detector": detector,
            **cell,
            "se": _percent(cell["tp"], cell["tp"] + cell["fn"]),
            "ppv": _percent(cell["tp"], cell["tp"] + cell["fp"]),
            "f1": _percent(2 * cell["tp"], 2 * cell["tp"] + cell["fn"] + cell["fp"]),
        }
        for (method, level, detector), cell in cells.items()
    ]


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0


def lost_sensitivity(cells: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Se of `RAW` minus Se of every other method, in points, at `MILD` dB and above.

    `cells` is a summary with `RAW` among its methods; below zero is gained.
    """
    before = {(c["level"], c["detector"]): c["se"] for c in cells if c["method"] == RAW}
    return [
        {
            **{key: cell[key] for key in ("method", "level", "detector")},
            "points": before[cell["level"], cell["detector"]] - cell["se"],
        }
        for cell in cells
        if cell["method"] != RAW and cell["level"] >= MILD
    ]


_CODE = fingerprint(Path(__file__))
"""Taken at import: a file that is edited while its code runs must not count as what was run."""


def _plot(summary: Sequence[Mapping[str, Any]]) -> Figure:
    """F1 of beat detection over input level, a panel for each detector, a line for each method."""
    detectors = list(dict.fromkeys(row["detector"] for row in summary))
    figure = Figure(figsize=(11, 4.5), layout="constrained")
    panels = figure.subplots(1, len(detectors), sharey=True, squeeze=False)[0]
    raw, *methods = dict.fromkeys(row["method"] for row in summary)
    styles = {raw: {"color": COLOURS[6], "ls": "--"}}
    styles |= {m: {"color": c} for m, c in zip(methods, (*COLOURS[:6], COLOURS[7]), strict=False)}
    for panel, detector in zip(panels, detectors, strict=True):
        for method, style in styles.items():
            rows = [r for r in summary if (r["method"], r["detector"]) == (method, detector)]
            levels, scores = [r["level"] for r in rows], [r["f1"] for r in rows]
            panel.plot(levels, scores, "o", ms=4, label=method, **{"ls": "-", **style})
        panel.set_title(f"detector {detector}")
        panel.set_xticks(sorted({row["level"] for row in summary}))
        label_axes(panel, "SNR of the input, dB", "F1, %" if panel is panels[0] else "")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
    return figure


def _f1(level: int, *, beside_raw: bool = False) -> Callable[[Report, str], float]:
    def find(report: Report, model: str) -> float:
        f1 = {
            cell["method"]: cell["f1"]
            for cell in report["b3"]["cells"]
            if (cell["detector"], cell["level"]) == ("xqrs", level)
        }
        return float(f1[model] - (f1["raw"] if beside_raw else 0.0))

    return find


def _lost(report: Report, model: str) -> float:
    return float(max(row["points"] for row in report["b3"]["lost"] if row["method"] == model))


class BeatDetection(Benchmark):
    """B3: QRS detection in electrode motion noise."""

    name = "b3"
    title = "B3: can beats still be found?"
    description = (
        "A beat detector on the noisy ECG and on the denoised one. Sensitivity (Se) says "
        "how many beats were found, +P how many of what was found were beats, F1 is their"
        " balance. A denoiser helps when detection gets better, and harms when it gets "
        "worse."
    )
    needed = NOISE_RECORDS
    targets: ClassVar[tuple[Target, ...]] = (
        Target("b3", "F1 of xqrs at 12 dB", "%", 99.0, True, _f1(12)),
        Target("b3", "F1 of xqrs at 6 dB", "%", 95.0, True, _f1(6)),
        Target("b3", "F1 of xqrs at 0 dB", "%", 80.0, True, _f1(0)),
        Target(
            "b3", "F1 of xqrs at -6 dB, above raw", "points", 0.0, True, _f1(-6, beside_raw=True)
        ),
        Target("b3", "sensitivity lost at 12 dB and better", "points", 1.0, False, _lost),
    )
    plots_before: ClassVar[Mapping[str, str]] = {
        "b3": ("F1 of beat detection over the level of the noise, raw and denoised."),
    }

    def scored(self, run: Evaluation) -> tuple[str, ...]:
        """Records to score."""
        return tuple(f"mitdb/{name}" for name in RECORDS)

    def score(self, run: Evaluation, present: list[str]) -> Section:
        """Score the records that are present."""

        def stressed(unit: str, methods: Methods) -> Rows:
            record, level = unit.split()
            return run_record(record, run.data, methods, levels=(int(level),))

        units = [f"{record_number(name)} {level}" for name in present for level in LEVELS]
        unchanged: dict[str, Subject[Method]] = {RAW: Subject(raw, _CODE)}
        rows = run.score("b3", units, unchanged | run.streamed | run.others, _CODE, stressed)
        cells = summary(rows)
        run.figures["b3"] = _plot(cells)
        return {"cells": cells, "lost": lost_sensitivity(cells), "rows": rows}

    def tables(self, section: Mapping[str, Any]) -> list[Table]:
        """F1 for each detector, then Se and +P."""
        cells = section["cells"]
        methods = list(dict.fromkeys(cell["method"] for cell in cells))
        by_row: dict[tuple[str, int], dict[str, Any]] = {}
        for cell in cells:
            by_row.setdefault((cell["detector"], cell["level"]), {})[cell["method"]] = cell
        rows = []
        for (detector, level), found in sorted(
            by_row.items(), key=lambda r: (r[0][0] != "xqrs", -r[0][1])
        ):
            best = max(cell["f1"] for cell in found.values())
            row = words(detector, f"{level} dB")
            for method in methods:
                c = found[method]
                detail = f"Se {number(c['se'])}, +P {number(c['ppv'])}"
                row.append(Cell(number(c["f1"]), detail, "best" if c["f1"] == best else ""))
            rows.append(row)
        title = "B3: F1 of beat detection in %, records 118 and 119 with electrode motion"
        return [Table(title, ["detector", "input", *methods], rows, 2)]


BENCHMARK = BeatDetection()
