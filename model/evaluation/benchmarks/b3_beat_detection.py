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
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import trim_mean

from ecgstream.model.data.splits import NOISE_STRESS
from ecgstream.model.evaluation.benchmarks.b2_noise import noise_halves
from ecgstream.model.evaluation.methods import Method, Signals
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
