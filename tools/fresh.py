"""What `ecgstream bench` measures in fresh processes: a start, and what others use on a record.

A start can be timed once per process, and the others load hundreds of megabytes.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

_REPEATS = 5


def start(model: Path, runtime: str) -> dict[str, float]:
    """Seconds to import the engine and to load a model."""
    return dict(_child("start", str(model), runtime))


def others(signal: Any, fs: float) -> dict[str, float | None]:
    """Seconds that others take for a whole `signal` (n,) of float32; None where not installed."""
    return dict(_child("others", str(fs), data=signal.tobytes()))


def _child(*arguments: str, data: bytes = b"") -> Any:
    command = [sys.executable, "-m", "tools.fresh", *arguments]
    done = subprocess.run(command, input=data, capture_output=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr.decode()}")
    return json.loads(done.stdout)


def _start(model: str, runtime: str) -> dict[str, float]:
    began = perf_counter()
    from streamer import StreamingDenoiser

    imported = perf_counter()
    StreamingDenoiser(model, runtime=runtime)
    loaded = perf_counter()
    return {"import_s": imported - began, "load_s": loaded - imported}


def _others(fs: str) -> dict[str, float | None]:
    import numpy as np
    from scipy.signal import butter, sosfilt

    rate = float(fs)
    signal = np.frombuffer(sys.stdin.buffer.read(), np.float32).astype(float)
    band = butter(2, (0.5, 40.0), "bandpass", fs=rate, output="sos")
    seconds: dict[str, float | None] = {"scipy sosfilt": _fastest(lambda: sosfilt(band, signal))}
    try:
        from neurokit2 import ecg_clean
    except ImportError:
        seconds["NeuroKit2 ecg_clean"] = None
    else:
        clean = _fastest(lambda: ecg_clean(signal, sampling_rate=rate))
        seconds["NeuroKit2 ecg_clean"] = clean
    return seconds


def _fastest(call: Callable[[], Any]) -> float:
    times = []
    for _ in range(_REPEATS):
        began = perf_counter()
        call()
        times.append(perf_counter() - began)
    return min(times)


if __name__ == "__main__":
    measured = _start(*sys.argv[2:]) if sys.argv[1] == "start" else _others(*sys.argv[2:])
    json.dump(measured, sys.stdout)
