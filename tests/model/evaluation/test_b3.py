"""B3: noise by the rules of WFDB's nst, and detections counted as they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgstream.model.data.splits import NOISE_HALF
from ecgstream.model.evaluation.benchmarks import b3_beat_detection
from ecgstream.streamer.io.records import Annotations, Record, RecordError, read_record

_MINUTE = 21_600


def _record(minutes: int = 12, symbol: str = "N") -> Record:
    """Triangular beats of 2 mV, one each second, and a PVC of 9 mV in between now and then."""
    n = minutes * _MINUTE
    normal = np.arange(180, n, 360)
    other = np.arange(360, n, 3600)
    signal = np.zeros(n)
    for places, height in ((normal, 2.0), (other, 9.0)):
        for k in range(-10, 11):
            signal[places + k] += height * (1 - abs(k) / 10)
    marks = sorted([(p, symbol) for p in normal] + [(p, "V") for p in other] + [(5, "+")])
    at, symbols = zip(*marks, strict=True)
    annotations = Annotations(np.array(at), list(symbols), [""] * len(at))
    return Record("118", signal[:, None].astype(np.float32), 360.0, ("MLII",), (), annotations)


def _noise(n: int) -> np.ndarray:
    return 0.3 * np.random.default_rng(0).normal(size=n) + 5


def _write(record: Record, folder: Path) -> None:
    """The record as mitdb/118, and noise records of a quarter of an hour, as people have them."""
    import wfdb

    for name in ("mitdb", "nstdb"):
        (folder / name).mkdir(parents=True)
    form = {"fs": 360, "units": ["mV"] * 2, "fmt": ["16"] * 2, "adc_gain": [2000.0] * 2}
    signals = np.repeat(record.signals.astype(float), 2, axis=1)
    names = {"sig_name": ["MLII", "V1"], "baseline": [0, 0]}
    wfdb.wrsamp("118", **form, **names, p_signal=signals, write_dir=str(folder / "mitdb"))
    assert record.annotations is not None
    marks = (record.annotations.sample, record.annotations.symbol)
    wfdb.wrann("118", "atr", *marks, write_dir=str(folder / "mitdb"))
    noise = np.stack([_noise(NOISE_HALF) - 5] * 2, axis=1)
    for kind in ("bw", "em", "ma"):
        wfdb.wrsamp(kind, **form, **names, p_signal=noise, write_dir=str(folder / "nstdb"))


@pytest.mark.parametrize("level", b3_beat_detection.LEVELS)
@pytest.mark.parametrize("symbol", ["N", "R"])
def test_noise_has_the_level_that_nst_defines(level: int, symbol: str) -> None:
    record, noise = _record(symbol=symbol), _noise(6 * _MINUTE)
    added = b3_beat_detection.stress(record, noise, level) - record.signal(0)
    # As nst has it: RMS of the noise over the height of normal beats.
    rms = added[5 * _MINUTE : 6 * _MINUTE].reshape(60, 360).std(axis=1).mean()
    assert rms / 2.0 == pytest.approx(10 ** (-level / 20) * np.sqrt(2) / 4, rel=0.01)


def test_clean_minutes_hold_the_last_value_of_the_noise() -> None:
    record, noise = _record(), _noise(6 * _MINUTE)
    added = b3_beat_detection.stress(record, noise, 0) - record.signal(0)
    by_minute = added.reshape(-1, _MINUTE)
    assert not by_minute[:5].any()
    varies = by_minute.std(axis=1) > 1e-6
    assert np.flatnonzero(varies).tolist() == [5, 6, 9, 10]
    np.testing.assert_allclose(by_minute[7:9], by_minute[6, -1], atol=1e-9)
    assert by_minute[5, 0] == 0


def test_noise_pauses_in_the_clean_minutes() -> None:
    record, noise = _record(), _noise(6 * _MINUTE)
    added = b3_beat_detection.stress(record, noise, 0) - record.signal(0)
    heard = added[b3_beat_detection.noisy_minutes(len(added))]
    gain = heard.std() / noise[: len(heard)].std()
    np.testing.assert_allclose(heard, gain * (noise[: len(heard)] - noise[0]), atol=1e-5)


def test_half_an_hour_hears_unseen_noise_only() -> None:
    assert b3_beat_detection.noisy_minutes(650_000).sum() <= NOISE_HALF


def test_too_little_noise_is_an_error() -> None:
    with pytest.raises(ValueError, match="86400 samples of noise are needed, there are 100"):
        b3_beat_detection.stress(_record(), np.zeros(100), 0)


def test_a_signal_without_normal_beats_is_an_error() -> None:
    with pytest.raises(ValueError, match="no normal beat"):
        b3_beat_detection.stress(_record(symbol="V"), _noise(6 * _MINUTE), 0)


def test_a_record_without_annotations_is_an_error() -> None:
    record = Record("118", np.zeros((10, 1), np.float32), 360.0, ("MLII",))
    with pytest.raises(RecordError, match=r"118 has no annotations.*\.atr"):
        b3_beat_detection.beats(record)


def test_one_detection_finds_one_beat_within_150_ms() -> None:
    scored = np.ones(10_000, bool)
    beats = np.array([1000, 2000, 2030, 3000, 4000])
    # Just in reach; one between two beats; twice the same; just out of reach.
    detected = np.array([1054, 2010, 2990, 3010, 4055])
    assert b3_beat_detection.count(beats, detected, scored) == {"tp": 3, "fn": 2, "fp": 2}


def test_beats_count_where_they_are_annotated() -> None:
    scored = np.zeros(1000, bool)
    scored[300:600] = True
    beats = np.array([100, 310, 590, 900])
    assert b3_beat_detection.count(beats, np.array([295, 605, 700]), scored) == {
        "tp": 2,
        "fn": 0,
        "fp": 0,
    }
    assert b3_beat_detection.count(beats, np.array([450, 595]), scored) == {
        "tp": 1,
        "fn": 1,
        "fp": 1,
    }
    assert b3_beat_detection.count(beats, np.array([], np.int64), scored) == {
        "tp": 0,
        "fn": 2,
        "fp": 0,
    }


@given(st.lists(st.integers(20, 900), min_size=1, max_size=40))
def test_perfect_detection_has_no_error(distances: list[int]) -> None:
    beats = np.cumsum(distances)
    counts = b3_beat_detection.count(beats, beats, np.ones(beats[-1] + 1, bool))
    assert counts == {"tp": len(beats), "fn": 0, "fp": 0}


def test_every_method_level_and_detector_has_its_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = _record(minutes=8)
    _write(record, tmp_path)
    truth = b3_beat_detection.beats(record)

    def some(x: np.ndarray) -> np.ndarray:  # what it finds tells signals apart
        return truth[::2] if x.std() < 0.1 else truth

    found: dict[str, Callable[[np.ndarray], np.ndarray]] = {"perfect": lambda _: truth}
    monkeypatch.setattr(b3_beat_detection, "detectors", lambda: found | {"some": some})
    methods = {b3_beat_detection.RAW: b3_beat_detection.raw, "nothing left": lambda x: x * 0}
    rows = b3_beat_detection.run_record("118", tmp_path, methods, (12, 0))
    assert json.loads(json.dumps(rows)) == rows
    cells = {(c["method"], c["level"], c["detector"]): c for c in b3_beat_detection.summary(rows)}
    assert len(cells) == 8
    noisy = int(b3_beat_detection.noisy_minutes(8 * _MINUTE)[truth].sum())
    perfect = cells["raw", 0, "perfect"]
    assert (perfect["tp"], perfect["fn"], perfect["fp"]) == (noisy, 0, 0)
    assert (perfect["se"], perfect["ppv"], perfect["f1"]) == (100, 100, 100)
    assert cells["nothing left", 12, "some"]["se"] == pytest.approx(50, abs=1)
    # Alone, a piece is what it is among others: callers keep pieces.
    assert b3_beat_detection.run_record(
        "118", tmp_path, {b3_beat_detection.RAW: b3_beat_detection.raw}, (0,)
    ) == [row for row in rows if (row["method"], row["level"]) == (b3_beat_detection.RAW, 0)]
    lost = {
        (c["method"], c["detector"]): c
        for c in b3_beat_detection.lost_sensitivity(list(cells.values()))
    }
    assert lost["nothing left", "some"]["points"] == pytest.approx(50, abs=1)
    assert lost["nothing left", "perfect"] == {
        "method": "nothing left",
        "level": 12,
        "detector": "perfect",
        "points": 0,
    }
    assert len(lost) == 2


def test_summary_is_gross_over_the_records() -> None:
    shared = {"method": "m", "level": 0, "detector": "d"}
    rows = [
        {"record": "118", **shared, "tp": 90, "fn": 10, "fp": 0},
        {"record": "119", **shared, "tp": 10, "fn": 0, "fp": 40},
    ]
    (cell,) = b3_beat_detection.summary(rows)
    assert cell["se"] == pytest.approx(100 * 100 / 110)
    assert cell["ppv"] == pytest.approx(100 * 100 / 140)
    assert cell["f1"] == pytest.approx(200 * 100 / 250)


def test_both_detectors_find_the_beats_of_a_real_record_in_little_noise(databases: Path) -> None:
    rows = b3_beat_detection.run_record(
        "118", databases, {b3_beat_detection.RAW: b3_beat_detection.raw}, (24,)
    )
    cells = {cell["detector"]: cell for cell in b3_beat_detection.summary(rows)}
    assert set(cells) == {"xqrs", "gqrs"}
    minutes = b3_beat_detection.beats(read_record("mitdb/118", databases)) / _MINUTE
    noisy = sum(np.sum((minutes >= m) & (minutes < m + 2)) for m in (5, 9, 13, 17, 21, 25, 29))
    for cell in cells.values():
        assert cell["tp"] + cell["fn"] == noisy
        assert cell["se"] > 99
        assert cell["ppv"] > 90
