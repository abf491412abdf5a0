"""Dry/wet mix: the strength of denoising, changed without a click."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.engine.normalization import Floats

RAMP_SECONDS = 0.1
"""Length of the ramp from one strength to another."""


class DryWet:
    """Mix of input (dry) and denoised signal (wet); a new share is reached by a linear ramp.

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
        """Start a ramp to `share` at sample number `at`."""
        self._from, self.share, self._since = float(self._at(np.array([at]))[0]), share, at

    def mix(self, dry: Floats, wet: Floats, start: int) -> Floats:
        """Mix both (rows, n), whose first sample has number `start`."""
        shares = self._at(np.arange(start, start + wet.shape[1])).astype(np.float32)
        return np.where(shares == 1, wet, dry + shares * (wet - dry))

    def is_wet(self, start: int) -> bool:
        """Whether the output is the denoised signal alone from sample `start` on."""
        return self.share == 1 and start >= self._since + self._ramp

    def _at(self, samples: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        done = np.clip((samples - self._since) / self._ramp, 0, 1)
        return np.asarray(self._from + done * (self.share - self._from))
