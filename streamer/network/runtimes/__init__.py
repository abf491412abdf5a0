"""Runtimes of `.tflite` files, in the order in which `auto` tries them; one file each."""

from __future__ import annotations

from typing import Any

from ecgstream.streamer.network.runtimes.base import Runtime
from ecgstream.streamer.network.runtimes.litert import LiteRT
from ecgstream.streamer.network.runtimes.tensorflow import TensorFlow
from ecgstream.streamer.network.runtimes.tflite_runtime import TFLiteRuntime

RUNTIMES: dict[str, Runtime] = {
    runtime.name: runtime for runtime in (LiteRT(), TFLiteRuntime(), TensorFlow())
}


def load_runtime(name: str = "auto") -> tuple[Runtime, Any]:
    """Import a runtime, the first one installed for `auto`; return it and its interpreter's class.

    Raises
    ------
    ValueError : no such runtime.
    RuntimeError : it is not installed.
    """
    if name not in ("auto", *RUNTIMES):
        known = ", ".join(RUNTIMES)
        raise ValueError(f"unknown runtime {name!r:.60}: choose from auto, {known}")
    for runtime in RUNTIMES.values() if name == "auto" else (RUNTIMES[name],):
        try:
            return runtime, runtime.interpreter_class()
        except ImportError:
            continue
    package = "ai-edge-litert (or tflite-runtime)" if name == "auto" else RUNTIMES[name].package
    raise RuntimeError(f"runtime {name!r} is not installed: pip install {package}")
