"""Records: the bundled ones out of the box, any WFDB record by name or path."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import wfdb

from streamer.metrics import reference, snr
from streamer.qrs import heart_rate, r_peaks
from streamer.records import ASSETS, RecordError, find_record, read_record, require_data


def test_bundled_record_is_five_minutes_of_208() -> None:
    record = read_record("208")
    assert (record.name, record.fs, record.leads) == ("208b", 360.0, ("MLII",))
    assert record.signals.shape == (108_000, 1)
    assert record.signals.dtype == np.float32


def test_bundled_record_equals_its_source(databases: Path) -> None:
    whole = read_record("mitdb/208", databases)
    np.testing.assert_array_equal(read_record("208b").signal(0), whole.signal(0)[422_820:530_820])


def test_a_name_means_the_same_with_and_without_its_database(databases: Path) -> None:
    assert find_record("100", databases) == find_record("mitdb/100", databases)
    record = read_record("100", databases)
    assert record.leads == ("MLII", "V5")
    assert record.annotations is not None
    assert len(record.annotations.sample) == len(record.annotations.symbol)


def test_a_damaged_header_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.hea").write_text("bad two\nnonsense\n")
    with pytest.raises(RecordError, match="bad cannot be read"):
        read_record(str(tmp_path / "bad"))


def test_a_header_without_its_signal_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "bare.hea").write_text("bare 1 360 1000\nbare.dat 16 200 16 0 0 0 0 II\n")
    with pytest.raises(RecordError, match="bare cannot be read"):
        read_record(str(tmp_path / "bare"))


def test_what_takes_databases_says_how_to_get_them() -> None:
    with pytest.raises(RecordError, match="ecgstream records download mitdb nstdb"):
        require_data()


@pytest.mark.parametrize(("unit", "factor"), [("mV", 1.0), ("uV", 1000.0), ("V", 1e-3)])
def test_signals_come_in_millivolts_whatever_the_header_says(
    unit: str, factor: float, tmp_path: Path
) -> None:
    millivolts = np.sin(np.arange(3600) / 30)[:, None]
    wfdb.wrsamp("r", 360, [unit], ["II"], millivolts * factor, fmt=["16"], write_dir=str(tmp_path))
    np.testing.assert_allclose(read_record(str(tmp_path / "r")).signals, millivolts, atol=2e-3)


def test_what_is_no_voltage_is_refused(tmp_path: Path) -> None:
    wfdb.wrsamp("r", 360, ["mmHg"], ["ABP"], np.ones((999, 1)), fmt=["16"], write_dir=str(tmp_path))
    with pytest.raises(RecordError, match="is in mmHg; an ECG is in mV, uV or V"):
        read_record(str(tmp_path / "r"))


def test_a_signal_without_a_name_gets_its_number(tmp_path: Path) -> None:
    (tmp_path / "r.hea").write_text("r 1 360 1000\nr.dat 16 200 16 0 0 0 0\n")
    np.zeros(1000, "<i2").tofile(tmp_path / "r.dat")
    assert read_record(str(tmp_path / "r")).leads == ("signal 0",)


def test_the_path_of_one_of_its_files_names_the_record() -> None:
    path = ASSETS / "208b.hea"
    assert read_record(str(path)).name == read_record(str(path)[:-4]).name == "208b"


def test_reference_has_no_baseline_and_keeps_the_beats() -> None:
    t = np.arange(36_000) / 360
    beats = np.exp(-(((t % 0.8) - 0.4) ** 2) / 0.0004)
    wandering = beats + 0.8 * np.sin(2 * np.pi * 0.15 * t)
    assert snr(beats, wandering) < -5
    assert snr(beats, reference(wandering)) > 10


def test_snr_is_what_the_textbook_says() -> None:
    t = np.arange(3600)
    clean, error = np.sin(2 * np.pi * t / 36), 0.1 * np.sin(2 * np.pi * t / 9)
    assert snr(clean, clean + error) == pytest.approx(20, abs=1e-6)
    assert snr(clean, clean + 5) > 250  # an offset is no error, only rounding is left


def test_heart_rate_of_the_test_records_is_near_the_annotations(databases: Path) -> None:
    for name in ("100", "103", "117", "122", "234"):
        if find_record(f"mitdb/{name}", databases) is None:
            pytest.skip(f"record {name} is not in the data folder")
        record = read_record(f"mitdb/{name}", databases)
        assert record.annotations is not None
        part = slice(36_000, 36_000 + 3600)
        beats = record.annotations.sample[
            (record.annotations.sample >= part.start) & (record.annotations.sample < part.stop)
        ]
        expected = 60 * 360 / np.median(np.diff(beats))
        measured = heart_rate(r_peaks(reference(record.signal(0))[part], 360), 360)
        assert measured == pytest.approx(expected, abs=max(5, 0.05 * expected))
