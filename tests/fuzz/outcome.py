"""Cases, the product under test, and the outcomes that are allowed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ecgstream import StreamingDenoiser
from ecgstream.streamer.io.records import Record, read_record
from ecgstream.streamer.network.base import Network
from ecgstream.streamer.network.tflite import TFLiteNetwork

Outcome = Counter[str]
"""Number of inputs that gave `CORRECT` output, and of those that gave each type of error."""
CORRECT = "correct"


class Fault(AssertionError):
    """Neither correct output nor an error of a documented type; the message says what."""


@dataclass(frozen=True)
class Product:
    """Functions under test; tests of the fuzzing put broken ones here."""

    denoiser: Callable[..., StreamingDenoiser] = StreamingDenoiser
    read: Callable[..., Record] = read_record
    load: Callable[..., Network] = TFLiteNetwork


@dataclass
class Case:
    """One case: its random generator, an empty folder of its own, and the product under test."""

    rng: np.random.Generator
    folder: Path
    product: Product

    def chance(self, probability: float) -> bool:
        """True with a probability."""
        return bool(self.rng.random() < probability)

    def pick(self, options: Sequence[Any]) -> Any:
        """Choose one of the options."""
        return options[int(self.rng.integers(len(options)))]


def demand(condition: object, what: str) -> None:
    """Check a condition.

    Raises
    ------
    Fault : it does not hold.
    """
    if not condition:
        raise Fault(what)


def refusal(error: Exception, allowed: tuple[type[Exception], ...]) -> Outcome:
    """Outcome of an input that was refused.

    Raises
    ------
    Fault : the error is of another type than documented, or has no sentence.
    """
    if not isinstance(error, allowed):
        raise Fault(f"{type(error).__name__}: {error}") from error
    demand(len(str(error)) > 10, f"{type(error).__name__} without a sentence: {error!r}")
    demand(len(str(error)) < 2000, f"{type(error).__name__} with {len(str(error))} characters")
    return Outcome([type(error).__name__])
