"""B6.5: a right rate counts as right, a wrong one as wrong, and none as none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ecgstream.model.evaluation.benchmarks import b6_heart_rate as b6
from ecgstream.streamer.engine.normalization import Floats

FS, SECONDS = 360, 60
BEATS = np.arange(180, SECONDS * FS, 300)  # 72 bpm


def _signal(places: np.ndarray) -> Floats:
    x = np.zeros((SECONDS * FS, 2), np.float32)
    t = np.arange(-20, 21)
    for place in places[(places > 20) & (places < len(x) - 21)]:
        x[place + t] += np.exp(-((t / 7.0) ** 2))[:, None].astype(np.float32)
    return x


def test_true_rate_is_that_of_the_beats_of_the_last_ten_seconds() -> None:
    assert b6.true_rate(BEATS, 20 * FS) == pytest.approx(72)
    assert np.isnan(b6.true_rate(BEATS[:1], 5 * FS))


def test_right_rates_are_right_and_wrong_ones_wrong() -> None:
    right = b6.score(b6.unchanged(_signal(BEATS)), BEATS)
    assert right["seconds"] == SECONDS - 9 and right["known"] >= SECONDS - 11
    assert right["wrong"] == 0
    wrong = b6.score(b6.unchanged(_signal(BEATS)), BEATS[::2])
    assert wrong["wrong"] == wrong["known"] == right["known"]
    absent = b6.score(b6.unchanged(_signal(BEATS)), BEATS[:0])
    assert absent["wrong"] == right["known"]
    silent = b6.score(b6.unchanged(_signal(BEATS[:0])), BEATS)
    assert (silent["known"], silent["reasons"]) == (0, {"no beat": SECONDS - 9})


def test_gaps_hide_signal_and_pauses_take_beats_away() -> None:
    clean = _signal(BEATS)
    gaps, left = b6.disturbed(
        b6.Condition(disturbance="gaps"), "100", clean, BEATS, Path(), test=False
    )
    assert np.isnan(gaps).all(axis=1).sum() == 7.5 * FS and len(left) == len(BEATS)
    pauses, left = b6.disturbed(
        b6.Condition(disturbance="pauses"), "100", clean, BEATS, Path(), test=False
    )
    assert len(left) == len(BEATS) - 12 and not pauses[30 * FS : 40 * FS].any()
    counted = b6.score(b6.unchanged(pauses), left)
    assert counted["wrong"] == 0 and counted["reasons"]["no beat"] >= 6


def test_every_condition_of_a_record_is_scored(databases: Path) -> None:
    rows = b6.run_record("114", databases, {"given": b6.unchanged}, test=False)
    cells = b6.summary(rows)
    assert [cell["condition"] for cell in cells] == [c.name for c in b6.CONDITIONS]
    assert cells[0]["wrong"] == 0 and cells[0]["known"] > 90
