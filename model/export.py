"""From a trained Keras model to an int8 `.tflite` file that is known to be right.

Post-training full-integer quantization (Jacob et al. 2018), calibrated on real noisy windows.
The file is written only when all its operators work on integers and its answers on windows that
calibration has not seen agree with the float model's.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

from model.config import Config
from model.dataset import NoisyWindows
from model.splits import TRAINING, VALIDATION
from model.training import KerasNetwork, noisy_windows
from streamer import TFLiteNetwork
from streamer.windows import Floats

CALIBRATION_WINDOWS = 1024
PARITY_WINDOWS = 2048
MIN_PARITY_DB = 17.0
"""Power of the float answers over that of the difference. Plain int8 leaves 16 to 20 dB on windows
with pops and saturation; a wrong calibration 15 dB or much less, lost weights nothing."""
MAX_COST_DB = 0.5
"""By how much the power of the error, relative to the noise, may grow through quantization."""

Batch = dict[str, Floats]


class ExportError(ValueError):
    """The converted model failed a check; no file was written."""


@dataclass(frozen=True)
class Exported:
    """What an export wrote and what its checks measured."""

    path: Path
    size: int  # bytes
    sha256: str
    parity_db: float
    cost_db: float
    operators: dict[str, int]


def export(model_path: Path, out: Path, config: Config, data: Path) -> Exported:
    """Quantize a trained model, check the result and write it.

    Parameters
    ----------
    model_path : `.keras` file.
    out : `.tflite` file to write.
    config : what the model was trained with; windows mixed from its training records calibrate,
        such from the validation records check.
    data : folder of the databases.

    Raises
    ------
    ExportError : an operator is not an integer one, or the answers differ from the float model's.
    streamer.records.RecordError : a record is missing or damaged.
    """
    (calibration, _), (unseen, target) = (
        _take(noisy_windows(config, records, data, seed=seed), count)
        for records, count, seed in (
            (TRAINING, CALIBRATION_WINDOWS, config.training.seed + 2),
            (VALIDATION, PARITY_WINDOWS, config.training.seed + 3),
        )
    )
    content = _strip(_convert(keras.models.load_model(model_path), config.output, calibration))
    operators = _integer_operators(content)
    out.parent.mkdir(parents=True, exist_ok=True)
    half = out.with_name(f"half-{out.name}")
    half.write_bytes(content)
    try:
        parity, cost = _compare(TFLiteNetwork(half), KerasNetwork(model_path), unseen, target)
        if not parity >= MIN_PARITY_DB:
            raise ExportError(
                f"{out} not written: its answers agree with the float model's to {parity:.1f} dB "
                f"only, at least {MIN_PARITY_DB:g} dB are needed"
            )
        if not cost <= MAX_COST_DB:
            raise ExportError(
                f"{out} not written: quantization makes its error {cost:.2f} dB greater, at most "
                f"{MAX_COST_DB:g} dB are allowed"
            )
        half.replace(out)
    finally:
        half.unlink(missing_ok=True)
    return Exported(out, len(content), hashlib.sha256(content).hexdigest(), parity, cost, operators)


def _take(windows: NoisyWindows, n: int) -> tuple[Batch, Floats]:
    """The first `n` windows: inputs, and targets with their weights (n, WINDOW, 2)."""
    parts: list[tuple[Batch, Floats]] = []
    while sum(len(target) for _, target in parts) < n:
        parts.append(windows[len(parts)])
    inputs = {name: np.concatenate([part[name] for part, _ in parts])[:n] for name in parts[0][0]}
    return inputs, np.concatenate([target for _, target in parts])[:n]


def _convert(model: keras.Model, output: str, calibration: Batch) -> bytes:
    def answer(*tensors: Any) -> dict[str, Any]:
        return {output: model(list(tensors), training=False)}

    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint(
        "serving_default",
        answer,
        # One window: a free batch size would bring shape arithmetic into the graph.
        input_signature=[tf.TensorSpec((1, *t.shape[1:]), name=t.name) for t in model.inputs],
    )
    with tempfile.TemporaryDirectory() as folder:
        archive.write_out(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.int8
        converter.inference_output_type = tf.int8
        names = list(calibration)
        converter.representative_dataset = lambda: (
            {name: calibration[name][i : i + 1] for name in names}
            for i in range(len(calibration[names[0]]))
        )
        return bytes(converter.convert())


def _strip(content: bytes) -> bytes:
    """Without what no runtime reads: names, calibration ranges, empty tables and buffers."""
    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(content))
    kept = [0]  # buffer 0 is the empty one, by the format's definition
    for graph in model.subgraphs:
        graph.name = None
        for tensor in graph.tensors:
            tensor.name = tensor.shapeSignature = None
            tensor.hasRank = False
            if tensor.quantization is not None:
                tensor.quantization.min = tensor.quantization.max = None
                if tensor.quantization.scale is None:
                    tensor.quantization = None
            data = model.buffers[tensor.buffer].data
            if data is None or not len(data):
                tensor.buffer = 0
            elif tensor.buffer not in kept:
                kept.append(tensor.buffer)
        for tensor in graph.tensors:
            tensor.buffer = kept.index(tensor.buffer)
    model.buffers = [model.buffers[i] for i in kept]
    model.description = None
    model.metadata = None
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _integer_operators(content: bytes) -> dict[str, int]:
    """How often which operator is used.

    Raises
    ------
    ExportError : some tensor is not of an integer type.
    """
    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(content))
    types = {v: k for k, v in vars(schema.TensorType).items() if isinstance(v, int)}
    used: Counter[str] = Counter()
    for graph in model.subgraphs:
        for operator in graph.operators:
            name = flatbuffer_utils.opcode_to_name(model, operator.opcodeIndex)
            used[name] += 1
            for index in (*operator.inputs, *operator.outputs):
                kind = types[graph.tensors[index].type] if index >= 0 else "INT8"
                if kind not in ("INT8", "INT32"):
                    raise ExportError(f"not written: operator {name} has a {kind} tensor")
    return dict(used)


def _compare(
    quantized: TFLiteNetwork, exact: KerasNetwork, windows: Batch, target: Floats
) -> tuple[float, float]:
    """Agreement of the answers, and growth of their error against the target; both in dB."""
    context = windows.get("context", windows["window"])
    wanted = exact(windows["window"], context)
    answer = quantized(windows["window"], context)

    def error(given: Floats) -> float:
        return float(np.sum(np.square(given - target[..., 0]) * target[..., 1]))

    parity = np.sum(np.square(wanted)) / np.sum(np.square(answer - wanted))
    return float(10 * np.log10(parity)), float(10 * np.log10(error(answer) / error(wanted)))
