"""Run a `.tflite` file on standardised windows.

The first installed of `ecgstream.streamer.network.runtimes` runs it unless another is named.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ecgstream.streamer.engine.delay import WINDOW
from ecgstream.streamer.engine.normalization import CONTEXT_STEP, ERROR_STEP, Floats, half_widths
from ecgstream.streamer.engine.validation import count
from ecgstream.streamer.network import sandbox
from ecgstream.streamer.network.runtimes import load_runtime
from ecgstream.streamer.network.sandbox import ModelError
from ecgstream.streamer.network.shipped import SHIPPED, model_path

MAX_THREADS = 256
MAX_PAST_SAMPLES = 1 << 16
"""Maximum number of samples that a network sees at once, three minutes."""
BATCH = 32
"""Maximum number of windows in one call."""
MAX_EXACT_BATCH = 12
"""Largest number of windows that gets an interpreter of its own size, half a MB each."""


_INPUTS = ("window", "context")
_ANSWERS = ("noise", "signal")
_ERROR = "error"
_ERROR_SHAPE = (1, WINDOW // ERROR_STEP, 1)
Details = dict[str, dict[str, Any]]


def _signature(interpreter: Any) -> tuple[Details, Details]:
    """Inputs and outputs by name. A runner that lives on would forbid allocating tensors."""
    runner = interpreter.get_signature_runner()
    return runner.get_input_details(), runner.get_output_details()


class _Call:
    """One interpreter with its tensors allocated for a fixed number of windows."""

    def __init__(self, interpreter: Any, batch: int) -> None:
        self.interpreter = interpreter
        inputs, outputs = _signature(interpreter)
        self.inputs = [inputs[name]["index"] for name in _INPUTS if name in inputs]
        if batch > 1:
            for d in inputs.values():
                interpreter.resize_tensor_input(d["index"], [batch, *d["shape"][1:]])
        interpreter.allocate_tensors()
        names = (*_ANSWERS, _ERROR)
        self.outputs = [outputs[name]["index"] for name in names if name in outputs]

    def __call__(self, tensors: Sequence[Any]) -> list[Any]:
        """The answer (n, WINDOW, 1), and the error's logarithms if the file has them."""
        for index, tensor in zip(self.inputs, tensors, strict=True):
            self.interpreter.set_tensor(index, tensor)
        self.interpreter.invoke()
        return [self.interpreter.get_tensor(index) for index in self.outputs]


class _Tensor:
    """How one tensor holds real numbers: as they are, or as (stored - zero) * scale."""

    def __init__(self, details: dict[str, Any]) -> None:
        scale, zero = details["quantization"]
        self.dtype = details["dtype"]
        self.quantized = scale != 0
        if self.quantized:
            limits = np.iinfo(self.dtype)
            self.scale, self.zero = np.float32(scale), np.float32(zero)
            self.inverse = np.float32(1 / scale)
            self.low, self.high = np.float32(limits.min), np.float32(limits.max)

    def store(self, real: Floats) -> Any:
        if not self.quantized:
            return real.astype(self.dtype, copy=False)
        steps = real * self.inverse
        steps += self.zero
        np.maximum(steps, self.low, out=steps)
        np.minimum(steps, self.high, out=steps)
        return np.rint(steps, out=np.empty(real.shape, self.dtype), casting="unsafe")

    def real(self, stored: Any) -> Floats:
        if not self.quantized:
            return np.asarray(stored, np.float32)
        real: Floats = np.subtract(stored, self.zero, dtype=np.float32)
        real *= self.scale
        return real


class TFLiteNetwork:
    """A `.tflite` file on one of the three runtimes.

    Parameters
    ----------
    path : the file, or the name of a shipped model (see `ecgstream.streamer.network.shipped`).
    runtime : `auto`, `litert`, `tflite-runtime` or `tensorflow`.
    threads : that share the work of a call; more than one pays for large networks only.
    xnnpack : let the runtime hand operators over to XNNPACK, as it does by itself.

    The file's signature has an input `window` (1, WINDOW, 1), optionally an input `context`
    (1, frames, 1) of means over `CONTEXT_STEP` samples, an output (1, WINDOW, 1) named `noise` or
    `signal`, and optionally an output `error` (1, WINDOW // ERROR_STEP, 1): log2 of the half
    width of the 90 % band, in units of the window's deviation.

    Raises
    ------
    ValueError : an impossible number of threads.
    FileNotFoundError : there is no such file.
    ModelError : it is no TFLite file, not one of that form, or did not survive the sandbox.
    RuntimeError : the runtime is not installed, or cannot do without XNNPACK.

    Notes
    -----
    A file other than a shipped one is first run in a process of its own, which takes a few
    tenths of a second (seconds with TensorFlow), once per process and content; see
    `ecgstream.streamer.network.sandbox`. The sandbox and this process run the same bytes.

    Threads may share a network: each call has interpreters of its own while it lasts. A copied
    or pickled network holds the file's bytes and opens them again, without the sandbox.
    """

    def __init__(
        self, path: str | Path, runtime: str = "auto", threads: int = 1, xnnpack: bool = True
    ) -> None:
        self.path = model_path(path)
        content = sandbox.read(self.path)
        threads = count(threads, 1, MAX_THREADS, f"threads must be 1 to {MAX_THREADS}")
        self._choose(runtime, threads, xnnpack)
        if hashlib.sha256(content).hexdigest() not in {m.sha256 for m in SHIPPED.values()}:
            sandbox.run_in_sandbox(content, self.path, self.runtime, threads, xnnpack)
        self._open(content)

    @classmethod
    def unchecked(
        cls, content: bytes, path: str, runtime: str, threads: int = 1, xnnpack: bool = True
    ) -> TFLiteNetwork:
        """Load a model's bytes without the sandbox; a damaged model may crash the process.

        Raises
        ------
        ModelError, RuntimeError : as for a file.
        """
        network = cls.__new__(cls)
        network.path = Path(path)
        network._choose(runtime, threads, xnnpack)
        network._open(content)
        return network

    def _choose(self, runtime: str, threads: int, xnnpack: bool) -> None:
        found, self._class = load_runtime(runtime)
        self.runtime = found.name
        self._threads = threads
        self._options = {"num_threads": threads, **({} if xnnpack else found.without_xnnpack())}
        self._xnnpack = xnnpack

    def _open(self, content: bytes) -> None:
        self._content = content
        interpreter = self._load()
        try:
            inputs, outputs = _signature(interpreter)
        except ValueError as error:
            raise ModelError(f"{self.path} has no signature: {error}") from None
        self.past, self.output = self._check(inputs, outputs)
        self._inputs = [_Tensor(inputs[name]) for name in _INPUTS if name in inputs]
        self._answer = _Tensor(outputs[self.output])
        self.predicts_error = _ERROR in outputs
        self._error = _Tensor(outputs[_ERROR]) if self.predicts_error else None
        # Several windows at once must give the bits of one: floats do so with XNNPACK alone.
        integers = all(tensor.quantized for tensor in (*self._inputs, self._answer))
        self._batches = integers or self._xnnpack
        # Taken by a call while it lasts, so that none is used by two threads at once.
        self._spare: list[dict[int, _Call]] = [{1: _Call(interpreter, 1)}]

    def _load(self) -> Any:
        try:
            return self._class(model_content=self._content, **self._options)
        except ValueError as error:
            raise ModelError(f"{self.path} is no TFLite model: {error}") from None

    def _check(self, inputs: Details, outputs: Details) -> tuple[int, str]:
        shapes = {name: tuple(d["shape"]) for name, d in (inputs | outputs).items()}
        frames = shapes.get("context", (1, WINDOW // CONTEXT_STEP, 1))
        good = (
            inputs.keys() in ({"window"}, {"window", "context"})
            and len(outputs.keys() - {_ERROR}) == 1
            and outputs.keys() <= {*_ANSWERS, _ERROR}
            and all(
                shapes[name] == (1, WINDOW, 1) for name in ("window", *outputs.keys() - {_ERROR})
            )
            and shapes.get(_ERROR, _ERROR_SHAPE) == _ERROR_SHAPE
            and frames == (1, frames[1], 1)
            and WINDOW <= frames[1] * CONTEXT_STEP <= MAX_PAST_SAMPLES
        )
        if not good:
            raise ModelError(
                f"{self.path} has inputs and outputs {shapes}; the engine needs window "
                f"(1, {WINDOW}, 1), optionally context (1, frames, 1), noise or signal "
                f"(1, {WINDOW}, 1), and optionally error {_ERROR_SHAPE}"
            )
        return int(frames[1]) * CONTEXT_STEP, next(name for name in _ANSWERS if name in outputs)

    def __reduce__(self) -> tuple[Any, ...]:
        options = (self.runtime, self._threads, self._xnnpack)
        return type(self).unchecked, (self._content, str(self.path), *options)

    @property
    def interpreter(self) -> Any:
        """The runtime's own, for one window: for benchmarks."""
        return self._call(self._spare[0], 1).interpreter

    def _call(self, calls: dict[int, _Call], batch: int) -> _Call:
        if batch not in calls:
            calls[batch] = _Call(self._load(), batch)
        return calls[batch]

    def _batch(self, calls: dict[int, _Call], n: int) -> int:
        """Windows of the next call when `n` are due: one where the file allows no more."""
        batch = (BATCH if n >= BATCH else min(n, MAX_EXACT_BATCH)) if self._batches else 1
        try:
            self._call(calls, batch)
        except RuntimeError:
            self._batches, batch = False, 1
        return batch

    def _stored(self, window: Floats, context: Floats) -> list[Any]:
        return [
            tensor.store(real)
            for tensor, real in zip(self._inputs, (window, context), strict=False)  # or no context
        ]

    def bare_call(self, window: Floats, context: Floats) -> Callable[[], Any]:
        """The interpreter's call for one window alone, its tensors ready: for benchmarks."""
        tensors, call = self._stored(window, context), self._call(self._spare[0], 1)
        return lambda: call(tensors)[0]

    def __call__(self, window: Floats, context: Floats) -> Floats:
        """Answer (n, WINDOW) float32 for n standardised windows; see `Network`."""
        return self._answer.real(self._run(window, context)[0])

    def answer_and_error(self, window: Floats, context: Floats) -> tuple[Floats, Floats]:
        """Answer n standardised windows and tell its error; see `ErrorNetwork`.

        Raises
        ------
        ValueError : the file has no output for the error.
        """
        if self._error is None:
            raise ValueError(f"{self.path} has no output {_ERROR!r}")
        answer, error = self._run(window, context)
        return self._answer.real(answer), half_widths(self._error.real(error))

    def _run(self, window: Floats, context: Floats) -> list[Any]:
        """What the file puts out for n standardised windows, as it is stored, (n, ...) each."""
        try:
            calls = self._spare.pop()
        except IndexError:
            calls = {}
        try:
            answers = self._run_in_batches(calls, self._stored(window, context), len(window))
        finally:
            self._spare.append(calls)
        if len(answers) == 1:
            return [output[..., 0] for output in answers[0]]
        return [np.concatenate(parts)[..., 0] for parts in zip(*answers, strict=True)]

    def _run_in_batches(self, calls: dict[int, _Call], tensors: Any, n: int) -> list[list[Any]]:
        answers = []
        start = 0
        while start < n:
            stop = start + self._batch(calls, n - start)
            call = self._call(calls, stop - start)
            answers.append(call([rows[start:stop] for rows in tensors]))
            start = stop
        return answers
