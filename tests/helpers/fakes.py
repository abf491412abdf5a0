"""Networks and a clock that tests control."""

from __future__ import annotations

from ecgstream.streamer.engine.normalization import Floats


class Identity:
    """A network whose answer is the window itself."""

    output = "signal"

    def __init__(self, past: int = 256) -> None:
        self.past = past

    def __call__(self, window: Floats, context: Floats) -> Floats:
        return window[..., 0]


class Failing(Identity):
    """An identity that can be made to fail."""

    fails = False

    def __call__(self, window: Floats, context: Floats) -> Floats:
        if self.fails:
            raise MemoryError
        return super().__call__(window, context)


class FakeClock:
    """Time that passes only when somebody sleeps, or when a test says so."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds
