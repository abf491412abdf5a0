"""How often the sheet is painted."""

from __future__ import annotations

import math
from collections import deque

_SPAN, _LEAST = 1.0, 0.25
"""Seconds that a rate is taken over, at most and at least."""


class FrameRate:
    """Pictures per second, from a counter of them that is looked at now and then."""

    def __init__(self) -> None:
        self._looks: deque[tuple[float, int]] = deque()

    def per_second(self, painted: int, now: float) -> float:
        """The rate when so many have been painted at this second; NaN where it is too early."""
        self._looks.append((now, painted))
        while now - self._looks[0][0] > _SPAN:
            self._looks.popleft()
        began, before = self._looks[0]
        return math.nan if now - began < _LEAST else (painted - before) / (now - began)
