"""Protocol of a source, and the pieces of signal that it returns."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from ecgstream.streamer.engine.normalization import Floats


class Piece(NamedTuple):
    """Consecutive samples in mV, (m, channels); a source of one channel may return (m,)."""

    start: int
    """Number of the first sample, counted from the beginning of the run."""
    input: Floats
    """Samples for the engine; NaN where the device lost them."""
    clean: Floats
    """Noise-free reference of the same shape; NaN where it is unknown."""

    @classmethod
    def without_reference(cls, start: int, samples: Floats) -> Piece:
        """Return a piece whose reference is unknown."""
        return cls(start, samples, np.full_like(samples, np.nan))

    def as_columns(self) -> Piece:
        """Return the piece with its samples as (m, channels)."""
        if self.input.ndim > 1:
            return self
        return self._replace(input=self.input[:, None], clean=self.clean[:, None])


class Source(Protocol):
    """Supplier of samples: a device, a file, a generator.

    Examples
    --------
    `examples/own_source.py` writes one and runs it.
    """

    @property
    def fs(self) -> float:
        """Sampling rate in Hz."""

    def read(self, n: int) -> Piece | None:
        """Wait for the next `n` samples; return those that have arrived, or None at the end.

        Return within a second, with an empty piece if need be, so that the run can be stopped.
        `Piece.start` counts every sample from 0 on, including those that the device lost: a jump
        in it becomes a gap.
        """
