"""Noise to mix into an ECG, scaled to a signal-to-noise ratio.

Recorded kinds are the records of the MIT-BIH Noise Stress Test Database (Moody, Muldrow & Mark
1984). A kind is one entry: its name, its label and the function that makes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.engine.delay import FS
from ecgstream.streamer.engine.resampling import Resampler, ratio
from ecgstream.streamer.io.records import RecordError, find_record, read_record

BUNDLED_NOISE = "nstdb90"
"""90 s of each recorded kind, from the halves that no shipped model was trained on."""

Samples = npt.NDArray[np.float64]


class NoiseRequest(NamedTuple):
    """Noise to make."""

    n: int
    """Samples."""
    fs: float
    """Hz."""
    seed: int
    data: str | Path | None
    """Data folder of recorded noise; the bundled excerpt where it has none."""
    rng: np.random.Generator


@dataclass(frozen=True)
class NoiseKind:
    """A kind of noise; `make` gives (n,) samples of any mean and variance."""

    name: str
    """As `--noise` takes it."""
    label: str
    make: Callable[[NoiseRequest], Samples]
    recorded: bool = False
    """It is a record of the MIT-BIH Noise Stress Test Database."""


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


def _recorded(name: str, label: str) -> NoiseKind:
    """Define a recorded kind; it turns back at either end, so that it never jumps."""

    def make(request: NoiseRequest) -> Samples:
        channel = _any_noise(name, request.data)[:, request.seed % 2]
        there = _at_rate(channel, request.fs)
        there_and_back = np.concatenate([there, there[::-1]])
        places = np.arange(request.n) + request.rng.integers(len(there))
        return np.asarray(np.take(there_and_back, places, mode="wrap"))

    return NoiseKind(name, label, make, recorded=True)


def _sine(name: str, label: str, hertz: float) -> NoiseKind:
    """Define a sine of random phase."""

    def make(request: NoiseRequest) -> Samples:
        periods = hertz / request.fs * np.arange(request.n) + request.rng.random()
        return np.asarray(np.sin(2 * np.pi * periods))

    return NoiseKind(name, label, make)


def _mix(request: NoiseRequest) -> Samples:
    """Sum all recorded kinds, each of unit variance."""
    n, fs, seed, data, _ = request
    parts = [unit_noise(kind, n, seed + i, data, fs) for i, kind in enumerate(RECORDED)]
    return np.asarray(np.sum(parts, axis=0))


NOISE_KINDS = {
    kind.name: kind
    for kind in (
        _recorded("bw", "Baseline wander"),
        _recorded("em", "Electrode motion"),
        _recorded("ma", "Muscle artefact"),
        NoiseKind("mix", "All three together", _mix),
        _sine("pli50", "50 Hz hum", 50.0),
        _sine("pli60", "60 Hz hum", 60.0),
        NoiseKind("white", "White noise", lambda request: request.rng.standard_normal(request.n)),
        _sine("wander", "Slow sine", 0.1),
    )
}
"""All kinds, by name. The original experiment takes `white` for muscle artefact and `wander`, one
period in ten seconds, for baseline wander."""
RECORDED = tuple(name for name, kind in NOISE_KINDS.items() if kind.recorded)
"""Names of the recorded kinds."""


def unit_noise(
    kind: str, n: int, seed: int = 0, data: str | Path | None = None, fs: float = FS
) -> Samples:
    """Make `n` samples of noise at `fs` Hz, zero mean, unit variance over all of them.

    Recorded noise comes from the data folder or else from the bundled excerpt. It starts at a
    place that the seed chooses. Away from the 360 Hz it was recorded at it is resampled.

    Raises
    ------
    ValueError : no such kind.
    """
    if kind not in NOISE_KINDS:
        raise ValueError(f"unknown noise {kind!r}: choose from {', '.join(NOISE_KINDS)}")
    request = NoiseRequest(n, fs, seed, data, np.random.default_rng(seed))
    noise = NOISE_KINDS[kind].make(request)
    noise = noise - noise.mean()
    return np.asarray(noise / noise.std())


def noise_gain(clean: npt.ArrayLike, noise: npt.ArrayLike, snr_db: float) -> float:
    """Factor that brings `noise` to the wanted ratio of mean squares to `clean`, both (n,)."""
    powers = np.mean(np.square(clean, dtype=float)) / np.mean(np.square(noise, dtype=float))
    return float(np.sqrt(powers / 10 ** (snr_db / 10)))
