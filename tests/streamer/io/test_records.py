"""Records: the bundled ones out of the box, any WFDB record by name or path."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import wfdb
from hypothesis import given
from hypothesis import strategies as st

from ecgstream.streamer.ecg.metrics import reference, snr
from ecgstream.streamer.io.annotation_file import read_annotations
from ecgstream.streamer.io.records import (
    ASSETS,
    RecordError,
    find_record,
    read_record,
    require_data,
)


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


def test_a_record_without_an_ecg_says_what_it_has(tmp_path: Path) -> None:
    wfdb.wrsamp("r", 360, ["mmHg"], ["ABP"], np.ones((999, 1)), fmt=["16"], write_dir=str(tmp_path))
    with pytest.raises(RecordError, match=r"holds no ECG: ABP \(mmHg is no voltage\)"):
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


def test_snr_follows_its_definition() -> None:
    t = np.arange(3600)
    clean, error = np.sin(2 * np.pi * t / 36), 0.1 * np.sin(2 * np.pi * t / 9)
    assert snr(clean, clean + error) == pytest.approx(20, abs=1e-6)
    assert snr(clean, clean + 5) > 250  # an offset is no error, only rounding is left


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A sound record of 100 samples, without suffix, in a folder of its own; a secret beside it."""
    folder = tmp_path / "records"
    folder.mkdir()
    (folder / "r.hea").write_text("r 1 360 100\nr.dat 16 200/mV 16 0 0 0 0 II\n")
    np.arange(100, dtype="<i2").tofile(folder / "r.dat")
    np.full(100, 4242, "<i2").tofile(tmp_path / "secret.dat")
    return folder / "r"


def refusal_of(record: Path) -> str:
    with pytest.raises(RecordError) as refused:
        read_record(str(record))
    return str(refused.value)


@pytest.mark.parametrize(
    "file",
    ["../secret.dat", "/etc/passwd", "~/x.dat", "s3://bucket/r.dat", "http://localhost:9/r.dat",
     "memory://r.dat", "file:///etc/passwd", "simplecache::file:///etc/passwd", "sub/r.dat"],
)  # fmt: skip
def test_a_header_cannot_name_a_file_elsewhere(file: str, written: Path) -> None:
    written.with_suffix(".hea").write_text(f"r 1 360 100\n{file} 16 200/mV\n")
    assert "a line that is not of WFDB's form" in refusal_of(written)


@pytest.mark.parametrize("suffix", [".hea", ".dat", ".atr"])
def test_a_link_that_leads_out_of_the_folder_is_not_followed(suffix: str, written: Path) -> None:
    file = written.with_suffix(suffix)
    outside = written.parents[1] / f"outside{suffix}"
    if file.exists():
        file.rename(outside)
    else:
        outside.write_bytes(b"")
    file.symlink_to(outside)
    assert f"r{suffix} is a link that leads out of" in refusal_of(written)
    assert len(read_record(str(written), written.parents[1]).signals) == 100  # within --data


@pytest.mark.parametrize("suffix", [".hea", ".dat", ".atr"])
def test_a_pipe_is_no_file_of_a_record(suffix: str, written: Path) -> None:
    written.with_suffix(suffix).unlink(missing_ok=True)
    os.mkfifo(written.with_suffix(suffix))
    assert f"there is no file r{suffix}" in refusal_of(written) or suffix == ".hea"


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("r 1 360 1000000000000\nr.dat 16 200/mV\n", "announces 1000000000000 samples"),
        ("r 999999999 360 10\nr.dat 16 200/mV\n", "announces 999999999 signals"),
        ("r 2 360 10\nr.dat 16 200/mV\n", "announces 2 signals and describes 1"),
        ("r 1 360 101\nr.dat 16 200/mV\n", "cut short: its header announces 101 samples, it has"),
        ("r 1 360 10\nr.dat 16x99999999999 200/mV\n", "samples per frame"),
        ("r 1 360 10\nr.dat 16:268435000 200/mV\n", "a skew beyond the end"),
        ("r 1 0 10\nr.dat 16 200/mV\n", "a rate of 0 Hz"),
        ("r 1 -360 10\nr.dat 16 200/mV\n", "not of WFDB's form"),
        ("r 1 nan 10\nr.dat 16 200/mV\n", "not of WFDB's form"),
        ("r 1 360 10\nr.dat 16 nan/mV\n", "not of WFDB's form"),
        ("r 1 360 10\nr.dat 16 1e999/mV\n", "a gain of 1e999"),
        ("r 1 360 10\nr.dat 999 200/mV\n", "names a format 999; known are 8, 16"),
        ("r 1 360 10\nr.dat 16 200/µV\n", "a unit that is not in ASCII, write uV"),
        ("r 1 360 10\nr.dat 516 200/mV\n", "not a FLAC file"),
        ("r/1 1 360 10\nr 10\n", "a segment of it has segments of its own"),
        ("r/1 1 360 10\n../r 10\n", "not of WFDB's form"),
        ("r/2 1 360 10\ns 10\n", "announces 2 segments and names 1"),
        ("r/1 1 360 1000000000000\n~ 1000000000000\n", "announces 1000000000000 samples"),
        ("\n# nothing\n", "header is empty"),
        ("r 1 360 10 " + "x" * 2000, "a line of more than 1000 characters"),
        ("#" + "x" * (1 << 20), "larger than 1 MB"),
    ],
)
def test_a_header_that_asks_for_too_much_or_lies_is_refused(
    lines: str, words: str, written: Path
) -> None:
    written.with_suffix(".hea").write_text(lines)
    assert words in refusal_of(written)


@pytest.mark.parametrize("name", ["r\0", "x" * 5000, "", "~nobody/r", "*", "\udcff", "../208b"])
def test_an_invalid_record_name_is_refused(name: str) -> None:
    with pytest.raises(RecordError, match=r"no record|no data folder"):
        read_record(name)


def test_annotations_that_wfdb_would_read_for_ever_are_read(written: Path) -> None:
    resolution = b"## time resolution: 360\0"
    note = np.array([22 << 10, 63 << 10 | 23], "<u2").tobytes() + resolution
    beat = np.array([1 << 10 | 7, 0], "<u2").tobytes()
    written.with_suffix(".atr").write_bytes(note + note + beat)
    annotations = read_record(str(written)).annotations
    assert annotations is not None
    assert (annotations.sample.tolist(), annotations.symbol) == ([7], ["N"])


@given(content=st.binary(max_size=200))
def test_annotations_of_any_bytes_are_read_or_refused(
    content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.atr"
    path.write_bytes(content)
    try:
        sample, symbol, notes = read_annotations(path)
    except ValueError as error:
        assert "any.atr" in str(error)
    else:
        assert len(sample) == len(symbol) == len(notes)
        assert (np.diff(sample) >= 0).all() and "" not in symbol


def test_annotations_are_those_that_wfdb_reads(databases: Path) -> None:
    files = sorted(databases.glob("*/*.atr"))
    assert files
    for file in files:
        expected = wfdb.rdann(str(file.with_suffix("")), "atr")
        sample, symbol, notes = read_annotations(file)
        np.testing.assert_array_equal(sample, expected.sample)
        assert symbol == list(expected.symbol)
        assert notes == [note.rstrip("\0") for note in expected.aux_note]


def test_words_of_a_header_cannot_command_a_terminal(written: Path) -> None:
    with written.with_suffix(".hea").open("a") as header:
        header.write("# \x1b[2Jgone\n")
    assert read_record(str(written)).comments == ("[2Jgone",)


def test_warnings_of_wfdb_stay_inside(written: Path) -> None:
    written.with_suffix(".hea").write_text("r 1 360 10\nr.dat 16 1e-320/mV\n")
    signals = read_record(str(written)).signals
    assert signals[0] == 0 and np.isnan(signals[1:]).all()


_CASES = Path(__file__).parents[2] / "cases"


@pytest.mark.parametrize(
    ("name", "fs", "leads", "left_out"),
    [
        ("edf-offset-range/in.edf", 250, ("ECG",), ()),
        ("wfdb-ecg-plus-pleth/r", 360, ("II",), ("PLETH (NU is no voltage)",)),
        ("wfdb-degree-other-channel/r", 360, ("ECG",), ("Temp (C is no voltage)",)),
        ("wfdb-frames-125x4-mV/r", 500, ("II",), ("V (125 Hz, others have 500 Hz)",)),
        ("wfdb-hea-name-mismatch/r", 360, ("I", "II"), ()),
    ],
)
def test_the_ecgs_are_read_of_what_denoise_reads_and_the_rest_is_named(
    name: str, fs: float, leads: tuple[str, ...], left_out: tuple[str, ...]
) -> None:
    record = read_record(str(_CASES / name))
    assert (record.fs, record.leads) == (fs, leads)
    for signal in left_out:
        assert any(text.startswith(signal) for text in record.left_out)
    assert np.ptp(record.signal(0)) > 1.2


def test_the_signal_of_a_frame_of_several_samples_has_its_own_rate() -> None:
    record = read_record(str(_CASES / "wfdb-frames-125x4-mV" / "r"))
    wanted = wfdb.rdrecord(str(_CASES / "wfdb-frames-125x4-mV" / "r"), smooth_frames=False)
    np.testing.assert_allclose(record.signal(0), wanted.e_p_signal[0], atol=1e-6)


def test_a_file_whose_rate_is_not_known_is_refused_with_the_command_that_takes_one() -> None:
    with pytest.raises(RecordError, match=r"give --fs.*\(options of ecgstream denoise\)"):
        read_record(str(_CASES / "csv-lead-I-first" / "in.csv"))


def test_a_file_under_the_data_folder_goes_by_its_name() -> None:
    record = read_record("in.edf", _CASES / "edf-offset-range")
    assert record.name == "in" and record.leads == ("ECG",)
