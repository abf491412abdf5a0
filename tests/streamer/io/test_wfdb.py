"""WFDB records keep what they say, and sample k of the output is sample k of the input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgstream import Quality
from ecgstream.streamer.io.annotation_file import read_annotations
from ecgstream.streamer.io.annotation_writer import AnnotationWriter
from ecgstream.streamer.io.formats import wfdb_reader
from ecgstream.streamer.io.records import read_record
from ecgstream.tools.batch.flag_files import names
from helpers.recordings import BASELINE, FS, GAIN, adu, done, ecg, failure, plain, run, write_wfdb

wfdb = pytest.importorskip("wfdb")


def stored(header: Path) -> npt.NDArray[np.int64]:
    return np.asarray(wfdb.rdrecord(str(header.with_suffix("")), physical=False).d_signal)


def test_a_record_is_what_a_plain_run_of_the_engine_gives(tmp_path: Path) -> None:
    x = ecg()
    x[900:1300, 1] = np.nan
    source = write_wfdb(tmp_path / "in", "100", x)
    given = wfdb.rdrecord(str(source.with_suffix(""))).p_signal
    made = done(tmp_path / "out", source)
    denoised, _ = plain(given)
    assert np.array_equal(stored(made), adu(denoised))
    assert (stored(made)[900:1300, 1] == -32768).all()


@pytest.mark.parametrize("fs", [100.0, 128.0, 250.0, 1000.0, 2000.0])
@pytest.mark.parametrize("delay", ["low", "best", 30])
def test_samples_keep_their_place_at_any_rate_and_delay(
    tmp_path: Path, fs: float, delay: str | int
) -> None:
    """With nothing taken away the output is the input, and a shift by one sample would show."""
    source = write_wfdb(tmp_path / "in", "100", ecg(3, fs), fs)
    made = done(tmp_path / "out", source, delay=delay, strength=0.0)
    assert np.array_equal(stored(made), stored(source))


def test_header_and_annotations_are_kept(tmp_path: Path) -> None:
    source = write_wfdb(tmp_path / "in", "100", ecg())
    source.with_suffix(".xyz").write_bytes(source.with_suffix(".atr").read_bytes())
    source.with_suffix(".txt").write_text("no annotations")
    made = done(tmp_path / "out", source)
    before, after = (wfdb.rdheader(str(p.with_suffix(""))) for p in (source, made))
    for field in "fs n_sig sig_len base_time base_date adc_gain baseline units sig_name".split():
        assert getattr(after, field) == getattr(before, field), field
    assert after.comments[:-1] == before.comments
    assert "denoised by ecgstream" in after.comments[-1] and "balanced" in after.comments[-1]
    for suffix in (".atr", ".xyz"):
        assert made.with_suffix(suffix).read_bytes() == source.with_suffix(suffix).read_bytes()
    assert not made.with_suffix(".txt").exists()
    checked = wfdb.rdrecord(str(made.with_suffix("")), physical=False)
    assert checked.calc_checksum() == after.checksum
    assert checked.d_signal[0].tolist() == after.init_value


def test_qual_says_where_the_flags_change(tmp_path: Path) -> None:
    x = ecg()
    x[900:1300, 1] = np.nan
    source = write_wfdb(tmp_path / "in", "100", x)
    made = done(tmp_path / "out", source)
    _, flags = plain(wfdb.rdrecord(str(source.with_suffix(""))).p_signal)
    marks = wfdb.rdann(str(made.with_suffix("")), "qual")
    rebuilt = np.zeros_like(flags)
    known = {names(value): value for value in range(32)}
    for at, signal, note in zip(marks.sample, marks.chan, marks.aux_note, strict=True):
        rebuilt[at:, signal] = known[note]
    assert set(marks.symbol) == {"~"}
    assert np.array_equal(rebuilt, flags)
    assert (flags[900:1300, 1] & Quality.GAP).all()


def test_segments_become_one_record_with_gaps_between(tmp_path: Path) -> None:
    """Two segments in other units and with other signals, and nothing in between."""
    x, folder = ecg(4), tmp_path / "in"
    write_wfdb(folder, "part_1", x[:720])
    write_wfdb(folder, "part_2", x[720:, 1:], units=["uV"], adc_gain=[1.0], baseline=[0],
               sig_name=["lead 1"], p_signal=x[720:, 1:].astype(float) * 1000)  # fmt: skip
    (folder / "all_layout.hea").write_text(
        "all_layout 2 360 0\n~ 0 200/mV 16 0 0 0 0 lead 0\n~ 0 200/mV 16 0 0 0 0 lead 1\n"
    )
    (folder / "all.hea").write_text(
        "all/4 2 360 1540 10:00:00\nall_layout 0\npart_1 720\n~ 100\npart_2 720\n# a stay\n"
    )
    (outcome,) = run(tmp_path / "out", folder)  # segments are no recordings of their own
    assert outcome.failure is None
    made = outcome.task.target
    expected = np.full((1540, 2), np.nan)
    expected[:720] = np.rint(x[:720] * GAIN) / GAIN
    expected[820:, 1] = np.rint(x[720:, 1] * 1000.0) / 1000
    assert np.array_equal(stored(made), adu(plain(expected)[0]))
    after = wfdb.rdheader(str(made.with_suffix("")))
    assert (after.adc_gain, after.baseline) == ([GAIN, GAIN], [BASELINE, BASELINE])
    assert str(after.base_time) == "10:00:00" and after.comments[0] == "a stay"


def test_signals_of_several_rates_each_go_at_their_own(tmp_path: Path) -> None:
    fast, slow = ecg(4, 500, 1), ecg(4, 250, 1, seed=1)
    pressure = np.linspace(60, 120, 1000)
    (tmp_path / "in").mkdir()
    frames = np.concatenate(
        [
            np.rint(fast * GAIN).reshape(-1, 2),
            np.rint(slow * GAIN),
            np.rint(pressure * 50)[:, None],
        ],
        axis=1,
    ).astype("<i2")
    (tmp_path / "in" / "x.dat").write_bytes(frames.tobytes())
    source = tmp_path / "in" / "x.hea"
    source.write_text(
        "x 3 250 1000\nx.dat 16x2 200/mV 16 0 0 0 0 II\nx.dat 16 200/mV 16 0 0 0 0 V\n"
        "x.dat 16 50/mmHg 16 0 0 0 0 ABP\n"
    )
    (outcome,) = run(tmp_path / "out", source)
    assert outcome.copied == {"ABP": "mmHg is no voltage"}
    made = outcome.task.target
    record = wfdb.rdrecord(str(made.with_suffix("")), physical=False, smooth_frames=False)
    for i, (x, fs) in enumerate([(fast, 500), (slow, 250)]):
        denoised, _ = plain(np.rint(x * GAIN) / GAIN, fs)
        assert np.array_equal(record.e_d_signal[i], np.rint(denoised[:, 0].astype(float) * GAIN))
    assert np.array_equal(record.e_d_signal[2], frames[:, 3])


def without_length(header: Path) -> None:
    """Remove the number of samples from a header's first line."""
    _, *rest = header.read_text().splitlines(keepends=True)
    header.write_text("100 2 360\n" + "".join(rest))


@pytest.mark.parametrize("sample_format", ["16", "24", "32", "80", "212"])
@pytest.mark.parametrize("samples", [719, 720])
def test_a_record_without_length_in_its_header_is_read_to_its_end(
    tmp_path: Path, sample_format: str, samples: int
) -> None:
    source = write_wfdb(
        tmp_path / "in", "100", ecg(2)[:samples],
        fmt=[sample_format] * 2, adc_gain=[30.0] * 2, baseline=[0] * 2,
    )  # fmt: skip
    whole = stored(source)
    without_length(source)
    assert len(whole) == samples
    assert np.array_equal(stored(source), whole)  # as wfdb reads it
    assert np.array_equal(stored(done(tmp_path / "out", source, strength=0.0)), whole)


@pytest.mark.parametrize("sample_format", ["508", "516", "524"])
def test_a_compressed_record_without_length_in_its_header_is_refused(
    tmp_path: Path, sample_format: str
) -> None:
    """Refused by wfdb, too: the size of a compressed file does not tell the length."""
    source = write_wfdb(
        tmp_path / "in", "100", ecg(2),
        fmt=[sample_format] * 2, adc_gain=[30.0] * 2, baseline=[0] * 2,
    )  # fmt: skip
    without_length(source)
    assert "gives no length, which a compressed signal file needs" in failure(
        tmp_path / "out", source
    )


@pytest.mark.parametrize(("unit", "per_mv"), [("V", 1e-3), ("mV", 1.0), ("uV", 1e3), ("nV", 1e6)])
def test_units_of_voltage_mean_the_same_to_read_record_and_denoise(
    tmp_path: Path, unit: str, per_mv: float
) -> None:
    x = ecg(4)
    source = write_wfdb(
        tmp_path / "in", "100", x, units=[unit] * 2,
        p_signal=x.astype(float) * per_mv, adc_gain=[GAIN / per_mv] * 2,
    )  # fmt: skip
    (outcome,) = run(tmp_path / "out", source)
    assert (outcome.failure, outcome.copied) == (None, {})
    record, made = (read_record(str(p)) for p in (source, outcome.task.target))
    assert np.abs(record.signals - x).max() < 1 / GAIN
    denoised, _ = plain(record.signals)
    assert np.abs(made.signals - denoised).max() < 1 / GAIN


@pytest.mark.parametrize(("largest", "sample_format"), [(30, "16"), (40, "24"), (9000, "32")])
def test_samples_take_as_many_bits_as_they_need(
    tmp_path: Path, largest: float, sample_format: str
) -> None:
    """A hop up, so that the range around zero counts, in steps of 1 µV."""
    x = np.repeat([[0.25], [largest], [-largest]], 480, axis=0)
    np.save(tmp_path / "x.npy", x)
    made = done(tmp_path / "out", tmp_path / "x.npy", form="wfdb", fs=360, strength=0.0)
    record = wfdb.rdrecord(str(made.with_suffix("")))
    assert record.fmt == [sample_format] and record.adc_gain == [1000]
    np.testing.assert_allclose(record.p_signal, x, atol=1e-3)


def test_a_signal_that_no_format_holds_ends_with_an_error(tmp_path: Path) -> None:
    x = np.repeat([[0.5, 4e6], [0.25, -4e6 + 0.25]], 480, axis=0)
    np.save(tmp_path / "x.npy", x)
    why = failure(tmp_path / "out", tmp_path / "x.npy", form="wfdb", fs=360, signals=("signal 0",))
    assert why.startswith("signal 1 goes from -4e+06 to 4e+06 mV, in steps of 0.001 mV more than")


def test_a_resolution_of_more_than_16_bits_is_kept(tmp_path: Path) -> None:
    x = ecg(2)
    source = write_wfdb(tmp_path / "in", "100", x, fmt=["24"] * 2, adc_gain=[1e6] * 2)
    made = done(tmp_path / "out", source, strength=0.0)
    assert np.array_equal(stored(made), stored(source))


def test_pieces_of_any_size_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_wfdb(tmp_path / "in", "100", ecg())
    whole = stored(done(tmp_path / "whole", source))
    monkeypatch.setattr(wfdb_reader, "MAX_PIECE_SAMPLES", 222)
    assert np.array_equal(stored(done(tmp_path / "cut", source)), whole)


@pytest.mark.parametrize("form", ["csv", "npy", "edf"])
def test_other_annotators_are_kept_in_every_format(tmp_path: Path, form: str) -> None:
    source = write_wfdb(tmp_path / "in", "sel", ecg(4))
    wfdb.wrann("sel", "qc", np.array([100]), ["("], write_dir=str(tmp_path / "in"))
    source.with_suffix(".qc").rename(source.with_suffix(".q1c"))
    (outcome,) = run(tmp_path / "out", source, form=form)
    assert outcome.failure is None, outcome.failure
    table = outcome.task.target.with_name(f"sel.{form}.annotations.csv").read_text().splitlines()
    assert table[:2] == ["seconds,symbol,text,annotator", "0.055556,N,,atr"]
    assert table[-1] == "0.277778,(,,q1c"


marks = st.tuples(
    st.integers(0, 3) | st.integers(0, 1 << 20), st.sampled_from('"~+'), st.text(max_size=40)
)


@given(st.lists(marks, min_size=1, max_size=20))
@settings(max_examples=60)
def test_annotation_files_read_back(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, str, str]]
) -> None:
    path = tmp_path_factory.mktemp("marks") / "x.atr"
    file, at = AnnotationWriter(path), 1
    expected = []
    for step, symbol, text in steps:
        at += step
        note = text.replace("\0", "")
        file.add(at, symbol, note, at % 3)
        expected.append((at, symbol, note.encode("latin-1", "replace").decode("latin-1")))
    file.close()
    times, symbols, notes = read_annotations(path)
    assert list(zip(times.tolist(), symbols, notes, strict=True)) == expected


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda p: p.with_suffix(".dat").write_bytes(b"\0" * 100), "cut short"),
        (lambda p: p.with_suffix(".dat").unlink(), "no file 100.dat"),
        (lambda p: p.write_text("100 2 360 0\n" * 1), "announces 2 signals"),
        (lambda p: p.write_text("100 0 360 0\n"), "it has no signals"),
        (lambda p: p.write_bytes(b"\xff\xfe\0"), "not of WFDB's form"),
        (lambda p: p.write_text(p.read_text().replace(" 360 ", " 50 ")), "50 Hz is not within"),
        (lambda p: p.write_text(p.read_text().replace("/mV", "/mmHg")), "mmHg is no voltage"),
    ],
)
def test_a_broken_record_says_what_is_wrong(tmp_path: Path, damage, why: str) -> None:  # type: ignore[no-untyped-def]
    source = write_wfdb(tmp_path / "in", "100", ecg(2))
    damage(source)
    assert why in failure(tmp_path / "out", source)


def test_a_record_of_0_samples_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "x.dat").touch()
    (tmp_path / "in" / "x.hea").write_text(f"x 1 {FS:g} 0\nx.dat 16 200/mV 16 0 0 0 0 II\n")
    source = tmp_path / "in" / "x.hea"
    assert failure(tmp_path / "out", source) == "it holds no samples"
    source.write_text(source.read_text().replace(" 0\n", "\n"))  # as of a recorder that was killed
    assert failure(tmp_path / "out", source) == "it holds no samples"
