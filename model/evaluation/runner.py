"""A run of the benchmarks: which records, which methods, piece by piece, with what was kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from matplotlib.figure import Figure
from rich.console import Console
from rich.progress import track

from ecgstream.model.data import splits
from ecgstream.model.data.splits import DS2, VALIDATION
from ecgstream.model.evaluation.benchmarks import b2_noise as b2
from ecgstream.model.evaluation.cache import Pieces
from ecgstream.model.evaluation.methods import ORIGINAL_MODEL, Method
from ecgstream.model.evaluation.report.targets import keeping_st
from ecgstream.model.evaluation.subjects import Candidate, Model, filters, fingerprint
from ecgstream.streamer.ecg import metrics, noise
from ecgstream.streamer.io import records
from ecgstream.streamer.io.records import find_record

T = TypeVar("T")
Rows = list[dict[str, Any]]

_PROGRESS = Console(stderr=True)
_SHARED = fingerprint(b2, splits, metrics, noise, records)


class Evaluation:
    """What the benchmarks of one run have in common.

    Parameters
    ----------
    data : folder of the databases.
    pieces : what earlier runs finished.
    models : by name, the one that it is about first.
    delay : mode or samples of the engine.
    test : DS2 and unseen noise; else the validation records, to choose between models.
    with_filters : the comparison rows, too.
    runtime : what runs the original CDAE-BAM among them.

    Attributes
    ----------
    streamed, others : the models through the engine, and the comparison rows.
    figures : those drawn so far, by name.
    """

    def __init__(
        self,
        data: Path,
        pieces: Pieces,
        models: Mapping[str, Model],
        delay: str | int = "balanced",
        *,
        test: bool = True,
        with_filters: bool = True,
        runtime: str = "auto",
    ) -> None:
        self.data, self.models, self.delay, self.test = data, dict(models), delay, test
        self.pieces = pieces
        self.figures: dict[str, Figure] = {}
        self.streamed = {name: model.streamed(delay) for name, model in models.items()}
        self.others: dict[str, Candidate[Method]] = {}
        if with_filters:
            original = Model(ORIGINAL_MODEL, runtime).streamed(delay)
            self.others = {"original CDAE-BAM": original, **filters()}

    @property
    def first(self) -> str:
        """Name of the model that the run is about."""
        return next(iter(self.models))

    @property
    def keeping_st(self) -> dict[str, Candidate[Method]]:
        """The first model in the mode that keeps the ST segment."""
        return {keeping_st(self.first): self.models[self.first].streamed(self.delay, st=True)}

    @property
    def split(self) -> tuple[str, ...]:
        """Records of MIT-BIH that are scored."""
        return tuple(f"mitdb/{name}" for name in (DS2 if self.test else VALIDATION))

    def absent(self, names: Sequence[str]) -> list[str]:
        """Those of the records that are not in the data folder."""
        return [name for name in names if find_record(name, self.data) is None]

    def score(
        self,
        benchmark: str,
        units: Sequence[str],
        candidates: Mapping[str, Candidate[T]],
        code: str,
        run: Callable[[str, Mapping[str, T]], Rows],
    ) -> Rows:
        """All rows, unit by unit: from the pieces kept, and run for those candidates without one.

        Parameters
        ----------
        benchmark : its name.
        units : mostly records. What one candidate did on one unit is a piece.
        candidates : by the name that rows give as `method`.
        code : fingerprint of the modules and values that the rows depend on, besides those that
            all benchmarks share.
        run : makes the rows of a unit, for those candidates that are due.
        """
        protocol = fingerprint(code, _SHARED)
        out = []
        for unit in track(units, benchmark, console=_PROGRESS, disable=not _PROGRESS.is_terminal):
            keys = {
                name: {
                    "benchmark": benchmark,
                    "protocol": protocol,
                    "test": self.test,
                    "unit": unit,
                    "method": candidate.fingerprint,
                }
                for name, candidate in candidates.items()
            }
            kept = {name: self.pieces.find(key) for name, key in keys.items()}
            due = {name: candidates[name].subject for name, rows in kept.items() if rows is None}
            made = run(unit, due) if due else []
            for name in due:
                kept[name] = [row for row in made if row["method"] == name]
                self.pieces.keep(keys[name], kept[name])
            # A piece may have been made under another name for the same file.
            out += [{**row, "method": name} for name, rows in kept.items() for row in rows]
        return out
