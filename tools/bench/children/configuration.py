"""Measure one configuration: a model on a runtime, with a number of threads and a delegate."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from ecgstream.streamer.engine.delay import delay_mode
from ecgstream.streamer.live.clock import SystemClock
from ecgstream.streamer.network.tflite import TFLiteNetwork
from ecgstream.tools.bench import accuracy, latency, model_stats
from ecgstream.tools.system.memory import peak_memory


def measure(
    model: str, runtime: str, threads: int, xnnpack: bool, delay: str | int, seconds: float
) -> dict[str, Any]:
    """Latencies, memory, gain and number format, as docs/bench.schema.json describes them."""
    network = TFLiteNetwork(Path(model), runtime, threads, xnnpack)
    timed = latency.calls(network, delay, accuracy.noisy_record())
    latency.warm_up(timed)
    return {
        "precision": model_stats.precision(network.interpreter),
        "delegated": model_stats.delegated(network.interpreter),
        **latency.measure(timed, delay_mode(delay).hop, seconds, SystemClock()),
        "peak_memory_mb": peak_memory(),
        "gain": accuracy.gain(network, delay),
    }


if __name__ == "__main__":
    print(json.dumps(measure(*json.loads(sys.argv[1]))))
