"""What a replay received and made, and how it becomes a WFDB record."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from streamer.replay import Replay, Step
from streamer.windows import Floats

_GAIN = 1000.0  # adu/mV: a step of 1 µV
_INVALID = -32768  # WFDB's mark for a missing sample in format 16
_LARGEST = 32767


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
        given=np.concatenate([step.piece.input for step in steps]),
        clean=np.concatenate([step.piece.clean for step in steps]),
        denoised=np.concatenate([step.block.signal[:, 0] for step in steps]),
        quality=np.concatenate([step.block.quality[:, 0] for step in steps]),
        engine_seconds=sum(step.seconds for step in steps),
    )


def wfdb_target(path: Path) -> None:
    """Make sure, before hours of replay, that a record can be written at `path` (no suffix).

    Raises
    ------
    ValueError : not a name that WFDB allows, or the record exists.
    ImportError : wfdb is not installed.
    """
    import wfdb  # noqa: F401

    if not re.fullmatch(r"[-\w]+", path.name):
        raise ValueError(f"--write {path}: a record's name has letters, digits, - and _ only")
    taken = [suffix for suffix in (".hea", ".dat", ".atr") if path.with_suffix(suffix).exists()]
    if taken:
        raise ValueError(f"--write {path}: {path}{taken[0]} exists already; choose another name")
    path.parent.mkdir(parents=True, exist_ok=True)


def write_wfdb(path: Path, source: Replay, result: Result) -> None:
    """Write input, denoised and, where noise was added, clean signal, with the annotations.

    Format 16 at 1 µV; a gap is stored as WFDB's invalid sample. A signal that would not fit
    into ±32 mV gets a coarser gain instead of being cut off.
    """
    import wfdb

    names = ["input", "denoised"] + ["clean"] * source.noisy
    signals = np.stack([result.given, result.denoised, result.clean][: len(names)], axis=1)
    largest = np.nanmax(np.abs(signals), axis=0, initial=1e-6)
    gain = np.minimum(_GAIN, np.floor(_LARGEST / largest))
    steps = np.where(np.isnan(signals), _INVALID, np.rint(signals * gain)).astype(np.int16)
    wfdb.wrsamp(
        path.name,
        fs=source.fs,
        units=["mV"] * len(names),
        sig_name=[f"{source.lead} {name}" for name in names],
        d_signal=steps,
        fmt=["16"] * len(names),
        adc_gain=[float(g) for g in gain],
        baseline=[0] * len(names),
        comments=[
            *source.record.comments,
            f"Replay of {source.record.name} from sample {source.first}, denoised by ecgstream",
        ],
        write_dir=str(path.parent),
    )
    marks = source.record.annotations
    if marks is None:
        return
    inside = np.flatnonzero(
        (marks.sample >= source.first) & (marks.sample < source.first + len(result.given))
    )
    if len(inside):
        wfdb.wrann(
            path.name,
            "atr",
            marks.sample[inside] - source.first,
            symbol=[marks.symbol[i] for i in inside],
            aux_note=[marks.aux_note[i] for i in inside],
            write_dir=str(path.parent),
        )
