"""EDF, EDF+ and BDF: whole data records, read and written in pieces.

Formats: Kemp et al. 1992 (EDF), Kemp and Olivan 2003 (EDF+), and BioSemi's BDF with 24 bits. A
denoised file equals its input, byte for byte, except in the samples of its ECGs and a remark:
patient, start, annotations, breaks (EDF+D) and signals that are no ECG are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.io.base import (
    MAX_PIECE_SAMPLES,
    Annotation,
    Format,
    FormatError,
    Frames,
    Reader,
    Samples,
    Signal,
    Writer,
    quantize,
)
from ecgstream.streamer.io.formats.edf_writer import EdfWriter
from ecgstream.streamer.io.units import millivolts

_WIDTHS = (16, 80, 8, 8, 8, 8, 8, 80, 8, 32)
_LABEL, _UNIT, _PMIN, _PMAX, _DMIN, _DMAX, _PREFILTER, _COUNT = 0, 2, 3, 4, 5, 6, 7, 8
_ANNOTATIONS = ("EDF Annotations", "BDF Annotations")
_MAX_RECORD_BYTES = 1 << 24
"""The standard recommends no more than 61,440."""
_TAL = re.compile(rb"([+-]\d+(?:\.\d*)?)(?:\x15(\d+(?:\.\d*)?))?\x14([^\0]*)\x14\0")

Raw = npt.NDArray[np.uint8]


class EdfReader(Reader):
    """Reader of one file; `signals` leaves its annotation signals out."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files = [path]
        self._file = open(path, "rb")  # noqa: SIM115 - `close` does
        try:
            self._read_header(path.stat().st_size)
        except BaseException:
            self._file.close()
            raise

    def _read_header(self, size: int) -> None:
        fixed = self._file.read(256)
        if len(fixed) < 256 or fixed[:8] not in (b"0       ", b"\xffBIOSEMI"):
            raise FormatError("it is no EDF or BDF file")
        self.bytes = 3 if fixed[0] == 0xFF else 2
        count = int(_number(fixed[252:256], "number of signals"))
        length = int(_number(fixed[184:192], "length of its own"))
        if count < 1 or length != 256 * (count + 1):
            raise FormatError(f"its header gives {count} signals and {length} bytes of header")
        rest = self._file.read(length - 256)
        if len(rest) < length - 256:
            raise FormatError("it is cut short: it ends within its header")
        self.header = fixed + rest
        self.fields = list(_columns(rest, count))
        counts = [int(_number(row[_COUNT], "samples in a record")) for row in self.fields]
        self.duration = _number(fixed[244:252], "length of a data record")
        self.record = sum(counts) * self.bytes
        if min(counts) < 0 or not 0 < self.record <= _MAX_RECORD_BYTES:
            raise FormatError(f"its header gives data records of {self.record} bytes")
        there = (size - length) // self.record
        said = int(_number(fixed[236:244], "number of data records"))
        if there < said:
            raise FormatError(
                f"it is cut short: its header gives {said} data records, it has {there}"
            )
        self.records = there if said < 0 else said
        self.plus = fixed[192:197].decode("latin-1")
        ends = np.cumsum(counts) * self.bytes
        places = [slice(int(e) - n * self.bytes, int(e)) for e, n in zip(ends, counts, strict=True)]
        labels = [_text(row[_LABEL]) for row in self.fields]
        self._notes = [p for p, label in zip(places, labels, strict=True) if label in _ANNOTATIONS]
        self.numbers = [
            i for i, label in enumerate(labels) if label not in _ANNOTATIONS and counts[i]
        ]
        self.places = [places[i] for i in self.numbers]
        if not self.numbers or not self.records:
            raise FormatError("it holds no samples")
        if not self.duration > 0:
            raise FormatError("its header gives data records of no length")
        self.signals = [self._signal(self.fields[i], counts[i]) for i in self.numbers]
        self.comments = [
            f"{what}: {text}"
            for what, place in (("patient", fixed[8:88]), ("recording", fixed[88:168]))
            if (text := _text(place))
        ]
        self.start = _start(fixed[168:184].decode("latin-1"))

    def _signal(self, row: Sequence[bytes], count: int) -> Signal:
        unit = _text(row[_UNIT])
        factor = millivolts(unit)
        low, high = _number(row[_DMIN], "digital minimum"), _number(row[_DMAX], "digital maximum")
        bottom, top = _number(row[_PMIN], "minimum"), _number(row[_PMAX], "maximum")
        if low >= high or bottom == top:
            factor, low, high, bottom, top = None, 0, 1, 0, 1  # nobody can tell what it means
        gain = (high - low) / (top - bottom)
        rate = count / self.duration
        return Signal(_text(row[_LABEL]), rate, unit, gain, low - gain * bottom, count, factor)

    def limits(self, i: int) -> tuple[int, int]:
        """Digital minimum and maximum of signal `i`, in adu."""
        row = self.fields[self.numbers[i]]
        return int(_number(row[_DMIN], "digital minimum")), int(
            _number(row[_DMAX], "digital maximum")
        )

    def raw(self) -> Iterator[Raw]:
        """Yield data records (n, bytes) in pieces."""
        step = max(1, MAX_PIECE_SAMPLES * self.bytes // self.record)
        for first in range(0, self.records, step):
            n = min(step, self.records - first)
            content = self._file.read(n * self.record)
            if len(content) < n * self.record:
                raise FormatError("it was cut short while it was read")
            yield np.frombuffer(content, np.uint8).reshape(n, -1)
            self.fraction_read = (first + n) / self.records

    def pieces(self) -> Iterator[Frames]:
        """Yield all frames, a new piece after each break; see `Reader`."""
        ends = None
        for records in self.raw():
            for part in np.split(records, self._breaks(records)):
                begins = self._onset(part[0])
                self.after_break = ends is not None and begins is not None and _differ(begins, ends)
                newest = self._onset(part[-1])
                ends = None if newest is None else newest + self.duration
                yield [self._physical(part, i) for i in range(len(self.signals))]

    def _breaks(self, records: Raw) -> list[int]:
        """Indices of data records, without the first, that begin after a break."""
        if not self.plus.endswith("+D"):
            return []
        onsets = [self._onset(record) for record in records]
        return [
            i
            for i in range(1, len(onsets))
            if (now := onsets[i]) is not None
            and (before := onsets[i - 1]) is not None
            and _differ(now, before + self.duration)
        ]

    def _onset(self, record: Raw) -> float | None:
        """Onset of a data record in seconds; None for a file without breaks."""
        if not self.plus.endswith("+D") or not self._notes:
            return None
        found = _TAL.match(record[self._notes[0]].tobytes())
        if found is None:
            raise FormatError("a data record does not say when it begins")
        return float(found[1])

    def _physical(self, records: Raw, i: int) -> Samples:
        signal = self.signals[i]
        stored = np.ascontiguousarray(records[:, self.places[i]])
        if self.bytes == 2:
            adu = stored.view("<i2").ravel().astype(float)
        else:
            wide = np.zeros((stored.size // 3, 4), np.uint8)
            wide[:, 1:] = stored.reshape(-1, 3)
            adu = (wide.view("<i4").ravel() >> 8).astype(float)
        return np.asarray((adu - signal.baseline) / signal.gain)

    def annotations(self) -> Sequence[Annotation]:
        """Return all annotations with text."""
        found = []
        with open(self.path, "rb") as file:
            file.seek(len(self.header))
            for _ in range(self.records):
                record = np.frombuffer(file.read(self.record), np.uint8)
                for place in self._notes:
                    for onset, _, texts in _TAL.findall(record[place].tobytes()):
                        words = [t.decode("utf-8", "replace") for t in texts.split(b"\x14") if t]
                        found += [Annotation(float(onset), '"', word) for word in words]
        return found

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class EdfCopy(Writer):
    """Copy of the input with denoised ECGs, and a remark in their prefilter field.

    EDF inputs have no gaps. Samples beyond the digital limits are clipped.
    """

    keeps_breaks = True

    def __init__(
        self, folder: Path, name: str, reader: EdfReader, changed: Sequence[int], about: str
    ) -> None:
        super().__init__()
        self.files = [name]
        self._reader, self._changed = EdfReader(reader.path), changed
        self.open_files.callback(self._reader.close)
        self._raw, self._left = self._reader.raw(), np.empty((0, reader.record), np.uint8)
        self._file = self.open_files.binary(folder / name)
        self._file.write(_header_with_remark(reader, [reader.numbers[i] for i in changed], about))

    def write(self, frames: Frames) -> None:
        """Write the next data records; see `Writer`."""
        reader = self._reader
        n = len(frames[0]) // reader.signals[0].per_frame
        while len(self._left) < n:
            self._left = np.concatenate([self._left, next(self._raw)])
        records, self._left = self._left[:n].copy(), self._left[n:]
        for i in self._changed:
            low, high = reader.limits(i)
            adu, beyond = quantize(frames[i], reader.signals[i], low, high, low)
            self.clipped += beyond
            stored = np.ascontiguousarray(adu, "<i4").view(np.uint8).reshape(-1, 4)
            records[:, reader.places[i]] = stored[:, : reader.bytes].reshape(n, -1)
        self._file.write(records.tobytes())

    def close(self) -> None:
        """Close both files."""
        self.open_files.close()


class EdfFormat(Format):
    """EDF, EDF+ and BDF."""

    name, label, suffix, suffixes = "edf", "EDF", ".edf", (".edf", ".bdf")

    def reader(self, path: Path, fs: float | None, millivolts: float | None) -> Reader:
        """Open a file, which states its rates and units; see `Format`."""
        return EdfReader(path)

    def writer(
        self, folder: Path, name: str, reader: Reader, changed: Sequence[int], about: str
    ) -> Writer:
        """Copy an EDF or BDF file, or create an EDF file; see `Format`."""
        if isinstance(reader, EdfReader):
            return EdfCopy(folder, name, reader, changed, about)
        return EdfWriter(folder, name, reader, changed, about)


def _header_with_remark(reader: EdfReader, signals: Sequence[int], about: str) -> bytes:
    """Header of the input with a remark in the prefilter field of the given signals."""
    header = bytearray(reader.header)
    count = len(reader.fields)
    begin = 256 + count * sum(_WIDTHS[:_PREFILTER])
    word = about.encode("ascii", "replace")[:80]
    for i in signals:
        room = _WIDTHS[_PREFILTER] - len(word)
        before = reader.fields[i][_PREFILTER].rstrip()
        field = (before + b" " + word if before and len(before) < room else word).ljust(80)
        header[begin + 80 * i : begin + 80 * (i + 1)] = field
    return bytes(header)


def _columns(rest: bytes, count: int) -> Iterator[tuple[bytes, ...]]:
    """Yield the header fields of each signal."""
    starts = [count * sum(_WIDTHS[:k]) for k in range(len(_WIDTHS))]
    for i in range(count):
        yield tuple(rest[s + i * w : s + (i + 1) * w] for s, w in zip(starts, _WIDTHS, strict=True))


def _text(field: bytes) -> str:
    return field.decode("latin-1").strip(" \0")


def _number(field: bytes, what: str) -> float:
    try:
        number = float(_text(field))
    except ValueError:
        number = np.nan
    if not np.isfinite(number):
        raise FormatError(f"its header's {what} is no number: {_text(field)!r}")
    return number


def _start(said: str) -> datetime | None:
    try:
        moment = datetime.strptime(said, "%d.%m.%y%H.%M.%S")
    except ValueError:
        return None
    return moment.replace(year=moment.year + 100) if moment.year < 1985 else moment


def _differ(one: float, other: float) -> bool:
    return abs(one - other) > 1e-4
