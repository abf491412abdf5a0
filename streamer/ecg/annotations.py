"""Beats and rhythms among a record's annotations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.io.records import Annotations

NORMAL = frozenset("NLRBAaJSjenQf/")
BEATS = NORMAL | frozenset("VEFr?")
"""Symbols of annotations that mark a beat, as PhysioNet lists them. `nst` calls those normal that
are neither ventricular nor fusion beats: in 118, with its bundle branch block, no beat is an N."""


class Marks:
    """Samples of a record, in order, and a text at each."""

    def __init__(self, sample: npt.NDArray[np.int64], text: Sequence[str]) -> None:
        order = np.argsort(sample, kind="stable")
        self.sample = np.asarray(sample, np.int64)[order]
        self.text = [text[i] for i in order]

    def within(self, start: int, stop: int, before: bool = False) -> list[tuple[int, str]]:
        """Those from `start` to `stop`, and with `before` the one in force at `start`, too."""
        first, end = np.searchsorted(self.sample, (start, stop))
        if before and first and not (first < end and self.sample[first] == start):
            first -= 1
        return list(zip(self.sample[first:end].tolist(), self.text[first:end], strict=True))


class RecordMarks(NamedTuple):
    """What a cardiologist marked on a record."""

    beats: Marks  # with their symbols
    rhythms: Marks  # where each begins, as in "(AFIB"


def record_marks(annotations: Annotations | None) -> RecordMarks:
    """Beats and rhythm changes among annotations; none where there are no annotations."""
    if annotations is None:
        nothing = Marks(np.empty(0, np.int64), ())
        return RecordMarks(nothing, nothing)
    symbols, notes = annotations.symbol, annotations.aux_note
    beats = [i for i, symbol in enumerate(symbols) if symbol in BEATS]
    rhythms = [i for i, note in enumerate(notes) if symbols[i] == "+" and note.startswith("(")]
    return RecordMarks(
        Marks(annotations.sample[beats], [symbols[i] for i in beats]),
        Marks(annotations.sample[rhythms], [notes[i] for i in rhythms]),
    )
