"""CSV: one row per sample, one column per signal, and optionally one of time.

`ecgstream.streamer.io.formats.csv_columns` tells what the columns are.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import replace
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
from ecgstream.streamer.io.formats.csv_clock import Clock
from ecgstream.streamer.io.formats.csv_columns import (
    MAX_PROBE_LINES,
    Columns,
    Options,
    columns,
)
from ecgstream.streamer.io.formats.csv_probe import seconds

_MAX_LINE_BYTES = 1 << 20
_MAX_RATE_ERROR = 0.01
"""Relative difference of a stated rate from that of the time column that clocks explain."""
Rows = list[list[str]]


class CsvReader(Reader):
    """Reader of one text file; a cell without a number (empty, NaN, -) is a gap.

    The time column, where the rate comes from, is read to its end at once.

    Parameters
    ----------
    path : of the file.
    fs : Hz; None to take it from the header or the time column.
    millivolts : value of 1 in mV, for columns that name no unit; None for mV.
    signals : names or numbers of columns that are signals whatever they look like.
    time : name or number of the time column, with its unit after a colon (`t:ms`), or `none`.
    """

    def __init__(
        self,
        path: Path,
        fs: float | None,
        millivolts: float | None,
        signals: Sequence[str] | None = None,
        time: str | None = None,
    ) -> None:
        self.path, self.files = path, [path]
        self._size = max(1, path.stat().st_size)
        self._read = 0
        self._line = 0
        self.mark = ""
        self._file = open(path, "rb")  # noqa: SIM115 - `close` does
        try:
            first = list(islice(self.lines(), MAX_PROBE_LINES))
            self.about: Columns = columns(first, Options(fs, millivolts, signals, time))
            self.signals = self.about.signals
            if fs is None and self.about.time is not None:
                self._read_clock()
        except BaseException:
            self._file.close()
            raise
        self.left_out, self.layout = self.about.left_out, self.about.layout

    @property
    def signal_numbers(self) -> Sequence[int]:
        """Column number of each signal."""
        return self.about.of_signals

    def lines(self) -> Iterator[str]:
        """Yield all lines as text, without the mark of UTF-8 before the first."""
        for line in iter(lambda: self._file.readline(_MAX_LINE_BYTES), b""):
            self._line += 1
            self._read += len(line)
            self.fraction_read = self._read / self._size
            if len(line) == _MAX_LINE_BYTES or b"\0" in line:
                raise FormatError(f"line {self._line} is no line of text")
            try:
                text = line.decode("utf-8")
            except UnicodeDecodeError:
                raise FormatError(f"line {self._line} is not UTF-8: save it as UTF-8") from None
            if self._line == 1 and text.startswith("\ufeff"):
                self.mark, text = "\ufeff", text[1:]
            yield text

    def rows(self) -> Iterator[tuple[int, Rows]]:
        """Yield rows of samples in pieces, each with the line number of its first row.

        A row has the cells as they are written, and at last the end of its line.
        """
        self._file.seek(0)
        self._read = self._line = 0
        width = len(self.about.titles)
        step = max(1, MAX_PIECE_SAMPLES // width)
        lines = self.lines()
        for _ in islice(lines, len(self.about.head)):
            pass
        begin, end = len(self.about.head) + 1, None
        while some := list(islice(lines, step)):
            count = len(some)
            while some and not some[-1].strip():  # empty lines, which only the end may have
                some.pop()
            if end is not None and some:
                raise FormatError(f"line {end} is empty")
            rows = [self._row(line, begin + i, width) for i, line in enumerate(some)]
            if rows:
                yield begin, rows
            if len(some) < count and end is None:
                end = begin + len(some)
            begin += count

    def _row(self, line: str, number: int, width: int) -> list[str]:
        text = line.rstrip("\r\n")
        cells = self.about.dialect.cells(text)
        if len(cells) != width or (not cells[0].strip() and width == 1):
            count = len(cells) if text.strip() else 0
            raise FormatError(f"line {number} has {count} cells, the first row has {width}")
        if '"' in text and text.count('"') % 2:
            raise FormatError(f"line {number} has a quote that does not end")
        return [*cells, line[len(text) :]]

    def pieces(self) -> Iterator[Frames]:
        """Yield all frames; see `Reader`."""
        for begin, rows in self.rows():
            yield [self._numbers(rows, column, begin) for column in self.about.of_signals]

    def _numbers(self, rows: Rows, column: int, begin: int) -> Samples:
        if self.about.dialect.decimal == ".":
            try:
                return np.array([float(row[column]) for row in rows])
            except ValueError:
                pass
        number = self.about.dialect.number
        found = [number(row[column]) for row in rows]
        if None in found:
            i = found.index(None)
            raise FormatError(
                f"line {begin + i}: {rows[i][column].strip()!r:.40} is no number, with a decimal "
                + ("comma" if self.about.dialect.decimal == "," else "point")
            )
        return np.array(found, float)

    def _read_clock(self) -> None:
        """Take the rate from the time column, and check that no row is missing.

        Raises
        ------
        FormatError : rows are missing, or the times are none.
        """
        about, clock, last = self.about, Clock(len(self.about.head) + 1), np.nan
        assert about.time is not None
        for begin, rows in self.rows():
            cells = [row[about.time] for row in rows]
            try:
                times = seconds(cells, about.time_unit, about.dialect, last)
            except FormatError as error:
                raise FormatError(f"lines {begin} to {begin + len(rows) - 1}: {error}") from None
            there = times[np.isfinite(times)]
            last = there[-1] if len(there) else last
            clock.push(times)
        rate, stated = clock.rate(), self.signals[0].fs
        name = about.titles[about.time].name
        if rate is None:
            raise FormatError(f"the time in its column {name!r} does not go on: give --fs")
        if np.isnan(stated):
            self.signals = [replace(signal, fs=rate) for signal in self.signals]
        elif abs(rate - stated) > _MAX_RATE_ERROR * stated:
            raise FormatError(
                f"its header says {stated:g} Hz, its column {name!r} {rate:g} Hz: give --fs"
            )

    def again(self) -> CsvReader:
        """Open the file once more, with the same columns."""
        other = copy(self)
        other._file = open(self.path, "rb")  # noqa: SIM115 - `close` does
        return other

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class CsvCopy(Writer):
    """Copy of the input with denoised numbers in its ECG columns, `nan` in gaps.

    All other cells keep every byte, and so do delimiters, quotes and line ends.
    """

    def __init__(
        self, folder: Path, name: str, reader: CsvReader, changed: Sequence[int], about: str
    ) -> None:
        super().__init__()
        self.files = [name]
        known = reader.about
        self._dialect = known.dialect
        self._columns = [(i, known.of_signals[i]) for i in changed]
        again = reader.again()
        self.open_files.callback(again.close)
        self._rows = chain.from_iterable(rows for _, rows in again.rows())
        self._file = self.open_files.text(folder / name)
        self._file.write(reader.mark + "".join(known.head))

    def write(self, frames: Frames) -> None:
        """Write the next rows; see `Writer`."""
        rows = list(islice(self._rows, len(frames[0])))
        for i, column in self._columns:
            for row, number in zip(rows, frames[i].tolist(), strict=True):
                row[column] = self._dialect.replaced(row[column], number)
        self._file.writelines(self._dialect.line(row[:-1]) + row[-1] for row in rows)

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
        return CsvReader(path, fs, millivolts, signals, time)

    def writer(
        self, folder: Path, name: str, reader: Reader, changed: Sequence[int], about: str
    ) -> Writer:
        """Copy a table with its other columns, or create one; see `Format`."""
        if isinstance(reader, CsvReader):
            return CsvCopy(folder, name, reader, changed, about)
        return CsvWriter(folder, name, reader, about)
