"""Networks and a clock that tests control."""

from __future__ import annotations

import numpy as np

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


class Telling(Identity):
    """An identity that tells its error: `step` of a window's scale more with each place."""

    predicts_error = True

    def __init__(self, past: int = 256, first: float = 0.1, step: float = 0.01) -> None:
        super().__init__(past)
        self.first, self.step = first, step

    def answer_and_error(self, window: Floats, context: Floats) -> tuple[Floats, Floats]:
        places = np.arange(window.shape[1] // 4)
        error = np.float32(self.first) + np.float32(self.step) * places.astype(np.float32)
        return self(window, context), np.tile(error, (len(window), 1))


class FakeClock:
    """Time that passes only when somebody sleeps, or when a test says so."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds
