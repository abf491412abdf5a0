"""SETTLING near pops and steps: changes too steep for an ECG, and the samples they spoil."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.engine.delay import FS, WINDOW
from ecgstream.streamer.engine.detectors.base import Mask, OutputSegment, output_detector
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.quality import Flags, Quality

MAX_STEP_MV = np.float32(640 / FS)
"""mV from one sample to the next: twice the 320 mV/s that ANSI/AAMI EC11 asks an electrocardiograph
to follow. Within MIT-BIH nothing is steeper than 230 mV/s."""

_MAX_POWER = float(MAX_STEP_MV) ** 2
_SETTLING = np.uint8(Quality.SETTLING)


class ArtifactDetector:
    """Finds the pops and steps of some signals.

    Parameters
    ----------
    rows : number of signals.
    before : samples before a pop whose windows contain it; after it, one window does.
    """

    def __init__(self, rows: int, before: int) -> None:
        self._before = before
        self._end = 0
        self._near: list[list[tuple[int, int]]] = [[] for _ in range(rows)]  # in order, apart
        self._any = False

    def push(self, samples: Floats) -> None:
        """Look at the newest samples and the one before them, (rows, 1 + n) in mV."""
        changes = samples[:, 1:] - samples[:, :-1]
        # Cheap, and true of nearly all that comes: not even all changes together make a pop.
        if not np.vdot(changes, changes) < _MAX_POWER:
            steep = np.abs(changes) > MAX_STEP_MV
            for row in np.flatnonzero(steep.any(axis=1)).tolist():
                self._add(row, self._end + np.flatnonzero(steep[row]))
        self._end += changes.shape[1]

    def _add(self, row: int, steps: npt.NDArray[np.int64]) -> None:
        """Add ascending places of one signal, those near each other as one stretch."""
        apart = np.flatnonzero(np.diff(steps) > self._before + WINDOW) + 1
        near = self._near[row]
        for group in np.split(steps, apart):
            start, stop = int(group[0]) - self._before, int(group[-1]) + WINDOW
            if near and start <= near[-1][1]:
                start = near.pop()[0]
            near.append((start, stop))
        self._any = True

    def near(self, start: int, n: int) -> Mask | None:
        """Mask (rows, n) of the samples near a pop or step, from `start` on; None if none is.

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


@output_detector
class SettlingNearArtifacts:
    """Flags the samples that the network denoised with a pop or step in view."""

    def __init__(self, rows: int, hop: int) -> None:
        del rows, hop  # nothing to keep

    def mark(self, flags: Flags, segment: OutputSegment) -> None:
        """Flag the samples near an artifact; see `OutputDetector`."""
        if segment.artifacts is not None:
            flags[segment.artifacts] |= _SETTLING
