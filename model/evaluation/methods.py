"""Every method under test as one function of many signals, (n, channels) in mV to the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ecgstream.model.evaluation.baselines import FILTERS
from ecgstream.streamer.denoiser import Denoised, StreamingDenoiser
from ecgstream.streamer.engine.block import joined
from ecgstream.streamer.engine.delay import FS
from ecgstream.streamer.network.base import Network
from ecgstream.streamer.network.tflite import TFLiteNetwork

Signals = npt.NDArray[np.float32]
Method = Callable[[Signals], Signals]
FlaggedMethod = Callable[[Signals], Denoised]

ORIGINAL_MODEL = Path(__file__).parents[1] / "original.tflite"
"""The original CDAE-BAM trained on the shipped model's data, for comparison."""


def load_network(path: Path, runtime: str = "auto") -> Network:
    """The `.tflite` file, or a trained `.keras` file in float."""
    if path.suffix == ".keras":
        from ecgstream.model.training.trainer import KerasNetwork

        return KerasNetwork(path)
    return TFLiteNetwork(path, runtime)


def streamed(network: Network, delay: str | int = "balanced", st: bool = False) -> Method:
    """The network through the engine: every signal a stream of its own, the delay undone."""

    def method(x: Signals) -> Signals:
        denoiser = StreamingDenoiser(network, channels=x.shape[1], delay=delay, st=st)
        return np.concatenate([denoiser.push(x).signal, denoiser.flush().signal])

    return method


def flagged(network: Network, delay: str | int = "balanced", fs: float = FS) -> FlaggedMethod:
    """As `streamed`, for signals of any rate, with the flags and the error band."""

    def method(x: Signals) -> Denoised:
        denoiser = StreamingDenoiser(network, fs=fs, channels=x.shape[1], delay=delay)
        block = joined([denoiser.push(x), denoiser.flush()])
        return Denoised(block.signal, block.quality, block.error)

    return method


def filters() -> dict[str, Method]:
    """The comparison filters, signal by signal."""

    def each(function: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]) -> Method:
        return lambda x: np.stack([function(s) for s in x.T.astype(float)], axis=1)

    return {name: each(function) for name, function in FILTERS.items()}
