"""Find what separates the cells of a table, and its decimal sign, from many of its rows.

`csv.Sniffer` knows no decimal commas and takes a label for a delimiter, and `csv.writer` changes
quotes and blanks of cells that are only copied; therefore cells are kept as they are written here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cached_property

from ecgstream.streamer.io.base import FormatError
from ecgstream.streamer.io.formats.csv_time import is_text_time

_DELIMITERS = ("\t", ";", "|", ",", " ", "")
"""By preference, where two explain the rows as well; a blank for runs of them, or one column."""
_MISSING = frozenset({"", "-", "--", "na", "n/a", "#n/a", "nan", "null", "none"})
"""Cells that mean a gap, in lower case."""
_BLANKS = re.compile(r"\s*\S+")
_SPLIT_NUMBER = re.compile(r"-0|-?0\d+")
"""Half of a number with a decimal comma."""


class Dialect:
    """How a line is cut into cells, and a cell read as a number.

    Parameters
    ----------
    delimiter : between cells; a blank for any run of blanks, none for one cell a line.
    decimal : sign, `.` or `,`.
    """

    def __init__(self, delimiter: str, decimal: str) -> None:
        self.delimiter, self.decimal = delimiter, decimal

    @cached_property
    def _quoted(self) -> re.Pattern[str]:
        sign = re.escape(self.delimiter)
        return re.compile(rf'(?:^|{sign})(\s*"(?:[^"]|"")*"\s*(?={sign}|$)|[^{sign}]*)')

    def cells(self, line: str) -> list[str]:
        """Cut a line without its end into cells as they are written."""
        if self.delimiter == " ":
            return _BLANKS.findall(line)
        if not self.delimiter:
            return [line]
        if '"' in line:
            return self._quoted.findall(line)
        return line.split(self.delimiter)

    def line(self, cells: Sequence[str]) -> str:
        """Join what `cells` cut."""
        return ("" if self.delimiter == " " else self.delimiter).join(cells)

    def number(self, cell: str) -> float | None:
        """Value of a cell, NaN for a gap; None where it is no number."""
        text = bare(cell)
        if self.decimal == ",":
            text = text.replace(".", "x").replace(",", ".")
        try:
            return float("x" if "_" in text else text)
        except ValueError:
            return float("nan") if text.lower() in _MISSING else None

    def replaced(self, cell: str, number: float) -> str:
        """Write a number in place of another one, with the blanks before it."""
        text = f"{number:.7g}"
        if self.decimal == ",":
            text = text.replace(".", ",")
            if '"' in cell:
                text = f'"{text}"'
        return cell[: len(cell) - len(cell.lstrip())] + text

    def understands(self, cell: str) -> bool:
        """Whether a cell is a number, a time or a gap."""
        return self.number(cell) is not None or is_text_time(bare(cell))


def bare(cell: str) -> str:
    """Text of a cell without blanks and quotes."""
    return cell.strip().strip("'\"").strip()


def is_missing(cell: str) -> bool:
    """Whether a cell stands for a gap."""
    return bare(cell).lower() in _MISSING


def find_dialect(lines: Sequence[str]) -> Dialect:
    """Find the dialect that explains most cells of the lines, and of such the most columns.

    Raises
    ------
    FormatError : none explains any, or commas may be decimals as well.
    """
    best, score = Dialect("", "."), (0.0, 0)
    for delimiter in _DELIMITERS:
        for decimal in ".,":
            dialect = Dialect(delimiter, decimal)
            possible = decimal != delimiter or any('"' in line for line in lines)
            new = _explained(dialect, lines) if possible else score
            if new > score:
                best, score = dialect, new
    if not score[0]:
        shown = lines[-1].strip() if lines else ""
        raise FormatError(
            "it holds no samples, only words; numbers are expected with a decimal point, or with "
            f"; between columns (seen: {shown!r:.60})"
        )
    if not best.delimiter and best.decimal == ",":
        raise FormatError(_ambiguous(lines[-1]))
    return best


def check_decimals(dialect: Dialect, lines: Sequence[str]) -> None:
    """Check, for rows that no names tell apart, that commas separate columns.

    Raises
    ------
    FormatError : they may be decimal commas.
    """
    if dialect.delimiter == ",":
        for line in lines:
            if any(_SPLIT_NUMBER.fullmatch(bare(cell)) for cell in dialect.cells(line)):
                raise FormatError(_ambiguous(line))


def _ambiguous(line: str) -> str:
    return (
        f"{line.strip()!r:.60}: its commas may be decimals as well as separate columns; write "
        "numbers with a decimal point, or ; between columns"
    )


def _explained(dialect: Dialect, lines: Sequence[str]) -> tuple[float, int]:
    """Fraction of cells that are understood in rows of the commonest width, and that width."""
    rows = [dialect.cells(line) for line in lines]
    width, count = Counter(map(len, rows)).most_common(1)[0] if rows else (0, 0)
    if not width or (dialect.delimiter and width == 1):
        return 0.0, 0
    same = [row for row in rows if len(row) == width]
    known = sum(dialect.understands(cell) for row in same for cell in row)
    empty = sum(is_missing(cell) for row in same for cell in row)
    if known == empty:
        return 0.0, 0
    share = known / (width * len(same)) * count / len(rows)
    if dialect.delimiter == " " and share < 1:  # blanks stand in texts, too
        share /= 2
    return round(share, 3), width
