"""EDF, EDF+ and BDF: whole data records, read and written in pieces.

Formats: Kemp et al. 1992 (EDF), Kemp and Olivan 2003 (EDF+), and BioSemi's BDF with 24 bits. A
denoised file equals its input, byte for byte, except in the samples of its ECGs and a remark:
patient, start, annotations, breaks (EDF+D) and signals that are no ECG are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
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
)
from ecgstream.streamer.io.formats.edf_range import StoredRange, stored_range
from ecgstream.streamer.io.formats.edf_writer import EdfWriter, coarser, octets
from ecgstream.streamer.io.sample_spool import SampleSpool
from ecgstream.streamer.io.stored_range import adu_limits
from ecgstream.streamer.io.units import UNIT_NAMES, overridden, unit_name

_WIDTHS = (16, 80, 8, 8, 8, 8, 8, 80, 8, 32)
_LABEL, _UNIT, _PMIN, _PMAX, _DMIN, _DMAX, _PREFILTER, _COUNT = 0, 2, 3, 4, 5, 6, 7, 8
_ANNOTATIONS = ("EDF Annotations", "BDF Annotations")
_MAX_RECORD_BYTES = 1 << 24
"""The standard recommends no more than 61,440."""
_TAL = re.compile(rb"([+-]\d+(?:\.\d*)?)(?:\x15(\d+(?:\.\d*)?))?\x14([^\0]*)\x14\0")

Raw = npt.NDArray[np.uint8]


class EdfReader(Reader):
    """Reader of one file; `signals` leaves its annotation signals out.

    Parameters
    ----------
    path : of the file.
    given : value of 1 in mV, in place of what the file says of voltages, or does not say.
    """

    def __init__(self, path: Path, given: float | None = None) -> None:
        self.path, self._given = path, given
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
        self._duration_digits = _decimals(_text(fixed[244:252]))
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
        self.first_onset = self._first_onset()
        if self.start is not None:
            self.start += timedelta(seconds=self.first_onset)

    def _first_onset(self) -> float:
        """Seconds from the time in the header to the first sample."""
        if not self._notes:
            return 0.0
        record = np.frombuffer(self._file.read(self.record), np.uint8)
        self._file.seek(len(self.header))
        found = _TAL.match(record[self._notes[0]].tobytes())
        return float(found[1]) if found else 0.0

    def _rate(self, count: int) -> float:
        """Sampling rate in Hz; whole where the field of the duration is a rounded one."""
        rate = count / self.duration
        error = abs(count / max(1, round(rate)) - self.duration)
        return float(round(rate)) if error <= 0.5 * 10.0**-self._duration_digits else rate

    def _signal(self, row: Sequence[bytes], count: int) -> Signal:
        unit = _text(row[_UNIT])
        factor = overridden(unit, self._given)
        low, high = _number(row[_DMIN], "digital minimum"), _number(row[_DMAX], "digital maximum")
        bottom, top = _number(row[_PMIN], "minimum"), _number(row[_PMAX], "maximum")
        fault = ""
        if low >= high:
            fault = f"its digital minimum is not below its maximum ({low:g}, {high:g})"
        elif bottom == top:
            fault = f"its physical minimum and maximum are the same ({bottom:g})"
        if fault:
            factor, low, high, bottom, top = None, 0, 1, 0, 1
        elif factor is not None and self._given is not None:
            unit = unit_name(factor) if factor in UNIT_NAMES else unit
        gain = (high - low) / (top - bottom)
        return Signal(
            _text(row[_LABEL]),
            self._rate(count),
            unit,
            gain,
            low - gain * bottom,
            count,
            factor,
            8 * self.bytes,
            fault,
        )

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
                self.after_break = ends is not None and self._apart(ends, begins)
                ends = self._onset(part[-1])
                yield [self._physical(part, i) for i in range(len(self.signals))]

    def _breaks(self, records: Raw) -> list[int]:
        """Indices of data records, without the first, that begin after a break."""
        if not self.plus.endswith("+D"):
            return []
        onsets = [self._onset(record) for record in records]
        return [i for i in range(1, len(onsets)) if self._apart(onsets[i - 1], onsets[i])]

    def _apart(self, before: str | None, now: str | None) -> bool:
        """Whether there is a break between data records of these onsets.

        Half a sample is none, nor is what rounding makes of the onsets of records whose duration
        has more decimals than they.
        """
        if before is None or now is None:
            return False
        unit = 10.0 ** -min(_decimals(before), _decimals(now))
        rounded = abs(self.duration / unit - round(self.duration / unit)) > 1e-6
        tolerance = max(0.5 / max(s.fs for s in self.signals), 1.001 * unit if rounded else 0.0)
        return abs(float(now) - float(before) - self.duration) > tolerance

    def _onset(self, record: Raw) -> str | None:
        """Onset of a data record in seconds, as written; None for a file without breaks."""
        if not self.plus.endswith("+D") or not self._notes:
            return None
        found = _TAL.match(record[self._notes[0]].tobytes())
        if found is None:
            raise FormatError("a data record does not say when it begins")
        return found[1].decode("ascii")

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
        """Return all annotations with text, in seconds from the first sample."""
        found = []
        with open(self.path, "rb") as file:
            file.seek(len(self.header))
            for _ in range(self.records):
                record = np.frombuffer(file.read(self.record), np.uint8)
                for place in self._notes:
                    for onset, _, texts in _TAL.findall(record[place].tobytes()):
                        words = [t.decode("utf-8", "replace") for t in texts.split(b"\x14") if t]
                        seconds = float(onset) - self.first_onset
                        found += [Annotation(seconds, '"', word) for word in words]
        return found

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class EdfCopy(Writer):
    """Copy of the input with denoised ECGs, and a remark in their prefilter field.

    EDF inputs have no gaps. The range of an ECG is that of the input where the denoised signal
    fits it; else it is moved, see `stored_range`.
    """

    keeps_breaks = True

    def __init__(
        self, folder: Path, name: str, reader: EdfReader, changed: Sequence[int], about: str
    ) -> None:
        super().__init__()
        self.files = [name]
        self._reader, self._changed = EdfReader(reader.path), changed
        self.open_files.callback(self._reader.close)
        self._signals, self._about = [reader.signals[i] for i in changed], about
        self._spool = SampleSpool(self.open_files, folder, len(changed))
        self._file = self.open_files.binary(folder / name)

    def write(self, frames: Frames) -> None:
        """Take the next data records; see `Writer`."""
        self._spool.write([frames[i] for i in self._changed])

    def close(self) -> None:
        """Write header and data records, then close both files.

        Raises
        ------
        FormatError : a denoised signal does not fit.
        """
        reader = self._reader
        ranges = [
            self._range(i, signal, *extremes)
            for i, signal, extremes in zip(
                self._changed, self._signals, self._spool.extremes, strict=True
            )
        ]
        self.remarks = coarser(ranges)
        self._file.write(self._header(ranges))
        self._spool.rewind()
        for raw in reader.raw():
            records = raw.copy()
            for k, (i, found) in enumerate(zip(self._changed, ranges, strict=True)):
                samples = self._spool.take(k, len(records) * reader.signals[i].per_frame)
                stored = octets(samples, found, reader.bytes)
                records[:, reader.places[i]] = stored.reshape(len(records), -1)
            self._file.write(records.tobytes())
        self.open_files.close()

    def _range(self, i: int, signal: Signal, low: float, high: float) -> StoredRange:
        """Keep the input's range of signal `i` where the samples fit it, else choose one."""
        reader = self._reader
        fields = reader.fields[reader.numbers[i]]
        digital, bounds = reader.limits(i), adu_limits(signal, low, high)
        if digital[0] <= bounds[0] and bounds[1] <= digital[1]:
            return StoredRange((_text(fields[_PMIN]), _text(fields[_PMAX])), digital, signal)
        return stored_range(signal, low, high, 8 * reader.bytes, changed=True)

    def _header(self, ranges: Sequence[StoredRange]) -> bytes:
        """Header of the input with the ranges and the remark."""
        reader = self._reader
        header = bytearray(reader.header)

        def put(field: int, i: int, text: str) -> None:
            width = _WIDTHS[field]
            begin = 256 + len(reader.fields) * sum(_WIDTHS[:field]) + width * i
            header[begin : begin + width] = text.encode("ascii", "replace")[:width].ljust(width)

        for i, found in zip(self._changed, ranges, strict=True):
            number = reader.numbers[i]
            put(_PREFILTER, number, self._remark(reader.fields[number][_PREFILTER]))
            for field, text in zip((_PMIN, _PMAX), found.physical, strict=True):
                if text != _text(reader.fields[number][field]):
                    put(field, number, text)
            for field, limit in zip((_DMIN, _DMAX), found.digital, strict=True):
                if limit != _number(reader.fields[number][field], "digital limit"):
                    put(field, number, str(limit))
            if found.signal.unit != _text(reader.fields[number][_UNIT]):  # as the user gave it
                put(_UNIT, number, found.signal.unit)
        return bytes(header)

    def _remark(self, before: bytes) -> str:
        """Prefilter field with the remark, as much of it as there is room for."""
        word, said = self._about[: _WIDTHS[_PREFILTER]], _text(before)
        return f"{said} {word}" if said and len(said) + len(word) < _WIDTHS[_PREFILTER] else word


class EdfFormat(Format):
    """EDF, EDF+ and BDF; a BDF file becomes one."""

    name, label, suffix = "edf", "EDF", ".edf"
    suffixes: Sequence[str] = (".edf", ".bdf")
    _bits = 16

    def reader(
        self,
        path: Path,
        fs: float | None = None,
        millivolts: float | None = None,
        signals: Sequence[str] | None = None,
        time: str | None = None,
    ) -> Reader:
        """Open a file, which states its rates and units; see `Format`."""
        return EdfReader(path, millivolts)

    def writer(
        self, folder: Path, name: str, reader: Reader, changed: Sequence[int], about: str
    ) -> Writer:
        """Copy an EDF or BDF file, or create one; see `Format`."""
        if isinstance(reader, EdfReader) and 8 * reader.bytes >= self._bits:
            return EdfCopy(folder, name, reader, changed, about)
        return EdfWriter(folder, name, reader, changed, about, self._bits)


class BdfFormat(EdfFormat):
    """BDF, EDF with 24 bits: for recordings of more than EDF's 16."""

    name, label, suffix = "bdf", "BDF", ".bdf"
    suffixes = ()  # those of EDF
    _bits = 24


def _columns(rest: bytes, count: int) -> Iterator[tuple[bytes, ...]]:
    """Yield the header fields of each signal."""
    starts = [count * sum(_WIDTHS[:k]) for k in range(len(_WIDTHS))]
    for i in range(count):
        yield tuple(rest[s + i * w : s + (i + 1) * w] for s, w in zip(starts, _WIDTHS, strict=True))


def _text(field: bytes) -> str:
    """Text up to a NUL, after which some recorders leave what was there before."""
    plain = field.partition(b"\0")[0]
    try:
        return plain.decode("utf-8").strip()
    except UnicodeDecodeError:
        return plain.decode("latin-1").strip()


def _number(field: bytes, what: str) -> float:
    try:
        number = float(_text(field).replace(",", "."))
    except ValueError:
        number = np.nan
    if not np.isfinite(number):
        raise FormatError(f"its header's {what} is no number: {_text(field)!r}")
    return number


def _decimals(number: str) -> int:
    """Number of digits behind the decimal point."""
    return len(number.replace(",", ".").partition(".")[2])


def _start(said: str) -> datetime | None:
    try:
        moment = datetime.strptime(said, "%d.%m.%y%H.%M.%S")
    except ValueError:
        return None
    return moment.replace(year=moment.year + 100) if moment.year < 1985 else moment
