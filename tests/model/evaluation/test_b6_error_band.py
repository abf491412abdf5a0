"""B6.1: the cover of a known band on real records, and its figures in the report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ecgstream.model.evaluation.benchmarks import b6_error_band as b6
from ecgstream.model.evaluation.methods import FlaggedMethod, Signals, flagged
from ecgstream.model.evaluation.noisy_stretches import LEVELS, NOISE_KINDS
from ecgstream.streamer.denoiser import Denoised
from ecgstream.streamer.quality import Quality
from helpers.fakes import Telling


def _unchanged(half_width: float) -> FlaggedMethod:
    """Gives back what it gets, with one half width, and flags the second half of it."""

    def method(x: Signals) -> Denoised:
        flags = np.zeros(x.shape, np.uint8)
        flags[2880 + 1800 :] = Quality.UNCERTAIN
        return Denoised(x, flags, np.full(x.shape, half_width, np.float32))

    return method


def test_a_wide_band_holds_every_error_and_a_narrow_one_only_those_of_clean_input(
    databases: Path,
) -> None:
    methods = {"wide": _unchanged(100.0), "narrow": _unchanged(1e-4)}
    cells = b6.summary(b6.run_record("114", databases, methods, test=False))
    assert len(cells) == 2 * (1 + len(NOISE_KINDS) * len(LEVELS))
    for cell in cells:
        everything = cell["method"] == "wide" or cell["level"] is None
        assert cell["cover"]["90"] == 100 if everything else cell["cover"]["90"] < 15
        assert cell["low"] <= cell["cover"]["90"] <= cell["high"]
        assert cell["uncertain"] == pytest.approx(50)
        assert cell["half_width"] == pytest.approx(1e5 if cell["method"] == "wide" else 0.1)


def test_errors_are_those_of_the_output_against_the_clean_signal(databases: Path) -> None:
    rows = b6.run_record("114", databases, {"same": _unchanged(1.0)}, test=False)
    error = {(r["kind"], r["level"]): r["error"] for r in rows}
    assert error["pli50", 0] == pytest.approx(2 * error["pli50", 6], rel=0.05)  # 6 dB


def test_the_band_of_the_engine_has_one_value_for_each_sample_of_any_rate() -> None:
    x = np.random.default_rng(0).normal(size=(2000, 2)).astype(np.float32)
    given = flagged(Telling(), fs=250)(x)
    assert given.signal.shape == given.error.shape == given.quality.shape == x.shape
    assert np.isfinite(given.error).all()
