"""Write a model, the engine step around it and a reference as C++ source."""

from __future__ import annotations

import hashlib
import textwrap
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from ecgstream.model.export.tflm.check import Check, check, noisy_record
from ecgstream.model.export.tflm.network import Int8Network, MicroNetwork
from ecgstream.streamer.denoiser import StreamingDenoiser
from ecgstream.streamer.engine.delay import FS, WINDOW, DelayMode, delay_mode
from ecgstream.streamer.engine.detectors.gap import MAX_MV
from ecgstream.streamer.engine.normalization import (
    CONTEXT_STEP,
    ERROR_STEP,
    MAX_CONTEXT,
    MAX_LOG2_ERROR,
    MIN_LOG2_ERROR,
    MIN_SCALE,
    Floats,
    restore,
    standardise,
)

DEVICE = Path(__file__).with_name("device")
"""Folder of the C++ templates, with a ${name} for each value."""
UNCHECKED = (
    "NOT checked on TFLM's kernels, and the arena is a guess: the package tflite-micro cannot be "
    "loaded ({error}). With it (pip install tflite-micro; Linux on x86-64) export again."
)
TOLERANCE = 2
"""int8 steps from TFLM's reference kernels; a chip's own kernels should give the same."""
_UNKNOWN_TOLERANCE = 16
"""int8 steps from another runtime; TFLM and LiteRT differ by 9 at most for the shipped model."""
_UNKNOWN_ARENA = 64  # kB; the shipped model takes 24
_KILOBYTE = 1024
_REFERENCE_SAMPLES = 2048
_SPELT = {"BATCH_MATMUL": "BatchMatMul", "CUMSUM": "CumSum"}
"""Resolver names of operators that do not follow from their TFLite names."""

Values = dict[str, object]


@dataclass(frozen=True)
class Written:
    """Result of an export for microcontrollers."""

    files: dict[str, int]  # bytes
    operators: dict[str, int]
    checked: str
    """Summary of the check, or the reason why there was none."""


def write(model: Path, out: Path, delay: str | int) -> Written:
    """Write a model and the engine step as C++ source into the folder `out`.

    Parameters
    ----------
    model : an int8 `.tflite` file.
    delay : delay mode whose hop and weights are written.

    Raises
    ------
    FileNotFoundError, ValueError : there is no such file; no such mode.
    ecgstream.ModelError : the file is not int8, or TFLM does not take it or answers differently.
    """
    mode, network = delay_mode(delay), Int8Network(model)
    operators = operators_of(network.content)
    try:
        maker: Int8Network = MicroNetwork(model)
        measured = _measured(check(model, delay))
    except ImportError as error:
        maker, measured = network, _unmeasured(network.runtime, error)
    sums = 2 if network.predicts_error else 1
    values: Values = {
        **_model(network),
        **_operators(operators),
        **_signal(network),
        **_overlap_add(mode),
        **measured,
        "checked": textwrap.fill(measured["checked"], 100),
        **_reference(maker, delay),
        "state": 4 * (WINDOW + network.past // CONTEXT_STEP + sums * mode.weights.size + 7),
        "stack": 6 * WINDOW + network.past // CONTEXT_STEP + 256,
    }
    out.mkdir(parents=True, exist_ok=True)
    files = {}
    with TemporaryDirectory(prefix="partial-", dir=out) as partial:
        for path in sorted(DEVICE.iterdir()):
            text = Template(path.read_text("utf-8")).substitute(values)
            files[path.name] = Path(partial, path.name).write_bytes(text.encode())
        for name in files:
            Path(partial, name).replace(out / name)
    return Written(files, operators, measured["checked"])


def operators_of(content: bytes) -> dict[str, int]:
    """Count the uses of each operator in a `.tflite` file's content."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    names = {v: k for k, v in vars(schema.BuiltinOperator).items() if isinstance(v, int)}
    codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]
    graphs = model.subgraphs
    used = Counter(names[codes[op.opcodeIndex]] for graph in graphs for op in graph.operators)
    return dict(sorted(used.items()))


def _model(network: Int8Network) -> Values:
    return {
        "model_name": network.path.name,
        "model_size": len(network.content),
        "model_sha256": hashlib.sha256(network.content).hexdigest(),
        "model": _list(network.content),
    }


def _operators(operators: dict[str, int]) -> Values:
    added = (f"resolver.Add{_spelt(name)}() == kTfLiteOk" for name in operators)
    return {
        "operators_used": ", ".join(f"{n} {name}" for name, n in operators.items()),
        "operators_count": len(operators),
        "operators_added": " &&\n         ".join(added),
    }


def _spelt(name: str) -> str:
    """Name of an operator in the resolver's methods: Conv2D for CONV_2D."""
    return _SPELT.get(name) or name.title().replace("_", "")


def _signal(network: Int8Network) -> Values:
    tensors = {
        f"{name}_tensor": f"{_float(tensor.scale)}, {_float(tensor.inverse)}, {int(tensor.zero)}"
        for name, tensor in network.tensors.items()
    }
    return {
        "fs": _float(FS),
        "fs_hz": f"{FS:g}",
        "largest": _float(MAX_MV),
        "window": WINDOW,
        "context_step": CONTEXT_STEP,
        "frames": network.past // CONTEXT_STEP,
        "min_scale": _float(MIN_SCALE),
        "max_context": _float(MAX_CONTEXT),
        "context_tensor": "1.0f, 1.0f, 0",  # where there is none
        "error_tensor": "1.0f, 1.0f, 0",
        **tensors,
        "window_input": network.places["window"],
        "context_input": network.places.get("context", -1),
        "answer_output": network.outputs["answer"],
        "error_output": network.outputs.get("error", -1),
        "error_step": ERROR_STEP,
        "min_log2_error": _float(MIN_LOG2_ERROR),
        "max_log2_error": _float(MAX_LOG2_ERROR),
        "predicts_noise": "true" if network.output == "noise" else "false",
    }


def _overlap_add(mode: DelayMode) -> Values:
    part = mode.part.stop - mode.part.start
    return {
        "hop": mode.hop,
        "delay": mode.samples,
        "delay_seconds": f"{mode.samples / FS:.3f}",
        "first": mode.first,
        "segments": len(mode.weights),
        "part": part,
        "weights": _floats(mode.weights.ravel()[:part]),
    }


def _measured(found: Check) -> dict[str, str]:
    return {
        "checked": str(found),
        "arena": f"{-(-found.arena // _KILOBYTE)} * {_KILOBYTE}",
        "arena_measured": f"{found.arena} are the least where pointers have 64 bits.",
        "tolerance": str(TOLERANCE),
        "reference_runtime": f"TFLM's reference kernels (tflite-micro {found.version})",
    }


def _unmeasured(runtime: str, error: ImportError) -> dict[str, str]:
    return {
        "checked": UNCHECKED.format(error=error),
        "arena": f"{_UNKNOWN_ARENA} * {_KILOBYTE}",
        "arena_measured": "NOT measured, for want of tflite-micro.",
        "tolerance": str(_UNKNOWN_TOLERANCE),
        "reference_runtime": f"{runtime}, for want of tflite-micro",
    }


def reference_stream(past: int) -> Floats:
    """Return the input (n,), in mV, of the export's reference for a network of that past."""
    return noisy_record()[-max(past, _REFERENCE_SAMPLES) :]


def _reference(network: Int8Network, delay: str | int) -> Values:
    stream = reference_stream(network.past)
    windows = standardise(stream[None, -network.past :])
    shown = network.shown(windows.window, windows.context)
    answer = network.answers(windows.window, windows.context)
    denoised = restore(network.output, windows, network.tensors["answer"].real(answer))
    block = StreamingDenoiser(network, delay=delay).push(stream)
    error = block.error if network.predicts_error else np.zeros(1)
    return {
        "reference_input_size": len(stream),
        "reference_input": _floats(stream),
        "reference_output_size": len(block.signal),
        "reference_output": _floats(block.signal),
        "reference_error_size": len(error),
        "reference_error": _floats(error),
        "reference_denoised": _floats(denoised),
        "reference_window": _list(shown["window"].ravel()),
        "reference_context": _list(shown["context"].ravel()) if "context" in shown else "  0",
        "reference_answer": _list(answer.ravel()),
    }


def _float(value: Any) -> str:
    """The shortest literal of the same float."""
    return f"{np.float32(value)!s}f"


def _floats(values: Any) -> str:
    return _list(_float(value) for value in np.ravel(values))


def _list(values: Iterable[object]) -> str:
    text = ", ".join(map(str, values))
    return textwrap.fill(text, 100, initial_indent="  ", subsequent_indent="  ")
