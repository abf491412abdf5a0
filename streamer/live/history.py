"""The last minutes of a run: input, reference and output, each sample at its own place in time."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.ecg.metrics import snr
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.engine.stream import Block
from ecgstream.streamer.live.sources.base import Piece
from ecgstream.streamer.quality import Flags, Quality

_LEFT_OUT = np.uint8(Quality.GAP | Quality.SETTLING)


class Stretch(NamedTuple):
    """Consecutive samples, (n, channels) in mV; NaN where there is nothing (yet)."""

    start: int
    input: Floats
    clean: Floats
    output: Floats
    quality: Flags  # of the output; 0 where nothing has come out


class History:
    """Holds the newest `length` samples of some signals; older ones are forgotten.

    Input and output carry the same count, so the delay between them is undone here.
    """

    def __init__(self, length: int, channels: int = 1) -> None:
        self.length = length
        shape = length, channels
        # Not filled, so that memory is taken as samples come.
        self._input, self._clean, self._output = (np.empty(shape, np.float32) for _ in range(3))
        self._quality = np.empty(shape, np.uint8)
        self.received = 0
        self.denoised = 0

    @property
    def held(self) -> int:
        """The oldest sample that is still here."""
        return max(0, self.received - self.length)

    def add(self, piece: Piece, block: Block) -> None:
        """Take what one step of a run has read and made."""
        for ring, values in ((self._input, piece.input), (self._clean, piece.clean)):
            self._put(ring, self.received, piece.start, values)
        self.received = piece.start + len(piece.input)
        self._put(self._output, self.denoised, block.start, block.signal)
        self._put(self._quality, self.denoised, block.start, block.quality)
        self.denoised = block.start + len(block.signal)

    def last(self, n: int) -> Stretch:
        """The newest `n` samples received (fewer at the beginning)."""
        return self.stretch(self.received - n, self.received)

    def stretch(self, start: int, stop: int) -> Stretch:
        """The samples from `start` to `stop`, as far as they are here."""
        stop = min(max(stop, self.held), self.received)
        start = min(max(start, self.held), stop)
        output, quality = (
            self._get(self._output, start, stop),
            self._get(self._quality, start, stop),
        )
        waiting = max(0, self.denoised - start)
        output[waiting:], quality[waiting:] = np.nan, 0
        return Stretch(
            start,
            self._get(self._input, start, stop),
            self._get(self._clean, start, stop),
            output,
            quality,
        )

    def delta_snr(self, n: int) -> float:
        """ΔSNR in dB over the newest `n` denoised samples, those in gaps or settling left out.

        The mean over the signals; NaN where no reference is known.
        """
        stretch = self.stretch(self.denoised - n, self.denoised)
        gains = []
        for signal, clean, output, flags in zip(
            stretch.input.T, stretch.clean.T, stretch.output.T, stretch.quality.T, strict=True
        ):
            good = ((flags & _LEFT_OUT) == 0) & np.isfinite(clean) & np.isfinite(signal)
            if good.any():
                gains.append(snr(clean[good], output[good]) - snr(clean[good], signal[good]))
        return float(np.mean(gains)) if gains else float("nan")

    def good(self, n: int) -> float:
        """Share of the newest `n` denoised samples that carry no flag; NaN without any."""
        quality = self.stretch(self.denoised - n, self.denoised).quality
        return 1 - int(np.count_nonzero(quality)) / quality.size if quality.size else float("nan")

    def _put(self, ring: npt.NDArray[Any], end: int, start: int, values: npt.NDArray[Any]) -> None:
        """Write `values` from `start` on, and nothing since `end`: what a queue has dropped."""
        if start > end:
            hole = np.empty((min(start - end, self.length), ring.shape[1]), ring.dtype)
            hole[:] = np.nan if ring.dtype.kind == "f" else 0
            self._put(ring, start, start - len(hole), hole)
        if len(values) > self.length:
            start, values = start + len(values) - self.length, values[-self.length :]
        at = start % self.length
        first = self.length - at
        ring[at : at + len(values)] = values[:first]
        if len(values) > first:
            ring[: len(values) - first] = values[first:]

    def _get(self, ring: npt.NDArray[Any], start: int, stop: int) -> npt.NDArray[Any]:
        """A copy, in one piece."""
        at, n = start % self.length, stop - start
        if at + n <= self.length:
            return ring[at : at + n].copy()
        return np.concatenate([ring[at:], ring[: n - (self.length - at)]])
