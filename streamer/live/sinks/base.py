"""What every sink of a live run takes."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from ecgstream.streamer.engine.stream import Block
from ecgstream.streamer.live.sources.base import Piece


class Step(NamedTuple):
    """What one step of a run read and what the engine made of it."""

    piece: Piece
    block: Block
    dropped: int  # samples that came too late to be denoised; the engine saw a gap
    seconds: float  # that the engine took


class Sink(Protocol):
    """What takes the steps of a run: a screen, a file.

    A hole between two steps (`piece.start`, `block.start`) is what its queue dropped.
    """

    def take(self, step: Step) -> None:
        """Take the next step; called in the sink's own thread."""

    def close(self) -> None:
        """No more steps will come; called once, also after `take` has failed."""
