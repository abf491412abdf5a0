"""GAP: missing samples."""

from __future__ import annotations

import numpy as np

from ecgstream.streamer.engine.detectors.base import NEVER, InputSegment, input_detector
from ecgstream.streamer.engine.ring_buffer import RingBuffer
from ecgstream.streamer.quality import Quality

MAX_MV = 1e4
"""mV; no electrode gives more, and a sample beyond counts as missing."""

_GAP = np.uint8(Quality.GAP)


@input_detector
class GapDetector:
    """Flags samples that are NaN, infinite or beyond `MAX_MV`."""

    settled_after = 0
    min_still = NEVER
    history = 0

    def __init__(self, fs: float) -> None:
        del fs  # the same at any rate

    def mark(self, flags: RingBuffer, segment: InputSegment) -> None:
        """Flag what is not valid."""
        flags.newest(segment.valid.shape[1])[~segment.valid] |= _GAP
