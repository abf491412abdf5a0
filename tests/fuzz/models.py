"""Hostile model files: damaged, cut, foreign, or no files at all."""

from __future__ import annotations

import os
from functools import lru_cache

import numpy as np

from ecgstream.streamer.engine.delay import WINDOW
from ecgstream.streamer.engine.normalization import CONTEXT_STEP
from ecgstream.streamer.network.runtimes import RUNTIMES
from ecgstream.streamer.network.sandbox import MAX_FILE_BYTES, ModelError
from ecgstream.streamer.network.shipped import SHIPPED_MODEL
from fuzz.outcome import CORRECT, Case, Outcome, demand, refusal

_ALLOWED = (ModelError, FileNotFoundError)


@lru_cache(maxsize=1)
def _runtimes() -> list[str]:
    """Installed runtimes but TensorFlow, which contains LiteRT and takes seconds to load."""
    installed = [name for name, runtime in RUNTIMES.items() if runtime.installed()]
    return [name for name in installed if name != "tensorflow"] or ["auto"]


@lru_cache(maxsize=1)
def _shipped() -> bytes:
    return SHIPPED_MODEL.read_bytes()


def model(case: Case) -> Outcome:
    """Load a `.tflite` file that was damaged, or a file that is no model."""
    rng, content = case.rng, bytearray(_shipped())
    path = case.folder / "m.tflite"
    kind = int(rng.integers(12))
    refused = False
    if kind < 4:
        for at in rng.integers(len(content), size=(1, 1, 8, 100)[kind]):
            content[at] ^= 1 << rng.integers(8)
    elif kind == 4:
        for at in rng.integers(20_000, size=3):  # its tables
            content[at] ^= 1 << rng.integers(8)
    elif kind == 5:
        for at in rng.integers(len(content) - 20_000, len(content), size=2):
            content[at] ^= 1 << rng.integers(8)
    elif kind == 6:
        content, refused = content[: rng.integers(len(content))], True
    elif kind == 7:
        at = int(rng.integers(len(content) - 4))
        content[at : at + 4] = bytes(case.pick([b"\xff" * 4, b"\0" * 4, rng.bytes(4)]))
    elif kind == 8:
        at, end = sorted(rng.integers(len(content), size=2))
        content[at:end] = b"\0" * int(end - at)
    elif kind == 9:
        content, refused = bytearray(rng.bytes(int(rng.integers(5000)))), True
        if case.chance(0.5):
            content[4:8] = b"TFL3"
    elif kind == 10:
        content += rng.bytes(int(rng.integers(1, 100)))
    else:
        return _no_file(case)
    path.write_bytes(content)
    return _load(case, str(path), refused)


def _no_file(case: Case) -> Outcome:
    path = case.folder / "m.tflite"
    kind = int(case.rng.integers(6))
    if kind == 0:
        os.mkfifo(path)
    elif kind == 1:
        path.mkdir()
    elif kind == 2:
        path.symlink_to(path)
    elif kind == 3:
        path.touch()
        os.truncate(path, MAX_FILE_BYTES + 1)  # of no bytes on the disk
    elif kind == 4:
        path.write_bytes(b"")
    else:
        names = ["", "/dev/zero", "/dev/null", "\0", "x" * 70_000, "http://localhost/m", "\udcff"]
        return _load(case, str(case.pick(names)), True)
    return _load(case, str(path), True)


def _load(case: Case, path: str, refused: bool) -> Outcome:
    try:
        network = case.product.load(path, case.pick(_runtimes()))
    except Exception as error:
        return refusal(error, _ALLOWED)
    demand(not refused, "loaded what is no model")
    for n in (1, 3, 40):
        window = case.rng.standard_normal((n, WINDOW, 1)).astype(np.float32)
        context = case.rng.standard_normal((n, network.past // CONTEXT_STEP, 1))
        answer = network(window, context.astype(np.float32))
        demand(answer.shape == (n, WINDOW), f"an answer of shape {answer.shape}")
        demand(np.isfinite(answer).all(), "an answer that is no number")
    return Outcome([CORRECT])
