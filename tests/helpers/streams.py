"""What the tests of the engine share: whole streams, pushed in pieces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ecgstream import Block, StreamingDenoiser
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.quality import Flags


def stream(
    denoiser: StreamingDenoiser, x: npt.NDArray[Any], sizes: Sequence[int] = ()
) -> list[Block]:
    """All blocks of a stream pushed in pieces of those sizes, the rest in one, then flushed."""
    denoiser.reset()
    blocks, at = [], 0
    for size in sizes:
        blocks.append(denoiser.push(x[at : at + size]))
        at += size
    return [*blocks, denoiser.push(x[at:]), denoiser.flush()]


def joined(blocks: Sequence[Block]) -> Floats:
    """The signal of consecutive blocks, (n, channels)."""
    return np.concatenate([block.signal for block in blocks])


def flags(blocks: Sequence[Block]) -> Flags:
    """The flags of consecutive blocks, (n, channels)."""
    return np.concatenate([block.quality for block in blocks])


def errors(blocks: Sequence[Block]) -> Floats:
    """The error of consecutive blocks, (n, channels)."""
    return np.concatenate([block.error for block in blocks])
