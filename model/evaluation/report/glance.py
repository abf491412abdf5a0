"""Table of all targets of a release, held against a report."""

from __future__ import annotations

from ecgstream.model.evaluation.benchmarks.registry import BENCHMARKS
from ecgstream.model.evaluation.report.tables import Cell, Table, number, words
from ecgstream.model.evaluation.report.targets import Report, Verdict

TARGETS = tuple(target for name in BENCHMARKS for target in BENCHMARKS[name].targets)
"""Figures that a release must reach."""


def verdicts(report: Report, model: str) -> list[Verdict]:
    """All targets held against what a report says of a model."""
    out = []
    for target in TARGETS:
        try:
            found = target.find(report, model)
        except (LookupError, TypeError, ValueError):  # not in this run
            found = None
        out.append(Verdict(target, found))
    return out


def glance(report: Report) -> Table:
    """Every figure that a release must reach, for each model of the run."""
    models = list(report["models"])
    columns = [verdicts(report, model) for model in models]
    rows = []
    for row in zip(*columns, strict=True):
        target = row[0].target
        bound = "at least" if target.at_least else "at most"
        cells = words(
            target.benchmark.upper(), target.what, f"{bound} {target.limit:g} {target.unit}"
        )
        for verdict in row:
            mark = {True: "pass", False: "fail", None: "open"}[verdict.met]
            digits = 3 if target.limit and abs(target.limit) < 1 and target.unit != "dB" else 2
            cells.append(Cell(number(verdict.found, digits), mark=mark))
        rows.append(cells)
    return Table("What a release must reach", ["", "figure", "wanted", *models], rows, 3)
