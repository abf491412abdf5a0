"""Pacing follows the count of samples: lateness does not accumulate."""

from __future__ import annotations

import numpy as np
import pytest

from ecgstream.streamer.live.clock import Pacer
from helpers.fakes import FakeClock

DAY = 24 * 3600


class Sleepy(FakeClock):
    """A clock that wakes up late by up to 3 ms, as every system does."""

    def __init__(self) -> None:
        super().__init__()
        self._late = np.random.default_rng(0).uniform(0, 3e-3, 997).tolist()
        self._slept = 0

    def sleep(self, seconds: float) -> None:
        self._slept += 1
        super().sleep(seconds + self._late[self._slept % len(self._late)])


@pytest.mark.parametrize("fs", [360.0, 250.0, 257.0, 333.33])
def test_a_day_of_signal_takes_a_day(fs: float) -> None:
    clock = Sleepy()
    pacer = Pacer(fs, clock)
    total = round(DAY * fs)
    for sample in range(0, total, 90):
        pacer.wait(sample)
        late = clock.now() * fs - sample
        assert -1e-3 < late < 3e-3 * fs + 1e-3
    pacer.wait(total)
    assert round((clock.now() - 3e-3) * fs) <= total <= round(clock.now() * fs)
    assert int(pacer.due()) - total <= 3e-3 * fs


def test_a_late_run_catches_up() -> None:
    clock = FakeClock()
    pacer = Pacer(360.0, clock)
    clock.time = 5.0  # the machine was asleep
    for sample in range(0, 3600, 36):
        pacer.wait(sample)
    assert clock.now() == pytest.approx(3564 / 360)
