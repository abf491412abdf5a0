"""Run the network alone and the whole engine on one architecture, for `make arm`.

Run as `python -m emulation.probe GIVEN OUT`; both are files of `numpy.savez`. It imports
nothing but the engine.
"""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from ecgstream import Network, StreamingDenoiser
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.network.shipped import SHIPPED_MODEL
from ecgstream.streamer.network.tflite import TFLiteNetwork

RUNTIME = "tflite-runtime"
"""LiteRT's wheel for aarch64 crashes under emulation."""
NETWORK, REST = "network alone", "engine without network"
ENGINES: dict[str, dict[str, Any]] = {
    "engine, low": {"delay": "low"},
    "engine, balanced": {"delay": "balanced"},
    "engine, best": {"delay": "best"},
    "engine, ST kept": {"st": True},
    "engine, 250 Hz": {"fs": 250},
}


class _Unchanged:
    """A network whose output is its window, so that only float arithmetic is compared."""

    output = "signal"

    def __init__(self, past: int) -> None:
        self.past = past

    def __call__(self, window: Floats, context: Floats) -> Floats:
        return np.asarray(window[..., 0])


def run(record: Any, window: Any, context: Any) -> dict[str, Any]:
    """Outputs by name: int8 (n,) of the network, mV (n,) of the engines; and their durations."""
    network = TFLiteNetwork(SHIPPED_MODEL, RUNTIME)
    results, seconds = {}, {}
    began = perf_counter()
    n = range(len(window))
    calls = [network.bare_call(window[i : i + 1], context[i : i + 1]) for i in n]
    results[NETWORK] = np.concatenate([call().ravel() for call in calls])
    seconds[NETWORK] = perf_counter() - began
    for name, settings in {REST: {}, **ENGINES}.items():
        began = perf_counter()
        runs: Network = _Unchanged(network.past) if name == REST else network
        denoiser = StreamingDenoiser(runs, **settings)
        blocks = [denoiser.push(record), denoiser.flush()]
        results[name] = np.concatenate([block.signal[:, 0] for block in blocks])
        seconds[name] = perf_counter() - began
    return {**results, "about": json.dumps({**about(), "seconds": seconds})}


def about() -> dict[str, str]:
    """Machine and versions that this process runs on."""
    return {
        "machine": platform.machine(),
        "python": platform.python_version(),
        "numpy": np.__version__,
    }


if __name__ == "__main__":
    given, out = map(Path, sys.argv[1:])
    np.savez(out, **run(**np.load(given)))
