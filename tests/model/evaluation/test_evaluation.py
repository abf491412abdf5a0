"""The benchmarks: the written protocol, and figures that a known method must get."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from ecgstream.model.data import original_experiment
from ecgstream.model.data.splits import NOISE_HALF
from ecgstream.model.evaluation import noisy_stretches
from ecgstream.model.evaluation.benchmarks import b0_original, b2_noise
from ecgstream.model.evaluation.methods import Signals, filters, streamed
from ecgstream.model.training.config import load_config
from ecgstream.streamer.ecg.metrics import snr
from ecgstream.streamer.ecg.noise import RECORDED
from helpers.fakes import Identity


@pytest.fixture(scope="module")
def halves() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {kind: rng.normal(size=(NOISE_HALF, 2)) for kind in RECORDED}


def test_noise_begins_where_the_protocol_says(halves: dict[str, np.ndarray]) -> None:
    start = (105 * 97 + 2 * 1009) * 360 % (325_000 - 6840)
    expected = halves["em"][start : start + 6840, 0]
    found = noisy_stretches.noise_stretch("em", "105", 2, halves)
    np.testing.assert_allclose(found, expected - expected.mean())


@pytest.mark.parametrize("kind", noisy_stretches.NOISE_KINDS)
def test_every_kind_of_noise_has_no_mean(kind: str, halves: dict[str, np.ndarray]) -> None:
    noise = noisy_stretches.noise_stretch(kind, "234", 1, halves)
    assert noise.shape == (6840,)
    assert abs(noise.mean()) < 1e-9


def test_cases_cover_every_cell_at_its_level(databases: Path) -> None:
    cases = list(
        noisy_stretches.cases("100", databases, noisy_stretches.noise_halves(databases, test=True))
    )
    assert len(cases) == 3 * (6 * 4 + 1)
    for case in cases:
        noise = case.noisy - case.clean
        if case.level is None:
            assert not noise.any()
        else:
            level = 10 * np.log10(np.mean(case.clean**2) / np.mean(noise**2))
            assert level == pytest.approx(case.level, abs=1e-6)


def test_a_method_that_does_nothing_gains_nothing(databases: Path) -> None:
    methods = {"nothing": streamed(Identity()), "half": lambda x: x / 2}
    rows = b2_noise.run_record("114", databases, methods, test=False)
    cells = {(c["method"], c["kind"], c["level"]): c["mean"] for c in b2_noise.summary(rows)}
    assert cells["nothing", "em", 0] == pytest.approx(0, abs=0.01)
    assert cells["nothing", "clean", None] > 80
    assert cells["half", "clean", None] == pytest.approx(20 * np.log10(2), abs=0.01)


def test_summary_names_the_worst_record_and_brackets_the_mean() -> None:
    rows = [
        {"record": name, "method": "m", "kind": "em", "level": 0, "db": value}
        for name, values in {"a": (1.0, 3.0), "b": (10.0, 12.0), "c": (6.0, 6.0)}.items()
        for value in values
    ]
    (cell,) = b2_noise.summary(rows)
    assert cell["mean"] == pytest.approx(19 / 3)
    assert (cell["worst_record"], cell["worst"]) == ("a", 2.0)
    assert cell["low"] <= cell["mean"] <= cell["high"]


@pytest.mark.parametrize("name", list(filters()))
def test_comparison_filters_take_out_what_they_are_known_for(name: str) -> None:
    t = np.arange(6840) / 360
    beats = np.exp(-((t[:, None] - np.arange(0.5, 19, 0.8)) ** 2) / 0.0008).sum(axis=1)
    wander = 2 * np.sin(2 * np.pi * 0.15 * t + 1)
    noisy: Signals = np.stack([beats + wander] * 2, axis=1).astype(np.float32)
    out = filters()[name](noisy)
    assert out.shape == noisy.shape
    middle = slice(2880, 6480)
    assert snr(beats[middle], out[middle, 0]) > snr(beats[middle], noisy[middle, 0]) + 8


def test_original_experiment_has_the_published_input(databases: Path) -> None:
    stretch = original_experiment.ten_seconds(databases)
    assert len(stretch.test) == 3 and len(stretch.training) == 11
    assert not set(stretch.test) & set(stretch.training)
    assert stretch.clean.std() == pytest.approx(1)
    assert b0_original.snr_of(stretch, stretch.noisy) == pytest.approx(
        b0_original.PUBLISHED[0], abs=0.1
    )


def test_original_network_learns_its_ten_seconds(databases: Path) -> None:
    stretch = original_experiment.ten_seconds(databases)
    settings = dataclasses.replace(load_config("original").training, epochs=30)
    model, losses = original_experiment.train(stretch, settings)
    assert losses[-1] < losses[0] / 2
    again, _ = original_experiment.train(stretch, settings)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
