"""Time the filters of other libraries on a signal, float32 in mV on the standard input."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np

_REPEATS = 5


def measure(fs: float) -> dict[str, float | None]:
    """Seconds that each takes for the whole signal; None where it is not installed."""
    signal = np.frombuffer(sys.stdin.buffer.read(), np.float32).astype(float)
    seconds: dict[str, float | None] = {}
    try:
        from scipy.signal import butter, sosfilt
    except ImportError:
        seconds["scipy sosfilt"] = None
    else:
        band = butter(2, (0.5, 40.0), "bandpass", fs=fs, output="sos")
        seconds["scipy sosfilt"] = _fastest(lambda: sosfilt(band, signal))
    try:
        from neurokit2 import ecg_clean
    except ImportError:
        seconds["NeuroKit2 ecg_clean"] = None
    else:
        clean = _fastest(lambda: ecg_clean(signal, sampling_rate=fs))
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
    print(json.dumps(measure(*json.loads(sys.argv[1]))))
