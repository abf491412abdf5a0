"""The last minutes of a run: input, reference and output, aligned with each other."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.ecg.metrics import snr
from ecgstream.streamer.engine.block import Block
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.live.sources.base import Piece
from ecgstream.streamer.quality import UNSCORED_FLAGS, Flags, Quality


class Segment(NamedTuple):
    """Consecutive samples, (n, channels) in mV; NaN where they were lost or are still to come."""

    start: int
    """Number of the first sample."""
    input: Floats
    clean: Floats
    """Noise-free reference."""
    output: Floats
    """Denoised signal."""
    quality: Flags
    """Flags of `output`; GAP where it was lost, 0 where it is still to come."""


class History:
    """Ring buffers of the newest samples of a run.

    Input and output carry the same sample numbers, so the engine's delay is compensated here.

    Parameters
    ----------
    length : number of samples to keep.
    channels : number of signals.
    """

    def __init__(self, length: int, channels: int = 1) -> None:
        self.length = length
        shape = length, channels
        # Not filled, so that the system provides memory only as samples arrive.
        self._input, self._clean, self._output = (np.empty(shape, np.float32) for _ in range(3))
        self._quality = np.empty(shape, np.uint8)
        self.received = 0
        """Number of input samples so far, lost ones included."""
        self.denoised = 0
        """Number of output samples so far."""

    @property
    def oldest(self) -> int:
        """Number of the oldest sample that is kept."""
        return max(0, self.received - self.length)

    def add(self, piece: Piece, block: Block) -> None:
        """Append the samples that a step read and the block that it returned."""
        for ring, values in ((self._input, piece.input), (self._clean, piece.clean)):
            self._put(ring, self.received, piece.start, values, np.nan)
        self.received = piece.start + len(piece.input)
        self._put(self._output, self.denoised, block.start, block.signal, np.nan)
        self._put(self._quality, self.denoised, block.start, block.quality, Quality.GAP)
        self.denoised = block.start + len(block.signal)

    def last(self, n: int) -> Segment:
        """Return the newest `n` samples received, fewer at the beginning."""
        return self.segment(self.received - n, self.received)

    def segment(self, start: int, stop: int) -> Segment:
        """Return a copy of the samples from `start` to `stop`, as far as they are kept."""
        stop = min(max(stop, self.oldest), self.received)
        start = min(max(start, self.oldest), stop)
        output, quality = (
            self._get(self._output, start, stop),
            self._get(self._quality, start, stop),
        )
        available = max(0, self.denoised - start)
        output[available:], quality[available:] = np.nan, 0
        return Segment(
            start,
            self._get(self._input, start, stop),
            self._get(self._clean, start, stop),
            output,
            quality,
        )

    def delta_snr(self, n: int) -> float:
        """Return ΔSNR in dB over the newest `n` denoised samples, as the mean over the signals.

        Samples flagged GAP or SETTLING are left out; NaN where no reference is known.
        """
        segment = self.segment(self.denoised - n, self.denoised)
        gains = []
        for signal, clean, output, flags in zip(
            segment.input.T, segment.clean.T, segment.output.T, segment.quality.T, strict=True
        ):
            good = ((flags & UNSCORED_FLAGS) == 0) & np.isfinite(clean) & np.isfinite(signal)
            if good.any():
                gains.append(snr(clean[good], output[good]) - snr(clean[good], signal[good]))
        return float(np.mean(gains)) if gains else float("nan")

    def unflagged_share(self, n: int) -> float:
        """Return the share of the newest `n` denoised samples without a flag; NaN before any."""
        quality = self.segment(self.denoised - n, self.denoised).quality
        return 1 - int(np.count_nonzero(quality)) / quality.size if quality.size else float("nan")

    def _put(
        self,
        ring: npt.NDArray[Any],
        end: int,
        start: int,
        values: npt.NDArray[Any],
        missing: float,
    ) -> None:
        """Write `values` from `start` on, and `missing` from `end` to there."""
        if start > end:
            hole = np.full((min(start - end, self.length), ring.shape[1]), missing, ring.dtype)
            self._put(ring, start, start - len(hole), hole, missing)
        if len(values) > self.length:
            start, values = start + len(values) - self.length, values[-self.length :]
        at = start % self.length
        first = self.length - at
        ring[at : at + len(values)] = values[:first]
        if len(values) > first:
            ring[: len(values) - first] = values[first:]

    def _get(self, ring: npt.NDArray[Any], start: int, stop: int) -> npt.NDArray[Any]:
        """Return a contiguous copy."""
        at, n = start % self.length, stop - start
        if at + n <= self.length:
            return ring[at : at + n].copy()
        return np.concatenate([ring[at:], ring[: n - (self.length - at)]])
