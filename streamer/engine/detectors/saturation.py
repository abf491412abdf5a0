"""SATURATED: an amplifier or a converter at its rail."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.engine.detectors.base import InputSegment, Mask, input_detector
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.engine.ring_buffer import RingBuffer
from ecgstream.streamer.quality import Quality

RAIL_SECONDS = 0.028
"""Time at the highest or lowest value that shows a rail."""
RAIL_HISTORY_SECONDS = 2.0
"""Time over which that value is the highest or lowest: the range of the signal."""
MIN_RANGE_MV = 2.0
"""Least range in mV in which a value that stands still is a rail."""
MIN_WOBBLING_RANGE_MV = 3.0
"""Least range in mV in which one that wobbles is a rail."""
MAX_WOBBLE = 0.0125
"""Height of the wobble over the range; the round top of a wide complex is higher."""
MIN_CORNER = 0.1
"""Change before a wobbling rail over the range: a rail is run into, a P or T wave rises."""
MIN_OFFSET = 0.3
"""Distance of a rail over the range from the mean of what does not stand at the other end of it;
the isoelectric line is near that mean."""
_NEAR = 3 * MAX_WOBBLE  # of a rail that has been found, until it is left
_STEPS_PER_MV = 1 << 16  # whole numbers have exact sums, however the samples are cut
_CANDIDATES = 4096  # looked at together, for the sake of memory

_SATURATED = np.uint8(Quality.SATURATED)


@input_detector
class SaturationDetector:
    """Flags a stretch at a rail, from its first sample until it is left.

    A rail is the end of the signal's range at which it stands still or wobbles a little, away from
    the isoelectric line. It is known as one when it has lasted, so flags that are older than the
    segment are set, too.
    """

    settled_after = 0

    def __init__(self, fs: float) -> None:
        self.min_still = round(RAIL_SECONDS * fs)
        self._lasting = max(4, self.min_still)
        self.history = round(RAIL_HISTORY_SECONDS * fs)
        # Each row, at its newest sample: whether it stands still at a rail, wobbles at the upper
        # one, and at the lower one.
        self._railed = np.zeros((3, 1), bool)

    def wants(self, samples: RingBuffer, n: int) -> bool:
        """Whether the newest samples may run into a rail that wobbles, or a row stands at one."""
        if np.count_nonzero(self._railed):
            return True
        recent = samples.newest(n + 2 * self._lasting - 1)
        if (recent.max(axis=1) - recent.min(axis=1)).max() < MIN_CORNER * MIN_WOBBLING_RANGE_MV:
            return False
        past = samples.newest(n + self.history - 1)
        full = (past.max(axis=1) - past.min(axis=1))[:, None]
        if full.max() < MIN_WOBBLING_RANGE_MV:
            return False
        wobble = MAX_WOBBLE * full
        near = recent[:, self._lasting :]
        top, bottom = _running_max(near, self._lasting), -_running_max(-near, self._lasting)
        flat = top - bottom <= wobble
        if not np.count_nonzero(flat):
            return False
        if n > self.history:
            return True
        shared = past[:, n - 1 : self.history]  # by the histories of all newest samples
        high, low = shared.max(axis=1)[:, None], shared.min(axis=1)[:, None]
        at_an_end = (high - bottom <= 2 * wobble) | (top - low <= 2 * wobble)
        return bool(np.count_nonzero(flat & at_an_end))

    def mark(self, flags: RingBuffer, segment: InputSegment) -> None:
        """Flag the rails that the newest samples show, and what follows of those found before."""
        n, history, lasting = segment.valid.shape[1], self.history, self._lasting
        samples = segment.samples.newest(n + history - 1)
        now = samples[:, history - 1 :]
        high, low = _running_max(samples, history), -_running_max(-samples, history)
        full = high - low
        still = (
            segment.valid
            & (segment.still_run + 1 >= self.min_still)
            & (full >= MIN_RANGE_MV)
            & ((now == high) | (now == low))
        )
        near = samples[:, history - lasting :]
        top, bottom = _running_max(near, lasting), -_running_max(-near, lasting)
        before = samples[:, history - 2 * lasting :]
        swing = _running_max(before, 2 * lasting) + _running_max(-before, 2 * lasting)
        wobble = MAX_WOBBLE * full
        wobbling = (
            segment.valid
            & (full >= MIN_WOBBLING_RANGE_MV)
            & (top - bottom <= wobble)
            & (swing >= MIN_CORNER * full)
        )
        at_high, at_low = high - bottom <= 2 * wobble, top - low <= 2 * wobble
        found = np.stack([still, wobbling & at_high, wobbling & at_low])
        away = self._away(samples, np.any(found, axis=0), now, high, low)
        found &= away
        reach = _NEAR * np.maximum(full, np.float32(MIN_WOBBLING_RANGE_MV))
        moved = segment.still_run == 0
        left = ~segment.valid | np.stack([moved, high - now > reach, now - low > reach])
        at = np.arange(n)
        last_found = np.maximum.accumulate(np.where(found, at, -1), axis=2)
        last_left = np.maximum.accumulate(np.where(left, at, -1), axis=2)
        railed = (last_found > last_left) | (self._railed[..., None] & (last_left < 0))
        self._railed = railed[..., -1]
        newest = flags.newest(n + lasting - 1)
        newest[:, lasting - 1 :][railed.any(axis=0)] |= _SATURATED
        for way, row, end in zip(*np.nonzero(found), strict=True):
            begin = lasting - (lasting if way else self.min_still)
            newest[row, end + begin : end + lasting] |= _SATURATED

    def _away(
        self, samples: Floats, candidates: Mask, now: Floats, high: Floats, low: Floats
    ) -> Mask:
        """Which candidates (rows, n) are away from the isoelectric line."""
        away = np.zeros_like(candidates)
        windows = np.lib.stride_tricks.sliding_window_view(samples, self.history, axis=1)
        rows, ends = np.nonzero(candidates)
        for first in range(0, len(rows), _CANDIDATES):
            some = rows[first : first + _CANDIDATES], ends[first : first + _CANDIDATES]
            past, x, top, bottom = windows[some], now[some], high[some], low[some]
            margin = 2 * MAX_WOBBLE * (top - bottom)
            upper = top - x < x - bottom
            other_end = np.where(
                upper[:, None], past <= (bottom + margin)[:, None], past >= (top - margin)[:, None]
            )
            steps = np.rint(past * np.float32(_STEPS_PER_MV)).astype(np.int64)
            count = np.maximum((~other_end).sum(axis=1), 1)
            mean = np.where(other_end, 0, steps).sum(axis=1) / (count * _STEPS_PER_MV)
            away[some] = np.abs(x - mean) >= MIN_OFFSET * (top - bottom)
        return away


def _running_max(samples: npt.NDArray[np.float32], n: int) -> Floats:
    """Maximum of each `n` consecutive samples, of every row."""
    span = 1
    while 2 * span <= n:
        samples = np.maximum(samples[:, :-span], samples[:, span:])
        span *= 2
    rest = n - span
    return np.maximum(samples[:, : samples.shape[1] - rest], samples[:, rest:])
