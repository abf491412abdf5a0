"""FLAT: a signal that does not change."""

from __future__ import annotations

import numpy as np

from ecgstream.streamer.engine.detectors.base import InputSegment, input_detector
from ecgstream.streamer.engine.ring_buffer import RingBuffer
from ecgstream.streamer.quality import Quality

FLAT_SECONDS = 0.5
"""No heart and no amplifier gives the same value for that long."""

_FLAT = np.uint8(Quality.FLAT)


@input_detector
class FlatLineDetector:
    """Flags samples after `FLAT_SECONDS` of the same value."""

    settled_after = 0
    history = 0

    def __init__(self, fs: float) -> None:
        self.min_still = round(FLAT_SECONDS * fs)

    def mark(self, flags: RingBuffer, segment: InputSegment) -> None:
        """Flag samples from the moment on at which the value has lasted."""
        flat = segment.still_run + 1 >= self.min_still
        flags.newest(flat.shape[1])[flat] |= _FLAT
