"""B6.6: beats that are alike count as such, noise lowers the figure, and smoothing the height."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ecgstream.model.evaluation.benchmarks import b6_consistency as b6
from ecgstream.model.evaluation.cache import ResultCache
from ecgstream.model.evaluation.methods import Signals
from ecgstream.model.evaluation.runner import Evaluation
from ecgstream.model.evaluation.subjects import Model
from ecgstream.streamer.ecg.noise import Samples
from ecgstream.streamer.network.shipped import SHIPPED_MODEL
from helpers.recordings import write_wfdb

RECORD = "d01_01_klud"
SECONDS = 60
QUIET, LOUD = 0.01, 0.1
"""Noise in mV before and after the middle."""


def _beats(fs: float) -> Samples:
    """Beats of 1 mV every 0.8 s, wander of 0.3 mV, and more noise in the second half."""
    t = np.arange(round(SECONDS * fs)) / fs
    beats = np.exp(-(((t % 0.8 - 0.4) / 0.02) ** 2))
    wander = 0.3 * np.sin(2 * np.pi * 0.1 * t)
    noise = np.random.default_rng(0).normal(size=len(t)) * np.where(t < SECONDS / 2, QUIET, LOUD)
    return beats + wander + noise


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A record in the form of `dpmotion`: grade 1, and 3 from the middle on."""
    _write(tmp_path, RECORD, before=1)
    return tmp_path


def _write(data: Path, name: str, before: int) -> None:
    folder = data / "dpmotion"
    write_wfdb(folder, name, _beats(500)[:, None].astype(np.float32), 500, adc_gain=[2000.0])
    (folder / "labels").mkdir(exist_ok=True)
    half = 500 * SECONDS // 2
    rows = [f"{s};{s + 1000};3;{before if s < half else 3};1" for s in range(0, 2 * half, 1000)]
    text = "\n".join(["start;end;activity;artifact;electrode", *rows])
    (folder / "labels" / f"{name}.csv").write_text(text)


def half(x: Signals) -> Signals:
    return b6.raw(x) * np.float32(0.5)


def smooth(x: Signals) -> Signals:
    kernel = np.ones(31) / 31
    smoothed = [np.convolve(s, kernel, "same") for s in b6.raw(x).T]
    return np.stack(smoothed, axis=1).astype(np.float32)


def test_r_peaks_are_where_the_beats_are_in_spite_of_wander() -> None:
    peaks = b6.r_peaks(_beats(360))
    expected = np.arange(0.4, SECONDS, 0.8) * 360
    assert len(peaks) >= len(expected) - 3
    assert np.abs(peaks[:, None] - expected).min(axis=1).max() <= 2
    assert peaks[0] >= b6.BEFORE_R and peaks[-1] + b6.BEAT - b6.BEFORE_R <= SECONDS * 360


def test_grades_are_those_of_the_segment_that_a_beat_lies_in() -> None:
    segments = np.array([[0, 1000, 1], [1000, 2000, 4]])
    places = np.array([0.0, 999.9, 1000.0, 2000.0])
    assert b6.grades_at(places, segments).tolist() == [1, 1, 4, 0]


def test_the_figure_is_the_height_over_what_beats_differ_by() -> None:
    fs, rng = 360, np.random.default_rng(0)
    t = np.arange(100 * fs) / fs
    places = np.round(np.arange(1, 99, 1.0) * fs).astype(np.int64)
    signal = sum(2 * np.exp(-(((t - place / fs) / 0.02) ** 2)) for place in places)
    signal = signal + rng.normal(0, 0.02, len(t))
    given = np.where(np.arange(len(places)) < 90, 1, 2)
    found = b6.consistency(signal, places, given)
    assert found["height"] == pytest.approx(2, rel=0.02)
    (first, second) = found["grades"]
    assert (first["beats"], second["beats"]) == (90, 8)
    assert first["db"] == pytest.approx(40, abs=0.3)  # 2 mV over 0.02 mV
    assert second["db"] == pytest.approx(40, abs=0.6)
    fewer = b6.consistency(signal, places[:-1], given[:-1])
    assert [g["grade"] for g in fewer["grades"]] == [1]


def test_noise_lowers_the_figure_of_its_grade_and_smoothing_the_height(data: Path) -> None:
    methods = {b6.RAW: b6.raw, "half": half, "smooth": smooth}
    rows = b6.run_record(RECORD, data, methods)
    assert json.loads(json.dumps(rows)) == rows
    plain, halved, smoothed = b6.summary(rows)
    quiet, _, loud, _ = plain["grades"]
    # At 360 Hz 1.4 dB of the noise at 500 Hz are gone.
    assert quiet["db"] == pytest.approx(20 * np.log10(1 / QUIET) + 1.4, abs=1.5)
    assert loud["db"] == pytest.approx(20 * np.log10(1 / LOUD) + 1.4, abs=1.5)
    assert plain["height"] == pytest.approx(1, abs=0.02)
    assert halved["height"] == pytest.approx(plain["height"] / 2, rel=1e-4)
    assert halved["grades"][0]["db"] == pytest.approx(quiet["db"], abs=1e-3)
    assert smoothed["height"] < 0.7
    assert [g["recordings"] for g in plain["grades"]] == [1, 0, 1, 0]


def test_comparison_rows_take_wander_away_and_keep_beats(data: Path) -> None:
    rows = b6.run_record(RECORD, data, {b6.RAW: b6.raw, b6.FILTER: b6.filtered})
    unfiltered, filtered = b6.summary(rows)
    assert unfiltered["height"] == pytest.approx(1, abs=1e-4)
    assert 0.9 < filtered["height"] < 1.05
    assert filtered["grades"][2]["db"] > unfiltered["grades"][2]["db"] + 3


def test_a_recording_without_a_clean_beat_is_left_out_and_named(data: Path, tmp_path: Path) -> None:
    _write(data, "d01_01_beh", before=4)
    models = {"shipped": Model(SHIPPED_MODEL)}
    run = Evaluation(data, ResultCache(tmp_path / "cache"), models, with_filters=False)
    section = b6.BENCHMARK.run(run)
    assert section is not None
    assert section["left_out"] == {"d01_01_beh": "no beat at grade 1 or 2"}
    assert any("d01_01_beh: no beat" in note.text for note in b6.BENCHMARK.notes(section))
    assert [cell["method"] for cell in section["cells"]] == [b6.RAW, b6.FILTER, "shipped"]
    assert {cell["recordings"] for cell in section["cells"]} == {1}
    (table,) = b6.BENCHMARK.tables(section)
    assert {len(row) for row in table.rows} == {len(table.headings)}
    of_grade_1, *_, height = b6.BENCHMARK.targets
    report = {"consistency": section}
    assert of_grade_1.find(report, "shipped") == section["cells"][2]["grades"][0]["db"]
    assert height.find(report, "shipped") > 0.8


def test_labels_that_lack_are_named_and_the_page_says_what_trains_nothing(data: Path) -> None:
    (data / "dpmotion" / "labels" / f"{RECORD}.csv").unlink()
    run = Evaluation(data, ResultCache(data / "cache"), {}, with_filters=False)
    assert f"dpmotion/labels/{RECORD}.csv" in b6.BENCHMARK.missing(run)
    assert b6.BENCHMARK.run(run) is None
    assert "trains nothing" in b6.BENCHMARK.description
