"""Blocks of denoised samples, as a stream puts them out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.quality import Flags


class Block(NamedTuple):
    """A piece of the output. Consecutive blocks follow each other without hole or overlap."""

    signal: Floats
    """(m, channels), mV; NaN where the input had a gap."""
    start: int
    """Index of the first sample, in the input's count."""
    quality: Flags
    """(m, channels), `Quality` flags."""


def joined(blocks: Sequence[Block]) -> Block:
    """Consecutive blocks as one."""
    if len(blocks) == 1:
        return blocks[0]
    signals, starts, qualities = zip(*blocks, strict=True)
    return Block(np.concatenate(signals), starts[0], np.concatenate(qualities))


def empty_block(channels: int, start: int) -> Block:
    """A block without samples, before sample `start`."""
    shape = (0, channels)
    return Block(np.empty(shape, np.float32), start, np.empty(shape, np.uint8))
