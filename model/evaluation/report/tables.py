"""The tables of a report, for the console and for the page alike."""

from __future__ import annotations

import math
from typing import NamedTuple


class Cell(NamedTuple):
    """One figure or word."""

    text: str
    detail: str = ""
    """Its interval or deviation, in smaller print."""
    mark: str = ""
    """`best` of its row, or `pass`, `fail`, `open` of a target."""


SIGNS = {"pass": " ✓", "fail": " ✗"}
"""What is put behind a figure that a target asks for."""


class Table(NamedTuple):
    """Rows of cells under headings; the first columns, `words` of them, hold words."""

    title: str
    headings: list[str]
    rows: list[list[Cell]]
    words: int = 1


def number(value: float | None, digits: int = 1, sign: str = "") -> str:
    """The figure as it is printed; a dash for what could not be measured."""
    if value is None or not math.isfinite(value):
        return "-"
    return f"{round(value, digits) + 0.0:{sign}.{digits}f}"  # no -0.0


def markdown(table: Table) -> str:
    """The table in Markdown, its title above it; the best of a row in bold."""
    rule = ["---"] * table.words + ["--:"] * (len(table.headings) - table.words)
    lines = [table.headings, rule, *([_in_markdown(cell) for cell in row] for row in table.rows)]
    return f"{table.title}\n\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _in_markdown(cell: Cell) -> str:
    text = f"**{cell.text}**" if cell.mark == "best" else cell.text
    return text + SIGNS.get(cell.mark, "") + (f" ({cell.detail})" if cell.detail else "")


def words(*texts: object) -> list[Cell]:
    """Cells of plain text."""
    return [Cell(str(text)) for text in texts]
