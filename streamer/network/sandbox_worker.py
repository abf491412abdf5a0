"""What the process does that tries a model; see `ecgstream.streamer.network.sandbox`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from ecgstream.streamer.engine.delay import WINDOW
from ecgstream.streamer.engine.normalization import CONTEXT_STEP
from ecgstream.streamer.network.sandbox import REFUSED, ModelError
from ecgstream.streamer.network.tflite import BATCH, TFLiteNetwork, interpreter_class

_CPU_SECONDS = 20
"""For the model alone."""
_MEMORY = 1 << 30
"""Bytes, beyond what Python and the runtime take."""


def _limit() -> None:
    """Bound what this process may take, and leave no core behind."""
    try:
        import resource
    except ImportError:  # Windows
        return
    usage = resource.getrusage(resource.RUSAGE_SELF)
    cpu = int(usage.ru_utime + usage.ru_stime) + _CPU_SECONDS
    limits = {resource.RLIMIT_CORE: 0, resource.RLIMIT_CPU: cpu}
    statm = Path("/proc/self/statm")
    if statm.is_file():
        pages = int(statm.read_text().split()[0])
        limits[resource.RLIMIT_AS] = pages * resource.getpagesize() + _MEMORY
    for limit, value in limits.items():
        resource.setrlimit(limit, (value, value))


def rehearse(network: TFLiteNetwork) -> None:
    """Run a model on silence, noise and the extremes, one window and many at a time."""
    rng = np.random.default_rng(0)
    for n in (1, BATCH):
        shapes = (n, WINDOW, 1), (n, network.past // CONTEXT_STEP, 1)
        noise = [rng.standard_normal(shape).astype(np.float32) for shape in shapes]
        for factor in (0, 1, 1000):
            answer = network(*(np.clip(part * factor, -16, 16) for part in noise))
            if answer.shape != (n, WINDOW) or not np.isfinite(answer).all():
                raise ModelError(
                    f"{network.path} answers with what are no numbers: export it again"
                )


def main() -> None:
    """Try the model that comes in; `sys.argv` has its path, for what is said, and how to run it."""
    path, runtime, threads, xnnpack = sys.argv[1:]
    content = sys.stdin.buffer.read()
    interpreter_class(runtime)  # before the limits: it may be large
    _limit()
    try:
        rehearse(TFLiteNetwork.untried(content, path, runtime, int(threads), bool(xnnpack)))
    except ModelError as error:
        refusal = str(error)
    except MemoryError:
        refusal = f"{path} takes more than {_MEMORY >> 20} MB of memory"
    except (ValueError, RuntimeError, TypeError, KeyError, ArithmeticError) as error:
        refusal = f"{path} cannot be run on {runtime}, it may be damaged: {error}"
    else:
        return
    print(" ".join(refusal.split())[:500])  # some runtimes' reasons have many lines
    sys.exit(REFUSED)
