"""Sampling rate and holes, from the time stamps of all rows.

Devices stamp rows with rounded, delayed or repeated times: one stamp for a burst of rows that came
together. The rate is the slope of the least-squares line through the first row of each stamp; a
hole is a shift that stays, larger than what stamps vary by before and after it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.io.base import FormatError, Samples

_BLOCK_ROWS = 20000
_WINDOW_STAMPS = 32
"""Stamps before and after a possible hole that are compared."""
_SHORT_STAMPS = 8
"""With fewer of them, near the ends, a hole must be larger than the usual variation, too."""
_MIN_HOLE_STAMPS = 0.6
"""Smallest hole, in steps from stamp to stamp; rounded stamps of a slow clock shift by 0.5."""
_MAX_DECIMALS = 6
_SIGMAS = 4.0
Indices = npt.NDArray[np.int64]


class Clock:
    """Fit to the time stamps of a file, in pieces.

    Parameters
    ----------
    line : number of the first row's line, for messages.
    """

    def __init__(self, line: int) -> None:
        self._line, self._rows = line, 0
        self._parts: list[Samples] = []
        self._waiting = 0
        self._k: Indices = np.empty(0, np.int64)
        self._t: Samples = np.empty(0)
        self._step: float | None = None
        self._size = 1.0
        self._unchecked = 1
        self._first: float | None = None
        self._fit = _LineFit()
        self._skip = 0

    def push(self, seconds: Samples) -> None:
        """Take the times of the next rows, NaN where there is none.

        Raises
        ------
        FormatError : rows are missing, or the time goes back.
        """
        self._parts.append(seconds)
        self._waiting += len(seconds)
        if self._waiting >= _BLOCK_ROWS:
            self._take(final=False)

    def rate(self) -> float | None:
        """End and return the rate in Hz; None where the time does not go on.

        It is the one with the fewest decimals among those that the stamps allow.

        Raises
        ------
        FormatError : as `push`.
        """
        self._take(final=True)
        slope, sigma = self._fit.slope()
        if slope is None or slope <= 0:
            return None
        fs = 1 / slope
        allowed = fs * (_SIGMAS * sigma / slope + 1e-9)
        for decimals in range(_MAX_DECIMALS + 1):
            if abs(round(fs, decimals) - fs) <= allowed and round(fs, decimals):
                return round(fs, decimals)
        return fs

    def _take(self, final: bool) -> None:
        seconds = np.concatenate([*self._parts, np.empty(0)])
        self._parts, self._waiting = [], 0
        k = np.arange(self._rows, self._rows + len(seconds))
        self._rows += len(seconds)
        there = np.isfinite(seconds)
        k, t = k[there], seconds[there]
        if len(t):
            if self._first is None:
                self._first = t[0]
            before = self._t[-1] if len(self._t) else np.nan
            new = np.diff(t, prepend=before) != 0
            k, t = k[new], t[new]
            if self._step is None:
                self._step, self._size = typical_step(k, t)
                self._skip = int(self._size > 1 and len(t) > 3)  # its first rows may be missing
            self._fit.add(k[self._skip :], t[self._skip :] - self._first)
            self._skip = 0
            self._k, self._t = np.concatenate([self._k, k]), np.concatenate([self._t, t])
        self._check(final)
        drop = max(0, len(self._k) - 2 * _WINDOW_STAMPS)
        self._k, self._t = self._k[drop:], self._t[drop:]
        self._unchecked = max(1, self._unchecked - drop)

    def _check(self, final: bool) -> None:
        """Look for holes before stamps that have enough others around them."""
        n, w = len(self._k), _WINDOW_STAMPS
        begin, end = self._unchecked, n if final else n - w
        if self._step is None or end <= begin:
            return
        late = (self._t - self._t[0]) - self._step * (self._k - self._k[0])
        lows = np.pad(late, w, constant_values=np.inf)
        highs = np.pad(late, w, constant_values=-np.inf)
        low = np.lib.stride_tricks.sliding_window_view(lows, w).min(axis=1)
        high = np.lib.stride_tricks.sliding_window_view(highs, w).max(axis=1)
        at = np.arange(begin, end)  # windows [at - w, at) and [at, at + w), before and after
        shift = low[at + w] - high[at]
        back = low[at] - high[at + w]
        least = np.full(len(at), _MIN_HOLE_STAMPS * self._step * self._size)
        short = (at < _SHORT_STAMPS) | (n - at < _SHORT_STAMPS)
        if short.any():
            whole = (high - low)[w : n + 1] if n > w else np.array([np.ptp(late[:-1])])
            least += short * 2 * float(np.median(whole if len(whole) else 0.0)) * (self._size > 1)
        wrong = np.flatnonzero((shift > least) | (back > least))
        if len(wrong):
            i = int(at[wrong[0]])
            rows = int(self._k[i] - self._k[i - 1])
            raise FormatError(
                f"line {self._line + int(self._k[i])}: the time goes from {self._t[i - 1]:.3f} s "
                f"to {self._t[i]:.3f} s, where {rows * self._step:.3g} s are due; fill what is "
                "missing with empty cells, or give --fs to count rows alone"
            )
        self._unchecked = end


def typical_step(k: npt.NDArray[np.int64], t: Samples) -> tuple[float, float]:
    """Time from row to row that holes hardly change, and the number of rows of a stamp.

    Parameters
    ----------
    k, t : number of the first row of each stamp, and the stamp; both (n,).
    """
    if len(t) < 2:
        return 0.0, 1.0
    lag = max(1, min(64, (len(t) - 1) // 4))
    steps = (t[lag:] - t[:-lag]) / (k[lag:] - k[:-lag])
    return float(np.median(steps)), float(np.median(np.diff(k)))


class _LineFit:
    """Least-squares line through points that come in pieces."""

    def __init__(self) -> None:
        self._n = 0
        self._mean = np.zeros(2)
        self._scatter = np.zeros((2, 2))

    def add(self, k: npt.NDArray[np.int64], t: Samples) -> None:
        if not len(k):
            return
        points = np.stack([k.astype(float), t])
        mean = points.mean(axis=1)
        away = points - mean[:, None]
        apart = mean - self._mean
        total = self._n + len(k)
        self._scatter += away @ away.T + np.outer(apart, apart) * self._n * len(k) / total
        self._mean = self._mean + apart * len(k) / total
        self._n = total

    def slope(self) -> tuple[float | None, float]:
        """Slope and its standard error."""
        (kk, kt), (_, tt) = self._scatter
        if self._n < 2 or kk <= 0:
            return None, 0.0
        slope = kt / kk
        left = max(0.0, tt - slope * kt) / max(1, self._n - 2)
        return float(slope), float(np.sqrt(left / kk))
