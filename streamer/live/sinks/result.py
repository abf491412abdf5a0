"""What a replay received and made, and its record's annotations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.live.sinks.base import Step
from ecgstream.streamer.live.sources.record import Replay


class Result(NamedTuple):
    """A whole run; signals (n,) in mV, all on the input's count."""

    given: Floats
    clean: Floats
    denoised: Floats
    quality: npt.NDArray[np.uint8]
    engine_seconds: float


def result_of(steps: Sequence[Step]) -> Result:
    """All steps of a run, from the first to the flush, joined."""
    return Result(
        given=np.concatenate([step.piece.input[:, 0] for step in steps]),
        clean=np.concatenate([step.piece.clean[:, 0] for step in steps]),
        denoised=np.concatenate([step.block.signal[:, 0] for step in steps]),
        quality=np.concatenate([step.block.quality[:, 0] for step in steps]),
        engine_seconds=sum(step.seconds for step in steps),
    )


def copy_annotations(path: Path, source: Replay, n: int) -> None:
    """Write the record's annotations on the first `n` samples replayed beside a new record."""
    marks = source.record.annotations
    if marks is None:
        return
    inside = np.flatnonzero((marks.sample >= source.first) & (marks.sample < source.first + n))
    if len(inside):
        import wfdb

        wfdb.wrann(
            path.name,
            "atr",
            marks.sample[inside] - source.first,
            symbol=[marks.symbol[i] for i in inside],
            aux_note=[marks.aux_note[i] for i in inside],
            write_dir=str(path.parent),
        )
