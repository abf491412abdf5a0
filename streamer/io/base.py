"""What every format of recordings has: signals that are read and written in pieces."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.engine.settings import MAX_FS, MIN_FS

Samples = npt.NDArray[np.float64]
"""Of one signal in its own unit, (n,); NaN in gaps."""
Frames = Sequence[Samples]
"""Of all signals from the same moment to the same moment: whole frames of each."""

PIECE = 1 << 17
"""Samples in all signals together that are read at a time."""
GAIN = 1000.0
"""adu per mV where the input had real numbers: a step of 1 µV."""

_MILLIVOLTS = {"mv": 1.0, "uv": 1e-3, "µv": 1e-3, "μv": 1e-3, "nv": 1e-6, "v": 1e3}
_OTHERS = frozenset("EEG EMG EOG ERG EP MEG MCG ENG GSR RESP PLETH PPG".split())
"""First words of names, by EDF+'s list of signal types and by custom, that say "no ECG"."""


class FormatError(Exception):
    """A file cannot be read or written; the message says why and what to do."""


@dataclass(frozen=True)
class Signal:
    """One signal of a recording, as its file describes it."""

    name: str
    fs: float
    """Hz."""
    unit: str
    gain: float
    """Steps that it is stored in, per unit."""
    baseline: float
    """Step that stands for 0 units."""
    per_frame: int = 1
    """Samples in a frame, the file's smallest piece of all signals together."""
    millivolts: float | None = 1.0
    """In one unit; None where that is no voltage."""

    @property
    def copied(self) -> str | None:
        """Why it is copied as it is; None for an ECG, which is denoised."""
        if self.millivolts is None:
            return f"{self.unit or 'its unit'} is no voltage"
        word = re.split(r"[\s_-]", self.name.strip(), maxsplit=1)[0].upper()
        if word in _OTHERS:
            return f"{word} is no ECG"
        if not MIN_FS <= self.fs <= MAX_FS:
            return f"{self.fs:g} Hz is not within {MIN_FS:g} to {MAX_FS:g} Hz"
        return None


class Mark(NamedTuple):
    """An annotation on its way from one format to another."""

    seconds: float
    symbol: str
    """Of WFDB; `"`, a note, where the other format has only words."""
    text: str


class Opened(ExitStack):
    """Files that are made: to close when they are complete, and when they never will be."""

    def binary(self, path: Path) -> IO[bytes]:
        """A new file."""
        return self.enter_context(open(path, "xb"))

    def text(self, path: Path) -> IO[str]:
        """A new file of text, with line ends as they are written."""
        return self.enter_context(open(path, "x", newline="", encoding="utf-8"))


class Reader(ABC):
    """A file that is read from its first frame to its last, once.

    Every method and the making of one raise `FormatError` for a damaged file.
    """

    signals: Sequence[Signal]
    files: Sequence[Path]
    """All that is read."""
    start: datetime | None = None
    comments: Sequence[str] = ()
    share = 0.0
    """Of the file that was read, 0 to 1."""
    resumed = False
    """The newest piece does not follow on the one before: there was a break."""

    @abstractmethod
    def pieces(self) -> Iterator[Frames]:
        """All frames, about `PIECE` samples at a time, never none."""

    def marks(self) -> Sequence[Mark]:
        """All annotations."""
        return ()

    def close(self) -> None:  # noqa: B027 - most keep nothing open between pieces
        """Close the file."""


class Writer(ABC):
    """A file that is written in the same way, in a folder where nothing else is."""

    files: Sequence[str]
    """Names of all files, the one that makes them a recording last."""
    clipped = 0
    """Samples that did not fit and are cut off."""
    marked = True
    """The input's annotations are in it, if there were any."""

    breaks = False
    """It keeps breaks in the time."""

    def __init__(self) -> None:
        self.opened = Opened()

    @abstractmethod
    def write(self, frames: Frames) -> None:
        """Write the next frames."""

    @abstractmethod
    def close(self) -> None:
        """Complete the file."""


def millivolts(unit: str) -> float | None:
    """A unit in mV, by its name; None when it is no voltage."""
    return _MILLIVOLTS.get(unit.strip().lower())


def unit_of(factor: float) -> str:
    """The name of a unit of so many mV; adu where it has none."""
    return {1.0: "mV", 1e-3: "uV", 1e3: "V"}.get(factor, "adu")


def steps(samples: Samples, signal: Signal, low: int, high: int, gap: int) -> tuple[Samples, int]:
    """Samples as whole steps from `low` to `high`, `gap` for NaN; and how many were cut off."""
    with np.errstate(invalid="ignore", over="ignore"):
        adu = np.rint(samples * signal.gain + signal.baseline)
    there = ~np.isnan(adu)
    beyond = int(np.count_nonzero(there & ((adu < low) | (adu > high))))
    return np.where(there, np.clip(adu, low, high), gap), beyond


def one_rate(signals: Sequence[Signal], form: str) -> float:
    """The rate of all signals, for a format that has one for all.

    Raises
    ------
    FormatError : there are several.
    """
    rates = sorted({signal.fs for signal in signals})
    if len(rates) > 1:
        named = ", ".join(f"{rate:g}" for rate in rates)
        raise FormatError(f"its signals have {named} Hz, and {form} has one rate for all")
    return rates[0]
