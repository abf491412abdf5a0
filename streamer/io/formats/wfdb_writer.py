"""Writer of WFDB records of one segment."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from ecgstream.streamer.io.annotation_writer import AnnotationWriter
from ecgstream.streamer.io.base import (
    DEFAULT_GAIN_ADU_PER_MV,
    FormatError,
    Frames,
    Reader,
    Signal,
    Writer,
    quantize,
)
from ecgstream.streamer.io.formats.wfdb_reader import WfdbReader, digits
from ecgstream.streamer.io.wfdb_formats import SAMPLE_FORMATS

_NO_UNIT = "NU"


class WfdbWriter(Writer):
    """Writer of one segment in format 16, or 32 for inputs of more than 16 bits.

    Gain, baseline, units, time and comments are those of the input. A gap is stored as WFDB's
    invalid sample. All annotation files of a WFDB record are copied; the annotations of other
    formats become an `.atr` file of notes.
    """

    def __init__(self, folder: Path, name: str, reader: Reader, about: str) -> None:
        if not re.fullmatch(r"[-\w]+", name, re.ASCII):
            raise FormatError("WFDB allows letters, digits, - and _ in a name: rename the file")
        super().__init__()
        self._folder, self._name, self._reader, self._about = folder, name, reader, about
        shared = _shared(reader)
        self._signals = [_stored(signal, shared) for signal in reader.signals]
        formats = reader.formats if isinstance(reader, WfdbReader) else ()
        self._bits = 32 if any(SAMPLE_FORMATS[int(f)].bits > 16 for f in formats) else 16
        self._frames = 0
        self._initial: list[int] = []
        self._sums = [0] * len(self._signals)
        self._file = self.open_files.binary(folder / f"{name}.dat")
        self.files = [f"{name}.dat", *self._copy_marks(), f"{name}.hea"]

    def _copy_marks(self) -> list[str]:
        reader = self._reader
        if isinstance(reader, WfdbReader):
            for file in reader.annotation_files:
                (self._folder / f"{self._name}{file.suffix}").write_bytes(file.read_bytes())
            return [f"{self._name}{file.suffix}" for file in reader.annotation_files]
        marks = sorted(reader.annotations())
        if not marks:
            return []
        fastest = max(signal.fs for signal in reader.signals)
        made = AnnotationWriter(self._folder / f"{self._name}.atr", resolution(reader))
        for mark in marks:
            made.add(max(0, round(mark.seconds * fastest)), mark.symbol, mark.text)
        made.close()
        return [f"{self._name}.atr"]

    def write(self, frames: Frames) -> None:
        """Write the next frames; see `Writer`."""
        largest = 2 ** (self._bits - 1) - 1
        rows = len(frames[0]) // self._signals[0].per_frame
        columns = []
        for i, (samples, signal) in enumerate(zip(frames, self._signals, strict=True)):
            adu, beyond = quantize(samples, signal, -largest, largest, -largest - 1)
            self.clipped += beyond
            self._sums[i] += int(adu.sum())
            columns.append(adu.reshape(rows, -1))
        table = np.concatenate(columns, axis=1)
        if rows and not self._frames:
            self._initial = [int(column[0, 0]) for column in columns]
        self._frames += rows
        self._file.write(table.astype(f"<i{self._bits // 8}").tobytes())

    def close(self) -> None:
        """Write the header."""
        self.open_files.close()
        reader, signals = self._reader, self._signals
        lines = [self._first_line()]
        kept = [(self._bits, 0)] * len(signals)
        if isinstance(reader, WfdbReader):
            kept = reader.resolution
        for i, (signal, (bits, zero)) in enumerate(zip(signals, kept, strict=True)):
            form = f"{self._bits}" + (f"x{signal.per_frame}" if signal.per_frame > 1 else "")
            gain = f"{digits(signal.gain)}({signal.baseline:.0f})/{signal.unit}"
            sums = (self._sums[i] + 32768) % 65536 - 32768
            lines.append(
                f"{self._name}.dat {form} {gain} {bits} {zero} {self._initial[i]} {sums} 0 "
                f"{signal.name}"
            )
        comments = [*reader.comments, self._about]
        lines += [f"# {line}" for comment in comments for line in comment.splitlines()]
        text = "\n".join(lines) + "\n"
        (self._folder / f"{self._name}.hea").write_bytes(text.encode("ascii", "replace"))

    def _first_line(self) -> str:
        reader, first = self._reader, self._signals[0]
        rate = digits(first.fs / first.per_frame)
        start = reader.start
        time, date = (start.time(), start.date()) if start else (None, None)
        if isinstance(reader, WfdbReader):
            head = reader.header
            time, date = head.base_time, head.base_date
            if head.counter_freq:
                rate += f"/{digits(head.counter_freq)}"
                rate += f"({digits(head.base_counter)})" if head.base_counter else ""
        line = f"{self._name} {len(self._signals)} {rate} {self._frames}"
        if time is not None:
            line += f" {time.isoformat('milliseconds' if time.microsecond else 'seconds')}"
        return line + (f" {date:%d/%m/%Y}" if time is not None and date is not None else "")


def resolution(reader: Reader) -> float | None:
    """Rate of the fastest signal in Hz where it exceeds the frame rate; else None."""
    fastest = max(reader.signals, key=lambda signal: signal.per_frame)
    return fastest.fs if fastest.per_frame > _shared(reader) else None


def _shared(reader: Reader) -> int:
    """Divisor of the samples per frame; 1 for WFDB inputs, whose frames are kept."""
    if isinstance(reader, WfdbReader):
        return 1
    return math.gcd(*(signal.per_frame for signal in reader.signals))


def _stored(signal: Signal, shared: int) -> Signal:
    """Signal as a WFDB header can describe it: integer baseline, no blanks in the unit."""
    unit = re.sub(r"[^\w^?%/-]", "", signal.unit.replace("µ", "u").replace("μ", "u"), flags=re.A)
    gain = signal.gain if np.isfinite(signal.gain) and signal.gain else DEFAULT_GAIN_ADU_PER_MV
    name = " ".join(signal.name.split())
    return replace(
        signal,
        name=name,
        unit=unit or _NO_UNIT,
        gain=gain,
        baseline=round(signal.baseline),
        per_frame=signal.per_frame // shared,
    )
