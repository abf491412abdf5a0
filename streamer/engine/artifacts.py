"""Pops and steps: changes too steep for an ECG, and what lies so near that they spoil it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.engine.delay import FS, WINDOW
from ecgstream.streamer.engine.normalization import Floats

STEEPEST = np.float32(640 / FS)
"""mV from one sample to the next: twice the 320 mV/s that ANSI/AAMI EC11 asks an electrocardiograph
to follow. Within MIT-BIH nothing is steeper than 230 mV/s."""

_LIMIT = float(STEEPEST) ** 2


class Jumps:
    """Remembers where some signals jump.

    Parameters
    ----------
    rows : number of signals.
    before : samples before a jump that are near it, as the windows that they came from saw it;
        one window after it are.
    """

    def __init__(self, rows: int, before: int) -> None:
        self._before = before
        self._end = 0
        self._near: list[list[tuple[int, int]]] = [[] for _ in range(rows)]  # in order, apart
        self._any = False

    def take(self, seen: Floats) -> None:
        """Look at the newest samples and the one before them, (rows, 1 + n) in mV."""
        changes = seen[:, 1:] - seen[:, :-1]
        # Cheap, and true of nearly all that comes: not even all changes together are a jump.
        if not np.vdot(changes, changes) < _LIMIT:
            steep = np.abs(changes) > STEEPEST
            for row in np.flatnonzero(steep.any(axis=1)).tolist():
                self._add(row, self._end + np.flatnonzero(steep[row]))
        self._end += changes.shape[1]

    def _add(self, row: int, jumps: npt.NDArray[np.int64]) -> None:
        """Remember ascending jumps of one signal, those near each other as one stretch."""
        apart = np.flatnonzero(np.diff(jumps) > self._before + WINDOW) + 1
        near = self._near[row]
        for group in np.split(jumps, apart):
            start, stop = int(group[0]) - self._before, int(group[-1]) + WINDOW
            if near and start <= near[-1][1]:
                start = near.pop()[0]
            near.append((start, stop))
        self._any = True

    def near(self, start: int, n: int) -> npt.NDArray[np.bool_] | None:
        """Which of `n` samples of every signal, from `start` on, are near a jump; None if none is.

        Stretches that end before `start` are forgotten.
        """
        if not self._any:
            return None
        found = np.zeros((len(self._near), n), bool)
        for row, stretches in enumerate(self._near):
            stretches[:] = [(a, b) for a, b in stretches if b > start]
            for a, b in stretches:
                found[row, max(0, a - start) : max(0, b - start)] = True
        self._any = any(self._near)
        return found
