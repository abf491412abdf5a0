"""Run untrusted model files in a process of their own before the program runs them.

A damaged file can take down the whole process: of 87 kB models with a few bits wrong,
tflite-runtime, which believes what the file says, crashed on every tenth, and on nearly all that
were cut short. So a file other than the shipped one first runs in a process of its own. What ends
there with a crash, an endless loop or all memory taken is an error here.
"""

from __future__ import annotations

import hashlib
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

MAX_FILE_BYTES = 64 << 20
"""Maximum size of a model file, a thousand times the shipped one."""
TIMEOUT_SECONDS = 60.0
"""Maximum duration of a sandbox run, imports included, on the slowest device."""
REFUSED = 3
"""Exit code of a sandbox that refused the model and printed the reason."""

_REFUSED_OPERATORS = {
    32: "an operator of somebody's own (CUSTOM)",  # with TensorFlow also its own: reads, writes
    51: "a delegate (DELEGATE)",
    119: "a loop that may never end (WHILE)",
    173: "a call of foreign code (STABLEHLO_CUSTOM_CALL)",
    200: "a loop that may never end (STABLEHLO_WHILE)",
}
"""Operators that are refused, by number in the TFLite schema: foreign code or endless loops."""

_WORKER = "from ecgstream.streamer.network.sandbox_worker import main; main()"

_passed: set[tuple[str, ...]] = set()


class ModelError(ValueError):
    """The file is no model that this engine can run; the message says why."""


def read(path: Path) -> bytes:
    """Read a model file; the sandbox and the program run the same bytes.

    Raises
    ------
    FileNotFoundError : there is no such file.
    ModelError : it is no file, too large, or cannot be read.
    """
    content = None
    try:
        if path.is_file():  # a pipe or a device would never end
            with path.open("rb") as file:
                content = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise ModelError(f"model file {path!s:.200} cannot be read: {why}") from None
    if content is None:
        raise FileNotFoundError(f"no model file {path}")
    if len(content) > MAX_FILE_BYTES:
        raise ModelError(f"{path} is larger than {MAX_FILE_BYTES >> 20} MB: that is no denoiser")
    return content


def check(content: bytes, path: Path) -> None:
    """Refuse a model that asks for more than arithmetic, before anything of it runs.

    Raises
    ------
    ModelError : it is no TFLite file, or one with operators of its own, loops without a bound or
        weights in other files.
    """
    try:
        numbers = set(_operators(content))
        elsewhere = any(_field(content, _root(content), slot) for slot in (8, 9))
    except (struct.error, IndexError, MemoryError):
        raise ModelError(f"{path} is no TFLite model, or a damaged one: export it again") from None
    if elsewhere:
        raise ModelError(f"{path} keeps weights in other files: export it as one file")
    for number in sorted(numbers & _REFUSED_OPERATORS.keys()):
        raise ModelError(
            f"{path} holds {_REFUSED_OPERATORS[number]}, which this engine does not run: "
            "export it with TFLite's built-in operators only"
        )


def run_in_sandbox(
    content: bytes, path: Path, runtime: str, threads: int = 1, xnnpack: bool = True
) -> None:
    """Load and run a model in a process of its own, once per content and options.

    Raises
    ------
    ModelError : the model is none, or it broke, hung or ate up that process.
    """
    check(content, path)
    how = runtime, str(threads), "xnnpack" if xnnpack else ""
    key = hashlib.sha256(content).hexdigest(), *how
    if key in _passed:
        return
    if not sys.executable:
        raise ModelError(f"{path} cannot be tried, as this program has no Python to do it with")
    try:
        sandbox = subprocess.run(
            [sys.executable, "-c", _WORKER, str(path), *how],
            input=content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=TIMEOUT_SECONDS,
            # The folder that holds this package, and no other that happens to be the current one.
            cwd=Path(__file__).parents[3],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
    except subprocess.TimeoutExpired:
        raise ModelError(
            f"{path} did not answer within {TIMEOUT_SECONDS:g} s when it was tried"
        ) from None
    except OSError as error:
        raise ModelError(f"{path} cannot be tried in a process of its own: {error}") from None
    if sandbox.returncode == REFUSED:
        raise ModelError(sandbox.stdout.decode(errors="replace").strip())
    if sandbox.returncode:
        raise ModelError(
            f"{path} is damaged: it crashed the runtime ({runtime}) when it was tried; export it "
            "again"
        )
    _passed.add(key)


def _root(content: bytes) -> int:
    if content[4:8] != b"TFL3":
        raise IndexError
    return int(struct.unpack_from("<I", content)[0])


def _field(content: bytes, table: int, slot: int) -> int:
    """Where a field of a flatbuffer's table lies; 0 when it is not there."""
    layout = table - struct.unpack_from("<i", content, table)[0]
    if layout < 0:
        raise IndexError
    if 4 + 2 * slot >= struct.unpack_from("<H", content, layout)[0]:
        return 0
    offset = struct.unpack_from("<H", content, layout + 4 + 2 * slot)[0]
    return int(table + offset) if offset else 0


def _operators(content: bytes) -> Iterator[int]:
    """The numbers of all operators that a model names, from its table of operator codes."""
    at = _field(content, _root(content), 1)
    if not at:
        return
    at += struct.unpack_from("<I", content, at)[0]
    (count,) = struct.unpack_from("<I", content, at)
    if count > len(content):
        raise IndexError
    for place in range(at + 4, at + 4 + 4 * count, 4):
        code = place + struct.unpack_from("<I", content, place)[0]
        old, custom, new = (_field(content, code, slot) for slot in (0, 1, 3))
        number = max(
            struct.unpack_from("<b", content, old)[0] if old else 0,
            struct.unpack_from("<i", content, new)[0] if new else 0,
        )
        yield 32 if custom else number
