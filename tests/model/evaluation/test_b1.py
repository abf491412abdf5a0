"""Benchmark B1: its figures mean what they say, alone and in a live stream."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ecgstream.model.data import splits
from ecgstream.model.data.qtdb_beats import LEAD_IN, SAMPLES, version_noise
from ecgstream.model.evaluation.benchmarks import b1_qtdb
from ecgstream.model.evaluation.benchmarks.b1_qtdb import Case
from ecgstream.model.evaluation.methods import Signals
from helpers.beat_records import write_beats, write_noise


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_beats(folder, "selb", [200] * 8)
    write_beats(folder, "sela", [180, 220] * 5)
    write_noise(folder, 2 * splits.NOISE_HALF)
    return folder


@pytest.fixture(scope="module")
def cases(data: Path) -> list[Case]:
    return b1_qtdb.cases(["selb", "sela"], data)


def nothing(x: Signals) -> Signals:
    return x


def perfect(case: Case) -> list[dict[str, object]]:
    """A case scored on a method that knows its beats; they are few enough to come together."""
    clean = case.beats.signals.T.astype(np.float32)
    return b1_qtdb.run_case(case, {"perfect": lambda x: clean})


def test_a_perfect_method_gets_perfect_figures(cases: list[Case]) -> None:
    (total,) = b1_qtdb.summary([row for case in cases for row in perfect(case)])
    assert total["beats"] == 2 * (7 + 9)
    assert total["ssd"][0] == pytest.approx(0, abs=1e-9)
    assert total["mad"][0] == pytest.approx(0, abs=1e-6)
    assert total["prd"][0] == pytest.approx(0, abs=1e-4)
    assert total["cossim"][0] == pytest.approx(1)


def test_figures_follow_their_definitions() -> None:
    clean, y = np.array([[1.0, -1.0, 0.0, 2.0]]), np.array([[1.0, 0.0, 0.0, 3.0]])
    ssd, mad, prd, cossim, prd_own = b1_qtdb.scores(clean, y, 0.5)[:, 0]
    assert ssd == 2 and mad == 1
    assert prd == pytest.approx(100 * np.sqrt(2 / 7))  # 7 = 1/4 + 1/4 + 1/4 + 25/4
    assert prd_own == pytest.approx(100 * np.sqrt(2 / 6))  # 6 = 0 + 1 + 1 + 4, about a mean of 1
    assert cossim == pytest.approx(7 / np.sqrt(10 * 6))


def test_records_are_sorted_and_the_noise_goes_on_from_one_to_the_next(
    cases: list[Case], data: Path
) -> None:
    assert [(case.record, case.version) for case in cases] == [
        ("sela", 1), ("selb", 1), ("sela", 2), ("selb", 2)
    ]  # fmt: skip
    (alone, _) = b1_qtdb.cases(["selb"], data)
    added = [case.noisy - case.beats.signals for case in (cases[1], alone)]
    assert not np.allclose(added[0], added[1])
    np.testing.assert_array_equal(cases[1].beats.signals, alone.beats.signals)


def test_versions_differ_in_their_noise_alone(cases: list[Case]) -> None:
    first, second = cases[0], cases[2]
    np.testing.assert_array_equal(first.beats.signals, second.beats.signals)
    np.testing.assert_array_equal(first.ratios, second.ratios)
    assert not np.allclose(first.noisy, second.noisy)


def test_every_beat_counts_alike_whatever_record_it_is_from(cases: list[Case]) -> None:
    (total,) = b1_qtdb.summary(
        [row for c in cases for row in b1_qtdb.run_case(c, {"none": nothing})]
    )
    values = np.concatenate(
        [b1_qtdb.scores(c.beats.signals, c.noisy.astype(np.float32), c.mean) for c in cases], axis=1
    )
    for metric, of_beats in zip(b1_qtdb.METRICS, values, strict=True):
        assert total[metric] == pytest.approx([of_beats.mean(), of_beats.std()])


def test_the_filter_takes_out_what_lies_outside_its_band() -> None:
    t = np.arange(3600)[:, None] / 360
    slow, heart, fast = (np.sin(2 * np.pi * f * t) for f in (0.2, 10.0, 175.0))
    y = b1_qtdb.iir((slow + heart + fast).astype(np.float32))
    np.testing.assert_allclose(y[1200:-1200], heart[1200:-1200], atol=0.02)


def test_the_live_stream_carries_the_beats_and_levels_of_the_list(
    cases: list[Case], data: Path
) -> None:
    case = cases[0]
    clean, noisy = b1_qtdb.live(case, data)
    spans = b1_qtdb.live_spans(case)
    heights = np.ptp(case.beats.signals, axis=1)
    for (start, stop), height in zip(spans, heights, strict=True):
        assert np.ptp(clean[start:stop]) == pytest.approx(height, rel=0.1)
    noise = version_noise(case.version, data, test=True)[: len(clean)]
    added = noisy - clean
    for i, (start, stop) in enumerate(spans):
        middle = (start + stop) // 2
        level = added[middle] / (noise - noise.mean())[middle]
        around = noise[start - LEAD_IN : start - LEAD_IN + SAMPLES]
        wanted = case.ratios[i] * heights[i]
        if start - LEAD_IN + SAMPLES <= len(noise):
            assert level * np.ptp(around) == pytest.approx(wanted, rel=0.02)
    assert (np.abs(np.diff(added)) < 0.3 * np.ptp(added)).all()  # no jump between levels


def test_a_perfect_method_is_perfect_in_the_live_stream(cases: list[Case], data: Path) -> None:
    case = cases[1]
    clean, _ = b1_qtdb.live(case, data)
    knows = {"perfect": lambda x: clean[:, None].astype(np.float32), "none": nothing}
    perfect, none = b1_qtdb.run_live(case, data, knows)
    assert perfect["ssd"][0] == pytest.approx(0, abs=1e-9)
    assert none["ssd"][0] > 0.1 and none["beats"] == 7
