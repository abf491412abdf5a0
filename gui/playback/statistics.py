"""Figures of the status line, measured while a record is replayed."""

from __future__ import annotations

from collections import deque

import numpy as np

from ecgstream.gui.playback.snapshot import FIGURE_SECONDS, Figures
from ecgstream.streamer.ecg.heart_rate import TOO_FEW, HeartRate, unknown_rate
from ecgstream.streamer.live.history import History
from ecgstream.streamer.live.sinks.base import Step

_DELAY_SECONDS = 3  # of signal that the measured delay covers, so that a change is soon seen
UNFIGURE_SECONDS = Figures(
    heart_rate=unknown_rate(TOO_FEW),
    delta_snr=np.nan,
    good=np.nan,
    delay=0,
    delay_measured=0,
    step_p99=np.nan,
    hop=np.nan,
    queue=0.0,
    dropped=0,
)
"""Figures before the first full second."""


class _Second:
    """Measurements of one second of signal."""

    def __init__(self) -> None:
        self.samples = 0
        self.steps: list[float] = []  # s, the engine's time
        self.waited = 0  # samples, the longest wait


class Statistics:
    """Measures the steps of a run and updates the figures once per second of signal."""

    def __init__(self, fs: float) -> None:
        self._fs = fs
        self._seconds: deque[_Second] = deque([_Second()], FIGURE_SECONDS)
        self.figures = UNFIGURE_SECONDS

    def add(self, step: Step) -> bool:
        """Add a step; return whether a second is full and `measure` is due."""
        now = self._seconds[-1]
        now.samples += len(step.piece.input)
        now.steps.append(step.engine_seconds)
        if len(step.block.signal):
            newest = step.piece.start + len(step.piece.input) - 1
            now.waited = max(now.waited, newest - step.block.start)
        return now.samples >= self._fs

    def measure(self, history: History, heart_rate: HeartRate) -> None:
        """Update the figures and begin another second."""
        last = round(FIGURE_SECONDS * self._fs)
        steps = np.concatenate([second.steps for second in self._seconds])
        self.figures = UNFIGURE_SECONDS._replace(
            heart_rate=heart_rate,
            delta_snr=history.delta_snr(last),
            good=history.unflagged_share(last),
            delay_measured=max(second.waited for second in [*self._seconds][-_DELAY_SECONDS:]),
            step_p99=float(np.percentile(steps, 99)),
        )
        self._seconds.append(_Second())
