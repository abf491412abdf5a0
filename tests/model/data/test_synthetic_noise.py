"""Synthetic disturbances: each has the power, the band and the form that it is named after."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import welch

from ecgstream.model.data import synthetic_noise
from ecgstream.streamer.engine.delay import FS

N = 3600


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_hum_lies_at_a_mains_frequency_and_its_harmonics(rng: np.random.Generator) -> None:
    for row in synthetic_noise.hum(rng, 20, 1024):
        frequency, power = welch(row, FS, nperseg=1024)
        strongest = frequency[power.argmax()]
        base = min(synthetic_noise.HUM_HZ, key=lambda hz: abs(hz - strongest))
        assert strongest == pytest.approx(base, abs=1)
        off = np.abs((frequency + base / 2) % base - base / 2)  # distance to the nearest multiple
        assert power[off > 5].sum() < 1e-3 * power.sum()
        assert 0.5 < row.std() < 2


def test_some_hum_has_harmonics_and_some_has_none(rng: np.random.Generator) -> None:
    pure = []
    for row in synthetic_noise.hum(rng, 40, 1024):
        _, power = welch(row, FS, nperseg=1024)
        near = np.abs(np.arange(len(power)) - power.argmax()) < 10
        pure.append(power[~near].sum() < 1e-3 * power.sum())
    assert 15 < sum(pure) < 38


def test_motion_has_unit_power_below_the_highest_edge(
    rng: np.random.Generator,
) -> None:
    rows = synthetic_noise.motion(rng, 40, N)
    np.testing.assert_allclose(rows.std(axis=1), 1, rtol=1e-3)
    frequency, power = welch(rows, FS, nperseg=1800)
    share = power[:, frequency < 40].sum(axis=1) / power.sum(axis=1)
    assert share.min() > 0.65 and np.median(share) > 0.85


def test_a_step_rises_in_a_moment_and_recovers_slowly(rng: np.random.Generator) -> None:
    for _ in range(20):
        step = np.abs(synthetic_noise.electrode_step(rng, N, 0.1))
        top, begin = int(step.argmax()), int(np.flatnonzero(step)[0])
        assert top - begin <= 0.15 * FS and step[top] > 0.2
        assert (np.diff(step[top:]) <= 1e-6).all()


def test_a_pop_dies_away_within_seconds(rng: np.random.Generator) -> None:
    for _ in range(20):
        popped = np.abs(synthetic_noise.pop(rng, N, 0.0))
        begin = int(popped.argmax())
        assert not popped[:begin].any() and 0.3 <= popped[begin] <= 5
        later = popped[begin + round(5 * FS) :]
        assert not len(later) or later.max() < 0.01 * popped[begin]


def test_rails_are_where_the_largest_values_were_and_may_wobble(rng: np.random.Generator) -> None:
    wobbling = 0
    for _ in range(40):
        x = np.sin(np.arange(N) / 30).astype(np.float32)
        clipped = x.copy()
        synthetic_noise.saturate(rng, clipped)
        changed = clipped != x
        assert changed.any() and np.abs(clipped).max() <= 1.03
        assert np.abs(x[changed]).min() > 0.29
        wobbling += len(np.unique(clipped[changed])) > 2
    assert 10 < wobbling < 30


def test_a_drop_out_holds_the_value_before_it(rng: np.random.Generator) -> None:
    for _ in range(20):
        x = np.arange(N, dtype=np.float32)
        synthetic_noise.drop_out(rng, x)
        held = np.flatnonzero(x != np.arange(N))
        assert 0.01 * FS - 2 <= len(held) <= 0.3 * FS and len(set(x[held])) == 1
        assert x[held[0]] == held[0] - 1
