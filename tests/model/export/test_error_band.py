"""Calibration of the error band: after it, the band holds nine tenths of the validation samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import wfdb

from ecgstream.model.data import splits
from ecgstream.model.evaluation import noisy_stretches
from ecgstream.model.export import error_band
from ecgstream.streamer.engine.delay import WINDOW
from ecgstream.streamer.engine.normalization import ERROR_STEP, Floats
from ecgstream.streamer.io.records import read_record


class Passing:
    """Says that there is no noise, and one size for its error."""

    output, past, predicts_error = "noise", WINDOW, True

    def __init__(self, size: float) -> None:
        self.size = size

    def __call__(self, window: Floats, context: Floats) -> Floats:
        return np.zeros(window.shape[:2], np.float32)

    def answer_and_error(self, window: Floats, context: Floats) -> tuple[Floats, Floats]:
        size = np.full((len(window), WINDOW // ERROR_STEP), self.size, np.float32)
        return self(window, context), size


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(error_band, "VALIDATION_RECORDS", ("mitdb/v1", "ludb/data/9"))
    noisy_stretches.noise_halves.cache_clear()
    rng = np.random.default_rng(0)
    signals = {"mitdb/v1": read_record("208b").signals[:30_000, :1]}
    for kind in ("bw", "em", "ma"):
        signals[f"nstdb/{kind}"] = rng.normal(size=(2 * splits.NOISE_HALF, 2))
    for name, samples in signals.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        units = ["mV"] * samples.shape[1]
        wfdb.wrsamp(
            path.name, 360, units, [f"s{i}" for i in range(len(units))], samples.astype(float),
            fmt=["16"] * len(units), write_dir=str(path.parent),
        )  # fmt: skip
    return tmp_path


def test_a_calibrated_band_needs_no_more_calibration(data: Path) -> None:
    factor = error_band.widening(Passing(0.5), data)
    assert error_band.widening(Passing(0.5 * factor), data) == pytest.approx(1, rel=0.01)
    assert error_band.widening(Passing(1.0), data) == pytest.approx(factor / 2, rel=0.01)
