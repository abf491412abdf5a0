"""How much of the noise is taken away, changed without a click."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.engine.normalization import Floats

RAMP_SECONDS = 0.1
"""A change of strength is spread over so long."""


class Strength:
    """Mixes input and denoised signal; a new share is reached along a straight line.

    Parameters
    ----------
    share : of the denoised signal, 0 to 1.
    fs : sampling rate in Hz.
    """

    def __init__(self, share: float, fs: float) -> None:
        self._ramp = round(RAMP_SECONDS * fs)
        self._from = self.share = share
        self._since = -self._ramp

    def change(self, share: float, at: int) -> None:
        """Begin to change at sample number `at`."""
        self._from, self.share, self._since = float(self._at(np.array([at]))[0]), share, at

    def mix(self, dry: Floats, wet: Floats, start: int) -> Floats:
        """Both (rows, n), the first of them sample number `start`, mixed."""
        shares = self._at(np.arange(start, start + wet.shape[1])).astype(np.float32)
        return np.where(shares == 1, wet, dry + shares * (wet - dry))

    def all_wet(self, start: int) -> bool:
        """Whether from sample `start` on there is nothing to mix."""
        return self.share == 1 and start >= self._since + self._ramp

    def _at(self, samples: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        done = np.clip((samples - self._since) / self._ramp, 0, 1)
        return np.asarray(self._from + done * (self.share - self._from))
