"""Writer of a new EDF file, for recordings of other formats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import numpy as np

from ecgstream.streamer.io.base import FormatError, Frames, Reader, Signal, Writer, quantize

_MAX_ADU = 32767
"""Largest stored value in adu; `-_MAX_ADU - 1` marks a gap."""
_MAX_RECORD_SECONDS = 60
_UNKNOWN_START = datetime(1985, 1, 1)
"""Earliest date of EDF, for recordings without a start."""


class EdfWriter(Writer):
    """Plain EDF: 16 bits, data records of a whole number of seconds, no annotations.

    EDF has no mark for a missing sample: a gap is the lowest step, -32768, as is what fills up the
    last data record.
    """

    keeps_annotations = False

    def __init__(
        self, folder: Path, name: str, reader: Reader, changed: Sequence[int], about: str
    ) -> None:
        super().__init__()
        self.files = [name]
        seconds, self._counts = _record([signal.fs for signal in reader.signals])
        self._signals, rows = zip(
            *(
                _header(signal, count, about if i in changed else "")
                for i, (signal, count) in enumerate(zip(reader.signals, self._counts, strict=True))
            ),
            strict=True,
        )
        self._left = [np.empty(0) for _ in self._signals]
        self._records = 0
        start = (
            reader.start if reader.start and 1985 <= reader.start.year <= 2084 else _UNKNOWN_START
        )
        count = len(rows)
        self._before = "0".ljust(8) + _field(" ".join(reader.comments), 80) + _field(about, 80)
        self._before += start.strftime("%d.%m.%y%H.%M.%S") + _field(f"{256 * (count + 1)}", 8)
        self._before += " " * 44
        self._after = _field(f"{seconds}", 8) + _field(f"{count}", 4)
        self._after += "".join("".join(fields) for fields in zip(*rows, strict=True))
        self._file = self.open_files.binary(folder / name)
        self._write_header()

    def write(self, frames: Frames) -> None:
        """Write complete data records; see `Writer`."""
        self._left = [np.concatenate(pair) for pair in zip(self._left, frames, strict=True)]
        n = min(len(x) // count for x, count in zip(self._left, self._counts, strict=True))
        if not n:
            return
        parts = [x[: n * count] for x, count in zip(self._left, self._counts, strict=True)]
        self._left = [x[n * count :] for x, count in zip(self._left, self._counts, strict=True)]
        columns = []
        for samples, signal in zip(parts, self._signals, strict=True):
            adu, beyond = quantize(samples, signal, -_MAX_ADU, _MAX_ADU, -_MAX_ADU - 1)
            self.clipped += beyond
            columns.append(adu.reshape(n, -1).astype("<i2"))
        self._file.write(np.concatenate(columns, axis=1).tobytes())
        self._records += n

    def close(self) -> None:
        """Pad the last data record and write the number of records into the header."""
        if any(len(x) for x in self._left):
            self.write(
                [
                    np.full(count - len(x), np.nan)
                    for x, count in zip(self._left, self._counts, strict=True)
                ]
            )
        self._file.seek(0)
        self._write_header()
        self.open_files.close()

    def _write_header(self) -> None:
        text = self._before + _field(f"{self._records}", 8) + self._after
        self._file.write(text.encode("ascii"))


def _record(rates: Sequence[float]) -> tuple[int, list[int]]:
    """Find a duration in seconds that holds whole numbers of samples; return both."""
    for seconds in range(1, _MAX_RECORD_SECONDS + 1):
        counts = [Fraction(rate).limit_denominator(_MAX_RECORD_SECONDS) * seconds for rate in rates]
        exact = all(abs(n / seconds - r) < 1e-6 * r for n, r in zip(counts, rates, strict=True))
        if exact and all(n.denominator == 1 for n in counts):
            return seconds, [int(n) for n in counts]
    named = ", ".join(f"{rate:g}" for rate in rates)
    raise FormatError(f"EDF has no data records of whole seconds for {named} Hz")


def _header(signal: Signal, count: int, about: str) -> tuple[Signal, list[str]]:
    """Header fields of a signal, and the signal with the gain that these fields express."""
    low, high = ((step - signal.baseline) / signal.gain for step in (-_MAX_ADU, _MAX_ADU))
    bottom, top = _short(low), _short(high)
    gain = 2 * _MAX_ADU / (float(top) - float(bottom))
    fields = [
        *(_field(signal.name, 16), _field("", 80), _field(signal.unit, 8)),
        *(_field(bottom, 8), _field(top, 8), _field(f"{-_MAX_ADU}", 8), _field(f"{_MAX_ADU}", 8)),
        *(_field(about, 80), _field(f"{count}", 8), _field("", 32)),
    ]
    return replace(signal, gain=gain, baseline=-_MAX_ADU - gain * float(bottom)), fields


def _short(number: float) -> str:
    """Format a number in at most 8 characters, as exactly as they allow."""
    for digits in range(8, 0, -1):
        text = f"{number:.{digits}g}"
        if len(text) <= 8:
            return text
    raise FormatError(f"EDF cannot write {number:g}")


def _field(text: str, width: int) -> str:
    plain = text.replace("µ", "u").replace("μ", "u")
    printable = "".join(c if " " <= c <= "~" else "?" for c in plain)
    return printable[:width].ljust(width)
