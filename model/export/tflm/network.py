"""Run a `.tflite` file on TensorFlow Lite Micro's kernels or on the engine's runtime."""

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
"""Alignment of an arena, bytes."""

Steps = npt.NDArray[np.int8]


class Int8Network(TFLiteNetwork):
    """Network of int8 tensors whose quantized inputs and answers are accessible.

    Raises
    ------
    ecgstream.ModelError : as `TFLiteNetwork`, or inputs and outputs are of another type.
    """

    def __init__(self, path: str | Path) -> None:
        super().__init__(path)
        self.content = self._content
        call = self._call(self._spare[0], 1)
        order = [details["index"] for details in call.interpreter.get_input_details()]
        self._names = ("window", "context")[: len(order)]
        self.places = dict(zip(self._names, map(order.index, call.inputs), strict=True))
        """Position of each tensor among the file's inputs."""
        self.tensors = dict(zip(self._names, self._inputs, strict=True))
        self.tensors["answer"] = self._answer
        if self._error is not None:
            self.tensors["error"] = self._error
        order = [details["index"] for details in call.interpreter.get_output_details()]
        self.outputs = dict(zip(("answer", "error"), map(order.index, call.outputs), strict=False))
        """Position of each tensor among the file's outputs."""
        for name, tensor in self.tensors.items():
            if tensor.dtype != np.int8:
                kind = np.dtype(tensor.dtype).name
                raise ModelError(f"the {name} of {path} is {kind}: TFLM takes an int8 model here")

    def shown(self, window: Floats, context: Floats) -> dict[str, Steps]:
        """Quantize standardised windows (n, WINDOW, 1) and contexts (n, frames, 1) to int8."""
        return dict(zip(self._names, self._stored(window, context), strict=True))

    def answers(self, window: Floats, context: Floats) -> Steps:
        """Return the int8 answers (n, WINDOW)."""
        return self.stored_answers(window, context)[0]

    def stored_answers(self, window: Floats, context: Floats) -> list[Steps]:
        """Return all int8 outputs: the answers, and the sizes of their error if it tells them."""
        return self._run(window, context)


class MicroNetwork(Int8Network):
    """Network on TFLM's reference kernels, from the package `tflite-micro`.

    Raises
    ------
    ImportError : the package is not installed.
    ecgstream.ModelError : TFLM does not take the file.
    """

    def _load(self) -> Any:
        return _MicroInterpreter(super()._load(), self._content)


class _MicroInterpreter:
    """Adapter that gives TFLM's interpreter the interface of LiteRT's."""

    def __init__(self, other: Any, content: bytes) -> None:
        from tflite_micro import runtime

        try:
            with _quiet():
                self._interpreter = runtime.Interpreter.from_bytes(content)
        except RuntimeError as error:
            raise ModelError(f"TFLM does not take the model: {error}") from None
        self.get_signature_runner = other.get_signature_runner
        self.get_input_details = other.get_input_details
        self.get_output_details = other.get_output_details
        self._inputs = [details["index"] for details in other.get_input_details()]
        self._outputs = [details["index"] for details in other.get_output_details()]

    def allocate_tensors(self) -> None:
        """Do nothing: TFLM allocates at construction."""

    def resize_tensor_input(self, index: int, shape: list[int]) -> None:
        """Raise: TFLM cannot resize tensors."""
        raise RuntimeError

    def set_tensor(self, index: int, tensor: Steps) -> None:
        """Set an input."""
        self._interpreter.set_input(tensor, self._inputs.index(index))

    def invoke(self) -> None:
        """Run the model."""
        self._interpreter.invoke()

    def get_tensor(self, index: int) -> Steps:
        """Return a copy of an output."""
        return np.array(self._interpreter.get_output(self._outputs.index(index)))


def arena_size(content: bytes) -> int:
    """Find the smallest arena, in bytes, in which TFLM loads and runs the model on this machine.

    A microcontroller needs less, as its pointers are half as long.
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
    """Silence TFLM's messages about arenas that are too small; it writes to file descriptor 2."""
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
