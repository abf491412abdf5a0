"""Whether what was left is to be trusted, judged by what had to be taken away."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.engine.normalization import Floats, powers
from ecgstream.streamer.quality import Flags, Quality

MOST = 0.25
"""Steepness of what was taken away over that of what was left, as powers: beyond it, doubt.

Calibrated on validation records: there the flag is right most often, in 81 % of all stretches of
the noise stress test (`ecgstream evaluate --split validation --benchmark doubt`).
"""
_UNCERTAIN = np.uint8(Quality.UNCERTAIN)
_LEAST = 1e-6
"""mV² per hop; beside a flat line anything is noise."""
_SHARE = 1 / 20
"""Share of the newest hop in the average."""

Besides = npt.NDArray[np.bool_] | None


class Doubt:
    """Flags signals as uncertain by the network's own estimate of their noise.

    Noise as steep as a QRS complex hides it; wander, however high, does not. So the first
    differences of both signals are compared, in power, over the last seconds.

    Parameters
    ----------
    rows : number of signals.
    hop : samples judged together.
    """

    def __init__(self, rows: int, hop: int) -> None:
        self._hop = hop
        self._averages = [(0.0, 0.0)] * rows  # power of the differences: taken away, left

    def judge(self, taken: Floats, left: Floats, besides: Besides = None) -> Flags:
        """Flags (rows, m) for consecutive samples; m is whole hops but at a stream's ends.

        Hops with samples that are `besides` (rows, m) do not count: what a pop leaves says nothing
        about the noise around it.
        """
        flags = np.zeros(left.shape, np.uint8)
        lacking = -left.shape[1] % self._hop
        for row, ratios in enumerate(self._ratios(taken, left, besides)):
            for hop, ratio in enumerate(ratios):
                if ratio > MOST:
                    end = (hop + 1) * self._hop - lacking
                    flags[row, max(0, end - self._hop) : end] = _UNCERTAIN
        return flags

    def ratios(self, taken: Floats, left: Floats, besides: Besides = None) -> Floats:
        """Power taken away over that left, (rows, hops), as `judge` compares it with `MOST`."""
        return np.array(self._ratios(taken, left, besides), np.float32)

    def _ratios(self, taken: Floats, left: Floats, besides: Besides) -> list[list[float]]:
        both = np.array((taken, left))
        lacking = -left.shape[1] % self._hop
        if lacking:
            both = np.pad(both, ((0, 0), (0, 0), (lacking, 0)), "edge")
        hops = both.reshape(2, len(left), -1, self._hop)
        powered = powers(hops[..., 1:] - hops[..., :-1])
        if besides is not None:
            ends = np.pad(besides, ((0, 0), (lacking, 0)), "edge")
            powered[:, ends.reshape(len(left), -1, self._hop).any(axis=2)] = np.nan
        steep = powered.tolist()
        return [self._averaged(row, *pair) for row, pair in enumerate(zip(*steep, strict=True))]

    def _averaged(self, row: int, taken: list[float], left: list[float]) -> list[float]:
        """The ratio of the averages after each hop of one signal."""
        average_taken, average_left = self._averages[row]
        ratios = []
        for hop_taken, hop_left in zip(taken, left, strict=True):
            if hop_left == hop_left:  # not NaN
                average_taken += (hop_taken - average_taken) * _SHARE
                average_left += (hop_left - average_left) * _SHARE
            ratios.append(average_taken / (average_left + _LEAST))
        self._averages[row] = average_taken, average_left
        return ratios
