"""SATURATED: an amplifier at its rail."""

from __future__ import annotations

import numpy as np

from ecgstream.streamer.engine.detectors.base import InputSegment, input_detector
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.engine.ring_buffer import RingBuffer
from ecgstream.streamer.quality import Quality

RAIL_SECONDS = 0.028
"""Time without change at the highest or lowest value that shows a rail."""
RAIL_HISTORY_SECONDS = 2.0
"""Time over which that value is the highest or lowest."""
MIN_RANGE_MV = 2.0
"""mV between highest and lowest value in that time; below it nothing is a rail."""

_SATURATED = np.uint8(Quality.SATURATED)


@input_detector
class SaturationDetector:
    """Flags a stretch at an amplifier's rail, from its first sample on.

    It is known as one when it has lasted, so flags that are older than the segment are set, too.
    """

    settled_after = 0

    def __init__(self, fs: float) -> None:
        self.min_still = round(RAIL_SECONDS * fs)
        self.history = round(RAIL_HISTORY_SECONDS * fs)

    def mark(self, flags: RingBuffer, segment: InputSegment) -> None:
        """Flag the `RAIL_SECONDS` up to each sample that stands at a rail."""
        still = segment.valid & (segment.still_run + 1 >= self.min_still)
        if not still.any():
            return
        n, history = still.shape[1], self.history
        samples = segment.samples.newest(n + history - 1)
        high, low = _running_max(samples, history), -_running_max(-samples, history)
        now = samples[:, history - 1 :]
        railed = still & (high - low >= MIN_RANGE_MV) & ((now == high) | (now == low))
        newest = flags.newest(n + self.min_still - 1)
        for row, end in zip(*np.nonzero(railed), strict=True):
            newest[row, end : end + self.min_still] |= _SATURATED


def _running_max(samples: Floats, n: int) -> Floats:
    """Maximum of each `n` consecutive samples, of every row."""
    span = 1
    while 2 * span <= n:
        samples = np.maximum(samples[:, :-span], samples[:, span:])
        span *= 2
    rest = n - span
    return np.maximum(samples[:, : samples.shape[1] - rest], samples[:, rest:])
