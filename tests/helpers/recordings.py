"""Recordings to denoise, and what a plain run of the engine makes of them."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ecgstream import StreamingDenoiser
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.network.shipped import SHIPPED_MODEL
from ecgstream.streamer.network.tflite import TFLiteNetwork
from ecgstream.tools.batch.discovery import gather
from ecgstream.tools.batch.job import Outcome, Settings, attempt, engine

FS = 360.0
GAIN, BASELINE = 200.0, 1024
_NETWORK = TFLiteNetwork(SHIPPED_MODEL)
ENGINE, RUNTIME = engine(_NETWORK), _NETWORK.runtime


def ecg(seconds: float = 10, fs: float = FS, signals: int = 2, seed: int = 0) -> Floats:
    """An ECG-like signal with noise, mV: (n, signals)."""
    t = np.arange(round(seconds * fs)) / fs
    beats = np.exp(-(((t % 0.8) - 0.4) ** 2) / 0.0004)
    noise = np.random.default_rng(seed).normal(0, 0.05, (len(t), signals))
    return (beats[:, None] * np.arange(1, signals + 1) + noise).astype(np.float32)


def plain(x: npt.ArrayLike, fs: float = FS, **options: Any) -> tuple[Floats, npt.NDArray[np.uint8]]:
    """Signals (n, channels) in mV through the engine at once, and their flags."""
    samples = np.asarray(x, np.float32)
    denoiser = StreamingDenoiser(channels=samples.shape[1], fs=fs, **options)
    blocks = [denoiser.push(samples), denoiser.flush()]
    return np.concatenate([b.signal for b in blocks]), np.concatenate([b.quality for b in blocks])


def run(out: Path, *inputs: Path | str, form: str | None = None, **options: Any) -> list[Outcome]:
    """Denoise in this process, one after the other."""
    found = gather([str(path) for path in inputs], out, form)
    settings = Settings(engine=ENGINE, runtime=RUNTIME, **options)
    return found.failures + [attempt(task, settings) for task in found.tasks]


def done(out: Path, *inputs: Path | str, **options: Any) -> Path:
    """Denoise one recording, which must succeed: its target."""
    (outcome,) = run(out, *inputs, **options)
    assert outcome.failure is None, outcome.failure
    return outcome.task.target


def failure(out: Path, *inputs: Path | str, **options: Any) -> str:
    """Why one recording fails; nothing may be left of it."""
    (outcome,) = run(out, *inputs, **options)
    assert outcome.failure is not None
    assert not out.exists() or not list(out.rglob("*"))
    return outcome.failure


def write_wfdb(folder: Path, name: str, x: Floats, fs: float = FS, **fields: Any) -> Path:
    """A record with annotations, a start and comments; gaps are NaN. Its header."""
    import wfdb

    folder.mkdir(parents=True, exist_ok=True)
    n, signals = x.shape
    wfdb.wrsamp(
        name,
        fs,
        **{
            "units": ["mV"] * signals,
            "sig_name": [f"lead {i}" for i in range(signals)],
            "p_signal": x.astype(float),
            "fmt": ["16"] * signals,
            "adc_gain": [GAIN] * signals,
            "baseline": [BASELINE] * signals,
            "comments": ["69 M 1085", "Aldomet"],
            "base_time": time(12, 34, 56, 789000),
            "base_date": date(1999, 2, 3),
            **fields,
        },
        write_dir=str(folder),
    )
    beats = np.arange(20, n, 300)
    wfdb.wrann(name, "atr", beats, symbol=["N"] * len(beats), write_dir=str(folder))
    return folder / f"{name}.hea"


def adu(x: Floats) -> npt.NDArray[np.int64]:
    """What `write_wfdb`'s gain and baseline make of mV; gaps are WFDB's invalid."""
    stored = np.rint(x.astype(float) * GAIN + BASELINE)
    return np.where(np.isnan(stored), -32768, stored).astype(np.int64)


def content(folder: Path) -> dict[str, bytes]:
    """All files of a folder but the stamps, whose times differ."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(".ecgstream.json")
    }
