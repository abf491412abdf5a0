"""The last seconds of a run: input, reference and output, each sample at its own place in time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from streamer.metrics import snr
from streamer.quality import Quality
from streamer.replay import Piece
from streamer.stream import Block
from streamer.windows import Floats


class Stretch(NamedTuple):
    """Consecutive samples, mV; NaN where there is nothing (yet)."""

    start: int
    input: Floats
    clean: Floats
    output: Floats


class History:
    """Holds the newest `length` samples of one signal; older ones are forgotten.

    Input and output carry the same count, so the delay between them is undone here.
    """

    def __init__(self, length: int) -> None:
        self.length = length
        self._rows = np.full((3, length), np.nan, np.float32)  # input, clean, output
        self._quality = np.zeros(length, np.uint8)
        self.received = 0
        self.denoised = 0

    def add(self, piece: Piece, block: Block) -> None:
        """Take what one step of a run has read and made (its first signal)."""
        self._put(0, piece.start, piece.input)
        self._put(1, piece.start, piece.clean)
        # Old output must not show through where the new one is still to come.
        self._put(2, piece.start, np.full_like(piece.input, np.nan))
        self.received = piece.start + len(piece.input)
        self._put(2, block.start, block.signal[:, 0])
        at = self._places(block.start, len(block.signal))
        self._quality[at] = block.quality[-len(at) :, 0] if len(at) else 0
        self.denoised = block.start + len(block.signal)

    def last(self, n: int) -> Stretch:
        """The newest `n` samples received (fewer at the beginning)."""
        return self._stretch(max(0, self.received - min(n, self.length)), self.received)

    def delta_snr(self, n: int) -> float:
        """ΔSNR in dB over the newest `n` denoised samples, those in gaps or settling left out."""
        first = max(0, self.denoised - n, self.received - self.length)
        stretch = self._stretch(first, self.denoised)
        flags = self._quality[self._places(first, self.denoised - first)]
        good = (flags & (Quality.GAP | Quality.SETTLING)) == 0
        clean = stretch.clean[good]
        return snr(clean, stretch.output[good]) - snr(clean, stretch.input[good])

    def _places(self, start: int, n: int) -> npt.NDArray[np.int64]:
        return np.arange(max(start, start + n - self.length), start + n) % self.length

    def _put(self, row: int, start: int, values: Floats) -> None:
        at = self._places(start, len(values))
        if len(at):
            self._rows[row, at] = values[-len(at) :]

    def _stretch(self, start: int, stop: int) -> Stretch:
        return Stretch(start, *self._rows[:, self._places(start, stop - start)])
