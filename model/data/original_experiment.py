"""The original experiment: ten seconds of record 100, synthetic noise, neighbouring windows.

Kept for comparison (benchmark B0). Its test windows come from the same ten seconds as those it
trains on, so its figure says little about other records.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
from sklearn.model_selection import train_test_split

from ecgstream.model.training.config import Training
from ecgstream.model.training.networks import original
from ecgstream.streamer.ecg.metrics import reference
from ecgstream.streamer.ecg.noise import Samples
from ecgstream.streamer.engine.delay import FS, WINDOW
from ecgstream.streamer.io.records import read_record

LENGTH = 3600


class TenSeconds(NamedTuple):
    """The stretch, standardised; `mean` and `scale` (mV) undo that."""

    clean: Samples  # (LENGTH,)
    noisy: Samples  # (LENGTH,)
    mean: float
    scale: float

    @property
    def test(self) -> list[int]:
        """Numbers of the windows that test, of the 14 consecutive ones."""
        return sorted(train_test_split(range(LENGTH // WINDOW), test_size=0.2, random_state=42)[1])

    @property
    def training(self) -> list[int]:
        """Numbers of the windows that train."""
        return sorted(set(range(LENGTH // WINDOW)) - set(self.test))


def windows(signal: Samples, numbers: list[int]) -> Samples:
    """Those of the consecutive windows of a stretch, (k, WINDOW)."""
    whole = signal[: len(signal) // WINDOW * WINDOW].reshape(-1, WINDOW)
    return np.asarray(whole[numbers])


def ten_seconds(data: Path, *, powerline: float = 6.0, raw: bool = False) -> TenSeconds:
    """The stretch and its noise: white, a slow sine and a fast one of `powerline` Hz.

    The original notebook meant 60 Hz and wrote 6. A `raw` stretch keeps the record's own wander.
    """
    record = read_record("mitdb/100", data)
    recorded = record.signal(0)
    clean = (recorded.astype(float) if raw else reference(recorded, record.fs))[:LENGTH]
    mean, scale = float(clean.mean()), float(clean.std())
    clean = (clean - mean) / scale
    t = np.arange(LENGTH)
    noise = np.random.default_rng(0).normal(0, 0.5, LENGTH)
    noise += 0.05 * np.sin(2 * np.pi * t / LENGTH)
    noise += 0.02 * np.sin(2 * np.pi * powerline * t / FS)
    return TenSeconds(clean, clean + noise, mean, scale)


def train(stretch: TenSeconds, settings: Training) -> tuple[keras.Model, list[float]]:
    """The original network trained as it was published; the model and its loss by epoch."""
    keras.utils.set_random_seed(settings.seed)
    model = original()
    model.compile(keras.optimizers.Adam(settings.learning_rate), "mse")
    noisy = windows(stretch.noisy, stretch.training)[..., None]
    clean = windows(stretch.clean, stretch.training)[..., None]
    fit = model.fit(noisy, clean, batch_size=settings.batch, epochs=settings.epochs, verbose=0)
    return model, list(fit.history["loss"])
