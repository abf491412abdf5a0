"""UNCERTAIN without an error band: steep noise removed, judged beside the signal kept.

For networks that do not tell their error; for those that do, see `error_band`.
"""

from __future__ import annotations

import numpy as np

from ecgstream.streamer.engine.detectors.base import Mask, OutputSegment, output_detector
from ecgstream.streamer.engine.normalization import Floats, powers
from ecgstream.streamer.quality import Flags, Quality

MAX_SLOPE_RATIO = 0.25
"""Threshold on slope power removed over slope power kept; above it samples are UNCERTAIN.

Calibrated on validation records: there the flag is right most often, in 81 % of all stretches of
the noise stress test of version 0.1.0.
"""
_UNCERTAIN = np.uint8(Quality.UNCERTAIN)
_MIN_POWER = 1e-6
"""mV² per hop, added to the power kept; beside a flat line anything is noise."""
_SHARE = 1 / 20
"""Share of the newest hop in the average."""


@output_detector
class UncertaintyDetector:
    """Flags signals as uncertain by the network's own estimate of their noise.

    Noise as steep as a QRS complex hides it; wander, however high, does not. So the first
    differences of the noise removed and of the signal kept are compared, in power, over the last
    seconds.

    Parameters
    ----------
    rows : number of signals.
    hop : samples judged together.
    """

    def __init__(self, rows: int, hop: int) -> None:
        self._hop = hop
        self._averages = [(0.0, 0.0)] * rows  # power of the differences: removed, kept

    def mark(self, flags: Flags, segment: OutputSegment) -> None:
        """Flag whole hops; see `OutputDetector`.

        Hops with artifacts do not count: what a pop leaves says nothing about the noise around it.
        """
        if segment.error is not None:
            return
        removed, denoised = segment.removed, segment.denoised
        lacking = -denoised.shape[1] % self._hop
        for row, ratios in enumerate(self._ratios(removed, denoised, segment.artifacts)):
            for hop, ratio in enumerate(ratios):
                if ratio > MAX_SLOPE_RATIO:
                    end = (hop + 1) * self._hop - lacking
                    flags[row, max(0, end - self._hop) : end] |= _UNCERTAIN

    def ratios(self, removed: Floats, denoised: Floats, artifacts: Mask | None = None) -> Floats:
        """Slope power removed over that kept, (rows, hops), as `mark` compares it."""
        return np.array(self._ratios(removed, denoised, artifacts), np.float32)

    def _ratios(
        self, removed: Floats, denoised: Floats, artifacts: Mask | None
    ) -> list[list[float]]:
        both = np.array((removed, denoised))
        lacking = -denoised.shape[1] % self._hop
        if lacking:
            both = np.pad(both, ((0, 0), (0, 0), (lacking, 0)), "edge")
        hops = both.reshape(2, len(denoised), -1, self._hop)
        powered = powers(hops[..., 1:] - hops[..., :-1])
        if artifacts is not None:
            ends = np.pad(artifacts, ((0, 0), (lacking, 0)), "edge")
            powered[:, ends.reshape(len(denoised), -1, self._hop).any(axis=2)] = np.nan
        steep = powered.tolist()
        return [self._averaged(row, *pair) for row, pair in enumerate(zip(*steep, strict=True))]

    def _averaged(self, row: int, removed: list[float], kept: list[float]) -> list[float]:
        """The ratio of the averages after each hop of one signal."""
        average_removed, average_kept = self._averages[row]
        ratios = []
        for hop_removed, hop_kept in zip(removed, kept, strict=True):
            if hop_kept == hop_kept:  # not NaN
                average_removed += (hop_removed - average_removed) * _SHARE
                average_kept += (hop_kept - average_kept) * _SHARE
            ratios.append(average_removed / (average_kept + _MIN_POWER))
        self._averages[row] = average_removed, average_kept
        return ratios
