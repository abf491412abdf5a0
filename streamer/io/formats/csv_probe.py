"""First rows of a table, by column: what kind of cells each has."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ecgstream.streamer.io.base import FormatError, Samples
from ecgstream.streamer.io.formats.csv_dialect import Dialect, bare, is_missing
from ecgstream.streamer.io.formats.csv_header import Header, is_comment
from ecgstream.streamer.io.formats.csv_time import (
    DAY_S,
    is_text_time,
    is_time_of_day,
    text_seconds,
)

_KIND_CELLS = 500
"""Cells that tell whether a column holds numbers."""


class Probe:
    """First rows of a table, by column."""

    def __init__(self, rows: Sequence[Sequence[str]], dialect: Dialect, header: Header) -> None:
        self.rows, self.dialect, self.header = rows, dialect, header
        self.names = [title.name for title in header.titles]
        self.kinds = [self._kind(i) for i in range(len(self.names))]

    def cells(self, i: int) -> list[str]:
        """Cells of a column, as they are written."""
        return [row[i] for row in self.rows if i < len(row)]

    def numbers(self, i: int) -> Samples:
        """Numbers of a column, NaN for all other cells."""
        found = [self.dialect.number(cell) for cell in self.cells(i)]
        return np.array([np.nan if number is None else number for number in found])

    def times(self, i: int, unit: float) -> Samples:
        """Times of a column in seconds; `unit` is that of its numbers."""
        return seconds(self.cells(i), unit, self.dialect)

    def _kind(self, i: int) -> str:
        """Whether a column holds numbers, times, words or nothing."""
        cells = [cell for cell in self.cells(i) if not is_missing(cell)]
        if not cells:
            return "empty"
        cells = cells[:: max(1, len(cells) // _KIND_CELLS)]
        if 2 * sum(is_text_time(bare(cell)) for cell in cells) > len(cells):
            return "time"
        numbers = sum(self.dialect.number(cell) is not None for cell in cells)
        return "number" if 2 * numbers >= len(cells) else "words"

    def seen(self) -> str:
        """Columns as they were seen, for messages."""
        pairs = zip(self.names, self.kinds, strict=True)
        what = {"number": "numbers", "time": "times", "empty": "empty"}
        some = [f"{i} {name!r}: {what.get(kind, kind)}" for i, (name, kind) in enumerate(pairs)]
        shown = ", ".join(some[:8]) + (f" and {len(some) - 8} more" if len(some) > 8 else "")
        sign = {"\t": "tabs", " ": "blanks", "": "nothing"}.get(
            self.dialect.delimiter, self.dialect.delimiter
        )
        return f"seen: columns parted by {sign}: {shown:.400}"


def seconds(cells: Sequence[str], unit: float, dialect: Dialect, after: float = np.nan) -> Samples:
    """Times of cells in seconds, (n,), NaN where there is none; times of day go on over midnight.

    Parameters
    ----------
    cells, unit, dialect : texts, their unit in seconds, and how their numbers are written.
    after : time of the row before.

    Raises
    ------
    FormatError : a cell is no time.
    """
    found = np.full(len(cells), np.nan)
    days = False
    for i, cell in enumerate(cells):
        text = bare(cell)
        number = dialect.number(text)
        if number is not None:
            found[i] = number * unit
            continue
        moment = text_seconds(text)
        if moment is None:
            raise FormatError(f"{cell.strip()!r:.40} is no time")
        days = days or is_time_of_day(text)
        found[i] = moment
    if days and len(cells):
        there = np.isfinite(found)
        chain = np.append(after if np.isfinite(after) else found[there][:1], found[there])
        found[there] = np.unwrap(chain, period=DAY_S)[1:]
    return found


def first_row(lines: Sequence[str], dialect: Dialect, later: Sequence[str]) -> tuple[int, int]:
    """Index of the first line of samples, and its width; `later` are lines further on.

    Raises
    ------
    FormatError : there is none.
    """
    rows = [dialect.cells(line) for line in later]
    widths = [len(row) for row in rows]
    width = max(set(widths), key=widths.count)
    known = [0] * width
    for row in rows:
        if len(row) == width:
            known = [a + (dialect.understands(c)) for a, c in zip(known, row, strict=True)]
    numeric = [i for i in range(width) if 2 * known[i] >= widths.count(width)]
    for n, line in enumerate(lines):
        row = dialect.cells(line.rstrip("\r\n"))
        if is_comment(line) or len(row) != width:
            continue
        filled = any(not is_missing(row[i]) for i in numeric)
        if filled and all(dialect.understands(row[i]) for i in numeric):
            following = lines[n + 1 :]
            if not _counts_columns(row, following, dialect):
                return n, width
    raise FormatError("it holds no samples, only words; numbers are expected with a decimal point")


def _counts_columns(row: Sequence[str], following: Sequence[str], dialect: Dialect) -> bool:
    """Whether a row is the numbers of the columns, as pandas names them."""
    texts = [bare(cell) for cell in row]
    some = texts[1:] if texts and not texts[0] else texts
    if len(some) < 2 or some not in ([str(i + j) for i in range(len(some))] for j in (0, 1)):
        return False
    rows = [dialect.cells(line.rstrip("\r\n")) for line in following[:50]]
    return any("." in cell or "," in cell for cells in rows for cell in cells[len(row) - 1 :])
