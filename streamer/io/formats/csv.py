"""CSV: one row per sample, one column per signal, and optionally one of time.

`ecgstream.streamer.io.formats.csv_columns` infers the columns from the first rows.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

import numpy as np

from ecgstream.streamer.io.base import (
    MAX_PIECE_SAMPLES,
    Format,
    FormatError,
    Frames,
    Reader,
    Samples,
    Writer,
    one_rate,
)
from ecgstream.streamer.io.formats.csv_columns import Columns, columns, seconds

_MAX_LINE_BYTES = 1 << 20
_MISSING = frozenset({"", "-", "na", "n/a", "nan", "null", "none"})
"""Cells that mean a gap, in lower case."""
Rows = list[list[str]]


class CsvReader(Reader):
    """Reader of one text file; a cell without a number (empty, NaN, -) is a gap.

    Parameters
    ----------
    path : of the file.
    fs : Hz; None to take it from the time column.
    millivolts : value of 1 in mV, for columns that name no unit.
    """

    def __init__(self, path: Path, fs: float | None, millivolts: float) -> None:
        self.path, self.files = path, [path]
        self._size = max(1, path.stat().st_size)
        self._read = 0
        self._line = 0
        self._file = open(path, "rb")  # noqa: SIM115 - `close` does
        try:
            self.about: Columns = columns(self.lines(), fs, millivolts)
        except BaseException:
            self._file.close()
            raise
        self.signals = self.about.signals
        self._checked = fs is None
        self._time: float | None = None

    def lines(self) -> Iterator[str]:
        """Yield all lines as text."""
        for line in iter(lambda: self._file.readline(_MAX_LINE_BYTES), b""):
            self._line += 1
            self._read += len(line)
            self.fraction_read = self._read / self._size
            if len(line) == _MAX_LINE_BYTES or b"\0" in line:
                raise FormatError(f"line {self._line} is no line of text")
            try:
                yield line.decode("utf-8-sig" if self._line == 1 else "utf-8")
            except UnicodeDecodeError:
                raise FormatError(f"line {self._line} is not UTF-8") from None

    def rows(self) -> Iterator[tuple[int, Rows]]:
        """Yield rows of samples in pieces, each with the line number of its first row."""
        self._file.seek(0)
        self._read = self._line = 0
        width = self.about.width
        step = max(1, MAX_PIECE_SAMPLES // width)
        rows = csv.reader(self.lines(), delimiter=self.about.delimiter, strict=True)
        for _ in islice(rows, len(self.about.head)):
            pass
        begin, end = len(self.about.head) + 1, None
        try:
            while some := list(islice(rows, step)):
                lines = len(some)
                while some and not some[-1]:  # empty lines, which only the end may have
                    some.pop()
                if end is not None and some:
                    raise FormatError(f"line {end} is empty")
                for i, row in enumerate(some):
                    if len(row) != width:
                        raise FormatError(
                            f"line {begin + i} has {len(row)} cells, the first row has {width}"
                        )
                if some:
                    yield begin, some
                if len(some) < lines and end is None:
                    end = begin + len(some)
                begin += lines
        except csv.Error as error:
            raise FormatError(f"line {self._line}: {error}") from None

    def pieces(self) -> Iterator[Frames]:
        """Yield all frames; see `Reader`."""
        for begin, rows in self.rows():
            if self._checked and self.about.time is not None:
                self._check_time(begin, [row[self.about.time] for row in rows])
            yield [_numbers(rows, column, begin) for column in self.about.of_signals]

    def _check_time(self, begin: int, cells: Sequence[str]) -> None:
        """Check that no row is missing: those after it would move forward in time."""
        step = 1 / self.signals[0].fs
        for i, cell in enumerate(cells):
            now = seconds(cell, self.about.time_unit)
            if now is None:
                raise FormatError(f"line {begin + i}: {cell!r} is no time")
            if self._time is not None and not 0 <= now - self._time < 2.5 * step:
                raise FormatError(
                    f"line {begin + i}: the time goes from {self._time:g} s to {now:g} s; fill "
                    "what is missing with empty cells, or give --fs to count rows alone"
                )
            self._time = now

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class CsvCopy(Writer):
    """Copy of the input with denoised numbers in its ECG columns, `nan` in gaps."""

    def __init__(
        self, folder: Path, name: str, reader: CsvReader, changed: Sequence[int], about: str
    ) -> None:
        super().__init__()
        self.files = [name]
        known = reader.about
        self._columns = [(i, known.of_signals[i]) for i in changed]
        again = CsvReader(reader.path, reader.signals[0].fs, 1.0)
        self.open_files.callback(again.close)
        self._rows = chain.from_iterable(rows for _, rows in again.rows())
        file = self.open_files.text(folder / name)
        file.write("".join(known.head))
        self._writer = csv.writer(file, delimiter=known.delimiter, lineterminator=known.end)

    def write(self, frames: Frames) -> None:
        """Write the next rows; see `Writer`."""
        rows = list(islice(self._rows, len(frames[0])))
        for i, column in self._columns:
            for row, number in zip(rows, frames[i].tolist(), strict=True):
                row[column] = f"{number:.7g}"
        self._writer.writerows(rows)

    def close(self) -> None:
        """Close both files."""
        self.open_files.close()


class CsvWriter(Writer):
    """Writer of a new table: time in seconds, then one column per signal, with its unit."""

    keeps_annotations = False

    def __init__(self, folder: Path, name: str, reader: Reader, about: str) -> None:
        super().__init__()
        self._fs = one_rate(reader.signals, "CSV")
        self.files = [name]
        self._written = 0
        file = self.open_files.text(folder / name)
        self._writer = csv.writer(file, lineterminator="\n")
        names = [f"{signal.name} ({signal.unit})" for signal in reader.signals]
        self._writer.writerow(["time (s)", *names])

    def write(self, frames: Frames) -> None:
        """Write the next rows; see `Writer`."""
        n = len(frames[0])
        times = (np.arange(self._written, self._written + n) / self._fs).tolist()
        self._written += n
        table = [[f"{time:.6f}" for time in times]]
        table += [[f"{number:.7g}" for number in samples.tolist()] for samples in frames]
        self._writer.writerows(zip(*table, strict=True))

    def close(self) -> None:
        """Close the file."""
        self.open_files.close()


class CsvFormat(Format):
    """Text tables: `.csv`, `.tsv`, and `.txt` when a user names one."""

    name, label, suffix, suffixes = "csv", "CSV", ".csv", (".csv", ".tsv")
    other_suffixes = (".txt",)

    def reader(
        self,
        path: Path,
        fs: float | None = None,
        millivolts: float | None = None,
        signals: Sequence[str] | None = None,
        time: str | None = None,
    ) -> Reader:
        """Open a table; see `Format`."""
        return CsvReader(path, fs, millivolts or 1.0)

    def writer(
        self, folder: Path, name: str, reader: Reader, changed: Sequence[int], about: str
    ) -> Writer:
        """Copy a table with its other columns, or create one; see `Format`."""
        if isinstance(reader, CsvReader):
            return CsvCopy(folder, name, reader, changed, about)
        return CsvWriter(folder, name, reader, about)


def _numbers(rows: Rows, column: int, begin: int) -> Samples:
    try:
        return np.array([float(row[column]) for row in rows])
    except ValueError:
        return np.array([_number(row[column], begin + i) for i, row in enumerate(rows)])


def _number(cell: str, line: int) -> float:
    try:
        return float(cell)
    except ValueError:
        if cell.strip().lower() in _MISSING:
            return np.nan
        raise FormatError(f"line {line}: {cell!r:.40} is no number, with a decimal point") from None
