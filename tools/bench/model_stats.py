"""Statistics of a model: number format, operators and multiply-accumulate operations."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

Shape = Sequence[int]


def precision(interpreter: Any) -> str:
    """Number format, by the names of `ecgstream.model.export.precision.PRECISIONS`."""
    given = np.dtype(interpreter.get_input_details()[0]["dtype"]).name
    if given != "float32":
        return {"int16": "int16x8"}.get(given, given)
    types = {np.dtype(d["dtype"]).name for d in interpreter.get_tensor_details()}
    return "float16" if "float16" in types else "float32"


def delegated(interpreter: Any) -> bool:
    """Whether operators were handed over to a delegate such as XNNPACK.

    A delegate keeps intermediate tensors to itself, so that they cannot be read.
    """
    for detail in interpreter.get_tensor_details():
        try:
            interpreter.get_tensor(detail["index"])
        except ValueError:
            return True
    return False


def operators(model: Path) -> dict[str, int] | None:
    """Uses of each operator of a model file; None where ai-edge-litert is not installed."""
    listed = _operators(model)
    if listed is None:
        return None
    return dict(sorted(Counter(name for name, _, _ in listed).items()))


def macs(model: Path) -> int | None:
    """Multiply-accumulate operations for a window; None where ai-edge-litert is not installed.

    Those of convolutions and dense layers, bias aside, as they are usually counted.
    """
    listed = _operators(model)
    return None if listed is None else sum(operator_macs(*operator) for operator in listed)


def operator_macs(name: str, inputs: Sequence[Shape], output: Shape) -> int:
    """Operations of one operator; the second input holds weights (out, height, width, in)."""
    if name == "CONV_2D" or name == "FULLY_CONNECTED":
        return math.prod(output) * math.prod(inputs[1][1:])
    if name == "DEPTHWISE_CONV_2D":
        return math.prod(output) * math.prod(inputs[1][1:3])
    if name == "TRANSPOSE_CONV":  # its third input is the signal
        return math.prod(inputs[2][:3]) * math.prod(inputs[1])
    if name == "BATCH_MATMUL":
        return math.prod(output) * inputs[0][-1]
    return 0


def _operators(path: Path) -> list[tuple[str, list[Shape], Shape]] | None:
    """Name, shapes of the inputs and shape of the first output, of each operator."""
    try:
        from ai_edge_litert import schema_py_generated as schema
    except ImportError:
        return None
    model = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
    names = {code: name for name, code in vars(schema.BuiltinOperator).items() if name.isupper()}
    codes = [names[max(c.builtinCode, c.deprecatedBuiltinCode)] for c in model.operatorCodes]

    def shape(tensors: Sequence[Any], index: int) -> Shape:
        return [] if index < 0 or tensors[index].shape is None else tensors[index].shape.tolist()

    return [
        (
            codes[operator.opcodeIndex],
            [shape(graph.tensors, index) for index in operator.inputs],
            shape(graph.tensors, operator.outputs[0]),
        )
        for graph in model.subgraphs
        for operator in graph.operators
    ]
