"""Writer of WFDB records of one segment."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ecgstream.streamer.io.annotation_writer import AnnotationWriter
from ecgstream.streamer.io.base import (
    DEFAULT_GAIN_ADU_PER_MV,
    MAX_PIECE_SAMPLES,
    FormatError,
    Frames,
    Reader,
    Signal,
    Writer,
    quantize,
)
from ecgstream.streamer.io.formats.wfdb_reader import WfdbReader, digits
from ecgstream.streamer.io.sample_spool import SampleSpool
from ecgstream.streamer.io.stored_range import fitted, too_large, with_resolution

_NO_UNIT = "NU"
_BITS = (16, 24, 32)
"""Sample formats that are written, which have the names of their bits."""


class WfdbWriter(Writer):
    """Writer of one segment in format 16, 24 or 32, with no fewer bits than the input.

    Gain, units, time and comments are those of the input, and so is the baseline, unless a
    denoised signal fits 16 bits only around another one. A gap is stored as WFDB's invalid sample.
    All annotation files of a WFDB record are copied; the annotations of other formats become an
    `.atr` file of notes.
    """

    keeps_other_annotations = True

    def __init__(
        self, folder: Path, name: str, reader: Reader, changed: Sequence[int], about: str
    ) -> None:
        if not re.fullmatch(r"[-\w]+", name, re.ASCII):
            raise FormatError("WFDB allows letters, digits, - and _ in a name: rename the file")
        super().__init__()
        self._folder, self._name, self._reader, self._about = folder, name, reader, about
        shared = _shared(reader)
        self._signals = [_stored(signal, shared) for signal in reader.signals]
        self._changed = changed
        self._spool = SampleSpool(self.open_files, folder, len(self._signals))
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
        """Take the next frames; see `Writer`."""
        self._spool.write(frames)

    def close(self) -> None:
        """Write samples and header; see `Writer`.

        Raises
        ------
        FormatError : 32 bits do not hold a signal.
        """
        bits, signals = self._choose_range()
        frames, initial, sums = self._write_samples(bits, signals)
        self.open_files.close()
        reader = self._reader
        lines = [self._first_line(frames)]
        kept = [(bits, 0)] * len(signals)
        if isinstance(reader, WfdbReader):
            kept = reader.resolution
        for i, (signal, (resolution, zero)) in enumerate(zip(signals, kept, strict=True)):
            form = f"{bits}" + (f"x{signal.per_frame}" if signal.per_frame > 1 else "")
            gain = f"{digits(signal.gain)}({signal.baseline:.0f})/{signal.unit}"
            lines.append(
                f"{self._name}.dat {form} {gain} {resolution} {zero} {initial[i]} {sums[i]} 0 "
                f"{signal.name}"
            )
        comments = [*reader.comments, self._about]
        lines += [f"# {line}" for comment in comments for line in comment.splitlines()]
        (self._folder / f"{self._name}.hea").write_text("\n".join(lines) + "\n", "utf-8")

    def _choose_range(self) -> tuple[int, list[Signal]]:
        """Smallest number of bits that holds all signals, and these with gain and baseline."""
        least = max(signal.bits for signal in self._signals)
        for bits in (bits for bits in _BITS if bits >= least or bits == _BITS[-1]):
            largest, chosen = 2 ** (bits - 1) - 1, []
            for i, signal in enumerate(self._signals):
                low, high = self._spool.extremes[i]
                suited = with_resolution(signal, low, high, self._spool.whole[i], largest)
                found = fitted(suited, low, high, largest, i in self._changed)
                if found is None:
                    break
                chosen.append(found)
            else:
                return bits, chosen
        raise too_large(signal, low, high, "WFDB", bits)

    def _write_samples(
        self, bits: int, signals: Sequence[Signal]
    ) -> tuple[int, list[int], list[int]]:
        """Write all samples; return the number of frames, first values and checksums."""
        invalid, sums = -(2 ** (bits - 1)), [0] * len(signals)
        initial: list[int] = []
        frames = self._spool.counts[0] // signals[0].per_frame
        step = max(1, MAX_PIECE_SAMPLES // sum(signal.per_frame for signal in signals))
        self._spool.rewind()
        for first in range(0, frames, step):
            rows, columns = min(step, frames - first), []
            for i, signal in enumerate(signals):
                if i not in self._changed:  # keep every adu where WFDB must round the baseline
                    signal = replace(signal, baseline=self._reader.signals[i].baseline)
                samples = self._spool.take(i, rows * signal.per_frame)
                adu = quantize(samples, signal, invalid).astype(np.int64)
                sums[i] += int(adu.sum())
                columns.append(adu.reshape(rows, -1))
            initial = initial or [int(column[0, 0]) for column in columns]
            stored = np.concatenate(columns, axis=1).astype("<i4")
            octets = stored.view(np.uint8).reshape(*stored.shape, 4)[:, :, : bits // 8]
            self._file.write(octets.tobytes())
        return frames, initial, [(total + 32768) % 65536 - 32768 for total in sums]

    def _first_line(self, frames: int) -> str:
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
        line = f"{self._name} {len(self._signals)} {rate} {frames}"
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
