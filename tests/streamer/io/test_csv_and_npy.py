"""CSV and NumPy: what the columns are is found out, and everything else stays as it was."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.io.formats import csv as csv_format
from ecgstream.streamer.io.formats import numpy as numpy_format
from ecgstream.streamer.io.formats.csv import CsvReader
from helpers.recordings import ENGINE, FS, done, ecg, failure, plain, run

N = 1200


def cells(x: Floats, row: str) -> str:
    """A row of text for each sample, from a pattern with t, k, a and b."""
    fs = FS
    return "".join(
        row.format(t=k / fs, ms=1000 * k / fs, k=k, a=a, b=b, m=int(k / fs / 60), s=k / fs % 60)
        for k, (a, b) in enumerate(x.tolist())
    )


FILES = {
    "no header": ("", "{a:.6f},{b:.6f}\n", True, 1.0),
    "time, no header": ("", "{t:.6f},{a:.6f},{b:.6f}\n", False, 1.0),
    "header": ("II,V5\n", "{a:.6f},{b:.6f}\n", True, 1.0),
    "seconds": ("time,II,V5\n", "{t:.6f},{a:.6f},{b:.6f}\n", False, 1.0),
    "milliseconds": ("Time [ms];II [uV];V5 [uV]\r\n", "{ms:.3f};{a:.6f};{b:.6f}\r\n", False, 1e-3),
    "rdsamp": (
        "'Elapsed time','MLII','V5'\n'hh:mm:ss.mmm','mV','mV'\n",
        "'{m}:{s:06.3f}',{a:.3f},{b:.3f}\n",
        False,
        1.0,
    ),
    "index": (",II,V5\n", "{k},{a:.6f},{b:.6f}\n", True, 1.0),
    "comments": ("# Müller, 1950\nsample\tII\tV5\n", "{k}\t{a:.6f}\t{b:.6f}\n", True, 1.0),
    "no voltage": ("time,II,V5,Temp (degC)\n", "{t:.6f},{a:.6f},{b:.6f},warm 36\n", False, 1.0),
}


@pytest.mark.parametrize("kind", [kind for kind in FILES if kind != "no voltage"])
def test_the_columns_are_found(tmp_path: Path, kind: str) -> None:
    head, row, needs_fs, factor = FILES[kind]
    x = ecg(N / FS) / factor
    path = tmp_path / "x.csv"
    path.write_bytes((head + cells(x, row)).encode())
    if needs_fs:
        assert "give --fs" in failure(tmp_path / "none", path)
    reader = CsvReader(path, FS if needs_fs else None, 1.0)
    assert [signal.fs for signal in reader.signals] == [FS, FS]
    assert [signal.millivolts for signal in reader.signals] == [factor, factor]
    given = np.concatenate([np.stack(piece, axis=1) for piece in reader.pieces()])
    reader.close()
    assert np.abs(given - x).max() < 1e-3
    made = done(tmp_path / "out", path, fs=FS if needs_fs else None)
    before, after = path.read_bytes().decode(), made.read_bytes().decode()
    assert after.startswith(head)
    delimiter = max(",;\t", key=row.count)
    old, new = (t[len(head) :].splitlines() for t in (before, after))
    assert [a.split(delimiter)[:-2] for a in new] == [b.split(delimiter)[:-2] for b in old]
    denoised, _ = plain(given * factor)
    ours = np.array([[float(c) for c in line.split(delimiter)[-2:]] for line in new])
    assert ours == pytest.approx(denoised / factor, rel=1e-6, abs=1e-9)


def test_other_columns_keep_their_text_and_gaps_are_nan(tmp_path: Path) -> None:
    x = ecg(4)
    lines = ["II (mV),SpO2 (%),V1 (uV)"]
    lines += [f"{a:.5f},{97 + k % 3}.50,{1000 * b:.1f}" for k, (a, b) in enumerate(x.tolist())]
    lines[500] = ",97.50,nan"
    (tmp_path / "x.csv").write_text("\n".join(lines) + "\n\n")
    (outcome,) = run(tmp_path / "out", tmp_path / "x.csv", fs=FS)
    assert outcome.failure is None and outcome.tally.gaps == 2
    assert outcome.copied == {"SpO2": "% is no voltage"}
    new = outcome.task.target.read_text().splitlines()
    assert [a.split(",")[1] for a in new] == [b.split(",")[1] for b in lines]
    assert new[500] == "nan,97.50,nan" and new[499].split(",")[0] != lines[499].split(",")[0]
    flags = outcome.task.target.with_name("x.csv.flags.csv").read_text().splitlines()
    assert flags[0] == "start,end,signal,flags"
    assert any(line.startswith("499,500,V1,gap") for line in flags)


def test_the_flag_table_is_what_the_engine_says(tmp_path: Path) -> None:
    x = ecg(8)
    x[1000:1200, 0] = np.nan
    np.save(tmp_path / "x.npy", x)
    target = done(tmp_path / "out", tmp_path / "x.npy", fs=FS)
    _, flags = plain(x)
    rebuilt = np.zeros_like(flags)
    bits = {"gap": 1, "flat": 2, "saturated": 4, "settling": 8, "uncertain": 16}
    for line in target.with_name("x.npy.flags.csv").read_text().splitlines()[1:]:
        start, end, signal, words = line.split(",")
        value = sum(bits[word] for word in words.split())
        rebuilt[int(start) : int(end), int(signal[-1])] = value
    assert np.array_equal(rebuilt, flags)


@pytest.mark.parametrize("form", ["(n,)", "(n, 2)", "Fortran", "float64", "big-endian"])
def test_an_array_keeps_shape_and_type(tmp_path: Path, form: str) -> None:
    x = ecg(4)
    x[700:720] = np.nan
    given = {
        "(n,)": x[:, 0],
        "(n, 2)": x,
        "Fortran": np.asfortranarray(x),
        "float64": x.astype(float),
        "big-endian": x.astype(">f4"),
    }[form]
    np.save(tmp_path / "x.npy", given)
    made = np.load(done(tmp_path / "out", tmp_path / "x.npy", fs=FS))
    assert (made.shape, made.dtype) == (given.shape, given.dtype)
    denoised, _ = plain(x if given.ndim == 2 else x[:, :1])
    assert np.array_equal(made.reshape(denoised.shape), denoised, equal_nan=True)


def test_integers_keep_their_steps_and_limits(tmp_path: Path) -> None:
    stored = np.rint(ecg(4) * 200 + 40).astype(np.int16)
    stored[600:650, 0] = -32768
    np.save(tmp_path / "x.npy", stored)
    assert "give --units" in failure(tmp_path / "none", tmp_path / "x.npy", fs=FS)
    made = np.load(done(tmp_path / "out", tmp_path / "x.npy", fs=FS, millivolts=1 / 200))
    real = np.where(stored == -32768, np.nan, stored / 200)
    expected = np.rint(plain(real)[0].astype(float) * 200)
    assert made.dtype == np.int16
    assert np.array_equal(made, np.where(np.isnan(expected), -32768, expected))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_an_npz_keeps_what_else_it_holds(tmp_path: Path, save) -> None:  # type: ignore[no-untyped-def]
    x = ecg(4)
    save(tmp_path / "x.npz", fs=FS, leads=np.array(["II", "V5"]), ecg=x, beats=np.arange(9))
    made = done(tmp_path / "out", tmp_path / "x.npz")
    with np.load(made) as after:
        assert sorted(after) == ["beats", "ecg", "fs", "leads"]
        assert np.array_equal(after["ecg"], plain(x)[0])
        assert after["leads"].tolist() == ["II", "V5"] and after["beats"].tolist() == [*range(9)]
    assert made.read_bytes() == done(tmp_path / "again", tmp_path / "x.npz").read_bytes()


def test_pieces_of_any_size_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    x = ecg(4)
    np.save(tmp_path / "x.npy", np.asfortranarray(x))
    (tmp_path / "x.csv").write_text(cells(x, "{a:.6f},{b:.6f}\n"))
    files = [tmp_path / "x.npy", tmp_path / "x.csv"]
    whole = [done(tmp_path / "whole", file, fs=FS).read_bytes() for file in files]
    monkeypatch.setattr(csv_format, "MAX_PIECE_SAMPLES", 70)
    monkeypatch.setattr(numpy_format, "MAX_PIECE_SAMPLES", 70)
    assert [done(tmp_path / "cut", file, fs=FS).read_bytes() for file in files] == whole


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (a, b)
        for a in ("csv", "npy", "edf", "wfdb")
        for b in ("csv", "npy", "edf", "wfdb")
        if a != b
    ],
)
def test_from_one_format_to_another_and_back(tmp_path: Path, source: str, target: str) -> None:
    """Within the steps of EDF and WFDB, with nothing taken away."""
    if "wfdb" in (source, target):
        pytest.importorskip("wfdb")
    x = ecg(5)
    np.save(tmp_path / "x.npy", x)
    path = tmp_path / "x.npy"
    for i, form in enumerate([source, target, "npy"]):
        needs = {"fs": FS} if path.suffix == ".npy" else {}
        if path.suffix != {"wfdb": ".hea"}.get(form, f".{form}"):
            path = done(tmp_path / str(i), path, form=form, strength=0.0, **needs)
    assert np.abs(np.load(path)[: len(x)] - x).max() < 2.1e-3


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("II,V5\n" + "0.1,0.2\n" * 9 + "0.1,oops\n" + "0.1,0.2\n" * 9, "line 11: 'oops'"),
        ("II,V5\n" + "0.1,0.2\n" * 9 + "0.1\n", "line 11 has 1 cells, the first row has 2"),
        ("II\n" + "0,5\n", "with a decimal point"),
        ("II,V5\n" + "0.1,0.2,0.3\n" * 9, "first row has 2 cells, the first samples have 3"),
        ("II,V5\n" + "0.1,0.2\n" * 9 + "\n\n" + "0.1,0.2\n", "line 11 has 0 cells"),
        ("", "no samples"),
        ("II,V5\n", "only words"),
        ("# nothing\n\n", "no samples"),
        ("0.1,0.2\n" * 9 + '"', "line"),
        ("II\n" + "0.1\0\n" * 9, "line 2 is no line of text"),
    ],
)
def test_a_broken_csv_says_what_is_wrong_and_where(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "x.csv").write_text(text)
    assert why in failure(tmp_path / "out", tmp_path / "x.csv", fs=FS)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"II\n0.1\n\xff\xfe\n")
    assert "line 3 is not UTF-8" in failure(tmp_path / "out", tmp_path / "x.csv", fs=FS)


def test_missing_rows_are_noticed_unless_fs_says_to_count(tmp_path: Path) -> None:
    rows = cells(ecg(4), "{t:.6f},{a:.6f},{b:.6f}\n").splitlines(keepends=True)
    (tmp_path / "x.csv").write_text("t,a,b\n" + "".join(rows[:700] + rows[900:]))
    why = failure(tmp_path / "out", tmp_path / "x.csv")
    assert "line 702: the time goes from 1.94" in why and "--fs" in why
    done(tmp_path / "out", tmp_path / "x.csv", fs=FS)


def array(x: object, **options: bool) -> bytes:
    file = io.BytesIO()
    np.save(file, x, **options)  # type: ignore[arg-type]
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (array(ecg())[:-10], "cut short"),
        (b"\x93NUMPY", "no NumPy array"),
        (b"", "no NumPy array"),
        (array(ecg()).replace(b"}", b" "), "no NumPy array"),
        (array(np.zeros((0, 2))), "no samples"),
        (array(ecg().T), "a column for each signal"),
        (array(np.zeros((9, 2, 2))), "not (n,) or (n, signals)"),
        (array(np.array(["a"])), "not (n,) or (n, signals)"),
        (array(np.array([{}, {}]), allow_pickle=True), "not (n,) or (n, signals)"),
    ],
)
def test_a_broken_array_says_what_is_wrong(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "x.npy").write_bytes(content)
    assert why in failure(tmp_path / "out", tmp_path / "x.npy", fs=FS)


def test_an_array_without_a_rate_or_at_a_wrong_one_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", ecg())
    assert "give --fs" in failure(tmp_path / "out", tmp_path / "x.npy")
    assert "50 Hz is not within" in failure(tmp_path / "out", tmp_path / "x.npy", fs=50.0)


def test_a_broken_npz_says_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, one=ecg(), two=ecg())
    assert "one, two; name that of the samples signals" in failure(tmp_path / "o", path, fs=FS)
    np.savez_compressed(path, ecg=ecg())
    damaged = bytearray(path.read_bytes())
    damaged[2000:2100] = bytes(100)
    path.write_bytes(damaged)
    assert "damaged" in failure(tmp_path / "o", path, fs=FS)
    path.write_bytes(b"PK")
    assert "no .npz" in failure(tmp_path / "o", path, fs=FS)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("notes.txt", "hello")
    assert "arrays none" in failure(tmp_path / "o", path, fs=FS)


def test_the_stamp_names_the_engine(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", ecg())
    target = done(tmp_path / "out", tmp_path / "x.npy", fs=FS)
    assert ENGINE in target.with_name("x.npy.ecgstream.json").read_text()
