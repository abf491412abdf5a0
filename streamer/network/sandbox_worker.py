"""Main function of the sandbox process; see `ecgstream.streamer.network.sandbox`."""

from __future__ import annotations

import sys

import numpy as np

from ecgstream.streamer.engine.delay import WINDOW
from ecgstream.streamer.engine.normalization import CONTEXT_STEP
from ecgstream.streamer.network.process_limits import limit_process
from ecgstream.streamer.network.runtimes import load_runtime
from ecgstream.streamer.network.sandbox import REFUSED, ModelError
from ecgstream.streamer.network.tflite import BATCH, TFLiteNetwork

_MAX_CPU_SECONDS = 20
"""CPU time of the model alone."""
_MAX_MEMORY_BYTES = 1 << 30
"""Memory of the model, beyond Python and the runtime."""


def exercise(network: TFLiteNetwork) -> None:
    """Run a model on silence, noise and the extremes, one window and many at a time."""
    rng = np.random.default_rng(0)
    for n in (1, BATCH):
        shapes = (n, WINDOW, 1), (n, network.past // CONTEXT_STEP, 1)
        noise = [rng.standard_normal(shape).astype(np.float32) for shape in shapes]
        for factor in (0, 1, 1000):
            given = [np.clip(part * factor, -16, 16) for part in noise]
            both = network.predicts_error
            answers = network.answer_and_error(*given) if both else (network(*given),)
            finite = all(np.isfinite(answer).all() for answer in answers)
            if answers[0].shape != (n, WINDOW) or not finite:
                raise ModelError(
                    f"{network.path} answers with what are no numbers: export it again"
                )


def main() -> None:
    """Run the model on standard input; `sys.argv` holds its path, for messages, and the options."""
    path, runtime, threads, xnnpack = sys.argv[1:]
    content = sys.stdin.buffer.read()
    load_runtime(runtime)  # before the limits: it may be large
    limit_process(_MAX_MEMORY_BYTES, _MAX_CPU_SECONDS)
    try:
        exercise(TFLiteNetwork.unchecked(content, path, runtime, int(threads), bool(xnnpack)))
    except ModelError as error:
        refusal = str(error)
    except MemoryError:
        refusal = f"{path} takes more than {_MAX_MEMORY_BYTES >> 20} MB of memory"
    except (ValueError, RuntimeError, TypeError, KeyError, ArithmeticError) as error:
        refusal = f"{path} cannot be run on {runtime}, it may be damaged: {error}"
    else:
        return
    print(" ".join(refusal.split())[:500])  # some runtimes' reasons have many lines
    sys.exit(REFUSED)
