"""Records of the form that QTDB has, made up: beats of known lengths with their marks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import wfdb

FS = 250
P, R = 10, 60
"""Samples from a beat's start to the onset of its P wave and to its R peak."""


def write_beats(folder: Path, name: str, lengths: Sequence[int], *, without_p: int = -1) -> None:
    """Write `qtdb/name` with beats of these lengths, in samples at `FS`.

    The P wave of beat `without_p` is not marked.
    """
    (folder / "qtdb").mkdir(exist_ok=True)
    starts = 100 + np.cumsum([0, *lengths])[:-1]
    t = np.arange(starts[-1] + lengths[-1])
    signal = 0.2 + 0.05 * np.sin(t / 90)
    at, symbols = [], []
    for i, start in enumerate(starts):
        for offset, height, width in ((P + 10, 0.15, 5), (R, 1.0 + 0.02 * i, 4), (R + 70, 0.3, 12)):
            signal += height * np.exp(-(((t - start - offset) / width) ** 2))
        for offset, symbol in ((P, "("), (P + 10, "p"), (P + 20, ")")) if i != without_p else ():
            at.append(start + offset)
            symbols.append(symbol)
        for offset, symbol in ((R - 8, "("), (R, "N"), (R + 8, ")")):
            at.append(start + offset)
            symbols.append(symbol)
    place = str(folder / "qtdb")
    signals = np.stack([signal, -signal], axis=1)
    wfdb.wrsamp(name, FS, ["mV"] * 2, ["a", "b"], signals, fmt=["16"] * 2, write_dir=place)
    wfdb.wrann(name, "pu", np.array(at), np.array(symbols), write_dir=place)
    (folder / "qtdb" / f"{name}.pu").rename(folder / "qtdb" / f"{name}.pu1")  # wrann: letters only


def write_noise(folder: Path, n: int) -> None:
    """Write `nstdb/bw` of `n` samples: a different wander in either channel."""
    (folder / "nstdb").mkdir(exist_ok=True)
    noise = np.random.default_rng(0).normal(size=(n, 2)).cumsum(axis=0) / 100
    wfdb.wrsamp(
        "bw", 360, ["mV"] * 2, ["a", "b"], noise, fmt=["16"] * 2, write_dir=str(folder / "nstdb")
    )
