"""Overlap-add of denoised windows."""

from __future__ import annotations

import numpy as np

from ecgstream.streamer.engine.delay import DelayMode
from ecgstream.streamer.engine.normalization import Floats


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
        self._width = mode.part.stop - mode.part.start
        self._weights = mode.weights.ravel()[: self._width]
        # Sums so far of the hops that later windows will add to.
        self._begun = np.zeros((rows, (segments - 1) * hop), np.float32)

    def add(self, parts: Floats) -> Floats:
        """The hops (rows, k * hop) that k windows complete.

        `parts` (rows, k, m) are the windows' places that count, `DelayMode.part`.
        """
        hop, width, begun = self._mode.hop, self._width, self._begun.shape[1]
        weighted = parts * self._weights
        rows, k = weighted.shape[:2]
        sums = np.zeros((rows, begun + k * hop), np.float32)
        sums[:, :begun] = self._begun
        for i in range(k):
            covered = sums[:, i * hop : i * hop + width]
            covered += weighted[:, i]
        self._begun = sums[:, k * hop :]
        return sums[:, : k * hop]

    def pending(self) -> tuple[Floats, Floats]:
        """Sums so far of incomplete hops, (rows, m), and their weights (m,)."""
        later = self._mode.weights[::-1].cumsum(axis=0)[-2::-1]
        return self._begun, later.ravel()
