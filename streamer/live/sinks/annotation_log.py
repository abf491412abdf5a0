"""An annotation file that grows during the run and is whole at any moment."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple

from ecgstream.streamer.io.annotation_writer import END, encoded
from ecgstream.streamer.live.sinks.frame_file import create, write_all


class Mark(NamedTuple):
    """One annotation."""

    sample: int
    symbol: str
    """Of WFDB."""
    note: str = ""


class AnnotationLog:
    """Annotations of a recording, in order of time; the file is created with the first.

    Parameters
    ----------
    path : of the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        """Annotations in the file."""
        self.lost = 0
        """Annotations that the disk did not take."""
        self._file: IO[bytes] | None = None
        self._time = self._end = 0  # sample of the last one, and bytes up to its end

    def add(self, marks: Iterable[Mark]) -> None:
        """Write annotations; one that comes too late is put where the last one is.

        Raises
        ------
        OSError : the disk is full or gone; the file holds the annotations before these, and
            takes no more.
        """
        marks = list(marks)
        if not marks:
            return
        if self.lost:
            self.lost += len(marks)
            return
        content, time = b"", self._time
        for mark in marks:
            sample = max(time, mark.sample)
            content += encoded(sample - time, mark.symbol, mark.note)
            time = sample
        try:
            if self._file is None:
                self._file = create(self.path)
            self._file.seek(self._end)
            write_all(self._file, content + END)
        except OSError:
            self.lost += len(marks)
            self._cut()
            raise
        self._time, self._end = time, self._end + len(content)
        self.count += len(marks)

    def _cut(self) -> None:
        """End the file after the last annotation that is whole."""
        if self._file is None:
            return
        with suppress(OSError):
            self._file.truncate(self._end + len(END) if self._end else 0)
            self._file.seek(self._end)
            if self._end:
                write_all(self._file, END)
            else:
                self.path.unlink()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
