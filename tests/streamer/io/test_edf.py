"""EDF, EDF+ and BDF keep every byte but the samples of their ECGs; another's library reads them."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import edfio
import numpy as np
import pytest

from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.io.formats import edf as edf_format
from helpers.recordings import done, ecg, failure, plain, run, write_wfdb

FS = 256.0
ANNOTATIONS = [edfio.EdfAnnotation(1.25, None, "Sprung"), edfio.EdfAnnotation(3, 0.5, "Ähnlich")]


def signals(x: Floats, kind: Any) -> list[Any]:
    """An ECG in mV, one in uV, an EEG, and one that is no voltage at another rate."""
    n = len(x) / FS
    return [
        kind(x[:, 0].astype(float), FS, label="ECG II", physical_dimension="mV",
             physical_range=(-5, 5), prefiltering="HP:0.05Hz", transducer_type="AgCl"),
        kind(x[:, 1].astype(float) * 1000, FS, label="V5", physical_dimension="uV",
             physical_range=(-8000, 8000)),
        kind(x[:, 0].astype(float) * 30, FS, label="EEG Fpz-Cz", physical_dimension="uV",
             physical_range=(-200, 200)),
        kind(np.linspace(90, 99, round(4 * n)), 4, label="SaO2", physical_dimension="%",
             physical_range=(0, 100)),
    ]  # fmt: skip


def write(path: Path, seconds: float = 8) -> Path:
    """A file with all that one can have."""
    bdf = path.suffix == ".bdf"
    path.parent.mkdir(exist_ok=True)
    file = (edfio.Bdf if bdf else edfio.Edf)(
        signals(ecg(seconds, FS), edfio.BdfSignal if bdf else edfio.EdfSignal),
        patient=edfio.Patient(code="MCH-0234567", sex="F", name="Haagse_Harry"),
        recording=edfio.Recording(startdate=datetime.date(2002, 2, 3), equipment_code="Dev_1"),
        starttime=datetime.time(23, 59, 58),
        annotations=ANNOTATIONS,
        data_record_duration=1,
    )
    file.write(path)
    return path


def read(path: Path) -> edfio.Edf | edfio.Bdf:
    return edfio.read_bdf(path) if path.suffix == ".bdf" else edfio.read_edf(path)


@pytest.mark.parametrize("suffix", [".edf", ".bdf"])
def test_ecgs_are_denoised_and_all_else_is_kept(tmp_path: Path, suffix: str) -> None:
    source = write(tmp_path / "in" / f"a b{suffix}")
    (outcome,) = run(tmp_path / "out", source)
    assert outcome.failure is None
    assert outcome.copied == {"EEG Fpz-Cz": "no ECG by its name", "SaO2": "% is no voltage"}
    before, after = read(source), read(outcome.task.target)
    ours = np.stack([before.signals[0].data, before.signals[1].data / 1000], axis=1)
    denoised, _ = plain(ours, FS)
    for i, factor in [(0, 1.0), (1, 1000.0)]:
        signal = before.signals[i]
        step = (signal.physical_max - signal.physical_min) / (
            signal.digital_max - signal.digital_min
        )
        difference = after.signals[i].data - denoised[:, i].astype(float) * factor
        assert np.abs(difference).max() <= step * 0.501
        assert np.abs(after.signals[i].data - signal.data).max() > 10 * step
    for i in (2, 3):
        assert np.array_equal(after.signals[i].digital, before.signals[i].digital)
    for field in "label physical_dimension physical_range digital_range transducer_type".split():
        assert [getattr(s, field) for s in after.signals] == [
            getattr(s, field) for s in before.signals
        ]
    for field in "local_patient_identification local_recording_identification startdate".split():
        assert getattr(after, field) == getattr(before, field)
    assert after.starttime == before.starttime and after.annotations == before.annotations
    assert after.signals[0].prefiltering.startswith("HP:0.05Hz denoised by ecgstream")
    assert after.signals[2].prefiltering == before.signals[2].prefiltering
    assert len(outcome.task.target.read_bytes()) == len(source.read_bytes())


@pytest.mark.parametrize("suffix", [".edf", ".bdf"])
def test_a_copy_at_strength_0_differs_in_its_remark_only(tmp_path: Path, suffix: str) -> None:
    source = write(tmp_path / "in" / f"x{suffix}")
    before = source.read_bytes()
    after = done(tmp_path / "out", source, strength=0.0).read_bytes()
    assert len(after) == len(before)
    header = 256 * (1 + 5)
    assert after[header:] == before[header:]
    differ = [i for i in range(header) if before[i] != after[i]]
    fields = 256 + 5 * (16 + 80 + 8 * 5)
    assert differ and fields <= min(differ) <= max(differ) < fields + 2 * 80


def test_the_engine_restarts_after_a_break_in_time(tmp_path: Path) -> None:
    """What came before a break must not leak into what comes after it."""
    source = write(tmp_path / "in" / "x.edf")
    content = bytearray(source.read_bytes())
    content[192:197] = b"EDF+D"
    for second in range(4, 8):  # a minute is missing
        old, new = b"+%d\x14\x14" % second, b"+%d\x14\x14" % (second + 60)
        at = content.index(old, 256 * 6)
        content[at : at + len(new) + 1] = new + b"\0"
    source.write_bytes(content)
    digital = [s.digital for s in edfio.read_edf(done(tmp_path / "out", source)).signals]
    x = edfio.read_edf(source).signals[0].data
    parts = [plain(part[:, None], FS)[0] for part in np.split(x, 2)]
    step = 10 / 65535
    expected = np.concatenate(parts)[:, 0]
    assert np.abs(digital[0] * step + step / 2 - expected).max() < step
    assert "has breaks" in failure(tmp_path / "other", source, form="wfdb")


def test_pieces_of_any_size_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write(tmp_path / "in" / "x.edf")
    whole = done(tmp_path / "whole", source).read_bytes()
    monkeypatch.setattr(edf_format, "MAX_PIECE_SAMPLES", 1)
    assert done(tmp_path / "cut", source).read_bytes() == whole


def test_a_new_edf_is_one_that_others_read(tmp_path: Path) -> None:
    pytest.importorskip("wfdb")
    x = ecg(7.5, 250)
    x[300:400, 1] = np.nan
    source = write_wfdb(tmp_path / "in", "100", x, 250)
    target = done(tmp_path / "out", source, form="edf", strength=0.0)
    file = edfio.read_edf(target)
    assert [(s.label, s.physical_dimension) for s in file.signals] == [
        ("lead 0", "mV"),
        ("lead 1", "mV"),
    ]
    assert (file.startdate, file.starttime) == (
        datetime.date(1999, 2, 3),
        datetime.time(12, 34, 56),
    )
    assert "69 M 1085" in file.local_patient_identification
    first, second = (s.data for s in file.signals)
    assert len(first) == 8 * 250  # whole data records
    assert np.abs(first[:1875] - np.rint(x[:, 0] * 200) / 200).max() < 0.003
    assert (file.signals[1].digital[300:400] == -32768).all() and np.isfinite(second).all()
    table = target.with_name("100.edf.annotations.csv").read_text().splitlines()
    assert table[:2] == ["seconds,symbol,text", "0.080000,N,"]


def test_as_wfdb_it_keeps_rates_start_annotations_and_who_it_was(tmp_path: Path) -> None:
    wfdb = pytest.importorskip("wfdb")
    source = write(tmp_path / "in" / "x.edf")
    made = done(tmp_path / "out", source, form="wfdb", strength=0.0).with_suffix("")
    record = wfdb.rdrecord(str(made), smooth_frames=False)
    before = edfio.read_edf(source)
    assert record.sig_name == [s.label for s in before.signals]
    assert (record.base_date, record.base_time) == (before.startdate, before.starttime)
    for samples, signal in zip(record.e_p_signal, before.signals, strict=True):
        step = (signal.physical_max - signal.physical_min) / 65535
        assert np.abs(samples - signal.data).max() <= 0.51 * step
    assert "MCH-0234567 F X Haagse_Harry" in record.comments[0]
    marks = wfdb.rdann(str(made), "atr")
    times = dict(zip(marks.aux_note, marks.sample / marks.fs, strict=True))
    assert record.fs == 4 and marks.fs == 256  # the slowest signal's rate, and the fastest one's
    assert times == {"Sprung": 1.25, "Ähnlich": 3.0}
    flags = wfdb.rdann(str(made), "qual")
    assert flags.fs == 256 and flags.sample.max() < 8 * 256
    (settled,) = {t for t, n in zip(flags.sample, flags.aux_note, strict=True) if n == "good"}
    assert settled / 256 == pytest.approx(256 / 360, abs=0.01)
    back = done(tmp_path / "back", made.with_suffix(".hea"), form="edf", strength=0.0)
    table = back.with_name("x.edf.annotations.csv").read_text().splitlines()
    assert table[1:] == ['1.250000,"""",Sprung', '3.000000,"""",Ähnlich']


def test_as_wfdb_ecgs_alone_have_their_own_rate(tmp_path: Path) -> None:
    """Not frames of a second, which most readers would average."""
    wfdb = pytest.importorskip("wfdb")
    path = tmp_path / "x.edf"
    edfio.Edf(signals(ecg(4, FS), edfio.EdfSignal)[:2], data_record_duration=1).write(path)
    record = wfdb.rdrecord(str(done(tmp_path / "out", path, form="wfdb").with_suffix("")))
    assert record.fs == FS and record.p_signal.shape == (1024, 2)


@pytest.mark.parametrize("fs", [100.0, 128.5, 333.0, 1000.0])
def test_a_new_edf_has_the_rate_of_its_input(tmp_path: Path, fs: float) -> None:
    np.save(tmp_path / "x.npy", ecg(4, fs))
    file = edfio.read_edf(done(tmp_path / "out", tmp_path / "x.npy", form="edf", fs=fs))
    assert file.signals[0].sampling_frequency == pytest.approx(fs)


@pytest.mark.parametrize(
    ("cut", "why"),
    [
        (lambda c: c[:-100], "cut short: its header gives 8 data records, it has 7"),
        (lambda c: c[:1000], "cut short: it ends within its header"),
        (lambda c: c[:10], "no EDF or BDF file"),
        (lambda c: b"", "no EDF or BDF file"),
        (lambda c: c[:236] + b"0       " + c[244:1536], "holds no samples"),
        (lambda c: c[:252] + b"many" + c[256:], "number of signals is no number: 'many'"),
        (lambda c: c[:244] + b"0       " + c[252:], "data records of no length"),
        (lambda c: c.replace(b"1               ", b"1" + b"x" * 15), "no number"),
        (lambda c: c.replace(b"mV", b"Pa").replace(b"uV", b"Pa"), "no ECG to denoise"),
    ],
)
def test_a_broken_file_says_what_is_wrong(tmp_path: Path, cut, why: str) -> None:  # type: ignore[no-untyped-def]
    source = write(tmp_path / "x.edf")
    source.write_bytes(cut(source.read_bytes()))
    assert why in failure(tmp_path / "out", source)
