"""Calibration of the error band: after it, the band holds nine tenths of the validation samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import wfdb

from ecgstream.model.data import splits
from ecgstream.model.evaluation import noisy_stretches
from ecgstream.model.export import error_band
from ecgstream.streamer.io.records import read_record
from helpers.fakes import Telling


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(error_band, "VALIDATION_RECORDS", ("mitdb/v1", "ludb/data/9"))
    noisy_stretches.noise_halves.cache_clear()
    rng = np.random.default_rng(0)
    signals = {"mitdb/v1": read_record("208b").signals[:30_000, :1].astype(float)}
    for kind in ("bw", "em", "ma"):
        signals[f"nstdb/{kind}"] = rng.normal(size=(2 * splits.NOISE_HALF, 2))
    for name, samples in signals.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        units = ["mV"] * samples.shape[1]
        wfdb.wrsamp(
            path.name, 360, units, [f"s{i}" for i in range(len(units))], samples,
            fmt=["16"] * len(units), write_dir=str(path.parent),
        )  # fmt: skip
    return tmp_path


def test_a_calibrated_band_needs_no_more_calibration(data: Path) -> None:
    def factor(size: float) -> float:
        return error_band.widening(Telling(first=size, step=0), data)

    found = factor(0.5)
    assert factor(0.5 * found) == pytest.approx(1, rel=0.01)
    assert factor(1.0) == pytest.approx(found / 2, rel=0.01)
