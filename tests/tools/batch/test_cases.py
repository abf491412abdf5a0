"""Files of the world, each once read or written wrongly, against independent readers.

Every file lies in `tests/cases`, in a folder of the case's name. A row of the table says what is
right: names, units, rates and counts of the signals, the extremes of those that are denoised, and
which are copied. All samples are compared with what the engine makes of the independently read
input.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecgstream.streamer.io.formats import FORMATS
from ecgstream.streamer.io.units import millivolts
from helpers.independent_readers import ReadSignal, read, read_table
from helpers.paths import CASES
from helpers.recordings import done, plain, run

pytest.importorskip("wfdb")

TOLERANCE_MV = 0.02


@dataclass(frozen=True)
class Denoised:
    """A signal that is an ECG, and the extremes of the output in mV."""

    name: str
    unit: str
    fs: float
    count: int
    low: float
    high: float


@dataclass(frozen=True)
class Copied:
    """A signal that is copied as it is."""

    name: str
    unit: str
    fs: float
    count: int


@dataclass(frozen=True)
class Case:
    """One file, how it is denoised, and what must come out."""

    name: str
    """Of the folder in `tests/cases`; a word after a blank tells rows of one folder apart."""
    file: str
    signals: Sequence[Denoised | Copied] = ()
    refused: str = ""
    """Words of the refusal, for a file that must be refused."""
    form: str | None = None
    """Name of the format to write; None keeps that of the file."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `Settings`: fs, millivolts and others."""
    repair: tuple[bytes, bytes] | None = None
    """Bytes to replace before the independent reader takes the input."""
    like: str = ""
    """Path in `tests/cases` of a file with the same signals that the independent reader takes."""
    table: Mapping[str, Any] = field(default_factory=dict)
    """Arguments with which pandas reads the input."""
    units: Mapping[str, float] = field(default_factory=dict)
    """Value in mV of units that the independent reader reports, where this program's differ."""
    broken: str = ""
    """Why the row fails today."""


ecg = Denoised  # short for the table
_12_LEADS = "I II III aVR aVL aVF V1 V2 V3 V4 V5 V6".split()
_12_LOWS = [-0.05, -0.10, -0.15, -0.20, -0.25, -0.30, -0.35, -0.39, -0.44, -0.49, -0.54, -0.59]
_12_HIGHS = [0.21, 0.43, 0.64, 0.86, 1.07, 1.28, 1.50, 1.71, 1.93, 2.14, 2.36, 2.57]
_TWO_LEADS = (ecg("I", "mV", 360, 10800, -0.30, 1.44), ecg("II", "mV", 360, 10800, -0.30, 1.39))

_OFFSETS: Sequence[tuple[str, str, Sequence[Denoised | Copied]]] = (
    ("edfio-default-dc0", "in.edf", [ecg("ECG", "mV", 360, 10800, -0.30, 1.44)]),
    ("edfio-default-dc5", "in.edf", [ecg("ECG", "mV", 360, 10800, -0.30, 1.44)]),
    ("mne-export-dc0", "in.edf", [ecg("ECG", "uV", 360, 10800, -0.30, 1.44)]),
    ("edf-offset-range", "in.edf", [ecg("ECG", "mV", 250, 5000, -0.30, 1.29)]),
    ("edf-clip", "in.edf", [ecg("ECG", "mV", 250, 5000, -0.08, 1.99)]),
    ("wrsamp-default-dc0", "r.hea", [ecg("ECG", "mV", 360, 10800, -0.30, 1.44)]),
    ("wrsamp-default-dc5", "r.hea", [ecg("ECG", "mV", 360, 10800, -0.30, 1.44)]),
    ("wfdb-baseline-large", "r.hea", _TWO_LEADS),
    ("bdf-biosemi-to-wfdb", "in.bdf",
     [ecg("EXG1", "uV", 250, 5000, -0.48, 2.07), Copied("Status", "Boolean", 250, 5000)]),
)  # fmt: skip

RANGES = [  # No sample is ever cut in silence, whatever the input's range.
    *(
        Case(f"{name}{form and f' {form}'}", file, signals, form=form or None)
        for form in ("", "wfdb", "edf", "csv", "npy")
        for name, file, signals in _OFFSETS
    ),
    *(
        Case(f"npy-uint16-dc0{form and f' {form}'}", "in.npy",
             [ecg("signal 0", unit, 360, 10800, -0.30, 1.44)],
             form=form or None, options={"fs": 360.0, "millivolts": 1 / 200})
        for form, unit in (("", ""), ("wfdb", "adu"), ("edf", "adu"))
    ),
]  # fmt: skip

EDF = [
    Case("edf-decimal-comma", "in.edf", [ecg("ECG", "mV", 250, 5000, -0.30, 1.29)],
         form="wfdb", repair=(b",", b".")),
    Case("edf-digital-swapped", "in.edf", refused="digital minimum is not below"),
    Case("edf-plusC-start", "in.edf", [ecg("ECG", "mV", 250, 5000, -0.30, 1.29)]),
    Case("edf-plusD-rounded-onsets", "in.edf", [ecg("ECG", "mV", 300, 6000, -0.30, 1.29)],
         form="wfdb"),
    Case("edf-unit-mu-utf8", "in.edf", [ecg("ECG", "uV", 250, 5000, -0.30, 1.29)],
         form="wfdb", like="edf-plusC-start/in.edf"),
    Case("edf-unit-nulgarb", "in.edf", [ecg("ECG", "uV", 250, 5000, -0.30, 1.29)],
         form="wfdb", like="edf-plusC-start/in.edf"),
    Case("edf-unit-empty", "in.edf", refused="give --units"),
    Case("edf-unit-empty given", "in.edf", [ecg("ECG", "uV", 250, 5000, -0.30, 1.29)],
         form="wfdb", options={"millivolts": 1e-3}),
]  # fmt: skip

WFDB = [
    Case("wfdb-comment-utf8", "r.hea", _TWO_LEADS),
    Case("wfdb-appledouble", "r.hea", _TWO_LEADS),
    Case("wfdb-hea-name-mismatch", "r.hea", _TWO_LEADS),
    Case("wfdb-cinc2020", "A0001.hea",
         [ecg(lead, "mV", 500, 5000, low, high)
          for lead, low, high in zip(_12_LEADS, _12_LOWS, _12_HIGHS, strict=True)]),
    Case("wfdb-degree-other-channel", "r.hea",
         [ecg("ECG", "mV", 360, 10800, -0.30, 1.44), Copied("Temp", "C", 360, 10800)]),
    Case("wfdb-ecg-plus-pleth", "r.hea",
         [ecg("II", "mV", 360, 10800, -0.30, 1.44), Copied("PLETH", "NU", 360, 10800)]),
    *(
        Case(name, "r.hea", [ecg("II", "mV", 500, 15000, -0.30, 1.44),
                             ecg("V", "mV", 125, 3750, -0.29, 1.44)])
        for name in ("wfdb-frames-125x4-mV", "wfdb-frames-62x4-mV")
    ),
    Case("wfdb-zero-signals", "r.hea", refused="it has no signals"),
]  # fmt: skip

_ECG_MV = ecg("ECG", "mV", 250, 5000, -0.30, 1.29)
_NO_NAMES = {"header": None}

CSV = [
    Case("csv-250.4Hz", "in.csv", [ecg("ECG", "mV", 250.4, 5000, -0.30, 1.29)], form="wfdb"),
    Case("csv-burst-timestamps", "in.csv", [ecg("ECG", "uV", 130, 2600, -0.30, 1.28)], form="wfdb"),
    Case("csv-decimal-comma-nohdr", "in.csv", [ecg("signal 1", "mV", 250, 5000, -0.30, 1.29)],
         form="wfdb", table={**_NO_NAMES, "decimal": ",", "sep": ";"}),
    Case("csv-decimal-comma-one-nohdr", "in.csv", refused="commas may be decimals",
         options={"fs": 250.0}),
    Case("csv-first-row-empty", "in.csv", [ecg("signal 1", "mV", 250, 5000, -0.30, 1.29)],
         form="wfdb", table=_NO_NAMES),
    Case("csv-first-row-empty given", "in.csv", [ecg("signal 1", "mV", 250, 5000, -0.30, 1.29)],
         form="wfdb", table=_NO_NAMES, options={"fs": 250.0}),
    Case("csv-header-gap", "in.csv", [_ECG_MV], form="wfdb"),
    Case("csv-header-gap given", "in.csv", [_ECG_MV], form="wfdb", options={"fs": 250.0}),
    Case("csv-labels", "in.csv", [_ECG_MV], form="wfdb"),
    Case("csv-lead-I-first", "in.csv", form="wfdb", options={"fs": 250.0},
         signals=[ecg(lead, "mV", 250, 5000, -0.0495 * (k + 1), 0.215 * (k + 1))
                  for k, lead in enumerate(_12_LEADS)]),
    Case("csv-neurokit-eda-rsp", "in.csv", options={"fs": 100.0},
         signals=[ecg("ECG", "", 100, 2000, -0.28, 1.28),
                  *(Copied(name, "", 100, 2000) for name in ("EDA", "Photosensor", "RSP"))]),
    Case("csv-openbci-gui", "OpenBCI-RAW.txt", form="wfdb", units={"": 1e-3},
         table={"comment": "%", "sep": ","},
         signals=[ecg("EXG Channel 0", "uV", 250, 5000, -0.30, 1.29),
                  ecg("EXG Channel 1", "uV", 250, 5000, -0.28, 1.32),
                  ecg("EXG Channel 2", "uV", 250, 5000, 0.00, 0.00),
                  ecg("EXG Channel 3", "uV", 250, 5000, -0.30, 1.29),
                  Copied("Accel Channel 0", "NU", 250, 5000), Copied("Other", "NU", 250, 5000)]),
    Case("csv-polar-h10", "Polar_H10_ECG.txt", [ecg("ecg", "uV", 130, 2600, -0.30, 1.28)],
         form="wfdb", table={"sep": ";"}),
    *(
        Case(f"csv-time-{name}{given}", "in.csv", [_ECG_MV], form="wfdb",
             options={"fs": 250.0} if given else {})
        for name in ("Time__s", "Time_s", "Timestamp__ns_", "lsl_timestamp", "time_ms")
        for given in ("", " given")
    ),
    Case("csv-trailing-sep", "in.csv", [_ECG_MV], form="wfdb"),
    Case("csv-unit-lead_II", "in.csv", [ecg("ECG (lead II)", "mV", 250, 5000, -0.30, 1.29)],
         form="wfdb", options={"millivolts": 1.0}),
    Case("csv-unit-microvolts", "in.csv", form="wfdb",
         signals=[ecg("ECG", "microvolts", 250, 5000, -0.30, 1.29)]),
    Case("csv-unit-millivolts", "in.csv", form="wfdb",
         signals=[ecg("ECG", "millivolts", 250, 5000, -0.30, 1.29)]),
]  # fmt: skip

DENOISED = [*RANGES, *EDF, *WFDB, *CSV]


def parameters(cases: Sequence[Case]) -> list[Any]:
    return [
        pytest.param(
            case,
            id=case.name.replace(" ", "-"),
            marks=[pytest.mark.xfail(reason=case.broken, strict=True)] if case.broken else [],
        )
        for case in cases
    ]


def independently_read(case: Case, folder: Path) -> list[ReadSignal]:
    """The input's signals, by another's reader."""
    source = CASES / (case.like or f"{case.name.split()[0]}/{case.file}")
    if case.repair:
        source = folder / source.name
        original = (CASES / case.name.split()[0] / case.file).read_bytes()
        assert case.repair[0] in original
        source.write_bytes(original.replace(*case.repair))
    return read(source, case.options.get("fs", np.nan), **case.table)


def as_expected(written: Sequence[ReadSignal], case: Case) -> Sequence[ReadSignal]:
    """Signals of a new table without its time, and of an array, which names none, with names."""
    if case.form == "csv" and written[0].name == "time":
        seconds = written[0].samples
        rate = (len(seconds) - 1) / (seconds[-1] - seconds[0])
        return [signal._replace(fs=float(f"{rate:.5g}")) for signal in written[1:]]
    if case.form == "npy" and not case.file.endswith(".npy"):
        pairs = zip(written, case.signals, strict=True)
        return [s._replace(name=e.name, unit=e.unit, fs=e.fs) for s, e in pairs]
    return written


@cache
def _engine_output(stored: bytes, fs: float, options: tuple[tuple[str, Any], ...]) -> Any:
    return plain(np.frombuffer(stored)[:, None], fs, **dict(options))[0][:, 0].astype(float)


def engine_output(case: Case, signal: ReadSignal) -> np.ndarray[Any, Any]:
    """What the engine makes of a signal, in mV."""
    factor = case.units.get(signal.unit, millivolts(signal.unit) if signal.unit else None)
    factor = case.options.get("millivolts") or factor or 1.0
    options = tuple((k, v) for k, v in case.options.items() if k in ("delay", "strength", "st"))
    return np.asarray(_engine_output((signal.samples * factor).tobytes(), signal.fs, options))


@pytest.mark.parametrize("case", parameters(DENOISED))
def test_what_is_written_is_right(case: Case, tmp_path: Path) -> None:
    (outcome,) = run(
        tmp_path / "out", CASES / case.name.split()[0] / case.file, form=case.form, **case.options
    )
    if case.refused:
        assert case.refused in str(outcome.failure)
        return
    assert outcome.failure is None, outcome.failure
    written = as_expected(read(outcome.task.target, case.options.get("fs", np.nan)), case)
    there = independently_read(case, tmp_path)
    given = {s.name: s for s in there} | {f"{s.name} ({s.unit})": s for s in there}
    assert [signal.name for signal in written] == [signal.name for signal in case.signals]
    for signal, expected in zip(written, case.signals, strict=True):
        assert signal.unit == expected.unit, signal.name
        assert signal.fs == pytest.approx(expected.fs, rel=1e-7, nan_ok=True), signal.name
        original = given[signal.name].samples
        samples = signal.samples[: expected.count]  # EDF fills its last data record
        assert len(samples) == len(original) == expected.count, signal.name
        if isinstance(expected, Copied):
            assert expected.name in outcome.copied
            np.testing.assert_allclose(samples, original, rtol=1e-7, atol=1e-9)
            continue
        factor = millivolts(signal.unit) or case.options.get("millivolts") or 1.0
        samples = samples * factor
        aim = engine_output(case, given[signal.name]._replace(fs=expected.fs))
        np.testing.assert_allclose(samples, aim, atol=TOLERANCE_MV, rtol=0)
        assert np.nanmin(samples) == pytest.approx(expected.low, abs=TOLERANCE_MV)
        assert np.nanmax(samples) == pytest.approx(expected.high, abs=TOLERANCE_MV)


@pytest.mark.parametrize("case", parameters([case for case in CSV if not case.refused]))
def test_a_table_keeps_every_other_byte(case: Case, tmp_path: Path) -> None:
    source = CASES / case.name.split()[0] / case.file
    target = done(tmp_path, source, **case.options)
    options = {**case.table, "dtype": str, "keep_default_na": False}
    before, after = read_table(source, **options), read_table(target, **options)
    names = [signal.name for signal in case.signals if isinstance(signal, Denoised)]
    assert list(before.columns) == list(after.columns) and len(before) == len(after)
    changed = [c for c in before.columns if not before[c].equals(after[c])]
    assert len(changed) == len(names)
    assert all(name in column for name, column in zip(names, changed, strict=True))
    number = re.compile(rb"[-+.,\dena]+")
    lines = zip(source.read_bytes().splitlines(), target.read_bytes().splitlines(), strict=True)
    assert all(number.sub(b"", old) == number.sub(b"", new) for old, new in lines)


def test_every_case_is_in_a_table() -> None:
    rows = {case.name.split()[0] for case in DENOISED}
    assert rows <= {folder.name for folder in CASES.iterdir()}
    assert {case.form for case in DENOISED} <= {*FORMATS, None}
