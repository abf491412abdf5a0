"""The figures of the status line, measured while a stream runs."""

from __future__ import annotations

from collections import deque

import numpy as np

from ecgstream.gui.playback.snapshot import MEASURED, Figures
from ecgstream.streamer.live.history import History
from ecgstream.streamer.live.sinks.base import Step

_LATELY = 3  # seconds in which a wait counts, so that another delay is soon seen
UNMEASURED = Figures(
    heart_rate=np.nan,
    delta_snr=np.nan,
    good=np.nan,
    delay=0,
    delay_measured=0,
    step_p99=np.nan,
    hop=np.nan,
    queue=0.0,
    dropped=0,
)
"""Before anything was measured."""


class _Second:
    """What the steps of one second of signal took."""

    def __init__(self) -> None:
        self.samples = 0
        self.steps: list[float] = []  # s of engine
        self.waited = 0  # samples, the most that one waited


class Statistics:
    """Takes the steps of a stream and brings the figures up to date once per second of signal."""

    def __init__(self, fs: float) -> None:
        self._fs = fs
        self._seconds: deque[_Second] = deque([_Second()], MEASURED)
        self.figures = UNMEASURED

    def add(self, step: Step) -> bool:
        """Take a step; whether a second is full, and `measure` has something new to say."""
        now = self._seconds[-1]
        now.samples += len(step.piece.input)
        now.steps.append(step.engine_seconds)
        if len(step.block.signal):
            newest = step.piece.start + len(step.piece.input) - 1
            now.waited = max(now.waited, newest - step.block.start)
        return now.samples >= self._fs

    def measure(self, history: History, heart_rate: float) -> None:
        """Bring the figures up to date and begin another second."""
        last = round(MEASURED * self._fs)
        steps = np.concatenate([second.steps for second in self._seconds])
        self.figures = UNMEASURED._replace(
            heart_rate=heart_rate,
            delta_snr=history.delta_snr(last),
            good=history.unflagged_share(last),
            delay_measured=max(second.waited for second in [*self._seconds][-_LATELY:]),
            step_p99=float(np.percentile(steps, 99)),
        )
        self._seconds.append(_Second())
