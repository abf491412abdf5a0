"""Clocks, and the pacing of samples by them.

Deadlines are derived from an integer count of samples, so that neither pauses nor rounding
accumulate.
"""

from __future__ import annotations

import math
import time
from typing import Protocol


class Clock(Protocol):
    """Monotonic time; tests replace it by one that they set."""

    def now(self) -> float:
        """Return seconds since a fixed moment."""

    def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""


class SystemClock:
    """`Clock` of the operating system."""

    def now(self) -> float:
        """Return seconds since a fixed moment."""
        return time.perf_counter()

    def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        time.sleep(seconds)


class Pacer:
    """Schedule of samples in real time, or in a multiple of it.

    Parameters
    ----------
    fs : sampling rate in Hz.
    clock : source of time.
    speed : multiple of real time; infinite for as fast as possible.

    Raises
    ------
    ValueError : `speed` is not greater than 0.
    """

    def __init__(self, fs: float, clock: Clock, speed: float = 1.0) -> None:
        if not speed > 0:
            raise ValueError(f"speed must be greater than 0, not {speed:g}")
        self._rate, self.clock = fs * speed, clock
        self._sample, self._time = 0, clock.now()

    def restart(self, sample: int) -> None:
        """Make `sample` due now, for example after a pause."""
        self._sample, self._time = sample, self.clock.now()

    def wait(self, sample: int) -> None:
        """Return when `sample` is due; at once if it is overdue."""
        early = self._time + (sample - self._sample) / self._rate - self.clock.now()
        if early > 0:
            self.clock.sleep(early)

    def due(self) -> float:
        """Return the number of the sample that is due now, with its fraction."""
        if math.isinf(self._rate):
            return math.inf
        return self._sample + (self.clock.now() - self._time) * self._rate
