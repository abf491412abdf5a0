"""A `.tflite` file on TensorFlow Lite Micro's kernels, beside the runtime that the engine takes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.network.sandbox import ModelError
from ecgstream.streamer.network.tflite import TFLiteNetwork

PACKAGE = "tflite-micro"
_STEP = 16
"""Bytes; an arena is aligned to so many."""

Steps = npt.NDArray[np.int8]


class Int8Network(TFLiteNetwork):
    """A network whose tensors are all int8, and can be looked at.

    Raises
    ------
    ecgstream.ModelError : as `TFLiteNetwork`, or inputs and outputs are of another type.
    """

    def __init__(self, path: str | Path) -> None:
        super().__init__(path)
        self.content = self._content
        call = self._calls[1]
        order = [details["index"] for details in call.interpreter.get_input_details()]
        self._names = ("window", "context")[: len(order)]
        self.places = dict(zip(self._names, map(order.index, call.inputs), strict=True))
        """Their numbers among the file's inputs."""
        self.tensors = dict(zip(self._names, self._inputs, strict=True))
        self.tensors["answer"] = self._answer
        for name, tensor in self.tensors.items():
            if tensor.dtype != np.int8:
                kind = np.dtype(tensor.dtype).name
                raise ModelError(f"the {name} of {path} is {kind}: TFLM takes an int8 model here")

    def shown(self, window: Floats, context: Floats) -> dict[str, Steps]:
        """What the network gets to see of standardised windows (n, WINDOW, 1), (n, frames, 1)."""
        return dict(zip(self._names, self._stored(window, context), strict=True))

    def answers(self, window: Floats, context: Floats) -> Steps:
        """Its answers (n, WINDOW), as it gives them."""
        n = range(len(window))
        calls = (self.bare_call(window[i : i + 1], context[i : i + 1]) for i in n)
        return np.concatenate([call()[..., 0] for call in calls])


class MicroNetwork(Int8Network):
    """The same file on TFLM's reference kernels, from the package `tflite-micro`.

    Raises
    ------
    ImportError : the package is not installed.
    ecgstream.ModelError : TFLM does not take the file.
    """

    def _load(self) -> Any:
        return _MicroInterpreter(super()._load(), self._content)


class _MicroInterpreter:
    """TFLM's interpreter with the interface of the others."""

    def __init__(self, other: Any, content: bytes) -> None:
        from tflite_micro import runtime

        try:
            with _quiet():
                self._interpreter = runtime.Interpreter.from_bytes(content)
        except RuntimeError as error:
            raise ModelError(f"TFLM does not take the model: {error}") from None
        self.get_signature_runner = other.get_signature_runner
        self.get_input_details = other.get_input_details
        self._places = {d["index"]: place for place, d in enumerate(other.get_input_details())}

    def allocate_tensors(self) -> None:
        """Nothing: they were when it was made."""

    def resize_tensor_input(self, index: int, shape: list[int]) -> None:
        """TFLM has tensors of one size."""
        raise RuntimeError

    def set_tensor(self, index: int, tensor: Steps) -> None:
        """Give it an input."""
        self._interpreter.set_input(tensor, self._places[index])

    def invoke(self) -> None:
        """Run the model."""
        self._interpreter.invoke()

    def get_tensor(self, index: int) -> Steps:
        """A copy of its one output."""
        return np.array(self._interpreter.get_output(0))


def arena_size(content: bytes) -> int:
    """Bytes of the smallest arena in which TFLM here makes the model ready and runs it.

    Pointers are twice as long here as on a microcontroller, which so takes less.
    """
    from tflite_micro import runtime

    def fits(steps: int) -> bool:
        try:
            interpreter = runtime.Interpreter.from_bytes(content, arena_size=steps * _STEP)
            interpreter.invoke()
        except RuntimeError:
            return False
        return True

    low, high = 0, 10 * len(content) // _STEP  # what the package takes when it is not told
    with _quiet():
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if fits(middle) else (middle, high)
    return high * _STEP


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep TFLM, which writes past Python, from telling people of every arena that is too small."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
