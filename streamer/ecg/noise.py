"""Noise to mix into an ECG: real recordings and powerline hum, scaled to a signal-to-noise ratio.

`bw`, `em` and `ma` (baseline wander, electrode motion, muscle artefact) are the records of the
MIT-BIH Noise Stress Test Database (Moody, Muldrow & Mark 1984); `mix` is their sum. Synthetic
are `pli50` and `pli60` (powerline), `white` (what the original experiment takes for muscle
artefact) and `wander` (its baseline wander, a slow sine).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.engine.delay import FS
from ecgstream.streamer.engine.resampling import Resampler, ratio
from ecgstream.streamer.io.records import RecordError, find_record, read_record

RECORDED = ("bw", "em", "ma")
KINDS = (*RECORDED, "mix", "pli50", "pli60", "white", "wander")
BUNDLED_NOISE = "nstdb90"
"""90 s of each recorded kind, from the halves that no shipped model was trained on."""

_SINES = {"pli50": 50.0, "pli60": 60.0, "wander": 0.1}  # Hz; 0.1: one period in ten seconds

Samples = npt.NDArray[np.float64]


def recorded_noise(kind: str, data: str | Path | None = None) -> Samples:
    """All samples (n, 2) of an NSTDB record in the data folder.

    Raises
    ------
    RecordError : the record is not there, or cannot be read.
    """
    path = find_record(f"nstdb/{kind}", data)
    if path is None:
        raise RecordError(
            f"no noise record nstdb/{kind} in the data folder: ecgstream records download nstdb"
        )
    return read_record(str(path)).signals.astype(float)


def _any_noise(kind: str, data: str | Path | None) -> Samples:
    if find_record(f"nstdb/{kind}", data) is not None:
        return recorded_noise(kind, data)
    excerpt = read_record(BUNDLED_NOISE)
    channels = [i for i, lead in enumerate(excerpt.leads) if lead.startswith(kind)]
    return excerpt.signals[:, channels].astype(float)


def _at_rate(noise: Samples, fs: float) -> Samples:
    """Noise (n,) recorded at `FS`, at another rate."""
    if fs == FS:
        return noise
    resampler, given = Resampler(1, ratio(FS, fs)), noise[None].astype(np.float32)
    resampler.fill(np.array([0]), given[:, 0])
    parts = [resampler.push(given), resampler.flush(int(len(noise) * fs / FS))]
    return np.asarray(np.concatenate(parts, axis=1)[0], float)


def unit_noise(
    kind: str, n: int, seed: int = 0, data: str | Path | None = None, fs: float = FS
) -> Samples:
    """`n` samples of noise of that kind at `fs` Hz, zero mean, unit variance over all of them.

    Recorded noise comes from the data folder or else from the bundled excerpt. It starts at a
    place that the seed chooses and turns back at either end, so that it never jumps. Away from the
    360 Hz it was recorded at it is resampled.

    Raises
    ------
    ValueError : no such kind.
    """
    rng = np.random.default_rng(seed)
    if kind == "white":
        noise = rng.standard_normal(n)
    elif kind in _SINES:
        noise = np.sin(2 * np.pi * (_SINES[kind] / fs * np.arange(n) + rng.random()))
    elif kind == "mix":
        parts = [unit_noise(part, n, seed + i, data, fs) for i, part in enumerate(RECORDED)]
        noise = np.sum(parts, axis=0)
    elif kind in RECORDED:
        recorded = _at_rate(_any_noise(kind, data)[:, seed % 2], fs)
        there_and_back = np.concatenate([recorded, recorded[::-1]])
        noise = np.take(there_and_back, np.arange(n) + rng.integers(len(recorded)), mode="wrap")
    else:
        raise ValueError(f"unknown noise {kind!r}: choose from {', '.join(KINDS)}")
    noise = noise - noise.mean()
    return np.asarray(noise / noise.std())


def noise_gain(clean: npt.ArrayLike, noise: npt.ArrayLike, snr_db: float) -> float:
    """Factor that brings `noise` to the wanted ratio of mean squares to `clean`, both (n,)."""
    powers = np.mean(np.square(clean, dtype=float)) / np.mean(np.square(noise, dtype=float))
    return float(np.sqrt(powers / 10 ** (snr_db / 10)))
