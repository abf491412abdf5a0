"""The interface between the engine and a model, and the loading of one."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, TypeGuard

from ecgstream.streamer.engine.delay import WINDOW
from ecgstream.streamer.engine.normalization import CONTEXT_STEP, Floats
from ecgstream.streamer.engine.validation import count
from ecgstream.streamer.network.shipped import SHIPPED_MODEL
from ecgstream.streamer.network.tflite import MAX_PAST_SAMPLES, TFLiteNetwork


class Network(Protocol):
    """A model that the engine can run. One that tells its error is an `ErrorNetwork`.

    Attributes
    ----------
    output : `noise` (subtracted from the window) or `signal` (the denoised window itself).
    past : samples of input that the network sees, the window included; at least `WINDOW`.
    """

    output: str
    past: int

    def __call__(self, window: Floats, context: Floats) -> Floats:
        """Answer (n, WINDOW) for n standardised windows (n, WINDOW, 1) and their context."""


class ErrorNetwork(Network, Protocol):
    """A model that answers the size of its own error, too.

    Attributes
    ----------
    predicts_error : True.
    """

    predicts_error: bool

    def answer_and_error(self, window: Floats, context: Floats) -> tuple[Floats, Floats]:
        """Answer (n, WINDOW) as when called, and its error (n, WINDOW // ERROR_STEP).

        The error is the half width of the band in which the truth lies with a probability of
        90 %, in the units of the answer and not negative: one value for `ERROR_STEP` samples.
        """


def predicts_error(network: Network) -> TypeGuard[ErrorNetwork]:
    """Tell whether a network answers the size of its error."""
    return getattr(network, "predicts_error", False)


def load_network(model: str | Path | Network | None = None, runtime: str = "auto") -> Network:
    """Load a model, the shipped one when None; a `Network` is checked and returned.

    Parameters
    ----------
    model : name of a shipped model (`standard`), path of a `.tflite` file, or a network.
    runtime : `auto`, `litert`, `tflite-runtime` or `tensorflow`; of no effect on a `Network`.

    Raises
    ------
    ValueError : neither a path nor a network, or the network's past does not fit windows.
    FileNotFoundError, ecgstream.ModelError, RuntimeError : see `TFLiteNetwork`.
    """
    if model is None:
        model = SHIPPED_MODEL
    if isinstance(model, (str, Path)):
        return TFLiteNetwork(model, runtime)
    if not hasattr(model, "past"):
        raise ValueError(f"model is a path or a Network, not {model!r:.60}")
    what = (
        f"a network's past is {WINDOW} to {MAX_PAST_SAMPLES} samples, a multiple of {CONTEXT_STEP}"
    )
    if count(model.past, WINDOW, MAX_PAST_SAMPLES, what) % CONTEXT_STEP:
        raise ValueError(f"{what}, not {model.past}")
    return model
