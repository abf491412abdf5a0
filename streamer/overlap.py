"""Overlap-add: denoised windows become a signal again."""

from __future__ import annotations

import numpy as np

from streamer.delay import DelayMode
from streamer.windows import Floats


class OverlapAdd:
    """Sums the weighted part of consecutive windows of some signals, hop by hop.

    Parameters
    ----------
    rows : number of signals.
    mode : hop and weights.
    """

    def __init__(self, rows: int, mode: DelayMode) -> None:
        self._mode = mode
        segments, hop = mode.weights.shape
        # What the newest windows give to hops that further windows will still add to.
        self._recent = np.zeros((rows, segments - 1, segments, hop), np.float32)

    def add(self, parts: Floats) -> Floats:
        """The hops (rows, k * hop) that k windows complete.

        `parts` (rows, k, m) are the windows' places that count, `DelayMode.part`.
        """
        segments, hop = self._mode.weights.shape
        rows, k, width = parts.shape
        weighted = np.zeros((rows, k, segments * hop), np.float32)
        np.multiply(parts, self._mode.weights.ravel()[:width], out=weighted[..., :width])
        weighted = weighted.reshape(rows, k, segments, hop)
        given = np.concatenate([self._recent, weighted], axis=1)
        self._recent = given[:, k:]
        # Oldest window first, as if they had come one by one: float sums depend on the order.
        sums = given[:, :k, segments - 1]
        for i in range(segments - 2, -1, -1):
            sums = sums + given[:, segments - 1 - i : segments - 1 - i + k, i]
        return np.asarray(sums.reshape(rows, -1))

    def pending(self) -> tuple[Floats, Floats]:
        """What windows have given to hops that are not complete, (rows, m), and its weight (m,)."""
        segments, hop = self._mode.weights.shape
        given = np.zeros((len(self._recent), segments - 1, hop), np.float32)
        weight = np.zeros((segments - 1, hop), np.float32)
        for later in range(segments - 1):  # hop `later` + 1 behind the newest complete one
            for window in range(later, segments - 1):  # oldest first
                place = segments - 1 - window + later
                given[:, later] += self._recent[:, window, place]
                weight[later] += self._mode.weights[place]
        return given.reshape(len(given), -1), weight.ravel()
