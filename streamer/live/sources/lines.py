"""Lines of text, one sample each, from a pipe or a serial port."""

from __future__ import annotations

import math
import os
import select
import sys

import numpy as np

from ecgstream.streamer.live.sources.base import Piece

_TIMEOUT_SECONDS = 0.5
"""Longest wait for samples before an empty piece is returned."""
_READ_BYTES = 1 << 16


class LineSource:
    """Numbers as lines of text; a line that is not a number counts as a lost sample.

    Needs a POSIX system, where a pipe or a serial port can be waited for.

    Parameters
    ----------
    file : descriptor of the pipe or port; the caller closes it.
    fs : sampling rate in Hz.
    gain : units of the device per mV; negative where a lead is swapped.

    Raises
    ------
    ValueError : `gain` is 0 or not finite.
    """

    scheme = "lines"
    """Prefix of its addresses, see `open_source`."""

    def __init__(self, file: int, fs: float = 360.0, gain: float = 1.0) -> None:
        if not gain or not math.isfinite(gain):
            raise ValueError(f"gain must be a number other than 0, not {gain:g}")
        self.fs, self._file, self._gain = fs, file, gain
        self._received, self._incomplete = 0, b""

    @classmethod
    def from_address(cls, place: str, fs: float = 360.0, gain: float = 1.0) -> LineSource:
        """Open the device or pipe at `place`; `-` is standard input.

        Raises
        ------
        OSError : it cannot be opened.
        """
        file = sys.stdin.fileno() if place == "-" else os.open(place, os.O_RDONLY)
        return cls(file, fs, gain)

    def read(self, n: int) -> Piece | None:
        """Return all samples that have arrived, however many `n` are asked for; None at the end."""
        ready, _, _ = select.select([self._file], [], [], _TIMEOUT_SECONDS)
        data = os.read(self._file, _READ_BYTES) if ready else b""
        if ready and not data:
            return None
        *lines, self._incomplete = (self._incomplete + data).split(b"\n")
        samples = np.array([_number(line) for line in lines], np.float32) / self._gain
        start, self._received = self._received, self._received + len(samples)
        return Piece.without_reference(start, samples)


def _number(line: bytes) -> float:
    try:
        return float(line)
    except ValueError:
        return float("nan")
