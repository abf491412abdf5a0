"""What the network is shown of the past, and how its answer becomes millivolts again.

Training and the engine both come through here, so that they can never differ.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from streamer.delay import WINDOW

CONTEXT_STEP = 8
"""Samples averaged into one frame of context."""

MIN_SCALE = np.float32(1e-3)
"""mV; a flat window is not blown up beyond this."""

MAX_CONTEXT = np.float32(8.0)
"""Deviations; after a pop the past would otherwise dwarf everything and cost the int8 input its
resolution."""

Floats = npt.NDArray[np.float32]


class Standardised(NamedTuple):
    """Windows ready for the network. `n` windows, `f` frames of context."""

    window: Floats  # (n, WINDOW, 1), zero mean and unit variance
    context: Floats  # (n, f, 1), the same scale
    mean: Floats  # (n, 1), mV
    scale: Floats  # (n, 1), mV


def standardise(past: Floats) -> Standardised:
    """Scale the last `WINDOW` samples of each row by their own mean and deviation.

    Parameters
    ----------
    past : (n, f * CONTEXT_STEP) float32, mV, oldest first, the window included; or
        (n, WINDOW) for a network without context.
    """
    window = past[:, -WINDOW:]
    mean = np.add.reduce(window, axis=1, keepdims=True) * np.float32(1 / WINDOW)
    centred = window - mean
    scale = np.sqrt(np.einsum("ij,ij->i", centred, centred)[:, None] / np.float32(WINDOW))
    np.maximum(scale, MIN_SCALE, out=scale)
    context = np.add.reduce(past.reshape(len(past), -1, CONTEXT_STEP), axis=2)
    context *= np.float32(1 / CONTEXT_STEP)
    context -= mean
    context /= scale
    np.maximum(context, -MAX_CONTEXT, out=context)
    np.minimum(context, MAX_CONTEXT, out=context)
    centred /= scale
    return Standardised(centred[..., None], context[..., None], mean, scale)


def restore(output: str, windows: Standardised, answer: Floats) -> Floats:
    """Turn the network's answer (n, WINDOW) into a denoised window in mV.

    A network that predicts `noise` has it subtracted in float, so that what quantization loses
    is a fraction of the noise and not of the ECG. One that predicts the `signal` is scaled back.
    """
    if output == "noise":
        return (windows.window[..., 0] - answer) * windows.scale
    return answer * windows.scale + windows.mean
