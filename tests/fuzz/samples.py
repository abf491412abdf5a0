"""Hostile samples for the engine, and the signal that they stand for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.engine.normalization import Floats
from fuzz.outcome import Case

MAX_MV = 1e4
"""Amplitude from which on a sample counts as missing."""


class Push(NamedTuple):
    """Pushed samples, and their signal (n, channels) in mV, NaN where a sample is missing."""

    x: Any
    truth: Floats | None
    """None when it must be refused."""


def push(case: Case, channels: int, gain: float | None, smooth: bool, at: int) -> Push:
    """Samples that follow sample `at` of a stream."""
    if case.chance(0.15):
        return Push(_no_samples(case, channels, gain), None)
    n = int(case.rng.choice([0, 1, 2, 7, 16, 63, 64, 65, 256, 257, 700, 1500]))
    if gain is not None and case.chance(0.8):
        return _integers(case, n, channels, gain)
    values = _values(case, n, channels, smooth, at)
    return _floats(case, values)


def _values(case: Case, n: int, channels: int, smooth: bool, at: int) -> npt.NDArray[np.float64]:
    """A signal between an ECG and values that no electrode can give."""
    rng = case.rng
    if smooth:
        t = (at + np.arange(n))[:, None] / 360
        return np.asarray(np.sin(2 * np.pi * (1 + np.arange(channels)) * t))
    values = rng.normal(size=(n, channels)).cumsum(axis=0) / 10
    for _ in range(rng.integers(3)):
        start, length = int(rng.integers(n + 1)), int(rng.integers(1, 400))
        part = slice(start, start + length)
        rows = slice(None) if case.chance(0.6) else int(rng.integers(channels))
        values[part, rows] = case.pick(
            [
                *(np.nan, np.inf, -np.inf, 1e300, -1e300, 1e25, 3.4e38, -3.5e38),
                *(1e4, -1e4, 9999.9, np.nextafter(1e4, 0), 12.5, -32.768),
                *(0.0, -0.0, 1e-3, 1e-40, -1e-45, 5e-324),
            ]
        )
    if n and case.chance(0.2):
        values[rng.random((n, channels)) < rng.random()] = np.nan
    if n and case.chance(0.1):
        values *= 10.0 ** rng.integers(-45, 6)
    return values


def _floats(case: Case, values: npt.NDArray[np.float64]) -> Push:
    n, channels = values.shape
    with np.errstate(all="ignore"):
        x = values.astype(str(case.pick(["f4", "f4", "f8", "f8", "f2", "g", ">f4", ">f8"])))
        truth = x.astype(np.float32)
    truth[~(np.abs(truth) < MAX_MV)] = np.nan
    form = int(case.rng.integers(8))
    pushed: Any = x
    if form == 0:
        pushed = x.tolist() if n else x
    elif form == 1:
        pushed = np.repeat(x, 3, axis=0)[::3]
    elif form == 2:
        pushed = np.asfortranarray(x)
    elif form == 3:
        pushed = x[::-1].copy()[::-1]
    elif form == 4:
        mask = case.rng.random(x.shape) < 0.2
        pushed, truth = np.ma.array(x, mask=mask), np.where(mask, np.float32(np.nan), truth)
    elif form == 5:
        x.flags.writeable = False
    if channels == 1 and form != 0 and case.chance(0.5):
        pushed = pushed[:, 0]
    return Push(pushed, truth)


def _integers(case: Case, n: int, channels: int, gain: float) -> Push:
    kind = np.dtype(str(case.pick(["i1", "u1", "i2", "<i2", ">i2", "u2", "i4", "i8", "u8"])))
    limits = np.iinfo(kind)
    low, high = (limits.min, limits.max) if case.chance(0.3) else (0, 100)
    x = case.rng.integers(low, high, (n, channels), kind.newbyteorder("="), endpoint=True)
    if n and limits.min < 0 and case.chance(0.5):
        x[case.rng.integers(n, size=5)] = limits.min
    with np.errstate(over="ignore"):
        truth = (x.astype(float) / gain).astype(np.float32)
    if limits.min < 0:
        truth[x == limits.min] = np.nan
    truth[~(np.abs(truth) < MAX_MV)] = np.nan
    return Push(x.astype(kind), truth)


def _no_samples(case: Case, channels: int, gain: float | None) -> Any:
    """A value that is no array of samples."""
    n = int(case.rng.integers(1, 40))
    good = np.zeros((n, channels))
    makers: list[Callable[[], Any]] = [
        lambda: np.zeros((n, channels + 1)),
        lambda: np.zeros((n, channels, 1)),
        lambda: np.zeros((0, channels + 2)),
        lambda: np.zeros(()),
        lambda: 1.5,
        lambda: None,
        lambda: "ecg",
        lambda: b"\0\0",
        lambda: {"ecg": 1},
        lambda: [[1.0], [1.0, 2.0], 3.0],
        lambda: [1.0, "a"],
        lambda: [1.0, None],
        lambda: [10**400] * n,
        lambda: good.astype(complex),
        lambda: good.astype(object),
        lambda: good.astype(str),
        lambda: good.astype(bool),
        lambda: good.astype("M8[s]"),
        lambda: good.astype("m8[s]"),
        lambda: np.zeros(n, [("a", "f4"), ("b", "f4")]),
        lambda: np.zeros((n, channels), "V4"),
        lambda: iter([1.0, 2.0]),
        lambda: float,
    ]
    if channels > 1:
        makers += [lambda: np.zeros(n), lambda: np.zeros((channels, n + channels))]
    if gain is None:
        makers += [lambda: np.zeros((n, channels), np.int16), lambda: np.ones((n, channels), "u8")]
    maker: Any = case.pick(makers)
    return maker()
