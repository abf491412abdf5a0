"""Blocks of denoised samples, as a stream puts them out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.quality import Flags

_NAN = np.float32(np.nan).tobytes()


class _Fields(NamedTuple):
    signal: Floats
    start: int
    quality: Flags
    error: Floats


class Block(_Fields):
    """A piece of the output. Consecutive blocks follow each other without hole or overlap.

    Attributes
    ----------
    signal : (m, channels), mV; NaN where the input had a gap.
    start : index of the first sample, in the input's count.
    quality : (m, channels), `Quality` flags.
    error : (m, channels), mV, half width of the band around `signal` in which the clean ECG lies
        with a probability of 90 %; NaN in gaps, and everywhere where the network does not tell,
        which is what is taken when it is None.
    """

    __slots__ = ()

    def __new__(
        cls, signal: Floats, start: int, quality: Flags, error: Floats | None = None
    ) -> Block:
        """Make a block."""
        if error is None:
            error = unknown_error(signal.shape)
        return super().__new__(cls, signal, start, quality, error)


def unknown_error(shape: tuple[int, ...]) -> Floats:
    """NaN for each sample, read-only and without memory of its own."""
    return np.ndarray(shape, np.float32, _NAN, strides=(0,) * len(shape))


def joined(blocks: Sequence[Block]) -> Block:
    """Consecutive blocks as one."""
    if len(blocks) == 1:
        return blocks[0]
    signals, starts, qualities, errors = zip(*blocks, strict=True)
    signal = np.concatenate(signals)
    known = any(any(error.strides) for error in errors)
    error = np.concatenate(errors) if known else unknown_error(signal.shape)
    return Block(signal, starts[0], np.concatenate(qualities), error)


def empty_block(channels: int, start: int) -> Block:
    """A block without samples, before sample `start`."""
    shape = (0, channels)
    return Block(np.empty(shape, np.float32), start, np.empty(shape, np.uint8))
