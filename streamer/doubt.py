"""Whether what was left is to be trusted, judged by what had to be taken away."""

from __future__ import annotations

import numpy as np

from streamer.quality import Flags, Quality
from streamer.windows import Floats

MOST = np.float32(1.0)
"""Steepness of what was taken away over that of what was left, as powers: beyond it, doubt."""
_LEAST = np.float32(1e-6)
"""mV² per hop; beside a flat line anything is noise."""
_SHARE = np.float32(1 / 20)
"""Share of the newest hop in the average."""


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
        self._powers = np.zeros((2, rows), np.float32)  # of the differences: taken away, left

    def judge(self, taken: Floats, left: Floats) -> Flags:
        """Flags (rows, m) for consecutive samples; m is whole hops but at a stream's ends."""
        doubtful = self.ratios(taken, left) > MOST
        flags = np.repeat(doubtful * np.uint8(Quality.UNCERTAIN), self._hop, axis=1)
        return flags[:, flags.shape[1] - left.shape[1] :]

    def ratios(self, taken: Floats, left: Floats) -> Floats:
        """Power taken away over that left, (rows, hops), as `judge` compares it with `MOST`."""
        rows, m = left.shape
        hops = -(-m // self._hop)
        steps = np.zeros((2, rows, hops * self._hop), np.float32)
        first = steps.shape[2] - m
        np.subtract(taken[:, 1:], taken[:, :-1], out=steps[0, :, first + 1 :])
        np.subtract(left[:, 1:], left[:, :-1], out=steps[1, :, first + 1 :])
        steps = steps.reshape(2, rows, hops, self._hop)[..., 1:]  # within each hop
        powers = np.einsum("ijkl,ijkl->kij", steps, steps)
        averages = np.empty_like(powers)
        for power, average in zip(powers, averages, strict=True):
            self._powers += (power - self._powers) * _SHARE
            average[:] = self._powers
        return np.asarray((averages[:, 0] / (averages[:, 1] + _LEAST)).T)
