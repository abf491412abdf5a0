"""What arrives, made fit for the network, and what was wrong with it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d

from streamer.quality import Quality
from streamer.tail import Tail
from streamer.windows import Floats

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
        """(rows,), whether there was a valid sample yet."""
        self._held = np.zeros(rows, np.float32)  # the last valid sample
        self._valid = np.zeros(rows, np.int64)  # valid samples in a row
        self._equal = np.zeros(rows, np.int64)  # equal samples in a row
        self._calm = False  # all signals are settled, and none stands still

    def take(self, x: Floats) -> Floats:
        """Flag new samples (rows, n > 0) in mV; return them with the last valid one in gaps."""
        if not (self._calm and self._unsuspicious(x)):
            return self._examine(x)
        self._held = x[:, -1]
        self.flags.append(np.zeros(x.shape, np.uint8))
        self.samples.append(x)
        return x

    def _unsuspicious(self, x: Floats) -> bool:
        """Whether nothing needs a flag, by a quick look that rather says no."""
        if not np.vdot(x, x) < LARGEST**2:  # false for NaN, too
            return False
        if np.count_nonzero(x[:, 1:] == x[:, :-1]) + 2 >= self._rail:
            return False
        before_last = x[:, -2] if x.shape[1] > 1 else self._held
        return not (x[:, -1] == before_last).any()

    def _examine(self, x: Floats) -> Floats:
        """`take` for samples that may have something wrong with them."""
        valid = np.abs(x) < LARGEST
        began = np.flatnonzero(~self.begun & valid.any(axis=1))
        self._held = self._held.copy()
        self._held[began] = x[began, np.argmax(valid[began], axis=1)]
        self.samples.fill(began, self._held[began])
        self.begun[began] = True

        newest = np.maximum.accumulate(np.where(valid, np.arange(x.shape[1]), -1), axis=1)
        samples = np.take_along_axis(x, np.maximum(newest, 0), axis=1)
        samples = np.where(newest >= 0, samples, self._held[:, None])
        before = np.concatenate([self._held[:, None], samples[:, :-1]], axis=1)
        valid_run = _run(~valid, self._valid)
        equal_run = _run(~valid | (samples != before), self._equal - 1) + 1
        self.samples.append(samples)

        flags = np.where(valid_run <= self._settling, Quality.SETTLING, 0).astype(np.uint8)
        flags[equal_run >= self._flat] |= np.uint8(Quality.FLAT)
        flags[~valid] = Quality.GAP
        self.flags.append(flags)
        if (equal_run >= self._rail).any():
            self._flag_rails(valid & (equal_run >= self._rail))

        self._held, self._valid, self._equal = samples[:, -1], valid_run[:, -1], equal_run[:, -1]
        self._calm = bool((self._valid >= self._settling).all() and (self._equal < 2).all())
        return samples

    def _flag_rails(self, standing: npt.NDArray[np.bool_]) -> None:
        """A rail is known as one when it has lasted: flag it from its first sample on."""
        n, past = standing.shape[1], self._rail_past
        seen = self.samples.newest(n + past - 1)
        back = (past - 1) // 2  # the filter looks back only
        high = maximum_filter1d(seen, past, axis=1, origin=back)[:, past - 1 :]
        low = -maximum_filter1d(-seen, past, axis=1, origin=back)[:, past - 1 :]
        now = seen[:, past - 1 :]
        railed = standing & (high - low >= RAIL_RANGE) & ((now == high) | (now == low))
        flags = self.flags.newest(n + self._rail - 1)
        for row, end in zip(*np.nonzero(railed), strict=True):
            flags[row, end : end + self._rail] |= np.uint8(Quality.SATURATED)


def _run(breaks: npt.NDArray[np.bool_], before: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Samples in a row without a break, up to each one; `before` is the count so far (rows,)."""
    at = np.arange(breaks.shape[1])
    newest = np.maximum.accumulate(np.where(breaks, at, -1), axis=1)
    return np.where(newest < 0, at + 1 + before[:, None], at - newest)
