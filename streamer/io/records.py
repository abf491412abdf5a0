"""ECG records: the bundled excerpt, one of a local folder of databases, or a file by its path.

The bundled records are read without the wfdb package, so that a small device needs no more than
numpy; all others through wfdb (extra `wfdb`).
"""

from __future__ import annotations

import os
import re
import warnings
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.io.annotation_file import read_annotations
from ecgstream.streamer.io.base import FormatError, Reader
from ecgstream.streamer.io.base_time import BaseTime
from ecgstream.streamer.io.ecg_signals import reasons_to_copy
from ecgstream.streamer.io.formats import WFDB, recognize
from ecgstream.streamer.io.formats.wfdb_reader import WfdbReader
from ecgstream.streamer.io.units import millivolts
from ecgstream.streamer.io.wfdb_header import (
    MAX_ANNOTATION_BYTES,
    MAX_SAMPLES,
    check,
    inside,
)

ASSETS = Path(__file__).parents[1] / "assets"
BUNDLED = {"208": "208b"}
"""MIT-BIH records of which an excerpt is shipped, and the excerpt's name."""
DATA_VARIABLE = "ECG_DATA"
DOWNLOADS = "~/.cache/ecgstream"
"""The data folder when none is named."""


class RecordError(Exception):
    """A record cannot be read; the message says which, why, and what to do."""


@dataclass(frozen=True)
class Annotations:
    """Marks on a record, as in its `.atr` file; see `ecgstream.streamer.io.annotation_file`."""

    sample: npt.NDArray[np.int64]
    symbol: list[str]
    aux_note: list[str]


@dataclass(frozen=True)
class Record:
    """Signals of one recording.

    `signals` is (n, channels) float32 in mV, NaN where the recording has a gap; `fs` is in Hz.
    """

    name: str
    signals: npt.NDArray[np.float32]
    fs: float
    leads: tuple[str, ...]
    comments: tuple[str, ...] = ()
    annotations: Annotations | None = None
    left_out: tuple[str, ...] = ()
    """Signals of the file that are not among `signals`, each with the reason."""
    base: BaseTime | None = None
    """Time of the first sample."""

    def signal(self, index: int) -> npt.NDArray[np.float32]:
        """Signal number `index`, (n,).

        Raises
        ------
        RecordError : the record has no such signal.
        """
        if not 0 <= index < len(self.leads):
            named = ", ".join(f"{i} ({lead})" for i, lead in enumerate(self.leads))
            raise RecordError(f"record {self.name} has no signal {index}; it has {named}")
        return self.signals[:, index]


def data_folder(data: str | Path | None = None) -> Path | None:
    """The folder that holds the databases: the one given, else `ECG_DATA`, else `DOWNLOADS`.

    None when no folder is named and nothing was downloaded yet.

    Raises
    ------
    RecordError : the folder that is named does not exist.
    """
    given = data or os.environ.get(DATA_VARIABLE)
    try:
        folder = Path(given or DOWNLOADS).expanduser()
        if folder.is_dir():
            return folder
    except (OSError, RuntimeError) as error:  # too long a name, nobody's home
        raise RecordError(f"no data folder {given}: {error}") from None
    if given:
        raise RecordError(f"no data folder {folder}: check --data or {DATA_VARIABLE}")
    return None


def require_data(data: str | Path | None = None) -> Path:
    """The folder that holds the databases, for what cannot do without.

    Raises
    ------
    RecordError : no folder is given, or it does not exist.
    """
    folder = data_folder(data)
    if folder is None:
        raise RecordError(
            f"this takes the databases: point --data or {DATA_VARIABLE} to their folder, after "
            "ecgstream records download mitdb nstdb --data FOLDER"
        )
    return folder


def headers(folder: Path) -> list[Path]:
    """The headers of all records in a data folder, its databases' included."""
    found = [*sorted(folder.glob("*.hea")), *sorted(folder.glob("*/*.hea"))]
    return [header for header in found if _is_file(header)]  # and no pipe of that name


def other_files(folder: Path) -> list[Path]:
    """The EDF, BDF, CSV and numpy files in a data folder, its databases' included."""
    found = [*sorted(folder.glob("*.*")), *sorted(folder.glob("*/*.*"))]
    return [file for file in found if recognize(file) not in (None, WFDB) and _is_file(file)]


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # no path at all
        return False


def find_file(name: str, data: str | Path | None = None) -> Path | None:
    """Path of the EDF, BDF, CSV or numpy file of that name; None when it is not there.

    A name is a path, or one under the data folder.
    """
    if recognize(Path(name), named=True) in (None, WFDB):
        return None
    if _is_file(Path(name)):
        return Path(name)
    folder = data_folder(data)
    return folder / name if folder is not None and _is_file(folder / name) else None


def find_record(name: str, data: str | Path | None = None) -> Path | None:
    """Path, without suffix, of the record of that name; None when it is not there.

    A name is a path (that of one of the record's files, too), one under the data folder
    (`mitdb/208`, `ludb/data/4`), or `208` in any database of it.
    """
    if Path(name).suffix in (".hea", ".dat", ".atr"):
        name = name[:-4]
    if _is_file(Path(f"{name}.hea")):
        return Path(name)
    folder = data_folder(data)
    if folder is not None:
        if _is_file(folder / f"{name}.hea"):
            return folder / name
        for header in headers(folder):
            path = header.with_suffix("")
            if name in (path.name, f"{path.parent.name}/{path.name}"):
                return path
    bundled = ASSETS / f"{BUNDLED.get(name.removeprefix('mitdb/'), name)}.hea"
    return bundled.with_suffix("") if bundled.parent == ASSETS and _is_file(bundled) else None


def read_record(name: str, data: str | Path | None = None) -> Record:
    """Read the ECGs of a whole record with its annotations, if it has any.

    A WFDB record by name or path (see `find_record`), or a file of another format (`find_file`).
    Where signals are no ECGs or have several rates, those at the highest rate of an ECG are read,
    and the others named in `left_out`. What a header names is read only within the data folder
    that the record lies in, or else within the record's own.

    Raises
    ------
    RecordError : there is no such record, its files are damaged, ask for too much or hold no
        ECG, or a package that reads them is not installed.
    """
    file = find_file(name, data)
    if file is not None:
        return _read_ecgs(file)
    path = find_record(name, data)
    if path is None:
        known = re.fullmatch(r"[\w-]{1,20}(/[\w-]{1,20})?", name)
        get = f", or run: ecgstream records download {name}" if known else ""
        raise RecordError(
            f"no record {name!r:.200}: bundled is {', '.join(BUNDLED)}; name a path, or point "
            f"--data or {DATA_VARIABLE} to a folder of databases{get}"
        )
    if path.parent == ASSETS:
        return _read_bundled(path)
    return _read_wfdb(path, _bounds(path, data))


def _bounds(path: Path, data: str | Path | None) -> Path:
    """The folder that no file of a record may lie outside of."""
    try:
        folder = data_folder(data)
    except RecordError:  # not needed for a path
        folder = None
    if folder is not None and path.parent.resolve().is_relative_to(folder.resolve()):
        return folder
    return path.parent


def _read_bundled(path: Path) -> Record:
    """Read the form that the bundled records have: format 16, one file, gain over 1 mV."""
    lines = path.with_suffix(".hea").read_text().splitlines()
    name, channels, fs, n = lines[0].split()[:4]
    specs = [line.split() for line in lines[1 : 1 + int(channels)]]
    gains = np.array([float(re.split(r"[(/]", spec[2])[0]) for spec in specs])
    adu = np.fromfile(path.with_suffix(".dat"), "<i2").reshape(int(n), int(channels))
    comments = tuple(line[1:].strip() for line in lines if line.startswith("#"))
    signals = (adu / gains).astype(np.float32)
    return Record(name, signals, float(fs), tuple(" ".join(s[8:]) for s in specs), comments)


def _read_wfdb(path: Path, folder: Path) -> Record:
    """Read a record whose files all lie in the folder."""
    try:
        import wfdb
    except ImportError:
        raise RecordError("reading this record takes wfdb: pip install 'ecgstream[wfdb]'") from None
    if "::" in str(path.absolute()):
        raise RecordError(f"record {path}: wfdb takes :: in a path for an address; rename it")
    annotations = None
    try:
        check(path, folder)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            record = wfdb.rdrecord(str(path.absolute()))
        marks = path.with_name(f"{path.name}.atr")
        if os.path.lexists(marks):
            annotations = Annotations(
                *read_annotations(inside(marks, folder, MAX_ANNOTATION_BYTES))
            )
    except Exception as error:  # wfdb has no errors of its own: what comes is anything
        raise RecordError(
            f"record {path} cannot be read, its files may be damaged or cut short: {error}"
        ) from error
    if record.p_signal is None or not len(record.p_signal):
        raise RecordError(f"record {path} holds no signals")
    several_rates = len(set(record.samps_per_frame or [1])) > 1
    if several_rates or any(millivolts(unit) is None for unit in record.units):
        return _read_ecgs(path.with_name(f"{path.name}{WFDB.suffix}"))
    with np.errstate(over="ignore", invalid="ignore"):
        factors = np.array([millivolts(unit) for unit in record.units], float)
        signals = (record.p_signal * factors).astype(np.float32)
    signals[~np.isfinite(signals)] = np.nan
    return Record(
        path.name,
        signals,
        float(record.fs),
        tuple(_printable(lead) or f"signal {i}" for i, lead in enumerate(record.sig_name)),
        tuple(_printable(comment) for comment in record.comments),
        annotations,
        base=_base_time(record.base_time, record.base_date),
    )


def _read_ecgs(file: Path) -> Record:
    """Read what `denoise` would denoise of a file, as far as it has one rate."""
    format_ = recognize(file, named=True)
    assert format_ is not None
    try:
        reader = format_.reader(file)
        try:
            return _ecgs(reader, file)
        finally:
            reader.close()
    except FormatError as error:
        where = " (options of ecgstream denoise)" if "--" in str(error) else ""
        raise RecordError(f"{file} cannot be read: {error}{where}") from None
    except ImportError as error:
        raise RecordError(f"reading {file} takes a package that is missing: {error}") from None
    except OSError as error:
        raise RecordError(f"{file} cannot be read: {error.strerror or error}") from None


def _ecgs(reader: Reader, file: Path) -> Record:
    signals = reader.signals
    reasons = reasons_to_copy(signals)
    ecgs = [i for i, reason in enumerate(reasons) if reason is None]
    if not ecgs:
        found = ", ".join(
            f"{signal.name} ({reason})" for signal, reason in zip(signals, reasons, strict=True)
        )
        raise FormatError(f"it holds no ECG: {found or 'it has no signals'}")
    fs = max(signals[i].fs for i in ecgs)
    ecgs = [i for i in ecgs if signals[i].fs == fs]
    pieces: list[npt.NDArray[np.float32]] = []
    samples = 0
    for piece in reader.pieces():
        if reader.after_break:
            raise FormatError("it has a break in time; ecgstream denoise takes it")
        samples += sum(len(column) for column in piece)
        if samples > MAX_SAMPLES:
            raise FormatError(f"it has more than {MAX_SAMPLES} samples: cut it into parts")
        columns = [piece[i] * (signals[i].millivolts or 1.0) for i in ecgs]
        pieces.append(np.stack(columns, axis=1).astype(np.float32))
    if not pieces:
        raise FormatError("it holds no samples")
    read = np.concatenate(pieces)
    read[~np.isfinite(read)] = np.nan
    marks = reader.annotations()
    left_out = [
        f"{signal.name} ({reason or f'{signal.fs:g} Hz, others have {fs:g} Hz'})"
        for i, (signal, reason) in enumerate(zip(signals, reasons, strict=True))
        if i not in ecgs
    ]
    return Record(
        file.stem,
        read,
        fs,
        tuple(_printable(signals[i].name) or f"signal {i}" for i in ecgs),
        tuple(_printable(comment) for comment in reader.comments),
        Annotations(
            np.array([round(mark.seconds * fs) for mark in marks], np.int64),
            [mark.symbol for mark in marks],
            [mark.text for mark in marks],
        )
        if marks
        else None,
        tuple(map(_printable, left_out)),
        _base(reader),
    )


def _base(reader: Reader) -> BaseTime | None:
    if isinstance(reader, WfdbReader):
        return _base_time(reader.header.base_time, reader.header.base_date)
    start = reader.start
    return None if start is None else BaseTime(start.time(), start.date())


def _base_time(clock: time | None, day: date | None) -> BaseTime | None:
    return None if clock is None else BaseTime(clock, day)


def _printable(text: str | None) -> str:
    """A header's words without what would command a terminal."""
    return "".join(letter for letter in text or "" if letter.isprintable())
