"""Run measurements in processes of their own, the programs of `ecgstream.tools.bench.children`.

An import can be timed once per process, peak memory is that of a whole process, other libraries
load hundreds of megabytes, and a crash ends nothing but itself.
"""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from typing import Any

_CHILDREN = Path(__file__).with_name("children")
# By its path, as `python -m` would import the package before the program's clock starts, and look
# for modules in the current folder, which may hold packages of the same names.
_RUN_FILE = """
import sys
sys.path[:] = filter(None, sys.path)
from runpy import run_path
run_path(sys.argv.pop(1), run_name="__main__")
"""


class ProcessError(RuntimeError):
    """A process failed; `reason` is the last line it wrote, or how it ended."""

    def __init__(self, command: list[str], code: int, errors: str) -> None:
        super().__init__(f"{' '.join(command)} failed:\n{errors}")
        said = errors.strip().splitlines()
        self.reason = said[-1] if said and code > 0 else f"its process ended with code {code}"


def import_and_load_seconds(model: Path, runtime: str) -> dict[str, float]:
    """Seconds to import the engine and to load a model."""
    return dict(_run("import_time", str(model), runtime))


def denoising_memory() -> float:
    """Peak memory in MB of a process that denoises the bundled record."""
    return float(_run("memory"))


def first_paint_seconds() -> float:
    """Seconds from the start of `ecgstream monitor` to its first paint, offscreen."""
    began = monotonic()
    return float(_run("first_paint")) - began


def configuration(
    model: Path, runtime: str, threads: int, xnnpack: bool, delay: str | int, seconds: float
) -> dict[str, Any]:
    """Latencies, memory and gain of a model, run in one way.

    Raises
    ------
    ProcessError : it failed.
    """
    return dict(_run("configuration", str(model), runtime, threads, xnnpack, delay, seconds))


def arena(model: Path) -> int | None:
    """Bytes of the smallest arena that TFLM runs an int8 model in; None where it does not."""
    if find_spec("tflite_micro") is None:
        return None
    try:
        return int(_run("arena", str(model)))
    except ProcessError:
        return None


def keras_gain(model: Path, delay: str | int) -> dict[str, float]:
    """Gain of a trained `.keras` model, see `ecgstream.tools.bench.accuracy`.

    Raises
    ------
    ProcessError : it failed.
    """
    return dict(_run("keras_gain", str(model), delay))


def other_filters(signal: Any, fs: float) -> dict[str, float | None]:
    """Seconds that other libraries take for a `signal` (n,) of float32; None if not installed."""
    return dict(_run("other_filters", fs, data=signal.tobytes()))


def _run(program: str, *arguments: object, data: bytes = b"") -> Any:
    path = _CHILDREN / f"{program}.py"
    command = [sys.executable, "-c", _RUN_FILE, str(path), json.dumps(arguments)]
    done = subprocess.run(command, input=data, capture_output=True)
    if done.returncode:
        raise ProcessError(command, done.returncode, done.stderr.decode(errors="replace"))
    return json.loads(done.stdout)
