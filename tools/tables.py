"""Show tables of a report on the console."""

from __future__ import annotations

from rich import table
from rich.text import Text

from ecgstream.model.evaluation.report.tables import SIGNS, Table

_STYLES = {"best": "bold", "pass": "green", "fail": "bold red", "open": "dim", "": ""}


def rich_table(source: Table) -> table.Table:
    """Convert a table for rich, without the details that the page shows."""
    out = table.Table(title=source.title)
    for i, heading in enumerate(source.headings):
        out.add_column(heading, justify="left" if i < source.words else "right")
    for row in source.rows:
        out.add_row(*(Text(c.text + SIGNS.get(c.mark, ""), _STYLES[c.mark]) for c in row))
    return out
