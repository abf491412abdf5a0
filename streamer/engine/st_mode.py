"""ST mode: keep the ST segment by removing fast, usual noise only.

A network trained to remove wander removes slow changes, and an ST segment that rises or falls is
one. So the slow part of the noise estimate is given back, by a low-pass without phase shift:
nothing below about 20 Hz is removed, baseline wander neither. The fast part is limited to
`MAX_CREST` times its mean size over the last second: noise of muscles and power lines stays
below that, the edge of a pulse, or of a beat that the network does not know, does not.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ecgstream.streamer.engine.delay import FS
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.engine.ring_buffer import RingBuffer

LOOK_AHEAD = 9
"""Samples that the low-pass looks ahead (and back): it halves what lies at 19 Hz."""
MAX_CREST = 6.0
"""Limit of the noise removed, in multiples of its mean size."""
MEAN_SECONDS = 1.0
"""Time constant of that mean."""
MIN_LIMIT_MV = 0.02
"""Lower bound of the limit, in mV. All three were chosen on validation records: larger values gain
0.1 dB in muscle noise and leave more after the standards' pulse of 3 mV, smaller ones the other
way round."""

_hann = np.hanning(2 * LOOK_AHEAD + 3)[1:-1]
_TAPS = (_hann / _hann.sum()).astype(np.float32)


class StMode:
    """Gives back the slow and the unusual part of the noise removed from some signals.

    Parameters
    ----------
    rows : number of signals.
    hop : samples judged together.
    predicts_error : whether the error of the denoised signals is known.
    """

    def __init__(self, rows: int, hop: int, predicts_error: bool = False) -> None:
        self._hop = hop
        self._share = hop / (MEAN_SECONDS * FS)
        self._given, self._removed = RingBuffer(rows, LOOK_AHEAD), RingBuffer(rows, 2 * LOOK_AHEAD)
        self._size = np.full((rows, 1), MIN_LIMIT_MV / MAX_CREST, np.float32)  # mean noise removed
        self._error = RingBuffer(rows, LOOK_AHEAD) if predicts_error else None
        self._early = LOOK_AHEAD  # results that lie before the first sample

    def push(
        self, given: Floats, denoised: Floats, error: Floats | None = None
    ) -> tuple[Floats, Floats | None]:
        """The signals and their error (rows, m) up to `LOOK_AHEAD` samples before the newest.

        `given`, `denoised` and `error` are (rows, n) in mV, whole hops but at a stream's ends.
        The error is that of the fast part: noise that is given back because it is unusual adds
        to it, slow changes count as part of the signal.
        """
        n = given.shape[1]
        if not n:
            return given, error
        removed = given - denoised
        if self._early == LOOK_AHEAD:
            self._removed.fill(np.arange(len(given)), removed[:, 0])
        self._removed.append(removed)
        self._given.append(given)
        seen = self._removed.newest(n + 2 * LOOK_AHEAD)
        slow = np.add.reduce(sliding_window_view(seen, len(_TAPS), axis=1) * _TAPS, axis=2)
        fast = seen[:, LOOK_AHEAD : n + LOOK_AHEAD] - slow
        unlimited = None if error is None else fast.copy()
        for end in range(n, 0, -self._hop)[::-1]:
            self._limit(fast[:, max(0, end - self._hop) : end])
        kept = self._given.newest(n, LOOK_AHEAD) - fast
        early, self._early = self._early, max(0, self._early - n)
        skip = early - self._early
        if self._error is not None and error is not None and unlimited is not None:
            self._error.append(error)
            error = (self._error.newest(n, LOOK_AHEAD) + np.abs(unlimited - fast))[:, skip:]
        return np.asarray(kept[:, skip:]), error

    def flush(self) -> tuple[Floats, Floats | None]:
        """The last `LOOK_AHEAD` samples: the last noise estimate is held."""
        held = np.repeat(self._removed.newest(1), LOOK_AHEAD, axis=1)
        nothing = np.zeros_like(held)
        return self.push(nothing, -held, None if self._error is None else nothing)

    def _limit(self, fast: Floats) -> None:
        """Cut off, in place, what is unusually large in one hop (rows, up to the hop)."""
        largest = np.maximum(np.float32(MAX_CREST) * self._size, np.float32(MIN_LIMIT_MV))
        np.minimum(fast, largest, out=fast)
        np.maximum(fast, -largest, out=fast)
        size = np.abs(fast).mean(axis=1, keepdims=True)
        self._size = self._size + (size - self._size) * np.float32(self._share)
