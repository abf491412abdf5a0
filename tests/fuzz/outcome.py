"""What the cases of all kinds share: whom they are thrown at, and what may come of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ecgstream import StreamingDenoiser
from ecgstream.streamer.io.records import Record, read_record
from ecgstream.streamer.network.tflite import Network, TFLiteNetwork

Outcome = Counter[str]
"""How many inputs gave `CORRECT` output, and how many an error of each type."""
CORRECT = "correct"


class Fault(AssertionError):
    """Neither correct output nor an error of a type that was promised; the message says what."""


@dataclass(frozen=True)
class Product:
    """What is thrown at; tests put something broken here."""

    denoiser: Callable[..., StreamingDenoiser] = StreamingDenoiser
    read: Callable[..., Record] = read_record
    load: Callable[..., Network] = TFLiteNetwork


@dataclass
class Case:
    """One case: its chance, a folder of its own that is empty at first, and its target."""

    rng: np.random.Generator
    folder: Path
    product: Product

    def chance(self, probability: float) -> bool:
        """True that often."""
        return bool(self.rng.random() < probability)

    def pick(self, options: Sequence[Any]) -> Any:
        """One of them."""
        return options[int(self.rng.integers(len(options)))]


def demand(condition: object, what: str) -> None:
    """Make sure of something that must hold.

    Raises
    ------
    Fault : it does not.
    """
    if not condition:
        raise Fault(what)


def refusal(error: Exception, allowed: tuple[type[Exception], ...]) -> Outcome:
    """The outcome of an input that was refused.

    Raises
    ------
    Fault : not with an error of a type that was promised, or without a sentence.
    """
    if not isinstance(error, allowed):
        raise Fault(f"{type(error).__name__}: {error}") from error
    demand(len(str(error)) > 10, f"{type(error).__name__} without a sentence: {error!r}")
    demand(len(str(error)) < 2000, f"{type(error).__name__} with {len(str(error))} characters")
    return Outcome([type(error).__name__])
