"""Interfaces and registries of detectors."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.engine.ring_buffer import RingBuffer
from ecgstream.streamer.quality import Flags

Mask = npt.NDArray[np.bool_]

NEVER = sys.maxsize


@dataclass
class InputSegment:
    """The newest `n` samples of some signals, as input detectors see them."""

    samples: RingBuffer
    """Samples in mV, gaps held; the newest `n` are those of the segment."""
    valid: Mask
    """(rows, n)."""
    valid_run: npt.NDArray[np.int64]
    """(rows, n), consecutive valid samples up to each one."""
    still_run: npt.NDArray[np.int64]
    """(rows, n), consecutive valid samples that equal the one before, up to each one."""


@dataclass
class OutputSegment:
    """Some consecutive denoised samples, (rows, m) each, as output detectors see them.

    They are whole hops but at a stream's ends.
    """

    removed: Floats
    """Noise removed, mV."""
    denoised: Floats
    """Signal kept, mV."""
    error: Floats | None
    """Half width of the error band, mV; None if the network does not tell."""
    artifacts: Mask | None
    """Samples near a pop or step; None if there are none."""


class InputDetector(Protocol):
    """Flags samples of the input, at its own rate.

    It is not asked about valid samples after `settled_after` valid ones in a row while fewer
    than `min_still` samples in a row repeat the one before: most pushes are such.

    Attributes
    ----------
    settled_after : valid samples in a row.
    min_still : samples in a row; 0 to be asked always, `NEVER` not to be asked for stillness.
    history : samples of the past that are looked at together with each new one.
    """

    settled_after: int
    min_still: int
    history: int

    def __init__(self, fs: float) -> None: ...

    def mark(self, flags: RingBuffer, segment: InputSegment) -> None:
        """Set bits in the newest flags, those of the segment and, where needed, older ones."""


@runtime_checkable
class WatchingDetector(InputDetector, Protocol):
    """An input detector that is asked about further samples, too."""

    def wants(self, samples: RingBuffer, n: int) -> bool:
        """Whether it is to be asked about the `n` newest samples, (rows, ...) in mV."""


class OutputDetector(Protocol):
    """Flags denoised samples, at the model's rate."""

    def __init__(self, rows: int, hop: int) -> None: ...

    def mark(self, flags: Flags, segment: OutputSegment) -> None:
        """Set bits in the flags (rows, m) of the segment."""


INPUT_DETECTORS: list[type[InputDetector]] = []
OUTPUT_DETECTORS: list[type[OutputDetector]] = []

_Input = TypeVar("_Input", bound=type[InputDetector])
_Output = TypeVar("_Output", bound=type[OutputDetector])


def input_detector(cls: _Input) -> _Input:
    """Register a detector for every stream's input."""
    INPUT_DETECTORS.append(cls)
    return cls


def output_detector(cls: _Output) -> _Output:
    """Register a detector for every stream's output."""
    OUTPUT_DETECTORS.append(cls)
    return cls
