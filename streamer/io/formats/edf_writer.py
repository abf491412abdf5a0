"""Writer of a new EDF or BDF file, for recordings of other formats."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.io.base import (
    MAX_PIECE_SAMPLES,
    FormatError,
    Frames,
    Reader,
    Samples,
    Writer,
    quantize,
)
from ecgstream.streamer.io.formats.edf_range import StoredRange, stored_range
from ecgstream.streamer.io.sample_spool import SampleSpool
from ecgstream.streamer.io.stored_range import with_resolution

_MAX_RECORD_SECONDS = 60
_UNKNOWN_START = datetime(1985, 1, 1)
"""Earliest date of EDF, for recordings without a start."""


class EdfWriter(Writer):
    """Plain EDF or BDF: data records of a whole number of seconds, no annotations.

    The format has no mark for a missing sample: a gap is the lowest step, and so is what fills up
    the last data record.

    Parameters
    ----------
    bits : 16 (EDF) or 24 (BDF).
    """

    keeps_annotations = False

    def __init__(
        self,
        folder: Path,
        name: str,
        reader: Reader,
        changed: Sequence[int],
        about: str,
        bits: int = 16,
    ) -> None:
        super().__init__()
        self.files = [name]
        self._reader, self._changed, self._about, self._bits = reader, changed, about, bits
        self._seconds, self._counts = _record([signal.fs for signal in reader.signals])
        self._spool = SampleSpool(self.open_files, folder, len(self._counts))
        self._file = self.open_files.binary(folder / name)

    def write(self, frames: Frames) -> None:
        """Take the next frames; see `Writer`."""
        self._spool.write(frames)

    def close(self) -> None:
        """Write the header and all data records, the last one padded; see `Writer`.

        Raises
        ------
        FormatError : a signal does not fit.
        """
        largest = 2 ** (self._bits - 1) - 1
        ranges = []
        for i, signal in enumerate(self._reader.signals):
            low, high = self._spool.extremes[i]
            suited = with_resolution(signal, low, high, self._spool.whole[i], largest)
            ranges.append(stored_range(suited, low, high, self._bits, i in self._changed))
        self.remarks = coarser(ranges)
        records = max(
            -(-there // count)
            for there, count in zip(self._spool.counts, self._counts, strict=True)
        )
        self._write_header(ranges, records)
        step = max(1, MAX_PIECE_SAMPLES // sum(self._counts))
        self._spool.rewind()
        for first in range(0, records, step):
            n, columns = min(step, records - first), []
            for i, (count, found) in enumerate(zip(self._counts, ranges, strict=True)):
                samples = np.full(n * count, np.nan)
                there = self._spool.take(i, n * count)
                samples[: len(there)] = there
                columns.append(octets(samples, found, self._bits // 8).reshape(n, -1))
            self._file.write(np.concatenate(columns, axis=1).tobytes())
        self.open_files.close()

    def _write_header(self, ranges: Sequence[StoredRange], records: int) -> None:
        reader, count = self._reader, len(ranges)
        known = reader.start and 1985 <= reader.start.year <= 2084
        start = reader.start if reader.start and known else _UNKNOWN_START
        text = _field(" ".join(reader.comments), 80) + _field(self._about, 80)
        text += start.strftime("%d.%m.%y%H.%M.%S") + _field(f"{256 * (count + 1)}", 8)
        text += _field("24BIT" if self._bits == 24 else "", 44) + _field(f"{records}", 8)
        text += _field(f"{self._seconds}", 8) + _field(f"{count}", 4)
        rows = [
            [
                *(_field(found.signal.name, 16), _field("", 80), _field(found.signal.unit, 8)),
                *(_field(limit, 8) for limit in found.physical),
                *(_field(f"{limit}", 8) for limit in found.digital),
                _field(self._about if i in self._changed else "", 80),
                *(_field(f"{self._counts[i]}", 8), _field("", 32)),
            ]
            for i, found in enumerate(ranges)
        ]
        text += "".join("".join(fields) for fields in zip(*rows, strict=True))
        version = b"\xffBIOSEMI" if self._bits == 24 else b"0       "
        self._file.write(version + text.encode("ascii"))


def octets(samples: Samples, found: StoredRange, width: int) -> npt.NDArray[np.uint8]:
    """Samples as integers of 2 or 3 bytes, (n * width,); a gap is below the lowest step."""
    gap = -(2 ** (8 * width - 1))
    adu = np.ascontiguousarray(quantize(samples, found.signal, gap), "<i4")
    return adu.view(np.uint8).reshape(-1, 4)[:, :width].ravel()


def coarser(ranges: Sequence[StoredRange]) -> list[str]:
    """Say which signals have larger steps than in the input."""
    return [
        f"{found.signal.name} is stored in steps of {abs(1 / found.signal.gain):.3g} "
        f"{found.signal.unit}, larger than the input's: EDF has 16 bits, --format bdf has 24"
        for found in ranges
        if found.coarser
    ]


def _record(rates: Sequence[float]) -> tuple[int, list[int]]:
    """Find a duration in seconds that holds whole numbers of samples; return both."""
    for seconds in range(1, _MAX_RECORD_SECONDS + 1):
        counts = [Fraction(rate).limit_denominator(_MAX_RECORD_SECONDS) * seconds for rate in rates]
        exact = all(abs(n / seconds - r) < 1e-6 * r for n, r in zip(counts, rates, strict=True))
        if exact and all(n.denominator == 1 for n in counts):
            return seconds, [int(n) for n in counts]
    named = ", ".join(f"{rate:g}" for rate in rates)
    raise FormatError(f"EDF has no data records of whole seconds for {named} Hz")


def _field(text: str, width: int) -> str:
    plain = text.replace("µ", "u").replace("μ", "u")
    printable = "".join(c if " " <= c <= "~" else "?" for c in plain)
    return printable[:width].ljust(width)
