"""Synthetic disturbances of training windows: what recorded noise has too little of.

Each function makes one kind; none of them is taken from a recording.
"""

from __future__ import annotations

import numpy as np
from scipy.signal import butter, sosfilt

from ecgstream.streamer.engine.delay import FS
from ecgstream.streamer.engine.normalization import Floats

HUM_HZ = (50.0, 60.0, 50 / 3)
"""Frequencies of mains and of railways."""
_HIGHEST_HARMONIC = 5
CADENCE_HZ = (0.7, 3.2)
"""Steps per second, from a stroll to a sprint."""
MOTION_LOW_HZ, MOTION_HIGH_HZ = (0.4, 1.0, 2.0), (4.0, 8.0, 15.0, 30.0)
"""Edges that the band of motion noise is drawn from."""
_BANDS = [
    butter(2, (low, high), "bandpass", fs=FS, output="sos")
    for low in MOTION_LOW_HZ
    for high in MOTION_HIGH_HZ
]


def hum(rng: np.random.Generator, b: int, n: int) -> Floats:
    """Mains hum (b, n) of about unit power whose frequency and amplitude drift.

    A third of the rows has harmonics up to the fifth.
    """
    t = np.arange(n) / FS
    frequency = rng.choice(HUM_HZ, (b, 1), p=(0.4, 0.4, 0.2)) + rng.normal(0, 0.1, (b, 1))
    drift = rng.normal(0, 0.05, (b, 1)) * t
    phase = 2 * np.pi * (frequency + drift) * t + rng.uniform(0, 2 * np.pi, (b, 1))
    swell = 1 + rng.uniform(0, 0.3, (b, 1)) * np.sin(
        2 * np.pi * rng.uniform(0.05, 0.5, (b, 1)) * t + rng.uniform(0, 2 * np.pi, (b, 1))
    )
    wave = np.sin(phase)
    distorted = rng.random((b, 1)) < 1 / 3
    for order in range(2, _HIGHEST_HARMONIC + 1):
        there = distorted & (order * (frequency + 1) < FS / 2)  # no alias
        share = rng.uniform(0, 0.5 / (order - 1), (b, 1)) * there
        wave += share * np.sin(order * phase + rng.uniform(0, 2 * np.pi, (b, 1)))
    return (np.sqrt(2) * swell * wave).astype(np.float32)


def motion(rng: np.random.Generator, b: int, n: int) -> Floats:
    """Motion of electrodes and cables (b, n), of unit power.

    White noise through a second-order Butterworth band-pass, swelling with the cadence of steps
    in most rows, with a sine of that cadence on top in some. Flatter slopes would leave so much
    outside the band that a network learns little of real motion from it.
    """
    t = np.arange(n) / FS
    out = np.empty((b, n), np.float32)
    settling = round(FS / min(MOTION_LOW_HZ))
    for row in out:
        band = _BANDS[rng.integers(len(_BANDS))]
        noise = sosfilt(band, rng.standard_normal(settling + n))[settling:]
        noise /= noise.std() + 1e-9
        cadence = rng.uniform(*CADENCE_HZ)
        beat = np.sin(2 * np.pi * cadence * t + rng.uniform(0, 2 * np.pi))
        if rng.random() < 0.7:
            noise *= np.maximum(0.5 + 0.5 * beat, 0) ** rng.uniform(0.5, 3) + rng.uniform(0, 0.3)
        if rng.random() < 0.4:
            noise += rng.uniform(0.3, 1.5) * noise.std() * np.roll(beat, rng.integers(n))
        row[:] = noise / (noise.std() + 1e-9)
    return out


def pop(rng: np.random.Generator, n: int, level: float) -> Floats:
    """An electrode pop (n,): a jump that dies away, from somewhere on; mV.

    `level` is the deviation of the noise beside it.
    """
    return _jump(rng, n, level, rng.uniform(0.02, 1.0))


def electrode_step(rng: np.random.Generator, n: int, level: float) -> Floats:
    """A step of the electrode's offset (n,), from which an AC coupled input recovers; mV.

    The recovery takes longer than that of a pop and the jump itself a moment.
    """
    step = _jump(rng, n, level, np.exp(rng.uniform(np.log(0.3), np.log(5.0))))
    rise = int(rng.integers(1, round(0.15 * FS)))
    return np.convolve(step, np.full(rise, 1 / rise))[:n].astype(np.float32)


def _jump(rng: np.random.Generator, n: int, level: float, seconds: float) -> Floats:
    at = int(rng.integers(n))
    height = rng.choice([-1, 1]) * (np.exp(rng.uniform(np.log(0.3), np.log(5.0))) + level)
    out = np.zeros(n, np.float32)
    out[at:] = height * np.exp(-np.arange(n - at) / (seconds * FS))
    return out


def saturate(rng: np.random.Generator, x: Floats) -> None:
    """Clip the row `x` (n,) in place at one rail or both, which wobble in half of the rows."""
    middle, reach = float(np.median(x)), float(np.abs(x - np.median(x)).max())
    rail = reach * rng.uniform(0.3, 0.9)
    sides = rng.integers(3)
    low = middle - rail if sides != 1 else -np.inf
    high = middle + rail if sides != 2 else np.inf
    clipped = (x < low) | (x > high)
    np.clip(x, low, high, out=x)
    if rng.random() < 0.5:
        wobble = rng.uniform(0, 0.02) * reach
        x[clipped] += rng.uniform(-wobble, wobble, int(clipped.sum())).astype(np.float32)


def drop_out(rng: np.random.Generator, x: Floats) -> None:
    """Replace a part of the row `x` (n,) in place by its value before, as a loose contact does."""
    n = len(x)
    length = round(rng.uniform(0.01, 0.3) * FS)
    begin = int(rng.integers(1, n - length))
    x[begin : begin + length] = x[begin - 1]
