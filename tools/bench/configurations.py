"""Configurations to measure side by side: models, runtimes, threads and delegates.

Each runs in a process of its own, so that its memory is known and a crash ends nothing but itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from ecgstream.streamer.network.runtimes import RUNTIMES
from ecgstream.tools.bench import subprocesses
from ecgstream.tools.system.device import package_versions, sha256


class Configuration(NamedTuple):
    """A model file and how to run it."""

    model: Path
    runtime: str
    threads: int
    xnnpack: bool
    """Requested; whether the runtime applies it is measured."""


class Models(NamedTuple):
    """Models to measure; the first in detail."""

    files: list[Path]
    reference: Path | None
    """A trained `.keras` model, for the accuracy alone."""


def models(given: Sequence[Path]) -> Models:
    """Find the models in `.tflite` files, `.keras` files and folders of trainings.

    Raises
    ------
    ValueError : there is no `.tflite` file, or more than one `.keras` file.
    """
    files: list[Path] = []
    references: list[Path] = []
    for path in given:
        if path.is_dir():
            found = sorted(path.glob("model*.tflite"), key=lambda file: (len(file.name), file.name))
            if not found:
                raise ValueError(f"no model*.tflite in {path}: ecgstream export {path}")
            files += found
            references += [trained] if (trained := path / "model.keras").is_file() else []
        else:
            (references if path.suffix == ".keras" else files).append(path)
    if not files:
        raise ValueError("only a .tflite file can be timed: name one beside the .keras file")
    if len(references) > 1:
        raise ValueError("more than one .keras model to compare with: name one run at a time")
    return Models(files, references[0] if references else None)


def installed_runtimes() -> list[str]:
    """Names of the installed runtimes, found without loading them."""
    return [name for name, runtime in RUNTIMES.items() if runtime.installed()]


def configurations(
    files: Sequence[Path], runtimes: Sequence[str], threads: int, delegates: Sequence[bool]
) -> list[Configuration]:
    """All combinations, with 1 to `threads` threads."""
    every = product(files, runtimes, range(1, threads + 1), delegates)
    return [Configuration(*one) for one in every]


def estimated_seconds(count: int, seconds: float) -> float:
    """Estimated duration of `count` configurations: two calls, each in two ways, and a start."""
    return count * (4 * seconds + 10)


def measurements(
    asked: Sequence[Configuration], delay: str | int, seconds: float
) -> Iterator[dict[str, Any]]:
    """Figures of each configuration in turn, or the reason why there are none."""
    for one in asked:
        package = RUNTIMES[one.runtime].package
        facts = {
            "file": one.model.name,
            "sha256": sha256(one.model),
            "runtime": one.runtime,
            "version": package_versions((package,))[package],
            "threads": one.threads,
            "xnnpack": one.xnnpack,
        }
        try:
            figures = subprocesses.configuration(*one, delay, seconds)
        except subprocesses.ProcessError as error:
            yield {**facts, "not_available": error.reason}
        else:
            yield {**facts, "not_available": None, **figures}
