"""Normalize network inputs and denormalize outputs.

Training and the engine share these functions, so that they can never differ.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.engine.delay import WINDOW

CONTEXT_STEP = 8
"""Samples averaged into one frame of context."""

MIN_SCALE = np.float32(1e-3)
"""mV; least deviation that a window is divided by, so that flat ones are not blown up."""

MAX_CONTEXT = np.float32(8.0)
"""Deviations; after a pop the past would otherwise dwarf everything and cost the int8 input its
resolution."""

ERROR_STEP = 4
"""Samples for which a network tells one size of its error."""

MIN_LOG2_ERROR, MAX_LOG2_ERROR = np.float32(-16), np.float32(8)
"""Limits of log2 of a half width over the window's scale."""

Floats = npt.NDArray[np.float32]

_SHARE = np.float32(1 / WINDOW)


class Standardised(NamedTuple):
    """Windows ready for the network. `n` windows, `f` frames of context."""

    window: Floats  # (n, WINDOW, 1), zero mean and unit variance
    context: Floats  # (n, f, 1), the same scale
    mean: Floats  # (n, 1), mV
    scale: Floats  # (n, 1), mV


def frames(samples: Floats) -> Floats:
    """Context of `samples` (rows, f * CONTEXT_STEP): means over `CONTEXT_STEP`, (rows, f)."""
    return means(samples.reshape(len(samples), -1, CONTEXT_STEP))


def standardise(past: Floats) -> Standardised:
    """Scale the last `WINDOW` samples of each row, and the context of all of it.

    Parameters
    ----------
    past : (n, f * CONTEXT_STEP) float32, mV, oldest first, the window included; or
        (n, WINDOW) for a network without context.
    """
    return scale(past[:, -WINDOW:], frames(past))


def scale(window: Floats, context: Floats) -> Standardised:
    """Scale windows (n, WINDOW), and what lies before them, by their own mean and deviation.

    `context` (n, f) holds the `frames` of the samples up to each window's end; all in mV.
    """
    mean = means(window[:, None])
    centred = window - mean
    deviation = powers(centred[:, None])
    deviation *= _SHARE
    np.sqrt(deviation, out=deviation)
    np.maximum(deviation, MIN_SCALE, out=deviation)
    centred /= deviation
    past = context - mean
    past /= deviation
    np.maximum(past, -MAX_CONTEXT, out=past)
    np.minimum(past, MAX_CONTEXT, out=past)
    return Standardised(centred[..., None], past[..., None], mean, deviation)


# Products of vectors, one by one: their bits do not depend on how many there are.


def means(signals: Floats) -> Floats:
    """Mean over the last axis."""
    n = signals.shape[-1]
    return np.asarray(np.matmul(signals[..., None, :], _shares(n))[..., 0, 0])


def powers(signals: Floats) -> Floats:
    """Sum of squares over the last axis."""
    return np.asarray(np.matmul(signals[..., None, :], signals[..., None])[..., 0, 0])


@lru_cache
def _shares(n: int) -> Floats:
    return np.full((n, 1), 1 / n, np.float32)


def restore(output: str, windows: Standardised, answer: Floats) -> Floats:
    """Turn the network's answer (n, WINDOW) into denoised samples in mV.

    A network that predicts `noise` has it subtracted in float, so that what quantization loses
    is a fraction of the noise and not of the ECG. One that predicts the `signal` is scaled back.
    """
    if output == "noise":
        denoised = windows.window[..., 0] - answer
        denoised *= windows.scale
        return np.asarray(denoised)
    return answer * windows.scale + windows.mean


def half_widths(log2: Floats) -> Floats:
    """Half widths of the error band, in units of the window's scale, from their logarithms.

    Networks answer logarithms, as int8 keeps 3 % of precision in those from the smallest error
    to the largest one.
    """
    return np.asarray(np.exp2(np.clip(log2, MIN_LOG2_ERROR, MAX_LOG2_ERROR)))
