"""Files of quality flags: WFDB annotations or a CSV table."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.io.annotation_writer import AnnotationWriter
from ecgstream.streamer.io.base import OpenFiles, Signal
from ecgstream.streamer.quality import flag_names

Flags = npt.NDArray[np.uint8]
GOOD = "good"
"""Written where no flag is set."""


class FlagSink(Protocol):
    """Sink for the flags of all denoised signals, in whole frames."""

    open_files: OpenFiles
    """As in `Writer`."""

    def write(self, flags: Sequence[Flags]) -> None:
        """Write the next flags of each signal."""

    def close(self) -> None:
        """Complete the file."""


class FlagAnnotations:
    """Writer of `.qual`: a `~` at every change, with signal number and flag names.

    Times are in samples of the fastest signal.

    Parameters
    ----------
    path : of the file.
    signals : all of the record.
    denoised : numbers of those that have flags.
    resolution : as of an `AnnotationWriter`.
    """

    def __init__(
        self,
        path: Path,
        signals: Sequence[Signal],
        denoised: Sequence[int],
        resolution: float | None = None,
    ) -> None:
        self._file = AnnotationWriter(path, resolution)
        self.open_files = self._file.open_files
        self._signals = [(i, signals[i].per_frame) for i in denoised]
        self._fastest = max(signal.per_frame for signal in signals)
        self._now = [-1] * len(denoised)
        self._frames = 0

    def write(self, flags: Sequence[Flags]) -> None:
        """Write the next flags; see `FlagSink`."""
        found = []
        for k, (values, (number, per_frame)) in enumerate(zip(flags, self._signals, strict=True)):
            for at in _changes(values, self._now[k]):
                time = self._frames * self._fastest + at * self._fastest // per_frame
                found.append((time, number, int(values[at])))
            self._now[k] = int(values[-1]) if len(values) else self._now[k]
        for time, number, value in sorted(found, key=lambda change: change[0]):
            self._file.add(time, "~", names(value), number)
        self._frames += len(flags[0]) // self._signals[0][1]

    def close(self) -> None:
        """Complete the file."""
        self._file.close()


class FlagTable:
    """Writer of a CSV table: start, end (exclusive), signal and flags of flagged stretches."""

    def __init__(self, path: Path, signals: Sequence[Signal], denoised: Sequence[int]) -> None:
        self.open_files = OpenFiles()
        file = self.open_files.text(path)
        self._table = csv.writer(file, lineterminator="\n")
        self._table.writerow(["start", "end", "signal", "flags"])
        self._names = [signals[i].name for i in denoised]
        self._now = [0] * len(denoised)
        self._since = [0] * len(denoised)
        self._seen = [0] * len(denoised)

    def write(self, flags: Sequence[Flags]) -> None:
        """Write the next flags; see `FlagSink`."""
        for k, values in enumerate(flags):
            for at in _changes(values, self._now[k]):
                self._end(k, self._seen[k] + at)
                self._now[k] = int(values[at])
            self._seen[k] += len(values)

    def _end(self, k: int, end: int) -> None:
        if self._now[k]:
            self._table.writerow([self._since[k], end, self._names[k], names(self._now[k])])
        self._since[k] = end

    def close(self) -> None:
        """Complete the file."""
        for k, end in enumerate(self._seen):
            self._end(k, end)
        self.open_files.close()


def names(flags: int) -> str:
    """Names of the flags that are set."""
    return " ".join(flag_names(flags)) or GOOD


def _changes(values: Flags, before: int) -> list[int]:
    """Indices of samples whose flags differ from the sample before."""
    earlier = np.concatenate([[before], values[:-1].astype(int)])
    return np.flatnonzero(values != earlier).tolist()
