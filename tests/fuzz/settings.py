"""Hostile options and odd sampling rates for the engine."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fuzz.outcome import CORRECT, Case, Outcome, demand, refusal
from fuzz.streams import Echo

_GOOD: dict[str, list[Any]] = {
    "channels": [1, 2, np.int16(3), np.uint8(1)],
    "fs": [360, 360.0, 250, np.float32(250), np.int64(500), 100, 2000.0],
    "delay": ["low", "balanced", "best", 24, 255, np.int32(100)],
    "gain": [None, 1, 200.0, np.float32(1000), np.int16(5), 1e-6, 1e6],
    "strength": [0, 1, 0.5, np.float32(0.25)],
    "gaps": ["nan", "hold"],
    "st": [False, True],
}
_ODD: list[Any] = [
    *(None, True, False, "", "360", "NaN", b"low", "LOW", [], {}, (1,), {1}, object(), 1j, int),
    *(math.nan, math.inf, -math.inf, -1, -0.5, 10**9, 10**400, 1e300, 1e-320, 47.9, 2.5),
    *("x" * 9999, np.nan, np.array([1, 2]), np.array(1.5), np.datetime64("2020"), np.bool_(1)),
]
_FITTING = {"gain": (None, 47.9, 2.5), "st": (True, False), "strength": (1e-320,)}
"""Unusual values that an option accepts."""


def options(case: Case) -> Outcome:
    """A set of options, most of which the engine must refuse."""
    chosen: dict[str, Any] = {}
    good, hostility = True, case.pick([0, 0.15, 0.3])
    for name, fitting in _GOOD.items():
        if case.chance(hostility):
            chosen[name] = value = case.pick(_ODD)
            good &= any(type(value) is type(o) and value == o for o in _FITTING.get(name, ()))
        elif case.chance(0.7):
            chosen[name] = case.pick(fitting)
    try:
        denoiser = case.product.denoiser(Echo(256), **chosen)
    except Exception as error:
        outcome = refusal(error, (ValueError,))
        demand(not good, f"possible options were refused: {chosen}: {error}")
        return outcome
    demand(good, f"impossible options were taken: {chosen}")
    block = denoiser.push(np.zeros((10, denoiser.channels)))
    demand(len(block.signal) + len(denoiser.flush().signal) == 10, "10 samples in, others out")
    return Outcome([CORRECT])


def rates(case: Case) -> Outcome:
    """Run the engine at an unusual sampling rate."""
    rng = case.rng
    draws: list[Any] = [
        lambda: float(np.round(rng.uniform(100, 2000), int(rng.integers(0, 12)))),
        lambda: float(360 + rng.normal() * 10.0 ** -rng.integers(0, 14)),
        lambda: np.float32(rng.uniform(100, 2000)),
        lambda: float(rng.integers(1000, 20001) / 10),
        lambda: float(rng.choice([1, 2, 3, 4, 5]) * 360 / rng.choice([1, 2, 3, 7, 11, 13])),
        lambda: float(np.nextafter(rng.choice([100, 360, 720, 2000]), rng.choice([0, 1e9]))),
        lambda: float(rng.choice([99.999999, 2000.00001, 1e-300, 5e-324, 0.0, -360.0])),
    ]
    draw: Any = case.pick(draws)
    fs = draw()
    try:
        denoiser = case.product.denoiser(Echo(512), fs=fs)
    except Exception as error:
        outcome = refusal(error, (ValueError,))
        demand(not 100 <= fs <= 2000, f"a rate of {fs!r} Hz was refused: {error}")
        return outcome
    demand(100 <= fs <= 2000, f"a rate of {fs!r} Hz was taken")
    x = np.sin(2 * np.pi * 2 * np.arange(int(6 * fs)) / fs).astype(np.float32)
    given = []
    taken = put_out = 0
    for part in np.array_split(x, 9):
        block = denoiser.push(part)
        demand(block.start == put_out, f"block at {block.start}, not at {put_out}, {fs!r} Hz")
        given.append(block.signal)
        taken, put_out = taken + len(part), put_out + len(block.signal)
        waiting = taken - put_out
        demand(waiting <= denoiser.delay_samples, f"{waiting} samples wait at {fs!r} Hz")
    given.append(denoiser.flush().signal)
    out = np.concatenate(given)[:, 0]
    demand(len(out) == len(x), f"{len(x)} samples in, {len(out)} out at {fs!r} Hz")
    middle = slice(int(fs), -int(fs))
    off = float(np.abs(out - x)[middle].max())
    demand(off < 0.01, f"a slow wave is off by {off:.3g} at {fs!r} Hz")
    return Outcome([CORRECT])
