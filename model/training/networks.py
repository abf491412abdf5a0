"""The networks: the streaming CDAE-BAM and the original one.

Both are convolutional denoising autoencoders with a batch attention mechanism (BAM): global
average pooling, two dense layers and a sigmoid weigh the channels, as in squeeze-and-excitation
(Hu et al. 2018).
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from ecgstream.streamer.engine.delay import WINDOW
from ecgstream.streamer.engine.normalization import CONTEXT_STEP, ERROR_STEP

NOISE, ERROR = "noise", "error"
"""Names of the layers that give the answers of the streaming network."""
_ERROR_SIZE = "error_size"
_ERROR_FILTERS = 16
_FRAME = 4
"""Samples folded into the channels of one frame of the window."""


def _frames(x: Any, n: int) -> Any:
    # The free batch axis lets the runtimes run several windows in one call.
    return ops.reshape(x, (-1, 1, n, x.shape[1] * x.shape[2] // n))


def _stepped(x: Any, low: Any, step: Any) -> Any:
    """`x` on a grid, letting gradients through: straight-through estimator (Bengio et al. 2013)."""
    step = ops.maximum(step, 1e-9)
    return x + ops.stop_gradient(ops.round((x - low) / step) * step + low - x)


@keras.saving.register_keras_serializable("ecgstream")
class Rounded(layers.Layer):
    """Passes on what it gets; while `on`, with 256 steps over the batch's range as int8 has."""

    def __init__(self, on: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.on = on

    def call(self, x: Any) -> Any:
        """`x` (any shape), rounded while `on`."""
        low, high = ops.minimum(ops.min(x), 0), ops.max(x)
        return _stepped(x, low, (high - low) / 255) if self.on else x

    def get_config(self) -> dict[str, Any]:
        """What Keras saves."""
        return {**super().get_config(), "on": self.on}


@keras.saving.register_keras_serializable("ecgstream")
class RoundedConv2D(layers.Conv2D):
    """Convolution; while `on`, with 255 steps for each filter's weights as int8 has."""

    def __init__(self, *arguments: Any, on: bool = False, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.on = on

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """Of `inputs` (n, 1, frames, channels)."""
        if self.on:
            # Folding a batch normalisation scales a filter and its steps alike.
            largest = ops.max(ops.abs(kernel), axis=(0, 1, 2), keepdims=True)
            kernel = _stepped(kernel, 0.0, largest / 127)
        return super().convolution_op(inputs, kernel)

    def get_config(self) -> dict[str, Any]:
        """What Keras saves."""
        return {**super().get_config(), "on": self.on}


@keras.saving.register_keras_serializable("ecgstream")
class Samples(layers.Layer):
    """Frames (n, 1, frames, m) as samples (n, frames * m, 1); a layer, so that it has a name."""

    def call(self, x: Any) -> Any:
        """`x` (n, 1, frames, m) reshaped."""
        return ops.reshape(x, (-1, x.shape[2] * x.shape[3], 1))  # n is free: see `_frames`


def set_rounding(model: keras.Model, on: bool) -> None:
    """Let weights and activations feel like int8, or not, when the model is next traced."""
    for layer in model.layers:
        if isinstance(layer, Rounded | RoundedConv2D):
            layer.on = on


def _activation(x: Any) -> Any:
    """Normalised and bounded: one far value would cost all others their resolution in int8."""
    return Rounded()(layers.ReLU(6.0)(layers.BatchNormalization()(x)))


def _conv(x: Any, filters: int, kernel: int, stride: int = 1, dilation: int = 1) -> Any:
    """Convolution along time. Two-dimensional, as one-dimensional ones convert to three operators.

    Dense rather than depthwise: more weights share each quantization scale, so that a file of
    the same size holds half as many again, and both training and int8 kernels run faster.
    """
    x = RoundedConv2D(
        filters,
        (1, kernel),
        strides=(1, stride),
        dilation_rate=(1, dilation),
        padding="same",
        use_bias=False,
    )(x)
    return _activation(x)


def _attention(x: Any) -> Any:
    channels = x.shape[-1]
    weight = layers.GlobalAveragePooling2D(keepdims=True)(x)
    weight = layers.Dense(max(channels // 4, 8), activation="relu")(weight)
    return Rounded()(x * layers.Dense(channels, activation="sigmoid")(weight))


def _double(x: Any, filters: int) -> Any:
    """Twice as many frames, by depth to space (upsampling layers do not convert everywhere)."""
    n = x.shape[2]
    return ops.reshape(_conv(x, 2 * filters, 1), (-1, 1, 2 * n, filters))


def cdae_bam(widths: list[int], kernels: list[int], past: int, context_width: int) -> keras.Model:
    """The streaming CDAE-BAM: predicts the noise in a window, given a coarse look at the past.

    A U-Net of `len(widths)` levels over the window (each half as long as the one before), with
    attention below the first and before the answer, where it can fade to nothing for a window
    that is clean already. The last `past` samples (the window included), averaged down by
    `CONTEXT_STEP`, go through dilated convolutions; the frames that lie beside the window join
    the deepest level. They tell what a window of 0.7 s cannot: the baseline and the usual beat.

    Returns a model from `window` (n, WINDOW, 1) and `context` (n, past // CONTEXT_STEP, 1) to
    `noise` (n, WINDOW, 1), all standardised as in `ecgstream.streamer.engine.normalization`.

    Raises
    ------
    ValueError : `past` is not a greater multiple of `WINDOW`.
    """
    if past <= WINDOW or past % WINDOW:
        raise ValueError(f"past is {past}; it takes a multiple of {WINDOW}, {2 * WINDOW} at least")
    window = keras.Input((WINDOW, 1), name="window")
    context = keras.Input((past // CONTEXT_STEP, 1), name="context")

    deepest = WINDOW // _FRAME >> (len(widths) - 1)  # frames
    c = _frames(Rounded()(context), past * deepest // WINDOW)
    for dilation in (1, 2, 4, 8):
        c = _conv(c, context_width, 5, dilation=dilation)
    c = c[:, :, -deepest:, :]

    x = _conv(_frames(Rounded()(window), WINDOW // _FRAME), widths[0], 9)
    skips = []
    for level, (width, kernel) in enumerate(zip(widths, kernels, strict=True)):
        if level:
            x = _conv(x, width, kernel, stride=2)
        if level == len(widths) - 1:
            x = layers.Concatenate()([x, c])
        x = _conv(x, width, kernel)
        if level:
            x = _attention(x)
        skips.append(x)
    for width, kernel, skip in list(zip(widths, kernels, skips, strict=True))[-2::-1]:
        x = _conv(Rounded()(_double(x, width) + skip), width, kernel)
    x = RoundedConv2D(_FRAME, (1, kernels[0]), padding="same")(_attention(x))
    return keras.Model([window, context], Samples(name=NOISE)(Rounded()(x)), name="cdae_bam")


def with_error(model: keras.Model) -> keras.Model:
    """A CDAE-BAM with a second answer, the size of its own error; the first one is frozen.

    Two small convolutions look at the features that the noise is made from. The model returned
    has one output (n, WINDOW, 2) for the loss: the noise, and log2 of the size of its error in
    units of the window's deviation, one value for `ERROR_STEP` samples, repeated.
    `answer_and_error` takes the two apart.
    """
    for layer in model.layers:
        layer.trainable = False
    convolutions = [layer for layer in model.layers if isinstance(layer, RoundedConv2D)]
    x = _conv(convolutions[-1].input, _ERROR_FILTERS, 7)
    x = RoundedConv2D(1, (1, 3), padding="same", name=_ERROR_SIZE)(x)
    size = ops.repeat(Samples(name=ERROR)(Rounded()(x)), ERROR_STEP, axis=1)
    both = ops.concatenate([model.output, size], axis=-1)
    return keras.Model(model.inputs, both, name=model.name)


def has_error(model: keras.Model) -> bool:
    """Whether it is one of `with_error`."""
    return any(layer.name == ERROR for layer in model.layers)


def answer_and_error(model: keras.Model) -> keras.Model:
    """A model of `with_error` with two outputs: (n, WINDOW, 1) and (n, WINDOW // ERROR_STEP, 1)."""
    answers = [model.get_layer(name).output for name in (NOISE, ERROR)]
    return keras.Model(model.inputs, answers, name=model.name)


def widen_error(model: keras.Model, factor: float) -> None:
    """Multiply the sizes that a model of `with_error` tells."""
    kernel, bias = model.get_layer(_ERROR_SIZE).get_weights()
    model.get_layer(_ERROR_SIZE).set_weights([kernel, bias + np.log2(factor)])


def original() -> keras.Model:
    """The original CDAE-BAM, 18,049 parameters: predicts the denoised window from itself alone.

    Its nearest-neighbour upsampling is written as concatenation and reshape, which is the same
    to the last bit and converts to operators that every runtime has.
    """
    window = keras.Input((WINDOW, 1), name="window")

    def conv(x: Any, filters: int, activation: str | None = "relu") -> Any:
        return layers.Conv1D(filters, 3, padding="same", activation=activation)(x)

    def upsample(x: Any) -> Any:
        _, n, channels = x.shape
        return ops.reshape(layers.Concatenate()([x, x]), (-1, 2 * n, channels))

    x = layers.MaxPooling1D(2)(conv(window, 64))
    x = layers.MaxPooling1D(2)(conv(x, 32))
    weight = layers.GlobalAveragePooling1D(keepdims=True)(x)
    weight = layers.Dense(32, activation="sigmoid")(layers.Dense(32, activation="relu")(weight))
    x = upsample(conv(x * weight, 32))
    x = upsample(conv(x, 64))
    return keras.Model(window, conv(x, 1, None), name="original")
