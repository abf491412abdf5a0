"""B7: marks that are found count, late ones are late, and clean waves keep their height."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import wfdb

from ecgstream.model.data import splits
from ecgstream.model.data.splits import LUDB_TEST, TRAINING_RECORDS, VALIDATION_RECORDS
from ecgstream.model.evaluation.benchmarks import b7_delineation as b7
from ecgstream.model.evaluation.benchmarks.b7_delineation import Wave
from ecgstream.model.evaluation.methods import Signals
from ecgstream.streamer.ecg.noise import RECORDED
from ecgstream.streamer.io.records import RecordError, find_record

FS, SECONDS = 500, 10
LEADS = ("i", "ii")
R_PEAKS = np.arange(300, FS * SECONDS - 300, 400)
SHAPE = {"p": (-80, 0.15, 14), "N": (0, 1.0, 8), "t": (130, 0.3, 25)}
"""Place in samples after R, height in mV and width in samples, of a wave of that symbol."""
Q_AND_S = ((-18, -0.15, 7), (18, -0.25, 7))


def _signal() -> np.ndarray:
    t = np.arange(FS * SECONDS)
    parts = (*SHAPE.values(), *Q_AND_S)
    return np.sum(
        [h * np.exp(-(((t - r - at) / w) ** 2)) for r in R_PEAKS for at, h, w in parts], 0
    )


def _waves() -> list[Wave]:
    return [
        Wave(symbol, int(r + at - k * w), int(r + at), int(r + at + k * w))
        for r in R_PEAKS
        for symbol, (at, _, w) in SHAPE.items()
        for k in (4 if symbol == "N" else 2,)
    ]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "ludb" / "data"
    place.mkdir(parents=True)
    signals = np.stack([_signal(), 0.5 * _signal()], axis=1)
    wfdb.wrsamp("1", FS, ["mV"] * 2, list(LEADS), signals, fmt=["16"] * 2, write_dir=str(place))
    marks = [
        mark
        for wave in _waves()
        for mark in ((wave.onset, "("), (wave.peak, wave.symbol), (wave.offset, ")"))
    ]
    at, symbols = (np.array(part) for part in zip(*marks, strict=True))
    for lead in LEADS:
        wfdb.wrann("1", lead, at, symbols, write_dir=str(place))
    rng = np.random.default_rng(0)
    halves = {kind: rng.normal(size=(splits.NOISE_HALF, 2)) for kind in RECORDED}
    monkeypatch.setattr(b7, "noise_halves", lambda data, *, test: halves)
    return tmp_path


def unchanged(x: Signals) -> Signals:
    return x


def test_test_records_train_and_choose_nothing() -> None:
    names = {f"ludb/{name}" for name in LUDB_TEST}
    assert len(names) == 60
    assert not names & {*TRAINING_RECORDS, *VALIDATION_RECORDS}


def test_marks_of_a_lead_are_read_as_waves(data: Path) -> None:
    assert b7.lead_waves("1", "ii", data) == _waves()


def test_a_lead_without_marks_is_an_error_that_names_it(data: Path) -> None:
    with pytest.raises(RecordError, match="lead v1 of ludb/data/1"):
        b7.lead_waves("1", "v1", data)


def test_noise_has_its_level_in_every_lead(data: Path) -> None:
    clean = np.stack([_signal(), 0.5 * _signal()], axis=1)
    found = list(b7.cases("1", clean, data))
    assert len(found) == 1 + len(b7.NOISE_KINDS) * len(b7.LEVELS)
    for case in found[1:]:
        noise = case.noisy - clean
        level = 10 * np.log10(np.mean(clean**2, axis=0) / np.mean(noise**2, axis=0))
        assert level.tolist() == pytest.approx([case.level] * 2)
        assert abs(np.corrcoef(noise.T)[0, 1]) < 0.2  # leads have noise of their own


def test_errors_are_signed_and_what_is_too_far_is_not_found() -> None:
    marks, found = np.array([1000, 2000, 3000]), np.array([1010, 1995, 3076])
    assert b7.errors_ms(marks, found) == [20.0, -10.0]
    assert b7.errors_ms(marks, found[:0]) == b7.errors_ms(marks[:0], found) == []


def test_waves_of_a_clean_ecg_are_found_where_they_are() -> None:
    scored = b7.score_lead(_signal(), _waves())
    for boundary in ("P onset", "QRS offset", "T offset"):
        assert len(scored[boundary]["errors"]) == scored[boundary]["marks"] >= 7
        assert abs(np.mean(scored[boundary]["errors"])) < 60


@pytest.mark.parametrize("beats", [0, 1])
def test_a_lead_with_too_few_beats_has_no_waves(beats: int) -> None:
    found = b7.delineate(_signal(), R_PEAKS[:beats])
    assert set(found) == {boundary.name for boundary in b7.BOUNDARIES}


def test_heights_are_those_over_the_line_before_the_beat() -> None:
    found = b7.heights(_signal() + 5, _waves())
    for (_, height, _), name in zip(SHAPE.values(), ("P", "R", "T"), strict=True):
        np.testing.assert_allclose(found[name], height, atol=0.02)


def test_a_filter_at_360_hz_gets_its_signal_and_gives_it_back() -> None:
    x = np.stack([_signal(), -_signal()], axis=1).astype(np.float32)
    shapes = []

    def method(given: Signals) -> Signals:
        shapes.append(given.shape)
        return given

    np.testing.assert_allclose(b7.at_ludb_rate(method)(x), x, atol=0.01)
    assert shapes == [(3600, 2)]


def test_a_method_that_does_nothing_is_as_good_as_the_input(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(b7, "NOISE_KINDS", ("em",))
    monkeypatch.setattr(b7, "LEVELS", (12,))
    methods = {b7.NOISY_INPUT: unchanged, "half": lambda x: x / 2}
    rows = b7.run_record("1", data, methods)
    section = {"cells": b7.summary(rows), "heights": b7.height_summary(rows)}
    report = {"delineation": section}
    found, deviation, *_ = (t.find(report, b7.NOISY_INPUT) for t in b7.BENCHMARK.targets)
    assert found == deviation == 0
    half = {row["wave"]: row for row in section["heights"] if row["method"] == "half"}
    assert half["R"]["ratio"] == pytest.approx(0.5, abs=1e-4)
    assert half["R"]["change"] == pytest.approx(1000 * half["R"]["after"], rel=0.01)
    for table in b7.BENCHMARK.tables(section):
        assert {len(row) for row in table.rows} == {len(table.headings)}


def test_sensitivity_and_deviation_are_medians_over_leads() -> None:
    def row(record: str, errors: dict[str, list[float]]) -> dict[str, object]:
        leads = {
            lead: {b.name: {"marks": 4, "errors": e} for b in b7.BOUNDARIES}
            for lead, e in errors.items()
        }
        kind = {"kind": "em", "level": 0, "heights": {}}
        return {"record": record, "method": "m", "leads": leads, **kind}

    cell, *_ = b7.summary(
        [
            row("1", {"i": [1.0, 3.0], "ii": [0.0] * 4, "v1": [2.0]}),
            row("2", {"i": [5.0, 7.0], "ii": [8.0] * 4, "v1": []}),
        ]
    )
    assert (cell["marks"], cell["sensitivity"]) == (24, 50.0)
    assert cell["mean"] == 4.0  # of i and ii: one error alone has no deviation
    assert cell["sd"] == pytest.approx(np.mean([np.std([1, 3, 5, 7], ddof=1), 8 / np.sqrt(3.5)]))


def test_waves_of_a_person_are_found(databases: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if find_record("ludb/data/1", databases) is None:
        pytest.skip("takes LUDB: point ECG_DATA to a folder that has ludb/data")
    monkeypatch.setattr(b7, "LEVELS", ())  # clean alone
    rows = b7.run_record("1", databases, {b7.NOISY_INPUT: unchanged})
    clean = {c["boundary"]: c for c in b7.summary(rows) if c["level"] is None}
    assert all(cell["sensitivity"] > 80 for cell in clean.values())
    assert all(abs(cell["mean"]) < 40 for cell in clean.values())
