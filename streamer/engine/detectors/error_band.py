"""UNCERTAIN: an error band that is wide beside the signal."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.engine.delay import FS
from ecgstream.streamer.engine.detectors.base import Mask, OutputSegment, output_detector
from ecgstream.streamer.engine.normalization import Floats, means, powers
from ecgstream.streamer.engine.ring_buffer import RingBuffer
from ecgstream.streamer.quality import Flags, Quality

MAX_BAND_RATIO = 0.15
"""Threshold on the RMS of the half width of the 90 % band over the peak-to-peak height of the
denoised signal, both over `BAND_SECONDS`; above it samples are UNCERTAIN."""
BAND_SECONDS = 2.0
"""Time before each hop that is judged."""
MIN_HEIGHT_MV = 0.1
"""Least height that a band is compared with: a flat line is not uncertain for a few µV."""

_UNCERTAIN = np.uint8(Quality.UNCERTAIN)


@output_detector
class ErrorBandDetector:
    """Flags signals as uncertain by the error that the network tells; without it, none.

    Parameters
    ----------
    rows : number of signals.
    hop : samples judged together.
    """

    def __init__(self, rows: int, hop: int) -> None:
        self._rows, self._hop = rows, hop
        self._hops = round(BAND_SECONDS * FS / hop)
        # Of each hop: mean square of the band and 1, or 0 and 0 if it does not count; then its
        # highest and its negative lowest value. Nothing counts before the first hop.
        self._sums = RingBuffer(2 * rows, self._hops)
        self._peaks = RingBuffer(2 * rows, self._hops)
        self._peaks.fill(np.arange(2 * rows), np.full(2 * rows, -np.inf, np.float32))

    def mark(self, flags: Flags, segment: OutputSegment) -> None:
        """Flag whole hops; see `OutputDetector`.

        Hops with artifacts do not count: what a pop leaves says nothing about the noise around it.
        """
        if segment.error is None or not flags.shape[1]:
            return
        ratios = self.ratios(segment.error, segment.denoised, segment.artifacts)
        uncertain = ratios > MAX_BAND_RATIO
        if np.count_nonzero(uncertain):
            samples = np.repeat(uncertain, self._hop, axis=1)
            flags[samples[:, -flags.shape[1] :]] |= _UNCERTAIN

    def ratios(self, error: Floats, denoised: Floats, artifacts: Mask | None = None) -> Floats:
        """RMS of the band over the height of the signal, (rows, hops), as `mark` compares it."""
        band, signal = self._whole_hops(error), self._whole_hops(denoised)
        count = band.shape[1]
        square = powers(band) / np.float32(self._hop)
        counts = np.ones_like(square)
        peaks = np.concatenate([signal.max(axis=2), -signal.min(axis=2)])
        if artifacts is not None:
            spoilt = self._whole_hops(artifacts).any(axis=2)
            square[spoilt] = counts[spoilt] = 0
            peaks[np.concatenate([spoilt, spoilt])] = -np.inf
        self._sums.append(np.concatenate([square, counts]))
        self._peaks.append(peaks)
        rows, hops = self._rows, self._hops
        sums = means(self._sums.windows(hops, 1, count))
        highest = self._peaks.windows(hops, 1, count).max(axis=2)
        height = np.maximum(highest[:rows] + highest[rows:], np.float32(MIN_HEIGHT_MV))
        mean_square = sums[:rows] / np.maximum(sums[rows:], np.float32(0.5 / hops))
        return np.asarray(np.sqrt(mean_square) / height)

    def _whole_hops(self, samples: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Samples (rows, m) as hops (rows, k, hop); the first value completes the first hop."""
        lacking = -samples.shape[1] % self._hop
        if lacking:
            samples = np.pad(samples, ((0, 0), (lacking, 0)), "edge")
        return samples.reshape(self._rows, -1, self._hop)
