"""Hold the last valid sample through gaps, and flag faults of the input."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.engine.detectors.base import (
    INPUT_DETECTORS,
    InputSegment,
    Mask,
    WatchingDetector,
)
from ecgstream.streamer.engine.detectors.gap import MAX_MV
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.engine.ring_buffer import RingBuffer


class InputChecks:
    """Samples of some signals without gaps, and the flags of the registered input detectors.

    The result depends on the samples alone and not on how they were cut into pushes.

    Parameters
    ----------
    rows : number of signals.
    fs : sampling rate in Hz.
    keep : number of newest samples and flags that can be read again.
    """

    def __init__(self, rows: int, fs: float, keep: int) -> None:
        self._detectors = [detector(fs) for detector in INPUT_DETECTORS]
        self._watching = [d for d in self._detectors if isinstance(d, WatchingDetector)]
        self._settled_after = max(detector.settled_after for detector in self._detectors)
        self._min_still = min(detector.min_still for detector in self._detectors)
        history = max(detector.history for detector in self._detectors)
        self.samples = RingBuffer(rows, max(keep, history))
        """Input with gaps held, (rows, ...) in mV."""
        self.flags = RingBuffer(rows, keep, np.uint8)
        self.begun = np.zeros(rows, bool)
        """(rows,), whether a valid sample has come yet; another array when that changes."""
        self.all_begun = False
        self._valid = np.zeros(rows, np.int64)  # consecutive valid samples
        self._still = np.full(rows, -1)  # consecutive samples that equal the one before
        self._max_still = 0
        self._settled = False

    def push(self, x: Floats) -> Floats:
        """Flag new samples (rows, n > 0) in mV; return them with the last valid one in gaps."""
        if self._settled and np.vdot(x, x) < MAX_MV**2:  # false for NaN, too
            valid = None
        else:
            valid = np.abs(x) < MAX_MV
            x = self._hold(x, valid)
        self.samples.append(x)
        newest = self.samples.newest(x.shape[1] + 1)
        still = newest[:, 1:] == newest[:, :-1]
        self.flags.append(np.zeros(x.shape, np.uint8))
        few_still = np.count_nonzero(still) + self._max_still + 1 < self._min_still
        if valid is None and few_still and not self._wanted(x.shape[1]):
            if np.count_nonzero(still[:, -1]):
                self._set_still(_run_lengths(~still, self._still)[:, -1])
            elif self._max_still:
                self._set_still(np.zeros_like(self._still))
        else:
            self._detect(still, np.ones(x.shape, bool) if valid is None else valid)
        return x

    def _wanted(self, n: int) -> bool:
        return any(detector.wants(self.samples, n) for detector in self._watching)

    def _hold(self, x: Floats, valid: Mask) -> Floats:
        """The samples with the last valid one in gaps."""
        began = np.flatnonzero(~self.begun & valid.any(axis=1))
        if len(began):
            self.samples.fill(began, x[began, np.argmax(valid[began], axis=1)])
            self.begun = self.begun | valid.any(axis=1)
            self.all_begun = bool(self.begun.all())
        newest = np.maximum.accumulate(np.where(valid, np.arange(x.shape[1]), -1), axis=1)
        samples = np.take_along_axis(x, np.maximum(newest, 0), axis=1)
        return np.where(newest >= 0, samples, self.samples.newest(1))

    def _detect(self, still: Mask, valid: Mask) -> None:
        """Ask every detector about the newest samples."""
        valid_run = _run_lengths(~valid, self._valid)
        still_run = _run_lengths(~(still & valid), self._still)
        segment = InputSegment(self.samples, valid, valid_run, still_run)
        for detector in self._detectors:
            detector.mark(self.flags, segment)
        self._valid = valid_run[:, -1]
        self._settled = bool((self._valid >= self._settled_after).all())
        self._set_still(still_run[:, -1])

    def _set_still(self, still: npt.NDArray[np.int64]) -> None:
        self._still, self._max_still = still, int(still.max())


def _run_lengths(breaks: Mask, before: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Consecutive samples without a break, up to each one; `before` is the count so far (rows,)."""
    at = np.arange(breaks.shape[1])
    newest = np.maximum.accumulate(np.where(breaks, at, -1), axis=1)
    return np.where(newest < 0, at + 1 + before[:, None], at - newest)
