"""What every source of a live run gives."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from ecgstream.streamer.engine.normalization import Floats


class Piece(NamedTuple):
    """Consecutive samples of a replay, mV; `start` counts from the replay's beginning."""

    start: int
    input: Floats  # (m, channels), what the engine gets
    clean: Floats  # (m, channels), the reference without the noise; NaN where there is none


class Source(Protocol):
    """Where samples come from.

    `read` waits for the next `n` samples and gives what has arrived, an empty piece included,
    within a second, so that a run can be stopped; None at the end. `start` counts all samples
    from 0 on, those that the device lost included; `clean` is NaN where there is no reference.
    """

    @property
    def fs(self) -> float:
        """Hz."""

    def read(self, n: int) -> Piece | None:
        """The next samples, (m,) or (m, channels) in mV."""
