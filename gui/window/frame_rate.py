"""Frame rate of the sheet."""

from __future__ import annotations

import math
from collections import deque

_MAX_SECONDS, _MIN_SECONDS = 1.0, 0.25
"""Longest and shortest time that a rate is averaged over."""


class FrameRate:
    """Frames per second from a counter of painted frames."""

    def __init__(self) -> None:
        self._looks: deque[tuple[float, int]] = deque()

    def per_second(self, painted: int, now: float) -> float:
        """Return the rate at the time `now`, in seconds; NaN until `_MIN_SECONDS` have passed."""
        self._looks.append((now, painted))
        while now - self._looks[0][0] > _MAX_SECONDS:
            self._looks.popleft()
        began, before = self._looks[0]
        return math.nan if now - began < _MIN_SECONDS else (painted - before) / (now - began)
