"""A small `.tflite` file that answers its error, too."""

from __future__ import annotations

import tempfile
from typing import Any

import numpy as np

from ecgstream.streamer.engine.delay import WINDOW

FRAMES = 64
"""Frames of context, of 8 samples."""


def error_model(error_values: int = WINDOW // 4, precision: str = "int8") -> bytes:
    """Make a network of random weights with the outputs `noise` and `error`."""
    import keras
    import tensorflow as tf
    from keras import layers, ops

    keras.utils.set_random_seed(0)
    window = keras.Input((WINDOW, 1), batch_size=1, name="window")
    context = keras.Input((FRAMES, 1), batch_size=1, name="context")
    before = layers.Conv2D(WINDOW // 4, (1, FRAMES))(ops.reshape(context, (1, 1, FRAMES, 1)))
    x = ops.reshape(window, (1, 1, WINDOW // 4, 4)) + ops.reshape(before, (1, 1, WINDOW // 4, 1))
    features = layers.Conv2D(8, (1, 3), padding="same", activation="relu")(x)
    noise = ops.reshape(layers.Conv2D(4, (1, 3), padding="same")(features), (1, WINDOW, 1))
    error = layers.Conv2D(1, (1, 3), padding="same", bias_initializer="ones")(features)
    error = ops.reshape(error, (1, WINDOW // 4, 1))[:, :error_values]
    model = keras.Model([window, context], [error, noise])

    def answer(window: Any, context: Any) -> dict[str, Any]:
        outputs = model([window, context])
        return {"error": outputs[0], "noise": outputs[1]}

    archive = keras.export.ExportArchive()
    archive.track(model)
    inputs = [tf.TensorSpec(tensor.shape, name=tensor.name) for tensor in model.inputs]
    archive.add_endpoint("serving_default", answer, input_signature=inputs)
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        archive.write_out(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if precision == "int8":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = converter.inference_output_type = tf.int8
            converter.representative_dataset = lambda: (
                {tensor.name: rng.standard_normal(tensor.shape).astype(np.float32)
                 for tensor in model.inputs}
                for _ in range(64)
            )  # fmt: skip
        return bytes(converter.convert())
