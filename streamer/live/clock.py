"""The real clock, for what has to happen in time."""

from __future__ import annotations

import time


class SystemClock:
    """Monotonic time; see `ecgstream.streamer.live.replay.Clock`."""

    def now(self) -> float:
        """Seconds since some fixed moment."""
        return time.perf_counter()

    def sleep(self, seconds: float) -> None:
        """Return after that many seconds."""
        time.sleep(seconds)
