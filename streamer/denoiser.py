"""The streaming engine: samples in, denoised samples out, all state explicit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy.typing as npt

from ecgstream.streamer.engine.crossfade import CrossFade
from ecgstream.streamer.engine.delay import FS, WINDOW, DelayMode, delay_mode
from ecgstream.streamer.engine.normalization import CONTEXT_STEP, Floats, restore, scale
from ecgstream.streamer.engine.stream import Block, Settings, Steps, Stream
from ecgstream.streamer.engine.validation import count, millivolts, number
from ecgstream.streamer.network.tflite import LONGEST_PAST, SHIPPED_MODEL, Network, TFLiteNetwork

MIN_FS, MAX_FS = 100.0, 2000.0
"""Hz; below it too little of an ECG is left, beyond it nothing is gained."""
MOST_CHANNELS = 1024
LEAST_GAIN = 1e-6
"""adu per mV."""


class StreamingDenoiser:
    """Denoise an ECG while it arrives.

    Parameters
    ----------
    model : path of a `.tflite` file, or any `Network`; the shipped CDAE-BAM when None.
    channels : number of signals; each has its own state.
    fs : sampling rate in Hz, 100 to 2000; other than 360 is resampled there and back.
    delay : `low` (0.13 s), `balanced` (0.34 s), `best` (0.71 s), or a number of samples at 360 Hz.
    runtime : `auto`, `litert`, `tflite-runtime` or `tensorflow`.
    gain : adu per mV of integer samples.
    strength : how much of the noise is taken away, 0 (none) to 1 (all).
    gaps : `nan` leaves gaps as holes, `hold` fills them with the last valid value, denoised.
    st : keep the ST segment: take away only what is fast, no baseline wander; see `st_mode`.

    Raises
    ------
    ValueError : an impossible argument; the message says which.
    FileNotFoundError, ecgstream.ModelError, RuntimeError : see `TFLiteNetwork`.

    Notes
    -----
    Windows end at multiples of the hop, counted from the first sample, so the output depends on
    the samples alone and not on how they were cut into pushes. Before the first sample the
    signal is taken to have been constant.

    Examples
    --------
    >>> import numpy as np
    >>> from ecgstream import StreamingDenoiser
    >>> denoiser = StreamingDenoiser()
    >>> block = denoiser.push(np.zeros(360))
    >>> block.start, block.signal.shape
    (0, (245, 1))
    """

    def __init__(
        self,
        model: str | Path | Network | None = None,
        channels: int = 1,
        fs: float = FS,
        delay: str | int = "balanced",
        runtime: str = "auto",
        gain: float | None = None,
        strength: float = 1.0,
        gaps: str = "nan",
        st: bool = False,
    ) -> None:
        channels = count(
            channels, 1, MOST_CHANNELS, f"channels must be at least 1 and at most {MOST_CHANNELS}"
        )
        fs = number(fs, MIN_FS, MAX_FS, f"the sampling rate must be {MIN_FS:g} to {MAX_FS:g} Hz")
        if gain is not None:
            what = "gain must be a number of adu per mV greater than 0"
            gain = number(gain, LEAST_GAIN, 1 / LEAST_GAIN, what)
        if not isinstance(gaps, str) or gaps not in ("nan", "hold"):
            raise ValueError(f"gaps is 'nan' or 'hold', not {gaps!r:.60}")
        # What cannot be is refused before a model is loaded.
        delay_mode(delay)
        st, strength = _flag(st), _share(strength)
        self.network = network_of(model, runtime)
        self._gain = gain
        self._settings = Settings(channels, fs, delay, self.network.past, st, gaps == "hold")
        self._begin(strength)

    @property
    def channels(self) -> int:
        """Number of signals."""
        return self._settings.channels

    @property
    def fs(self) -> float:
        """Sampling rate in Hz."""
        return self._settings.fs

    @property
    def gain(self) -> float | None:
        """Adu per mV of integer samples."""
        return self._gain

    @property
    def delay(self) -> str | int:
        """Delay mode, or samples at 360 Hz."""
        return self._settings.delay

    @delay.setter
    def delay(self, delay: str | int) -> None:
        delay_mode(delay)
        self._change(delay=delay)

    @property
    def mode(self) -> DelayMode:
        """How the stream is cut into windows."""
        return self._settings.mode

    @property
    def st(self) -> bool:
        """Whether the ST segment is kept."""
        return self._settings.st

    @st.setter
    def st(self, st: bool) -> None:
        self._change(st=_flag(st))

    @property
    def strength(self) -> float:
        """How much of the noise is taken away, 0 to 1."""
        return self._stream.strength

    @strength.setter
    def strength(self, strength: float) -> None:
        self._stream.strength = _share(strength)

    @property
    def delay_samples(self) -> int:
        """Algorithmic delay: no sample waits longer than this many samples for its output.

        After `delay` or `st` was changed, the longer of both delays until the new one holds.
        """
        return self._stream.done.delay_samples

    def reset(self) -> None:
        """Forget everything; the next sample is number 0 of a new stream."""
        self._begin(self.strength)

    def _begin(self, strength: float) -> None:
        self._flushed = False
        self._spoiled = False
        self._stream: Stream | CrossFade = Stream(self._settings, strength)

    def _change(self, **changes: Any) -> None:
        """Go over to other settings without a click and without losing the count."""
        settings = replace(self._settings, **changes)
        same = settings.mode is self._settings.mode and settings.st == self._settings.st
        if not self._stream.received:
            self._stream = Stream(settings, self.strength)
        elif not same and not self._flushed:
            stream = self._whole().goes
            heir, samples = stream.heir(settings)
            coming = _run(heir.pushing(samples), self.network)
            self._stream = CrossFade(stream, heir, coming)
        self._settings = settings

    def push(self, x: npt.ArrayLike) -> Block:
        """Take new samples and return all output that they complete (often none).

        Parameters
        ----------
        x : (n,) for one signal or (n, channels): floats in mV, where NaN, infinity or more than
            `LARGEST` either way marks a missing sample; or integers in adu, where the smallest
            number of the type does.

        Raises
        ------
        ValueError : wrong shape or type, or the stream has been flushed.
        """
        return _run(self.pushing(x), self.network)

    def flush(self) -> Block:
        """End the stream and return what is left, so that every sample has come out once.

        The samples still waiting are completed by one last window that ends with the stream.
        """
        return _run(self.flushing(), self.network)

    def pushing(self, x: npt.ArrayLike) -> Steps:
        """`push` in steps, for who runs the network for many streams at once."""
        if self._flushed:
            raise ValueError("the stream was flushed: call reset() before pushing a new one")
        samples = millivolts(x, self.channels, self._gain)
        return self._whole().pushing(samples)

    def flushing(self) -> Steps:
        """`flush` in steps."""
        if self._flushed or not self._stream.received:
            return self._stream.nothing()
        stream = self._whole()
        self._flushed = True
        return (yield from stream.flushing())

    def spoil(self) -> None:
        """Refuse to go on before `reset`: output of this stream was lost."""
        self._spoiled = True

    def _whole(self) -> Stream | CrossFade:
        """The stream that goes on.

        Raises
        ------
        RuntimeError : it cannot, as a window is missing.
        """
        self._stream = self._stream.done
        if self._stream.waiting or self._spoiled:
            raise RuntimeError(
                "the network failed or was interrupted, and its window is lost: call reset()"
            )
        return self._stream


def _run(steps: Steps, network: Network) -> Block:
    """Take one stream to the end of its steps."""
    denoised = None
    try:
        while True:
            denoised = denoise(*steps.send(denoised), network)  # type: ignore[arg-type]
    except StopIteration as end:
        block: Block = end.value
        return block


def denoise(window: Floats, context: Floats, network: Network) -> Floats:
    """Windows (n, WINDOW) in mV, denoised; `context` as in `Due`."""
    shown = scale(window, context)
    return restore(network.output, shown, network(shown.window, shown.context))


def network_of(model: str | Path | Network | None, runtime: str) -> Network:
    """The network that a file holds, the shipped one, or the network itself.

    Raises
    ------
    ValueError : it is neither, or looks at a past that windows do not fit into.
    FileNotFoundError, ecgstream.ModelError, RuntimeError : see `TFLiteNetwork`.
    """
    if model is None:
        model = SHIPPED_MODEL
    if isinstance(model, (str, Path)):
        return TFLiteNetwork(model, runtime)
    if not hasattr(model, "past"):
        raise ValueError(f"model is a path or a Network, not {model!r:.60}")
    what = f"a network's past is {WINDOW} to {LONGEST_PAST} samples, a multiple of {CONTEXT_STEP}"
    if count(model.past, WINDOW, LONGEST_PAST, what) % CONTEXT_STEP:
        raise ValueError(f"{what}, not {model.past}")
    return model


def _flag(st: bool) -> bool:
    if not isinstance(st, bool):
        raise ValueError(f"st is True or False, not {st!r:.60}")
    return st


def _share(strength: float) -> float:
    return number(strength, 0, 1, "strength must be 0 to 1")
