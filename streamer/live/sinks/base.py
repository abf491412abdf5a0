"""Protocol of a sink, and the steps of a run that it receives."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from ecgstream.streamer.engine.block import Block
from ecgstream.streamer.live.sources.base import Piece


class Step(NamedTuple):
    """One step of a run: the samples read, and the block that the engine returned for them."""

    piece: Piece
    block: Block
    """Denoised samples; they lag behind `piece` by the engine's delay."""
    dropped: int
    """Samples of `piece` that were lost before the engine, which saw a gap instead."""
    engine_seconds: float
    """Time that the engine needed."""


class Sink(Protocol):
    """Receiver of the steps of a run: a screen, a file, a network connection.

    A jump in `piece.start` or `block.start` between two steps is what the sink's queue dropped.
    """

    def write(self, step: Step) -> None:
        """Receive the next step; called in the sink's own thread."""

    def close(self) -> None:
        """Finish; called once after the last step, also when `write` has failed."""
