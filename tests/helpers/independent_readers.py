"""Recordings as other people's libraries read them: edfio, wfdb, numpy and pandas."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt


class ReadSignal(NamedTuple):
    """One signal, in its own unit, (n,); NaN in gaps."""

    name: str
    unit: str
    fs: float
    samples: npt.NDArray[np.float64]


def read(path: Path, fs: float = np.nan, **table: Any) -> list[ReadSignal]:
    """Read all signals; `fs` is that of files that do not state it, `table` is for pandas."""
    kind = path.suffix.lower()
    if kind in (".edf", ".bdf"):
        return _edf(path)
    if kind == ".hea":
        return _wfdb(path)
    if kind in (".npy", ".npz"):
        return _numpy(path, fs)
    return _csv(path, fs, **table)


def _edf(path: Path) -> list[ReadSignal]:
    import edfio

    file = (edfio.read_bdf if path.suffix.lower() == ".bdf" else edfio.read_edf)(path)
    return [
        ReadSignal(s.label, s.physical_dimension, s.sampling_frequency, np.asarray(s.data, float))
        for s in file.signals
    ]


def _wfdb(path: Path) -> list[ReadSignal]:
    import wfdb

    record = wfdb.rdrecord(str(path.with_suffix("").absolute()), smooth_frames=False)
    rates = [record.fs * n for n in record.samps_per_frame]
    names = [name or "" for name in record.sig_name]
    return [
        ReadSignal(*signal)
        for signal in zip(names, record.units, rates, record.e_p_signal, strict=True)
    ]


def _numpy(path: Path, fs: float) -> list[ReadSignal]:
    columns = np.atleast_2d(np.load(path).T)
    return [ReadSignal(f"signal {i}", "", fs, x.astype(float)) for i, x in enumerate(columns)]


def read_table(path: Path, **options: Any) -> Any:
    """Read a table as pandas does; columns without names are called signal 0, signal 1 ..."""
    import pandas as pd  # type: ignore[import-untyped]

    table = pd.read_csv(path, **{"sep": None, "engine": "python", **options})
    if options.get("header", 0) is None:
        table.columns = pd.Index([f"signal {i}" for i in table.columns])
    return table


def _csv(path: Path, fs: float, **options: Any) -> list[ReadSignal]:
    """Columns of a table, with units in brackets after their names."""
    import pandas as pd

    table = read_table(path, **options)
    found = []
    for name in table.columns:
        parts = re.fullmatch(r"(.*?)\s*[\[(](.*)[\])]", name.strip())
        words = (parts[1], parts[2]) if parts else (name.strip(), "")
        samples = pd.to_numeric(table[name], errors="coerce").to_numpy(float)
        found.append(ReadSignal(*words, fs, samples))
    return found
