"""Convert a trained Keras model to a `.tflite` file, and check the file.

Post-training quantization (Jacob et al. 2018), calibrated on real noisy windows. The file is
written only when all its tensors are of the types of its precision and its answers on records
that calibration has not seen agree with the float model's.
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

from ecgstream.model.data.mixing import NoisyWindows
from ecgstream.model.data.qtdb_beats import BeatWindows
from ecgstream.model.export.error_band import widening
from ecgstream.model.export.precision import PRECISIONS, Precision
from ecgstream.model.export.shrink import compact
from ecgstream.model.training import networks
from ecgstream.model.training.config import Config
from ecgstream.model.training.trainer import KerasNetwork, training_windows
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.io.atomic import replacing
from ecgstream.streamer.network.sandbox import ModelError
from ecgstream.streamer.network.tflite import TFLiteNetwork

CALIBRATION_WINDOWS = 256
"""The training mix with its pops and large beats, as it comes. Measured on validation records: a
network trained with rounding knows the ranges of its batches of 128 windows, and 128 to 256 give
the least error (0.25 dB less than unrounded, agreement 19.5 dB), 1024 with their rarer extremes
coarser steps (0.0 dB, 18.7 dB). Networks trained without rounding take 64 to 4096 windows alike,
but few of them meet too few extremes. A share of one half for pops, or leaving out the windows
with the widest input or answer, changes less than the luck of the draw (0.03 dB)."""
PARITY_WINDOWS = 2048
"""Windows of the validation records on which the file is compared with the trained model."""

Batch = dict[str, Floats]


class ExportError(ValueError):
    """The converted model failed a check; no file was written."""


@dataclass(frozen=True)
class Exported:
    """Result of an export: the file written and the measurements of its checks."""

    path: Path
    size: int  # bytes
    sha256: str
    parity_db: float
    cost_db: float
    widening: float | None
    """Factor that calibrated the error band; None for a network that tells no error."""
    operators: dict[str, int]


def export(
    model_path: Path, out: Path, config: Config, data: Path, precision: str = "int8"
) -> Exported:
    """Convert a trained model, check the result and write it.

    Parameters
    ----------
    model_path : `.keras` file.
    out : `.tflite` file to write.
    config : what the model was trained with; windows mixed from its training records calibrate,
        windows from the validation records check.
    data : folder of the databases.
    precision : one of `ecgstream.model.export.precision.PRECISIONS`.

    Raises
    ------
    ExportError : a tensor has a type that the precision does not allow, or the answers differ
        from the float model's.
    ecgstream.streamer.io.records.RecordError : a record is missing or damaged.
    """
    seed = config.training.seed + 2
    training = training_windows(config, data, validation=False, seed=seed)
    validation = training_windows(config, data, validation=True, seed=seed + 1)
    calibration, _ = _take(training, CALIBRATION_WINDOWS)
    unseen, target = _take(validation, PARITY_WINDOWS)
    limits = PRECISIONS[precision]
    model = keras.models.load_model(model_path)
    content = compact(_convert(model, config.output, precision, calibration))
    factor = None
    if networks.has_error(model):
        factor = widening(TFLiteNetwork.unchecked(content, str(out), "auto"), data)
        networks.widen_error(model, factor)
        content = compact(_convert(model, config.output, precision, calibration))
    operators = _operators(content, limits)
    out.parent.mkdir(parents=True, exist_ok=True)
    with replacing(out) as partial:
        partial.write_bytes(content)
        parity, cost = _compare(partial, KerasNetwork(model_path), unseen, target)
        if not parity >= limits.min_parity_db:
            raise ExportError(
                f"{out} not written: its answers agree with the trained model's to {parity:.1f} dB "
                f"only, {precision} needs at least {limits.min_parity_db:g} dB"
            )
        if not cost <= limits.max_cost_db:
            raise ExportError(
                f"{out} not written: {precision} makes its error {cost:.2f} dB greater, at most "
                f"{limits.max_cost_db:g} dB are allowed"
            )
    digest = hashlib.sha256(content).hexdigest()
    return Exported(out, len(content), digest, parity, cost, factor, operators)


def _take(windows: NoisyWindows | BeatWindows, n: int) -> tuple[Batch, Floats]:
    """Return the first `n` windows: inputs, and targets with weights (n, WINDOW, 2)."""
    parts: list[tuple[Batch, Floats]] = []
    while sum(len(target) for _, target in parts) < n:
        parts.append(windows[len(parts)])
    inputs = {name: np.concatenate([part[name] for part, _ in parts])[:n] for name in parts[0][0]}
    return inputs, np.concatenate([target for _, target in parts])[:n]


def _convert(trained: keras.Model, output: str, precision: str, calibration: Batch) -> bytes:
    both = networks.has_error(trained)
    model = networks.answer_and_error(trained) if both else trained

    def answer(*tensors: Any) -> dict[str, Any]:
        answers = model(list(tensors), training=False)
        names = (output, networks.ERROR) if both else (output,)
        return dict(zip(names, answers if both else (answers,), strict=True))

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
        _set_precision(converter, precision, calibration)
        return bytes(converter.convert())


def _set_precision(converter: Any, precision: str, calibration: Batch) -> None:
    if precision == "float32":
        return
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "float16":
        converter.target_spec.supported_types = [tf.float16]
        return
    if precision == "int8":
        operators, inner = tf.lite.OpsSet.TFLITE_BUILTINS_INT8, tf.int8
    else:
        operators = tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
        inner = tf.int16
        # One scale for each dense layer: with one for each channel tflite-runtime answers zeros.
        converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    converter.target_spec.supported_ops = [operators]
    converter.inference_input_type = converter.inference_output_type = inner
    count = len(next(iter(calibration.values())))
    converter.representative_dataset = lambda: (
        {name: values[i : i + 1] for name, values in calibration.items()} for i in range(count)
    )


def _operators(content: bytes, limits: Precision) -> dict[str, int]:
    """Count the uses of each operator.

    Raises
    ------
    ExportError : some tensor has a type that the precision does not allow.
    """
    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(content))
    types = {v: k for k, v in vars(schema.TensorType).items() if isinstance(v, int)}
    used: Counter[str] = Counter()
    for graph in model.subgraphs:
        for operator in graph.operators:
            name = flatbuffer_utils.opcode_to_name(model, operator.opcodeIndex)
            used[name] += 1
            for index in (*operator.inputs, *operator.outputs):
                if index >= 0 and types[graph.tensors[index].type] not in limits.types:
                    kind = types[graph.tensors[index].type]
                    raise ExportError(f"not written: operator {name} has a {kind} tensor")
    return dict(used)


def _compare(
    path: Path, exact: KerasNetwork, windows: Batch, target: Floats
) -> tuple[float, float]:
    """Return the agreement of the answers and the growth of their error, both in dB."""
    context = windows.get("context", windows["window"])
    wanted = exact(windows["window"], context)
    try:
        answer = TFLiteNetwork(path)(windows["window"], context)
    except (ModelError, RuntimeError) as refusal:
        raise ExportError(f"not written: the runtime does not take the model: {refusal}") from None

    def error(given: Floats) -> float:
        return float(np.sum(np.square(given - target[..., 0]) * target[..., 1]))

    parity = np.sum(np.square(wanted)) / np.sum(np.square(answer - wanted))
    return float(10 * np.log10(parity)), float(10 * np.log10(error(answer) / error(wanted)))
