"""A source whose samples are their own numbers, which proves alignment."""

from __future__ import annotations

import numpy as np

from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.live.sources.base import Piece

FS, CHUNK = 360, 36


def samples(start: int, end: int) -> Floats:
    """Return the samples from `start` to `end`, (n, 2)."""
    number = np.arange(start, end) / 1000
    return np.stack([number, -number], axis=1).astype(np.float32)


class Numbers:
    """A source of two signals: the sample's number in µV, and its negative."""

    fs = float(FS)

    def __init__(self, n: int) -> None:
        self.n, self.position = n, 0

    def read(self, n: int) -> Piece | None:
        if self.position >= self.n:
            return None
        end = min(self.position + n, self.n)
        x = samples(self.position, end)
        piece = Piece(self.position, x, x)
        self.position = end
        return piece
