"""Statistics of a model: number format, operators and multiply-accumulate operations."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

_DELEGATE = "DELEGATE"
"""Name that a runtime lists in place of all operators that it handed over."""
Shape = Sequence[int]


def precision(interpreter: Any) -> str:
    """Number format, by the names of `ecgstream.model.export.precision.PRECISIONS`."""
    given = np.dtype(interpreter.get_input_details()[0]["dtype"]).name
    if given != "float32":
        return {"int16": "int16x8"}.get(given, given)
    types = {np.dtype(d["dtype"]).name for d in interpreter.get_tensor_details()}
    return "float16" if "float16" in types else "float32"


def operators(interpreter: Any) -> dict[str, int] | None:
    """Uses of each operator; None where the runtime does not tell."""
    details = _details(interpreter)
    if details is None:
        return None
    counted = Counter(operator["op_name"] for operator in details)
    return {name: n for name, n in sorted(counted.items()) if name != _DELEGATE}


def delegated(interpreter: Any) -> bool | None:
    """Whether operators were handed over to XNNPACK; None where the runtime does not tell."""
    details = _details(interpreter)
    return None if details is None else any(o["op_name"] == _DELEGATE for o in details)


def macs(interpreter: Any) -> int | None:
    """Multiply-accumulate operations for a window; None where the runtime does not tell.

    Those of convolutions and dense layers, bias aside, as they are usually counted.
    """
    details = _details(interpreter)
    if details is None:
        return None
    shapes = {d["index"]: d["shape"].tolist() for d in interpreter.get_tensor_details()}
    return sum(
        _macs(
            operator["op_name"],
            [shapes.get(index, []) for index in operator["inputs"]],
            shapes.get(operator["outputs"][0], []),
        )
        for operator in details
    )


def _details(interpreter: Any) -> list[dict[str, Any]] | None:
    # All runtimes have had this method for years, but none promises it.
    listing = getattr(interpreter, "_get_ops_details", None)
    return None if listing is None else list(listing())


def _macs(name: str, inputs: Sequence[Shape], output: Shape) -> int:
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
