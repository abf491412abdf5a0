"""B6.4: beats that come out of nothing are found, flagged or not, and nothing else is."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ecgstream import Quality
from ecgstream.model.data.splits import NOISE_HALF
from ecgstream.model.evaluation.benchmarks import b6_invention as b6
from ecgstream.model.evaluation.benchmarks.b6_heart_rate import unchanged
from ecgstream.model.evaluation.methods import Signals
from ecgstream.streamer.denoiser import Denoised
from ecgstream.streamer.ecg.noise import RECORDED, Samples
from ecgstream.streamer.engine.normalization import Floats
from helpers.recordings import ecg, write_wfdb

FS = 360


@pytest.fixture
def halves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Made-up halves of NSTDB: white noise in place of each recorded kind."""
    rng = np.random.default_rng(0)
    made = {kind: rng.normal(1, 0.1, (NOISE_HALF, 2)) for kind in RECORDED}
    monkeypatch.setattr(b6, "noise_halves", lambda data, *, test: made)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A record of 90 seconds, beats every 0.8 s above a line of -0.1 mV."""
    write_wfdb(tmp_path / "mitdb", "100", ecg(90, FS, signals=1) - np.float32(0.1), FS)
    return tmp_path


def _bump(n: int, *places: int, width: float = 0.01, height: float = 0.3) -> Floats:
    t = np.arange(n) / FS
    bumps = [height * np.exp(-(((t - place / FS) / width) ** 2)) for place in places]
    return np.sum(bumps, axis=0).astype(np.float32)


def silent(x: Signals) -> Denoised:
    """Nothing comes out."""
    return unchanged(0 * x)


def inventing(x: Signals) -> Denoised:
    """A beat each second comes out, every other one flagged."""
    n = len(x)
    beats = _bump(n, *range(FS // 2, n, FS))
    quality = np.zeros(x.shape, np.uint8)
    quality[np.arange(n) // FS % 2 == 1] = Quality.UNCERTAIN
    return unchanged(np.tile(beats[:, None], x.shape[1]))._replace(quality=quality)


@pytest.mark.parametrize("case", b6.CASES, ids=lambda case: case.name)
@pytest.mark.usefixtures("halves")
def test_noise_has_its_rms_and_no_mean(case: b6.Case) -> None:
    noise = b6.noise_of(case, "103", 1, Path(), 60 * FS, test=True)
    assert noise.std() == pytest.approx(case.rms)
    assert abs(noise.mean()) < 1e-9


def test_a_beat_is_one_peak_and_slow_or_small_waves_are_none() -> None:
    n = 5 * FS
    assert b6.peaks(_bump(n, 500, 900)).tolist() == [500, 900]
    assert b6.peaks(-_bump(n, 500)).tolist() == [500]
    biphasic = _bump(n, 500) - _bump(n, 515)
    assert len(b6.peaks(biphasic)) == 1
    assert len(b6.peaks(_bump(n, 500, height=0.14))) == 0
    assert len(b6.peaks(_bump(n, 500, width=0.2))) == 0
    assert len(b6.peaks(np.zeros(n))) == 0
    step = np.repeat([0.0, 1.0, 0.0], n // 3)
    assert len(b6.peaks(step)) == 0


def test_a_pause_is_ten_seconds_of_the_isoelectric_line_without_steps() -> None:
    clean: Samples = ecg(30, FS, signals=1, seed=3)[:, 0].astype(float) - 0.1
    paused, pause = b6.with_pause(clean)
    assert pause.stop - pause.start == 10 * FS
    assert 10 * FS <= pause.start < 15 * FS
    assert np.ptp(paused[pause]) == 0
    assert paused[pause.start] == pytest.approx(np.median(clean))
    outside = np.ones(len(clean), bool)
    outside[pause] = False
    np.testing.assert_array_equal(paused[outside], clean[outside])
    for edge in (pause.start, pause.stop):
        assert np.abs(np.diff(paused[edge - 5 : edge + 5])).max() < 0.3


def test_figures_are_those_of_the_scored_samples_without_their_offset() -> None:
    n = 20 * FS
    x = np.zeros(n, np.float32)
    scored = slice(5 * FS, 15 * FS)
    x[scored] = np.tile(np.array([1, 3], np.float32), 5 * FS)
    y = _bump(n, 1000, 7 * FS, 9 * FS) + np.float32(2)
    quality = np.zeros(n, np.uint8)
    quality[6 * FS : 8 * FS] = Quality.UNCERTAIN
    quality[:FS] = Quality.SETTLING
    quality[14 * FS : 16 * FS] = Quality.SETTLING
    found = b6.score(x, y, quality, scored)
    assert (found["seconds"], found["input"]) == (10, pytest.approx(1))
    assert (found["peaks"], found["unflagged"]) == (2, 1)
    assert found["flagged"] == pytest.approx(0.3)
    assert found["uncertain"] == pytest.approx(0.2)
    assert found["output"] == pytest.approx(y[scored].std(), rel=1e-5)


@pytest.mark.usefixtures("halves")
def test_beats_invented_without_a_heart_are_counted_by_minute() -> None:
    methods = {"silent": silent, "inventing": inventing, "unchanged": unchanged}
    rows = [row for case in b6.CASES for row in b6.run_without_heart(case, Path(), methods)]
    assert json.loads(json.dumps(rows)) == rows
    assert len(rows) == len(methods) * (1 + b6.STRETCHES * (len(b6.CASES) - 1))
    cells = {(cell["case"], cell["method"]): cell for cell in b6.summary(rows)}
    for case in b6.CASES:
        nothing, invented = cells[case.name, "silent"], cells[case.name, "inventing"]
        assert nothing["peaks"] == nothing["output"] == 0
        assert (invented["peaks"], invented["unflagged"], invented["worst"]) == (60, 30, 30)
        assert invented["flagged"] == invented["uncertain"] == pytest.approx(50)
    assert cells["nothing", "inventing"]["ratio"] is None
    assert cells["em, 1 mV", "unchanged"]["ratio"] == pytest.approx(1)
    assert cells["em, 1 mV", "unchanged"]["peaks"] > 400
    assert cells["white, 0.1 mV", "unchanged"]["ratio"] == pytest.approx(1)


@pytest.mark.usefixtures("halves")
def test_beats_invented_in_a_pause_are_counted_and_those_around_it_are_not(data: Path) -> None:
    methods = {"unchanged": unchanged, "inventing": inventing}
    rows = b6.run_record("100", data, methods)
    assert json.loads(json.dumps(rows)) == rows
    cells = {(cell["case"], cell["method"]): cell for cell in b6.summary(rows)}
    assert cells["nothing", "unchanged"]["peaks"] == 0
    assert cells["nothing", "unchanged"]["ratio"] is None
    assert cells["nothing", "inventing"]["peaks"] == 60
    assert 24 <= cells["nothing", "inventing"]["unflagged"] <= 36
    assert cells["nothing", "inventing"]["worst_unit"] == "100"
    assert cells["ma, 0.3 mV", "unchanged"]["ratio"] == pytest.approx(1)
    section = {"cells": b6.summary(rows), "rows": rows}
    (table,) = b6.BENCHMARK.tables(section)
    assert len(table.rows) == len(b6.CASES)
    _, asystole = b6.BENCHMARK.targets
    worst = max(c["unflagged"] for (_, method), c in cells.items() if method == "inventing")
    assert asystole.find({"invention": section}, "inventing") == worst


def test_pauses_in_a_record_of_mit_bih_hold_no_peak(databases: Path) -> None:
    rows = b6.run_record("114", databases, {"given": unchanged}, test=False)
    cells = {cell["case"]: cell for cell in b6.summary(rows)}
    assert list(cells) == [case.name for case in b6.CASES]
    assert cells["nothing"]["peaks"] == 0
    assert cells["ma, 1 mV"]["peaks"] > 100
