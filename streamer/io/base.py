"""Base classes of file formats: signals read and written in pieces of bounded size."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, NamedTuple

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float64]
"""Samples of one signal in its own unit, (n,); NaN in gaps."""
Frames = Sequence[Samples]
"""Samples of all signals over the same stretch of time: whole frames of each."""

MAX_PIECE_SAMPLES = 1 << 17
"""Samples read at a time, all signals together."""
DEFAULT_GAIN_ADU_PER_MV = 1000.0
"""adu per mV for inputs of real numbers: a step of 1 µV."""


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
    """adu per unit."""
    baseline: float
    """adu at 0 units."""
    per_frame: int = 1
    """Samples in a frame, the smallest stretch that holds whole samples of all signals."""
    millivolts: float | None = 1.0
    """One unit in mV; None where the unit is no voltage."""
    bits: int = 16
    """Bits of a stored sample; 0 for real numbers, whose gain is chosen by who writes them."""
    fault: str = ""
    """Why nobody can tell what its samples mean, if so."""


class Annotation(NamedTuple):
    """One annotation, as formats exchange it."""

    seconds: float
    symbol: str
    """WFDB's symbol; `"` (a note) from formats that have only text."""
    text: str


class OpenFiles(ExitStack):
    """New files, closed together, on success and on failure."""

    def binary(self, path: Path) -> IO[bytes]:
        """Create a binary file."""
        return self.enter_context(open(path, "xb"))

    def text(self, path: Path) -> IO[str]:
        """Create a text file in UTF-8 without translation of line ends."""
        return self.enter_context(open(path, "x", newline="", encoding="utf-8"))

    def temporary(self, folder: Path) -> IO[bytes]:
        """Create a binary file without a name, which goes when it is closed."""
        return self.enter_context(TemporaryFile(dir=folder))


class Reader(ABC):
    """Reader of one file, from its first frame to its last, once.

    Every method and the constructor raise `FormatError` for a damaged file.
    """

    signals: Sequence[Signal]
    files: Sequence[Path]
    """All files that belong to the recording."""
    start: datetime | None = None
    comments: Sequence[str] = ()
    fraction_read = 0.0
    """Fraction read so far, 0 to 1."""
    after_break = False
    """The newest piece begins after a break in time."""
    layout = ""
    """What was taken for time and samples, where the file does not state it."""
    left_out: Mapping[str, str] = {}
    """Columns of the file that are no signals, by name, and what they are."""

    @property
    def signal_numbers(self) -> Sequence[int]:
        """Number of each signal in the file, from 0."""
        return range(len(self.signals))

    @abstractmethod
    def pieces(self) -> Iterator[Frames]:
        """Yield all frames, about `MAX_PIECE_SAMPLES` samples at a time, never an empty piece."""

    def annotations(self) -> Sequence[Annotation]:
        """Return all annotations."""
        return ()

    def other_annotations(self) -> Mapping[str, Sequence[Annotation]]:
        """Return the annotations of annotators beside that of `annotations`, by their names."""
        return {}

    def close(self) -> None:  # noqa: B027 - most keep nothing open between pieces
        """Close the file."""


class Writer(ABC):
    """Writer of one recording, piece by piece, into an empty folder."""

    files: Sequence[str]
    """Names of all files; the main one last."""
    remarks: Sequence[str] = ()
    """What a user should know of the written file."""
    keeps_annotations = True
    """The format keeps the input's annotations."""
    keeps_other_annotations = False
    """The format keeps those of further annotators, too."""

    keeps_breaks = False
    """The format keeps breaks in time."""

    def __init__(self) -> None:
        self.open_files = OpenFiles()

    @abstractmethod
    def write(self, frames: Frames) -> None:
        """Write the next frames."""

    @abstractmethod
    def close(self) -> None:
        """Complete the file."""


class Format(ABC):
    """One file format: its names, and how its files are found, read and written."""

    name: str
    """Of the format on the command line."""
    label: str
    """Of the format in messages."""
    suffix: str
    """Of a new file."""
    suffixes: Sequence[str]
    """Suffixes of main files that are looked for in a folder."""
    other_suffixes: Sequence[str] = ()
    """Suffixes of further files that a user may name."""
    flags_as_annotations = False
    """Flags are written as WFDB annotations (`.qual`), not as a table."""

    @abstractmethod
    def reader(
        self,
        path: Path,
        fs: float | None = None,
        millivolts: float | None = None,
        signals: Sequence[str] | None = None,
        time: str | None = None,
    ) -> Reader:
        """Open a file to read.

        Parameters
        ----------
        path : of the main file.
        fs : Hz, for files that do not state it.
        millivolts : value of 1 in mV, for files that name no unit.
        signals : names or numbers of the ECGs, for files that do not tell them from other columns;
            see `ecgstream.streamer.io.ecg_signals`.
        time : name or number of the time column, for files that have one; see `CsvReader`.

        Raises
        ------
        FormatError, OSError : the file cannot be read.
        """

    @abstractmethod
    def writer(
        self, folder: Path, name: str, reader: Reader, changed: Sequence[int], about: str
    ) -> Writer:
        """Create a file: a copy of the input with other samples, or a new one.

        Parameters
        ----------
        folder : to write in.
        name : of the main file.
        reader : of the input.
        changed : numbers of the signals that are denoised.
        about : what was done, for the file's own description.

        Raises
        ------
        FormatError, OSError : the file cannot be written.
        """

    def target(self, path: Path) -> Path:
        """Path of the main file of a copy, from the path of the input's."""
        return path

    def parts(self, folder: Path, names: Sequence[str]) -> set[str]:
        """Names of main files in a folder that are only parts of other recordings."""
        return set()

    def size(self, path: Path) -> int:
        """Approximate size of the samples, in bytes.

        Raises
        ------
        OSError : the file cannot be looked at.
        """
        return path.stat().st_size


def quantize(samples: Samples, signal: Signal, gap: int) -> Samples:
    """Quantize samples to adu, NaN to `gap`; who calls has chosen a range that holds them."""
    adu = np.rint(samples * signal.gain + signal.baseline)
    return np.where(np.isnan(adu), gap, adu)


def one_rate(signals: Sequence[Signal], label: str) -> float:
    """Return the rate of all signals, in Hz, for a format that allows only one.

    Raises
    ------
    FormatError : the rates differ.
    """
    rates = sorted({signal.fs for signal in signals})
    if len(rates) > 1:
        named = ", ".join(f"{rate:g}" for rate in rates)
        raise FormatError(f"its signals have {named} Hz, and {label} has one rate for all")
    return rates[0]
