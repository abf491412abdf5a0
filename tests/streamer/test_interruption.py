"""After an interruption at any line a stream goes on rightly or says that it cannot."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest

import ecgstream
from ecgstream import Block, StreamerPool, StreamingDenoiser
from ecgstream.streamer.engine.normalization import Floats
from helpers.fakes import Identity

ENGINE = str(Path(ecgstream.__file__).parent / "streamer")


class Interruption(BaseException):
    """As Ctrl-C and an alarm's handler raise it: anywhere."""


class InterruptAt:
    """Raises at the n-th line of the library that is run."""

    def __init__(self, line: int) -> None:
        self.left = line

    def __call__(self, frame: FrameType, event: str, argument: Any) -> Any:
        if not frame.f_code.co_filename.startswith(ENGINE):
            return None
        if event == "line":
            self.left -= 1
            if not self.left:
                sys.settrace(None)
                raise Interruption
        return self


def interrupted(line: int, action: Callable[[], object]) -> bool:
    """Do something; whether it was interrupted."""
    tracer = sys.gettrace()
    sys.settrace(InterruptAt(line))
    try:
        action()
        return False
    except Interruption:
        return True
    finally:
        sys.settrace(tracer)


def signal(n: int, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).normal(size=(n, 2)).astype(np.float32)


def same(found: Block, expected: Block) -> bool:
    return (
        found.start == expected.start
        and np.array_equal(found.signal, expected.signal, equal_nan=True)
        and np.array_equal(found.quality, expected.quality)
    )


def denoiser(fs: float = 360.0) -> StreamingDenoiser:
    stream = StreamingDenoiser(Identity(), channels=2, fs=fs)
    stream.push(signal(500))
    return stream


ACTIONS: dict[str, Callable[[StreamingDenoiser], object]] = {
    "push": lambda stream: stream.push(signal(300, 1)),
    "push of a gap": lambda stream: stream.push(np.full((300, 2), np.nan)),
    "flush": lambda stream: stream.flush(),
    "delay": lambda stream: setattr(stream, "delay", "low"),
    "st": lambda stream: setattr(stream, "st", True),
    "strength": lambda stream: setattr(stream, "strength", 0.5),
    "reset": lambda stream: stream.reset(),
}
STRIDES = {"delay": 7, "st": 7}
"""Lines from one that is tried to the next, for actions of thousands of lines."""


@pytest.mark.parametrize("fs", [360.0, 250.0])
@pytest.mark.parametrize("name", ACTIONS)
def test_a_stream_interrupted_at_any_line_goes_on_rightly_or_says_so(name: str, fs: float) -> None:
    action, later = ACTIONS[name], signal(400, 2)
    before, after = denoiser(fs), denoiser(fs)
    action(after)
    undone = before.push(later)
    done = None if name == "flush" else after.push(later)
    line = refused = 0
    while True:
        line += STRIDES.get(name, 1) * (1 if fs == 360 else 3)
        stream = denoiser(fs)
        if not interrupted(line, lambda: action(stream)):  # noqa: B023 - called at once
            break
        try:
            block = stream.push(later)
        except RuntimeError as error:
            assert "call reset()" in str(error)
            refused += 1
        except ValueError as error:
            assert name == "flush" and "flushed" in str(error)
            pytest.fail(f"line {line}: what flush() put out is lost, and nothing says so")
        else:
            # Not begun: as if it had not been asked for. Or done, where that put out nothing.
            assert same(block, undone) or (
                name not in ("push", "push of a gap") and done is not None and same(block, done)
            ), f"line {line}"
        stream.reset()
        assert stream.push(later).start == 0
    assert line > 5 and (refused or name in ("delay", "st"))


def test_a_pool_interrupted_at_any_line_goes_on_rightly_or_says_so() -> None:
    def begun() -> StreamerPool:
        pool = StreamerPool(Identity())
        for name in "ab":
            pool.add(name, channels=2)
        pool.push({name: signal(1000) for name in "ab"})
        return pool

    later = {name: signal(400, 2) for name in "ab"}
    undone = begun().push(later)
    line = refused = 0
    while True:
        line += 3
        pool = begun()
        if not interrupted(line, lambda: pool.push({n: signal(300, 1) for n in "ab"})):  # noqa: B023
            break
        try:
            blocks = pool.push(later)
        except RuntimeError as error:
            assert "call reset()" in str(error)
            refused += 1
        else:
            assert all(same(blocks[name], undone[name]) for name in "ab"), f"line {line}"
    assert refused > 20
