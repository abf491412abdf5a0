"""Tables as devices and programs write them: columns, units and rate, or a refusal that helps."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecgstream.streamer.io.base import FormatError
from ecgstream.streamer.io.formats.csv import CsvReader
from helpers.recordings import done, ecg, failure, run

N = 1500
EPOCH = 1.7e9
X = ecg(N / 250, 250, 1)[:, 0].astype(float)


def table(row: str, head: str = "", fs: float = 250, start: float = 0.0, n: int = N) -> str:
    """Rows from a pattern with k, t, ms, us, ns, a (mV), uv, adu and adc (10 bits)."""
    made = []
    for k in range(n):
        t, a = start + k / fs, X[k % N]
        made.append(
            row.format(
                **{"k": k, "t": t, "ms": 1e3 * t, "us": round(1e6 * t), "ns": round(1e9 * t)},
                **{
                    "a": a,
                    "uv": 1e3 * a,
                    "adu": round(1000 + 200 * a),
                    "adc": round(512 + 341 * a),
                },
            )
        )
    return head + "".join(made)


def stamped(row: str, form: str, head: str, start: float = EPOCH) -> str:
    """Rows with the time as text, in a form of strftime."""
    return head + "".join(
        row.format(
            t=datetime.fromtimestamp(start + k / 250, timezone.utc).strftime(form),
            s=datetime.fromtimestamp(start + k / 250, timezone.utc).strftime(form)[:-3],
            ms=round(1000 * (start + k / 250)),
            k=k % 256,
            a=X[k],
            uv=1000 * X[k] - 20145.3,
        )
        for k in range(N)
    )


def commas(text: str) -> str:
    return text.replace(".", ",")


OPENSIGNALS = (
    "# OpenSignals Text File Format\n# "
    + json.dumps(
        {
            "00:07:80:3B:46:61": {
                **{"sensor": ["ECGBIT", "RAW"], "label": ["A1", "A2"], "sampling rate": 1000},
                "column": ["nSeq", "I1", "I2", "O1", "O2", "A1", "A2"],
                "resolution": [4, 1, 1, 1, 1, 10, 10],
            }
        }
    )
    + "\n# EndOfHeader\n"
)
OPENBCI_3 = (
    "%OpenBCI Raw EEG Data\n%Number of channels = 2\n%Sample Rate = 250.0 Hz\n"
    "%First Column = SampleIndex\n%Last Column = Timestamp\n"
)
APPLE = (
    "Name,J\nDate of Birth,1980\nClassification,Sinus\nSample Rate,512 hertz\n\n\nLead,Lead I\n"
    "Unit,µV\n\n"
)
BRAINFLOW = "".join(
    "\t".join(f"{v:.6f}" for v in (k % 256, 1000 * X[k], X[k], 0, 0, EPOCH + k / 250, 0)) + "\n"
    for k in range(N)
)

READ: dict[str, tuple[str, dict[str, Any], list[tuple[str, float | None]], float]] = {
    "epoch in ms": (table("{ms:.0f},{a}\n", "time,ECG\n", start=EPOCH), {}, [("ECG", 1)], 250),
    "epoch in us": (table("{us},{a}\n", "timestamp,ECG\n", start=EPOCH), {}, [("ECG", 1)], 250),
    "epoch in ns": (table("{ns},{a}\n", "t,ECG\n", start=EPOCH), {}, [("ECG", 1)], 250),
    "time last": (table("{a},{t:.4f}\n", "ECG,Time [s]\n"), {}, [("ECG", 1)], 250),
    "ms by the steps": (table("{ms:.0f},{a}\n", "time,ECG\n"), {}, [("ECG", 1)], 250),
    "ms named": (table("{k},{a}\n", "Time (ms),ECG\n"), {}, [("ECG", 1)], 1000),
    "--time": (table("{k},{a}\n", "x,ECG\n"), {"time": "x:ms"}, [("ECG", 1)], 1000),
    "--time none": (
        table("{k},{a}\n", "time,ECG\n"),
        {"time": "none", "fs": 300.0},
        [("ECG", 1)],
        300,
    ),
    "1 ms at 360 Hz": (table("{t:.3f},{a}\n", "time,ECG\n", fs=360), {}, [("ECG", 1)], 360),
    "1 ms at 250.4 Hz": (table("{t:.3f},{a}\n", "time,ECG\n", fs=250.4), {}, [("ECG", 1)], 250.4),
    "ISO": (
        stamped("{t},{a}\n", "%Y-%m-%dT%H:%M:%S.%f+00:00", "Date,ECG\n"),
        {},
        [("ECG", 1)],
        250,
    ),
    "ISO without names": (
        stamped("{t},{a}\n", "%Y-%m-%d %H:%M:%S.%fZ", ""),
        {},
        [("signal 1", 1)],
        250,
    ),
    "whole seconds": (stamped("{t},{a}\n", "%H:%M:%S", "clock,ECG\n"), {}, [("ECG", 1)], 250),
    "AM and PM": (
        stamped("{t},{a}\n", "%m/%d/%Y %I:%M:%S.%f %p", "time,ECG\n", EPOCH - 800),
        {},
        [("ECG", 1)],
        250,
    ),
    "a colon before the fraction": (
        stamped("{t};{a}\n", "%H:%M:%S:%f", "time;ECG\n"),
        {},
        [("ECG", 1)],
        250,
    ),
    "over midnight": (
        stamped("{t},{a}\n", "%H:%M:%S.%f", "time,ECG\n", 86400 - 2),
        {},
        [("ECG", 1)],
        250,
    ),
    "German": (
        commas(stamped("{t};{a}\n", "%d-%m-%Y %H:%M:%S.%f", "Zeit;EKG (mV)\n")),
        {},
        [("EKG", 1)],
        250,
    ),
    "tabs, decimal commas": (
        commas(table("{t:.4f}\t{a}\n", "Zeit [s]\tEKG [mV]\n")),
        {},
        [("EKG", 1)],
        250,
    ),
    "quoted decimal commas": (
        commas(table('"{t:.4f}","{a}"\n', '"t (s)","ECG (mV)"\n')),
        {},
        [("ECG", 1)],
        250,
    ),
    "blanks": (table("  {t:.4f}   {a:8.4f}\n"), {}, [("signal 1", 1)], 250),
    "numpy.savetxt": (table("{t:.18e} {a:.18e}\n", "# time ECG\n"), {}, [("ECG", 1)], 250),
    "pandas": (table("{k},{t:.4f},{a}\n", ",time,ECG\n"), {}, [("ECG", 1)], 250),
    "pandas without names": (table("{k},{t:.4f},{a}\n", ",0,1\n"), {}, [("1", 1)], 250),
    "sep=": (table("{t:.4f};{a}\n", "sep=;\ntime;ECG\n"), {}, [("ECG", 1)], 250),
    "UTF-8 mark": (table("{t:.4f};{a}\n", "\ufefftime;ECG\n"), {}, [("ECG", 1)], 250),
    "unit after _": (table("{ms:.2f},{a}\n", "t_ms,ecg_uV\n"), {}, [("ecg", 1e-3)], 250),
    "trailing signs": (commas(table("{t:.4f};{a};\n", "Zeit;EKG\n")), {}, [("EKG", 1)], 250),
    "rare labels": (
        table("{t:.4f},{a},\n", "t,ECG,label\n", n=9000) + "36.0,0.1,N\n",
        {},
        [("ECG", 1)],
        250,
    ),
    "lead off at first": (
        table("{t:.4f},\n", "t,ECG\n", n=5000) + table("{t:.4f},{a}\n", start=20),
        {},
        [("ECG", 1)],
        250,
    ),
    "index i": (table("{k},{a}\n", "i,ECG\n"), {"fs": 250.0}, [("ECG", 1)], 250),
    "Kaggle's MIT-BIH": (
        table("{k},{adu},{adu}\n", "'sample #','MLII','V5'\n"),
        {"fs": 360.0, "millivolts": 1 / 200},
        [("MLII", 1 / 200), ("V5", 1 / 200)],
        360,
    ),
    "OpenSignals": (
        table("{k}\t0\t0\t1\t1\t{adc}\t17\t\n", OPENSIGNALS),
        {"millivolts": 1 / 341},
        [
            *((name, None) for name in ("I1", "I2", "O1", "O2")),
            ("ECGBIT A1", 1 / 341),
            ("A2", None),
        ],
        1000,
    ),
    "OpenBCI GUI 3": (
        stamped("{k}, {uv:.2f}, {uv:.2f}, 0.0, {s}, {ms}\n", "%H:%M:%S.%f", OPENBCI_3),
        {},
        [("EXG 0", 1e-3), ("EXG 1", 1e-3), ("Other 0", None)],
        250,
    ),
    "Apple Watch": (table("{uv:.3f}\n", APPLE), {}, [("Lead I", 1e-3)], 512),
    "Mindware": (
        table("{t:.4f}\t{a}\n", "Sample Rate:\t500\nTime (s)\tBio\n", fs=500),
        {},
        [("Bio", 1)],
        500,
    ),
    "BrainFlow": (
        BRAINFLOW,
        {"signals": ["1-2"], "millivolts": 1e-3},
        [(f"signal {i}", 1e-3) for i in (1, 2, 3, 4, 6)],
        250,
    ),
}


@pytest.mark.parametrize("kind", READ)
def test_columns_units_and_rate_are_found(tmp_path: Path, kind: str) -> None:
    text, options, signals, fs = READ[kind]
    path = tmp_path / "x.csv"
    path.write_text(text, encoding="utf-8")
    reader = CsvReader(path, **{"fs": None, "millivolts": None, **options})
    assert [(signal.name, signal.millivolts) for signal in reader.signals] == signals
    assert {signal.fs for signal in reader.signals} == {fs}
    assert not [signal.fault for signal in reader.signals if signal.fault]
    rows = sum(len(piece[0]) for piece in reader.pieces())
    reader.close()
    assert rows == len([line for line in text.splitlines() if line]) - len(
        [line for line in reader.about.head if line.strip()]
    )


REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "decimal commas in one column": (commas(table("{a}\n", "ECG\n")), {"fs": 250.0}, "decimals"),
    "decimal commas between commas": (commas(table("{t:.4f},{a}\n", "t,ECG\n")), {}, "decimals"),
    "rows or milliseconds": (table("{k},{a}\n", "time,ECG\n"), {}, "--time time:ms"),
    "no rate": (table("{a}\n", "ECG\n"), {}, "give --fs"),
    "no such column": (table("{t},{a}\n", "t,ECG\n"), {"time": "x"}, "it has 0 (t), 1 (ECG)"),
    "integers without a unit": (
        table("{k},{adu}\n", "sample,MLII\n"),
        {"fs": 360.0},
        "give --units",
    ),
    "microvolts without a unit": (table("{t:.3f},{uv:.1f}\n", "t,ECG\n"), {}, "give --units"),
    "counts": (table("{t:.3f},{adu}\n", "t,I (adu)\n"), {}, "it is in adu: give --units"),
    "BrainFlow": (BRAINFLOW, {}, "--signals"),
    "a row for each beat": (
        "".join(",".join(f"{v:.3f}" for v in X[:187]) + ",0.0\n" for _ in range(50)),
        {"fs": 125.0},
        "a row for each sample",
    ),
    "two rates": (
        table("{t:.4f},{a}\n", "# Sample Rate = 500 Hz\nt,ECG\n"),
        {},
        "500 Hz, its column 't' 250 Hz",
    ),
    "Latin-1": ("t,ECG\n0.0,0.1\n0.0,\udcb5\n", {}, "line 3 is not UTF-8"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_refusal_says_what_was_seen_and_which_option_helps(tmp_path: Path, kind: str) -> None:
    text, options, why = REFUSED[kind]
    (tmp_path / "x.csv").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert why in failure(tmp_path / "out", tmp_path / "x.csv", **options)


def clocked(path: Path, time: Callable[[int], float], n: int = 3000) -> float:
    """The rate of a table whose row k has the stamp time(k)."""
    path.write_text("time,ECG\n" + "".join(f"{time(k):.6f},{X[k % N]}\n" for k in range(n)))
    reader = CsvReader(path, None, None)
    reader.close()
    return reader.signals[0].fs


def test_jitter_and_bursts_are_no_gaps(tmp_path: Path) -> None:
    late = np.random.default_rng(0).normal(0, 0.03, 3000)
    path = tmp_path / "x.csv"
    assert clocked(path, lambda k: k / 128 + late[k] / 10) == 128
    assert clocked(path, lambda k: EPOCH + k // 73 * 73 / 130) == 130
    assert clocked(path, lambda k: EPOCH + k // 73 * 73 / 130 + late[k // 73]) == pytest.approx(
        130, rel=2e-3
    )
    assert clocked(path, lambda k: int(k / 2.5) / 100) == 250


def test_the_rate_is_that_of_the_whole_file(tmp_path: Path) -> None:
    """A clock that is right in the long run, and wrong in the first rows."""
    fast = clocked(tmp_path / "x.csv", lambda k: k / 250.4 + 0.002 * np.sin(k / 500), n=60000)
    assert fast == pytest.approx(250.4, rel=1e-5)


@pytest.mark.parametrize(
    ("time", "line"),
    [
        (lambda k: (k + (k >= 1500)) / 250, 1502),
        (lambda k: k / 250 + 3600 * (k >= 1500), 1502),
        (lambda k: k / 250 - 0.5 * (k >= 1500), 1502),
        (lambda k: k / 250 + 0.5 * (k >= 2998), 3000),
        (lambda k: EPOCH + (k // 50 + (k >= 1500)) * 50 / 250, 1502),
    ],
)
def test_a_hole_is_refused_with_its_place(
    tmp_path: Path, time: Callable[[int], float], line: int
) -> None:
    with pytest.raises(FormatError, match=rf"line {line}: the time goes from .* give --fs"):
        clocked(tmp_path / "x.csv", time)


def test_quotes_blanks_and_line_ends_are_kept(tmp_path: Path) -> None:
    head = '\ufeff# made by hand\r\n"t", "ECG (mV)" ,"note"\r\n'
    text = table('{t:.3f}, {a:.4f} ,"ok, N ""1"""\r\n', head).rstrip("\r\n")
    (tmp_path / "x.csv").write_bytes(text.encode())
    made = done(tmp_path / "out", tmp_path / "x.csv").read_bytes().decode()
    for old, new in zip(text.split("\r\n"), made.split("\r\n"), strict=True):
        assert old.split(",")[0] == new.split(",")[0]
        assert old.split(",")[2:] == new.split(",")[2:]


def test_what_was_taken_for_what_is_said(tmp_path: Path) -> None:
    text = commas(table("{ms:.0f};{a};N\n", "time;ECG;label\n"))
    (tmp_path / "x.csv").write_text(text)
    (outcome,) = run(tmp_path / "out", tmp_path / "x.csv", form="npy")
    assert outcome.layout == "decimal commas, time in ms by its steps, mV where no unit is named"
    assert outcome.left_out == {"time": "as times", "label": "as their cells are words"}


@pytest.mark.parametrize(
    "cell", ["9" * 400 + ":00:01", "9999-12-31 23:59:59-23:00", "12:99:99:1:1"]
)
def test_a_time_out_of_every_range_is_refused(tmp_path: Path, cell: str) -> None:
    (tmp_path / "x.csv").write_text(table("{t:.3f},{a}\n", "t,ECG\n") + f"{cell},0.1\n")
    assert "is no time" in failure(tmp_path / "out", tmp_path / "x.csv")


@pytest.mark.parametrize(
    "facts", ['{"a": {"sampling rate": "x"}}', '{"sampling rate": NaN}', '{"column": 3}', "{"]
)
def test_a_header_that_is_no_opensignals_is_a_comment(tmp_path: Path, facts: str) -> None:
    (tmp_path / "x.csv").write_text(table("{t:.3f},{a}\n", f"# {facts}\nt,ECG\n"))
    reader = CsvReader(tmp_path / "x.csv", None, None)
    reader.close()
    assert [(signal.name, signal.fs) for signal in reader.signals] == [("ECG", 250)]
