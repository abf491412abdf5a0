"""What `ecgstream bench` measures in fresh processes: a start, a window, what others use.

A start can be timed once per process, and the others load hundreds of megabytes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ecgstream.tools.bench.configurations import Configuration

_REPEATS = 5


class ProcessError(RuntimeError):
    """A process failed; `reason` is its last word, or how it ended."""

    def __init__(self, command: list[str], code: int, errors: str) -> None:
        super().__init__(f"{' '.join(command)} failed:\n{errors}")
        said = errors.strip().splitlines()
        self.reason = said[-1] if said and code > 0 else f"its process ended with code {code}"


def start(model: Path, runtime: str) -> dict[str, float]:
    """Seconds to import the engine and to load a model."""
    return dict(_child("start", str(model), runtime))


def memory() -> float:
    """Peak memory in MB of a process that denoises the bundled record."""
    return float(_child("memory"))


def window() -> float:
    """Seconds from the start of `ecgstream monitor` to its first picture, drawn offscreen."""
    began = monotonic()
    return float(_child("window")) - began


def configuration(one: Configuration, delay: str | int, seconds: float) -> dict[str, Any]:
    """The figures of `ecgstream.tools.bench.configurations.measure`.

    Raises
    ------
    ProcessError : it failed.
    """
    asked = {**one._asdict(), "model": str(one.model)}
    return dict(_child("configuration", json.dumps([asked, delay, seconds])))


def arena(model: Path) -> int | None:
    """Bytes of the smallest arena that TFLM runs an int8 model in; None where it does not."""
    if find_spec("tflite_micro") is None:
        return None
    try:
        return int(_child("arena", str(model)))
    except ProcessError:
        return None


def gain(model: Path, delay: str | int) -> dict[str, float]:
    """What a trained `.keras` model gains, see `ecgstream.tools.bench.accuracy`.

    Raises
    ------
    ProcessError : it failed.
    """
    return dict(_child("gain", json.dumps([str(model), delay])))


def others(signal: Any, fs: float) -> dict[str, float | None]:
    """Seconds that others take for a whole `signal` (n,) of float32; None where not installed."""
    return dict(_child("others", str(fs), data=signal.tobytes()))


def _child(*arguments: str, data: bytes = b"") -> Any:
    command = [sys.executable, "-m", "ecgstream.tools.bench.subprocesses", *arguments]
    done = subprocess.run(command, input=data, capture_output=True)
    if done.returncode:
        raise ProcessError(command, done.returncode, done.stderr.decode(errors="replace"))
    return json.loads(done.stdout)


def _start(model: str, runtime: str) -> dict[str, float]:
    began = perf_counter()
    from ecgstream.streamer.denoiser import StreamingDenoiser

    imported = perf_counter()
    StreamingDenoiser(model, runtime=runtime)
    loaded = perf_counter()
    return {"import_s": imported - began, "load_s": loaded - imported}


def _memory() -> float:
    from ecgstream.streamer.denoiser import StreamingDenoiser
    from ecgstream.streamer.io.records import read_record
    from ecgstream.tools.system.device import peak_memory

    signal = read_record("208b").signal(0)
    denoiser = StreamingDenoiser()
    for start in range(0, len(signal), denoiser.mode.hop):
        denoiser.push(signal[start : start + denoiser.mode.hop])
    return peak_memory()


def _window() -> float:
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    import ecgstream.tools.cli  # noqa: F401 - takes its time, too
    from ecgstream.gui.app import display_problem, show
    from ecgstream.gui.settings.display_settings import DisplaySettings
    from ecgstream.gui.settings.monitor_settings import MonitorSettings
    from ecgstream.gui.settings.preferences import Preferences
    from ecgstream.gui.window.main_window import MainWindow
    from ecgstream.streamer.live.clock import SystemClock

    display_problem()
    painted: list[float] = []

    def close(window: MainWindow) -> None:
        painted.append(monotonic())
        window.close()

    with TemporaryDirectory() as folder:
        preferences = Preferences(Path(folder) / "monitor.ini")
        show(MonitorSettings(), DisplaySettings(), SystemClock(), preferences, painted=close)
    return painted[0]


def _configuration(asked: str) -> dict[str, Any]:
    from ecgstream.streamer.live.clock import SystemClock
    from ecgstream.tools.bench.configurations import Configuration, measure

    one, delay, seconds = json.loads(asked)
    return measure(
        Configuration(**{**one, "model": Path(one["model"])}), delay, seconds, SystemClock()
    )


def _arena(model: str) -> int:
    from ecgstream.model.export.tflm.network import arena_size

    return arena_size(Path(model).read_bytes())


def _gain(asked: str) -> dict[str, float]:
    from ecgstream.model.training.trainer import KerasNetwork
    from ecgstream.tools.bench.accuracy import gain

    model, delay = json.loads(asked)
    return gain(KerasNetwork(Path(model)), delay)


def _others(fs: str) -> dict[str, float | None]:
    import numpy as np

    rate = float(fs)
    signal = np.frombuffer(sys.stdin.buffer.read(), np.float32).astype(float)
    seconds: dict[str, float | None] = {}
    try:
        from scipy.signal import butter, sosfilt
    except ImportError:
        seconds["scipy sosfilt"] = None
    else:
        band = butter(2, (0.5, 40.0), "bandpass", fs=rate, output="sos")
        seconds["scipy sosfilt"] = _fastest(lambda: sosfilt(band, signal))
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
    measures: dict[str, Callable[..., Any]] = {
        "start": _start,
        "memory": _memory,
        "window": _window,
        "arena": _arena,
        "configuration": _configuration,
        "gain": _gain,
        "others": _others,
    }
    json.dump(measures[sys.argv[1]](*sys.argv[2:]), sys.stdout)
