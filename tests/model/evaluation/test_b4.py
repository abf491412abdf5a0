"""B4: harm done to beats is found, and none where there is none."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import wfdb

from ecgstream.model.data.splits import TRAINING_RECORDS
from ecgstream.model.evaluation.benchmarks import b4_fidelity
from ecgstream.model.evaluation.benchmarks.b3_beat_detection import beats
from ecgstream.model.evaluation.methods import Signals
from ecgstream.streamer.io.records import RecordError, read_record


def _beats(n: int, fs: float) -> tuple[np.ndarray, np.ndarray]:
    """Narrow positive and negative beats by turns, (n,) mV, and their places."""
    places = np.arange(round(fs / 2), n - round(fs), round(0.8 * fs))
    t = np.arange(n) / fs
    signs = np.where(np.arange(len(places)) % 2, -1, 1)
    waves = signs[:, None] * np.exp(-(((t - places[:, None] / fs) / 0.012) ** 2))
    return waves.sum(axis=0), places


def _same(x: Signals) -> Signals:
    return x


def _late(x: Signals) -> Signals:
    return np.roll(x, 2, axis=0)


def _lower(x: Signals) -> Signals:
    return 0.9 * x


@pytest.fixture
def qtdb(tmp_path: Path) -> Path:
    """A QTDB record of two minutes, beats number 30 to 59 marked, a few samples off."""
    folder = tmp_path / "qtdb"
    folder.mkdir()
    signal, places = _beats(30_000, 250)
    wfdb.wrsamp(
        "sel00",
        fs=250,
        units=["mV"],
        sig_name=["ECG1"],
        fmt=["16"],
        adc_gain=[2000.0],
        baseline=[0],
        p_signal=signal[:, None],
        write_dir=str(folder),
    )
    marked = places[30:60] + 2
    samples = np.sort(np.concatenate([marked - 10, marked, marked + 10]))
    wfdb.wrann("sel00", "qc", samples, ["(", "N", ")"] * 30, write_dir=str(folder))
    (folder / "sel00.qc").rename(folder / "sel00.q1c")  # it writes no name with a digit
    return tmp_path


def test_a_method_that_changes_nothing_does_no_harm() -> None:
    clean, places = _beats(7200, 360)
    found = b4_fidelity.compare_beats(clean, clean, places + 3)
    assert found["shift"] == [0] * len(places)
    assert found["st"] == [0] * len(places)
    assert found["amplitude"] == [1] * len(places)


def test_a_late_peak_is_late_by_its_samples() -> None:
    clean, places = _beats(7200, 360)
    for samples in (-3, 2):
        found = b4_fidelity.compare_beats(clean, np.roll(clean, samples), places)
        assert found["shift"] == [samples] * len(places)


def test_what_is_added_to_the_st_segment_is_found() -> None:
    clean, places = _beats(7200, 360)
    raised = clean.copy()
    for place in places:
        raised[place + 20 : place + 60] += 0.05
    found = b4_fidelity.compare_beats(clean, raised, places)
    np.testing.assert_allclose(found["st"], 50)
    np.testing.assert_allclose(
        b4_fidelity.compare_beats(clean, clean + 0.05, places)["st"], 0, atol=1e-9
    )


def test_beats_of_b2_that_keep_their_shape_are_unharmed(databases: Path) -> None:
    methods = {"same": _same, "late": _late, "lower": _lower}
    rows = b4_fidelity.run_record("100", databases, methods)
    assert json.loads(json.dumps(rows)) == rows
    assert [row["stretch"] for row in rows if row["method"] == "same"] == [0, 1, 2]
    same, late, lower = b4_fidelity.summary(rows)
    seconds = beats(read_record("mitdb/100", databases)) / 360
    inside = sum(np.sum((seconds >= s) & (seconds < s + 10)) for s in (60, 660, 1260))
    assert same["beats"] == late["beats"] == lower["beats"] == inside
    assert same["shift_within_1"] == 100
    assert same["st_p95"] == pytest.approx(0, abs=0.01)
    assert same["db_mean"] > 100
    assert late["shift_within_1"] == 0
    assert {shift for row in rows if row["method"] == "late" for shift in row["shift"]} == {2}
    assert lower["amplitude_median"] == pytest.approx(0.9, abs=1e-5)
    assert lower["db_mean"] == pytest.approx(20, abs=1e-3)


def test_the_beats_that_the_expert_marked_are_compared(qtdb: Path) -> None:
    rows = b4_fidelity.run_qtdb_record("sel00", qtdb, {"same": _same, "late": _late})
    assert json.loads(json.dumps(rows)) == rows
    same, late = rows
    assert len(same["shift"]) == 30
    assert same["shift"] == [0] * 30
    assert late["shift"] == [2] * 30
    first = b4_fidelity.expert_marks("sel00", qtdb)[0]
    assert first == round((125 + 30 * 200 + 2) * 360 / 250)


def test_damage_outside_the_marked_beats_does_not_count(qtdb: Path) -> None:
    def late_to_settle(x: Signals) -> Signals:
        y = x.copy()
        y[: 7 * 360] = 5
        return y

    (row,) = b4_fidelity.run_qtdb_record("sel00", qtdb, {"m": late_to_settle})
    assert row["db"] > 100


@pytest.mark.parametrize("damage", ["absent", "cut"])
def test_marks_that_cannot_be_read_are_an_error(qtdb: Path, damage: str) -> None:
    marks = qtdb / "qtdb" / "sel00.q1c"
    if damage == "absent":
        marks.unlink()
    else:
        marks.write_bytes(b"")
    with pytest.raises(RecordError, match=r"\.q1c file.*qtdb/sel00|qtdb/sel00.*\.q1c file"):
        b4_fidelity.run_qtdb_record("sel00", qtdb, {"same": _same})


def test_no_scored_record_of_qtdb_was_trained_on() -> None:
    assert not {f"qtdb/{name}" for name in b4_fidelity.QTDB_RECORDS} & set(TRAINING_RECORDS)


def test_summary_counts_beats_and_names_the_worst_record() -> None:
    rows = [
        {
            "record": record,
            "method": "m",
            "stretch": 0,
            "db": db,
            "shift": shift,
            "st": [-30.0, 10.0],
            "amplitude": [0.8, 1.0],
        }
        for record, db, shift in (("a", 20.0, [0, -1]), ("b", 10.0, [1, -2]))
    ]
    (row,) = b4_fidelity.summary(rows)
    assert row["beats"] == 4
    assert row["shift_within_1"] == 75
    assert row["st_median"] == 20
    assert row["st_p95"] == 30
    assert row["amplitude_median"] == pytest.approx(0.9)
    assert (row["db_mean"], row["worst_record"], row["worst_db"]) == (15, "b", 10)


def test_a_pulse_that_passes_unchanged_leaves_nothing() -> None:
    assert set(b4_fidelity.pulse(_same).values()) == {0}


def test_what_a_pulse_leaves_behind_is_measured() -> None:
    def slow(x: Signals) -> Signals:
        """The output falls by 1 mV/s from 0.4 mV on, once the pulse is over."""
        after = np.flatnonzero(x[:, 0])[-1] + 1
        y = x.copy()
        y[after:, 0] = 0.4 - np.arange(len(y) - after) / 360
        return y

    found = b4_fidelity.pulse(slow)
    assert found["offset"] == pytest.approx(0.4)
    assert found["later_offset"] == pytest.approx(0.3)
    assert found["slope"] == pytest.approx(1)
    assert found["later_slope"] == pytest.approx(1)
