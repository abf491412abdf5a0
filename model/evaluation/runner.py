"""One evaluation: its records and methods, scored unit by unit through the cache."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from matplotlib.figure import Figure
from rich.console import Console
from rich.progress import track

from ecgstream.model.data import splits
from ecgstream.model.data.splits import DS2, VALIDATION
from ecgstream.model.evaluation import noisy_stretches
from ecgstream.model.evaluation.cache import ResultCache
from ecgstream.model.evaluation.methods import ORIGINAL_MODEL, Method
from ecgstream.model.evaluation.subjects import (
    Model,
    Subject,
    filters,
    fingerprint,
    streamer_sources,
)
from ecgstream.streamer.io.records import find_record

T = TypeVar("T")
Rows = list[dict[str, Any]]
Methods = Mapping[str, Method]

_PROGRESS = Console(stderr=True)
RECORD_PARTS = (
    "ecg",
    "io/annotation_file",
    "io/records",
    "io/units",
    "io/wfdb_formats",
    "io/wfdb_header",
)
"""Parts of `ecgstream.streamer` that read the records and score the output."""
_SHARED = fingerprint(noisy_stretches, splits, *streamer_sources(*RECORD_PARTS))


def keeping_st(model: str) -> str:
    """Name of a model's rows in the mode that keeps the ST segment."""
    return f"{model}, st"


class Evaluation:
    """Settings, methods and plots that the benchmarks of one run share.

    Parameters
    ----------
    data : folder of the databases.
    cache : results of earlier runs.
    models : by name, the one that it is about first.
    delay : mode or samples of the engine.
    test : DS2 and unseen noise; else the validation records, to choose between models.
    with_filters : the comparison rows, too.
    runtime : what runs the original CDAE-BAM among them, and the networks of B1.
    beat_list : list of B1's test records, `published` or `development`.
    beat_run : folder of the networks trained for B1, a run for each version of the noise.

    Attributes
    ----------
    streamed, others : the models through the engine, and the comparison rows.
    figures : those drawn so far, by name.
    """

    def __init__(
        self,
        data: Path,
        cache: ResultCache,
        models: Mapping[str, Model],
        delay: str | int = "balanced",
        *,
        test: bool = True,
        with_filters: bool = True,
        runtime: str = "auto",
        beat_list: str = "published",
        beat_run: Path | None = None,
    ) -> None:
        self.runtime, self.beat_list, self.beat_run = runtime, beat_list, beat_run
        self.data, self.models, self.delay, self.test = data, dict(models), delay, test
        self.cache = cache
        self.figures: dict[str, Figure] = {}
        self.streamed = {name: model.streamed(delay) for name, model in models.items()}
        self.others: dict[str, Subject[Method]] = {}
        if with_filters:
            original = Model(ORIGINAL_MODEL, runtime).streamed(delay)
            self.others = {"original CDAE-BAM": original, **filters()}

    @property
    def first(self) -> str:
        """Name of the model that the run is about."""
        return next(iter(self.models))

    @property
    def keeping_st(self) -> dict[str, Subject[Method]]:
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
        subjects: Mapping[str, Subject[T]],
        code: str,
        run: Callable[[str, Mapping[str, T]], Rows],
    ) -> Rows:
        """All rows, unit by unit: from the cache, and run for the subjects that are not in it.

        Parameters
        ----------
        benchmark : its name.
        units : mostly records. Each subject and unit has a result of its own in the cache.
        subjects : by the name that rows give as `method`.
        code : fingerprint of the modules and values that the rows depend on, besides those that
            all benchmarks share.
        run : makes the rows of a unit, for those subjects that are due.
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
                    "method": subject.fingerprint,
                }
                for name, subject in subjects.items()
            }
            kept = {name: self.cache.find(key) for name, key in keys.items()}
            due = {name: subjects[name].value for name, rows in kept.items() if rows is None}
            made = run(unit, due) if due else []
            for name in due:
                kept[name] = [row for row in made if row["method"] == name]
                self.cache.keep(keys[name], kept[name])
            # A result may have been made under another name for the same file.
            out += [{**row, "method": name} for name, rows in kept.items() for row in rows]
        return out
