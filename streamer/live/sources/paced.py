"""Another source, slowed down to real time."""

from __future__ import annotations

from ecgstream.streamer.live.clock import Pacer
from ecgstream.streamer.live.sources.base import Piece, Source


class Paced:
    """A source that returns no sample before it is due.

    Parameters
    ----------
    source : a source that returns its samples at once, such as `Replay`.
    pacer : schedule of the samples; its rate is that of `source`.
    """

    def __init__(self, source: Source, pacer: Pacer) -> None:
        self.fs, self._source, self._pacer = source.fs, source, pacer

    def read(self, n: int) -> Piece | None:
        """Return the next samples when the last of them is due; see `Source.read`."""
        piece = self._source.read(n)
        if piece is not None:
            self._pacer.wait(piece.start + len(piece.input))
        return piece
