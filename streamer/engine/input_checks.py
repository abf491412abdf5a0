"""What arrives, made fit for the network, and what was wrong with it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.engine.ring_buffer import Tail
from ecgstream.streamer.quality import Quality

LARGEST = 1e4
"""mV; no electrode gives more, and a sample beyond is taken for a missing one."""
FLAT_SECONDS = 0.5
"""No heart and no amplifier gives the same value for so long."""
RAIL_SECONDS = 0.028
"""So long at the highest or lowest value, without any change, shows an amplifier's rail ..."""
RAIL_PAST = 2.0
"""... of so many seconds, ..."""
RAIL_RANGE = 2.0
"""... in which the signal moved by so many mV at least."""


class Intake:
    """Holds the last valid sample through gaps and flags every sample of some signals.

    What it gives depends on the samples alone and not on how they were cut into pushes.

    Parameters
    ----------
    rows : number of signals.
    fs : sampling rate in Hz.
    settling : samples that a signal takes to settle.
    keep : newest samples and flags that can be asked for.
    """

    def __init__(self, rows: int, fs: float, settling: int, keep: int) -> None:
        self._settling = settling
        self._flat, self._rail = round(FLAT_SECONDS * fs), round(RAIL_SECONDS * fs)
        self._rail_past = round(RAIL_PAST * fs)
        self.samples = Tail(rows, max(keep, self._rail_past))
        """What came in, gaps held, (rows, ...) in mV."""
        self.flags = Tail(rows, keep, np.uint8)
        self.begun = np.zeros(rows, bool)
        """(rows,), whether there was a valid sample yet; another array when that changes."""
        self.all_begun = False
        self._valid = np.zeros(rows, np.int64)  # valid samples in a row
        self._still = np.full(rows, -1)  # samples in a row that equal the one before
        self._stillest = 0
        self._settled = False

    def take(self, x: Floats) -> Floats:
        """Flag new samples (rows, n > 0) in mV; return them with the last valid one in gaps."""
        if self._settled and np.vdot(x, x) < LARGEST**2:  # false for NaN, too
            valid = None
        else:
            valid = np.abs(x) < LARGEST
            x = self._hold(x, valid)
        self.samples.append(x)
        seen = self.samples.newest(x.shape[1] + 1)
        still = seen[:, 1:] == seen[:, :-1]
        if valid is None and np.count_nonzero(still) + self._stillest + 1 < self._rail:
            self.flags.append(np.zeros(x.shape, np.uint8))
            if np.count_nonzero(still[:, -1]):
                self._stand(_run(~still, self._still)[:, -1])
            elif self._stillest:
                self._stand(np.zeros_like(self._still))
        else:
            self._flag(still, np.ones(x.shape, bool) if valid is None else valid)
        return x

    def _hold(self, x: Floats, valid: npt.NDArray[np.bool_]) -> Floats:
        """The samples with the last valid one in gaps."""
        began = np.flatnonzero(~self.begun & valid.any(axis=1))
        if len(began):
            self.samples.fill(began, x[began, np.argmax(valid[began], axis=1)])
            self.begun = self.begun | valid.any(axis=1)
            self.all_begun = bool(self.begun.all())
        newest = np.maximum.accumulate(np.where(valid, np.arange(x.shape[1]), -1), axis=1)
        samples = np.take_along_axis(x, np.maximum(newest, 0), axis=1)
        return np.where(newest >= 0, samples, self.samples.newest(1))

    def _flag(self, still: npt.NDArray[np.bool_], valid: npt.NDArray[np.bool_]) -> None:
        """Flag the newest samples, which may have something wrong with them."""
        valid_run = _run(~valid, self._valid)
        still_run = _run(~(still & valid), self._still)
        flags = np.where(valid_run <= self._settling, Quality.SETTLING, 0).astype(np.uint8)
        flags[still_run + 1 >= self._flat] |= np.uint8(Quality.FLAT)
        flags[~valid] = Quality.GAP
        self.flags.append(flags)
        standing = valid & (still_run + 1 >= self._rail)
        if standing.any():
            self._flag_rails(standing)
        self._valid = valid_run[:, -1]
        self._settled = bool((self._valid >= self._settling).all())
        self._stand(still_run[:, -1])

    def _stand(self, still: npt.NDArray[np.int64]) -> None:
        self._still, self._stillest = still, int(still.max())

    def _flag_rails(self, standing: npt.NDArray[np.bool_]) -> None:
        """A rail is known as one when it has lasted: flag it from its first sample on."""
        n, past = standing.shape[1], self._rail_past
        seen = self.samples.newest(n + past - 1)
        high, low = _highest(seen, past), -_highest(-seen, past)
        now = seen[:, past - 1 :]
        railed = standing & (high - low >= RAIL_RANGE) & ((now == high) | (now == low))
        flags = self.flags.newest(n + self._rail - 1)
        for row, end in zip(*np.nonzero(railed), strict=True):
            flags[row, end : end + self._rail] |= np.uint8(Quality.SATURATED)


def _highest(samples: Floats, n: int) -> Floats:
    """The highest of each `n` consecutive samples, of every row."""
    span = 1
    while 2 * span <= n:
        samples = np.maximum(samples[:, :-span], samples[:, span:])
        span *= 2
    rest = n - span
    return np.maximum(samples[:, : samples.shape[1] - rest], samples[:, rest:])


def _run(breaks: npt.NDArray[np.bool_], before: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Samples in a row without a break, up to each one; `before` is the count so far (rows,)."""
    at = np.arange(breaks.shape[1])
    newest = np.maximum.accumulate(np.where(breaks, at, -1), axis=1)
    return np.where(newest < 0, at + 1 + before[:, None], at - newest)
