"""Writer of annotation files in the MIT format, annot(5) of the WFDB manual."""

from __future__ import annotations

from pathlib import Path

from ecgstream.streamer.io.base import OpenFiles

RESOLUTION = "## time resolution: "
"""Start of the note at sample 0 that states the time resolution, as WFDB writes it."""
_CODES = {'"': 22, "~": 14, "+": 28}
_SKIP, _CHANNEL, _AUX = 59, 62, 63
_MAX_NOTE_BYTES = 255
_MAX_STEP_SAMPLES = 0x3FF
"""Largest step beside an annotation code; a longer one takes a SKIP."""


class AnnotationWriter:
    """Writer of annotations in order of time, each with a signal number and a note.

    Symbols are `"` (a note), `~` (a change in a signal's quality) and `+` (a rhythm).

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
        step = sample - self._time
        words = []
        if step > _MAX_STEP_SAMPLES:
            words += [_SKIP << 10, step >> 16, step & 0xFFFF]
            step = 0
        words.append(_CODES[symbol] << 10 | step)
        if signal != self._signal:
            words.append(_CHANNEL << 10 | signal & 0xFF)
        text = note.encode("latin-1", "replace")[:_MAX_NOTE_BYTES]
        words.append(_AUX << 10 | len(text))
        self._file.write(b"".join(word.to_bytes(2, "little") for word in words))
        self._file.write(text + b"\0" * (len(text) % 2))
        self._time, self._signal = sample, signal

    def close(self) -> None:
        """Complete the file."""
        self._file.write(b"\0\0")
        self.open_files.close()
