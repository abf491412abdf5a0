"""Base class of a benchmark: what it scores, how it runs and what it shows in a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

from ecgstream.model.evaluation.report.tables import Table
from ecgstream.model.evaluation.report.targets import Target
from ecgstream.model.evaluation.runner import Evaluation

Section = dict[str, Any]
"""Results of one benchmark: its part of `report.json`."""


class Note(NamedTuple):
    """Paragraph below the tables of a benchmark."""

    text: str
    css_class: str


class Benchmark:
    """A benchmark. Subclasses set the attributes and override `scored`, `score` and `tables`.

    To add one, write its module in `benchmarks/` with an instance named `BENCHMARK`, and list it
    in `benchmarks/__init__.py`.
    """

    name: ClassVar[str]
    """Value of `--benchmark` and key of the report."""
    title: ClassVar[str]
    """Heading on the page."""
    description: ClassVar[str]
    """Explanation for a reader without a background in signal processing."""
    validation: ClassVar[bool] = False
    """Runs by default on the validation split, too."""
    optional: ClassVar[bool] = False
    """Has no section on the page when it was not run."""
    needed: ClassVar[tuple[str, ...]] = ()
    """Records without which it cannot run at all."""
    targets: ClassVar[tuple[Target, ...]] = ()
    """Figures that a release must reach."""
    plots_before: ClassVar[Mapping[str, str]] = {}
    """Captions of the plots above the tables, by the plot's name."""
    plots_after: ClassVar[Mapping[str, str]] = {}
    """Captions of the plots below the tables, by the plot's name."""
    strips: ClassVar[tuple[str, ...]] = ()
    """Names of the plots on ECG paper, which keep colours of their own on the page."""

    def scored(self, run: Evaluation) -> tuple[str, ...]:
        """Records to score; missing ones are left out."""
        raise NotImplementedError

    def score(self, run: Evaluation, present: list[str]) -> Section:
        """Run on the records that are present; add plots to `run.figures`."""
        raise NotImplementedError

    def tables(self, section: Mapping[str, Any]) -> list[Table]:
        """Tables of the section, the one for the console first."""
        raise NotImplementedError

    def notes(self, section: Mapping[str, Any]) -> list[Note]:
        """Paragraphs below the tables."""
        return []

    def missing(self, run: Evaluation) -> list[str]:
        """Records of this benchmark that are not in the data folder."""
        return run.absent((*self.scored(run), *self.needed))

    def run(self, run: Evaluation) -> Section | None:
        """Score the records that are present; None when they do not suffice.

        Raises
        ------
        ecgstream.streamer.io.records.RecordError : a record is damaged.
        """
        missing = self.missing(run)
        present = [name for name in self.scored(run) if name not in missing]
        if not present or set(self.needed) & set(missing):
            return None
        return {"records": len(present), **self.score(run, present)}


def record_number(record: str) -> str:
    """Name of a record without its database: `103` of `mitdb/103`."""
    return record.rpartition("/")[2]
