"""Where time comes from, and when a sample is due.

Every deadline is derived from an integer count of samples, so that pauses and rounding never add
up.
"""

from __future__ import annotations

import math
import time
from typing import Protocol


class Clock(Protocol):
    """Where time comes from; `time.monotonic` and `time.sleep` outside of tests."""

    def now(self) -> float:
        """Seconds since some fixed moment."""

    def sleep(self, seconds: float) -> None:
        """Return after that many seconds."""


class SystemClock:
    """Monotonic time; see `Clock`."""

    def now(self) -> float:
        """Seconds since some fixed moment."""
        return time.perf_counter()

    def sleep(self, seconds: float) -> None:
        """Return after that many seconds."""
        time.sleep(seconds)


class Pacer:
    """When each sample is due.

    Parameters
    ----------
    fs : sampling rate in Hz.
    clock : where time comes from.
    speed : times real time; infinite for as fast as possible.
    """

    def __init__(self, fs: float, clock: Clock, speed: float = 1.0) -> None:
        if not speed > 0:
            raise ValueError(f"speed must be greater than 0, not {speed:g}")
        self._rate, self.clock = fs * speed, clock
        self._sample, self._time = 0, clock.now()

    def restart(self, sample: int) -> None:
        """Let `sample` be due now, to go on after a pause."""
        self._sample, self._time = sample, self.clock.now()

    def wait(self, sample: int) -> None:
        """Return when `sample` is due, or at once when it already was."""
        early = self._time + (sample - self._sample) / self._rate - self.clock.now()
        if early > 0:
            self.clock.sleep(early)

    def due(self) -> float:
        """Number of the sample that is due now."""
        if math.isinf(self._rate):
            return math.inf
        return self._sample + (self.clock.now() - self._time) * self._rate
