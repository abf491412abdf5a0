"""Targets of a release, and verdicts on the figures of a report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Report = Mapping[str, Any]


class Target(NamedTuple):
    """A figure of a report and its limit."""

    benchmark: str
    what: str
    unit: str
    limit: float
    at_least: bool
    find: Callable[[Report, str], float]
    """The figure of the model of that name; LookupError where the report does not hold it."""


class Verdict(NamedTuple):
    """A target held against a report."""

    target: Target
    found: float | None
    """None where the report does not hold it."""

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None where that was not measured."""
        if self.found is None:
            return None
        above, below = self.found >= self.target.limit, self.found <= self.target.limit
        return above if self.target.at_least else below
