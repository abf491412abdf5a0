"""SETTLING near pops and steps: changes too steep for an ECG, and the samples they spoil."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.engine.delay import FS, WINDOW, DelayMode
from ecgstream.streamer.engine.detectors.base import Mask, OutputSegment, output_detector
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.quality import Flags, Quality

MAX_SLOPE_MV_PER_S = 640.0
"""Twice the slope that ANSI/AAMI EC11 asks an electrocardiograph to follow. Within MIT-BIH nothing
is steeper than 230 mV/s."""
MAX_STEP_MV = 3.2
"""mV from one sample to the next, at rates so low that this is less than `MAX_SLOPE_MV_PER_S`."""

_SETTLING = np.uint8(Quality.SETTLING)


class ArtifactDetector:
    """Finds the pops and steps of some signals, and the samples at `FS` that they spoil.

    A window that holds a pop is spoilt where it counts: from the first sample that it completes,
    which is up to `samples` before the pop, to one window after the pop.

    Parameters
    ----------
    rows : number of signals.
    fs : sampling rate of the signals in Hz.
    rate : `FS` over `fs`.
    mode : delay mode.
    reach : samples at `FS` on either side of one that resampling smears it over.
    """

    def __init__(self, rows: int, fs: float, rate: Fraction, mode: DelayMode, reach: int) -> None:
        self._rate, self._reach = rate, reach
        self._hop, self._samples = mode.hop, mode.samples
        # Faster signals may rise as steeply over several samples.
        self._lag = max(1, round(fs / FS))
        self._max_step = np.float32(min(MAX_SLOPE_MV_PER_S * self._lag / fs, MAX_STEP_MV))
        self._max_power = float(self._max_step) ** 2 / self._lag
        self._end = 0
        self._near: list[list[tuple[int, int]]] = [[] for _ in range(rows)]  # in order, apart
        self._any = False

    @property
    def history(self) -> int:
        """Samples before the new ones that `push` wants."""
        return self._lag

    def push(self, samples: Floats) -> None:
        """Look at the newest samples, after `history` older ones, (rows, history + n) in mV."""
        lag = self._lag
        changes = samples[:, 1:] - samples[:, :-1]
        # Cheap, and true of nearly all that comes: not even all changes together make a pop.
        if not np.vdot(changes, changes) < self._max_power:
            steep = np.abs(samples[:, lag:] - samples[:, :-lag]) > self._max_step
            steep |= np.abs(changes[:, lag - 1 :]) > self._max_step
            for row in np.flatnonzero(steep.any(axis=1)).tolist():
                self._add(row, self._end + np.flatnonzero(steep[row]))
        self._end += samples.shape[1] - lag

    def _add(self, row: int, steps: npt.NDArray[np.int64]) -> None:
        """Add ascending places of one signal, those near each other as one stretch."""
        rate, near = self._rate, self._near[row]
        first = (steps + 1 - self._lag) * rate.numerator // rate.denominator - self._reach
        starts = (first // self._hop + 1) * self._hop - 1 - self._samples
        stops = -(-(steps + 1) * rate.numerator // rate.denominator) - 1 + self._reach + WINDOW
        apart = np.flatnonzero(starts[1:] > stops[:-1]) + 1
        for begin, end in zip([0, *apart], [*apart, len(starts)], strict=True):
            start, stop = int(starts[begin]), int(stops[end - 1])
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
