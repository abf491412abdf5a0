"""Writer of annotation files in the MIT format, annot(5) of the WFDB manual."""

from __future__ import annotations

from pathlib import Path

from ecgstream.streamer.io.annotation_file import SYMBOLS
from ecgstream.streamer.io.base import OpenFiles

RESOLUTION = "## time resolution: "
"""Start of the note at sample 0 that states the time resolution, as WFDB writes it."""
END = b"\0\0"
"""End of an annotation file."""
_CODES = {symbol: code for code, symbol in enumerate(SYMBOLS) if symbol != " "}
_SKIP, _CHANNEL, _AUX = 59, 62, 63
_MAX_NOTE_BYTES = 255
_MAX_STEP_SAMPLES = 0x3FF
"""Largest step beside an annotation code; a longer one takes a SKIP."""


def encoded(step: int, symbol: str, note: str, signal: int | None = None) -> bytes:
    """Encode one annotation, `step` samples after the one before.

    Parameters
    ----------
    step : samples.
    symbol : of WFDB.
    note : text, cut after 255 bytes; none where empty.
    signal : number of the signal where it changes.
    """
    words = []
    if not 0 <= step <= _MAX_STEP_SAMPLES:
        words += [_SKIP << 10, step >> 16 & 0xFFFF, step & 0xFFFF]
        step = 0
    words.append(_CODES[symbol] << 10 | step)
    if signal is not None:
        words.append(_CHANNEL << 10 | signal & 0xFF)
    text = note.encode("latin-1", "replace")[:_MAX_NOTE_BYTES]
    if text:
        words.append(_AUX << 10 | len(text))
    padded = text + b"\0" * (len(text) % 2)
    return b"".join(word.to_bytes(2, "little") for word in words) + padded


class AnnotationWriter:
    """Writer of annotations in order of time, each with a signal number and a note.

    Symbols are those of WFDB, such as `"` (a note), `~` (a change in a signal's quality), `+` (a
    rhythm) and `N` (a normal beat).

    Parameters
    ----------
    path : of the file.
    resolution : ticks per second, where they are not the record's frames.
    """

    def __init__(self, path: Path, resolution: float | None = None) -> None:
        self.open_files = OpenFiles()
        self._file = self.open_files.binary(path)
        self._time = self._signal = 0
        if resolution is not None:
            self.add(0, '"', f"{RESOLUTION}{resolution:.12g}")

    def add(self, sample: int, symbol: str, note: str, signal: int = 0) -> None:
        """Write one annotation."""
        changed = signal if signal != self._signal else None
        self._file.write(encoded(sample - self._time, symbol, note, changed))
        self._time, self._signal = sample, signal

    def close(self) -> None:
        """Complete the file."""
        self._file.write(END)
        self.open_files.close()
