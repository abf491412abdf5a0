"""A whole run as arrays in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.live.sinks.base import Step
from ecgstream.streamer.quality import Flags


class Result(NamedTuple):
    """Signals of a run, (n, channels) in mV, aligned with each other."""

    input: Floats
    clean: Floats
    """Noise-free reference; NaN where it is unknown."""
    output: Floats
    """Denoised signal."""
    quality: Flags
    """Flags of `output`, see `ecgstream.Quality`."""
    engine_seconds: float
    """Time that the engine needed for all of it."""


class Collector:
    """A sink that keeps every step, for runs that drop none (`Runner(..., live=False)`)."""

    def __init__(self) -> None:
        self._steps: list[Step] = []

    def write(self, step: Step) -> None:
        """Keep a step."""
        self._steps.append(step)

    def close(self) -> None:
        """Do nothing."""

    def result(self) -> Result:
        """Return all steps joined."""
        steps = self._steps
        return Result(
            input=_joined([step.piece.input for step in steps], np.float32),
            clean=_joined([step.piece.clean for step in steps], np.float32),
            output=_joined([step.block.signal for step in steps], np.float32),
            quality=_joined([step.block.quality for step in steps], np.uint8),
            engine_seconds=sum(step.engine_seconds for step in steps),
        )


def _joined(parts: Sequence[npt.NDArray[Any]], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    return np.concatenate(parts) if parts else np.empty((0, 1), dtype)
