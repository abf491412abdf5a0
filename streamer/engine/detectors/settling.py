"""SETTLING: the first window of a signal, and the first one after a gap."""

from __future__ import annotations

import numpy as np

from ecgstream.streamer.engine.delay import FS, WINDOW
from ecgstream.streamer.engine.detectors.base import NEVER, InputSegment, input_detector
from ecgstream.streamer.engine.resampling import ratio
from ecgstream.streamer.engine.ring_buffer import RingBuffer
from ecgstream.streamer.quality import Quality

_SETTLING = np.uint8(Quality.SETTLING)


@input_detector
class SettlingDetector:
    """Flags valid samples while the network's window still reaches back to before the signal."""

    min_still = NEVER
    history = 0

    def __init__(self, fs: float) -> None:
        self.settled_after = round(WINDOW / ratio(fs, FS))

    def mark(self, flags: RingBuffer, segment: InputSegment) -> None:
        """Flag valid samples with fewer than a window of valid ones before them."""
        settling = segment.valid & (segment.valid_run <= self.settled_after)
        flags.newest(settling.shape[1])[settling] |= _SETTLING
