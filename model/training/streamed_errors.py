"""Errors of the engine's output, which the size of the error is trained on.

The engine averages the windows that overlap. That lessens the error of a single window, the more
the less alike the errors of neighbours are: hum leaves other ones than motion. So the answer is
streamed first, and each window is shown with the error of what came out.
"""

from __future__ import annotations

import numpy as np

from ecgstream.model.data.mixing import NoisyWindows
from ecgstream.streamer.denoiser import StreamingDenoiser
from ecgstream.streamer.engine.delay import WINDOW
from ecgstream.streamer.engine.normalization import Floats, standardise
from ecgstream.streamer.network.base import Network

BAND = 0.9
"""Share of the samples whose error is to lie within the band."""
DELAY = "balanced"
"""Delay mode of the stream."""
STREAMED = 2048
"""Samples of a stretch after those that the first window needs."""
USES = 64
"""Batches from each set of stretches, with a window from each at random."""


class StreamedErrors:
    """Batches of (inputs, target): `inputs` as the network takes them, `target` (b, WINDOW, 2).

    The target holds the size of the error of the engine's output, in deviations of the window, and
    beside it 1, or 0 before the stream began.

    Parameters
    ----------
    stretches : whose rows have `past` + `STREAMED` samples.
    network : what answers.
    seed : of the windows' places.
    """

    def __init__(self, stretches: NoisyWindows, network: Network, seed: int) -> None:
        self._stretches, self._network, self._seed = stretches, network, seed
        self._number = -1  # of the stretches that follow
        self._noisy = self._error = self._counts = np.empty((0, 0), np.float32)

    def __getitem__(self, index: int) -> tuple[dict[str, Floats], Floats]:
        if index // USES != self._number:
            self._stream(index // USES)
        rng = np.random.default_rng((self._seed, index))
        b, n = self._error.shape
        past = self._network.past
        ends = rng.integers(past, n + 1, b)[:, None]
        rows = np.arange(b)[:, None]
        windows = standardise(self._noisy[rows, ends + np.arange(-past, 0)])
        inside = ends + np.arange(-WINDOW, 0)
        error = self._error[rows, inside] / windows.scale
        inputs = {"window": windows.window}
        if past > WINDOW:
            inputs["context"] = windows.context
        return inputs, np.stack([error, self._counts[rows, inside]], axis=-1)

    def _stream(self, number: int) -> None:
        rows = self._stretches.rows(np.random.default_rng((self._seed, number, USES)))
        denoiser = StreamingDenoiser(self._network, channels=len(rows.noisy), delay=DELAY)
        denoised = denoiser.push(rows.noisy.T).signal.T
        n = denoised.shape[1]  # what is complete
        self._noisy, self._counts = rows.noisy[:, :n], rows.counts[:, :n]
        self._error = np.abs(denoised - rows.clean[:, :n])
        self._number = number
