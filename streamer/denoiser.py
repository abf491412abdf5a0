"""Denoise an ECG: while it arrives (`StreamingDenoiser`), or a whole array (`denoise`)."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

import numpy.typing as npt

from ecgstream.streamer.engine.block import Block, joined
from ecgstream.streamer.engine.crossfade import CrossFade
from ecgstream.streamer.engine.delay import FS, WINDOW, DelayMode, delay_mode
from ecgstream.streamer.engine.normalization import ERROR_STEP, Floats, restore, scale
from ecgstream.streamer.engine.reconstructor import DenoisedWindows
from ecgstream.streamer.engine.settings import MAX_FS, MIN_FS, StreamSettings
from ecgstream.streamer.engine.stream import Steps, Stream
from ecgstream.streamer.engine.validation import (
    SamplesError,
    as_array,
    count,
    millivolts,
    number,
)
from ecgstream.streamer.network.base import Network, load_network, predicts_error
from ecgstream.streamer.quality import Flags

MAX_CHANNELS = 1024
MIN_GAIN = 1e-6
"""adu per mV."""


class State(Enum):
    """Stage in the life of a stream."""

    OPEN = "open"
    """Takes samples."""
    FLUSHED = "flushed"
    """Has ended; all samples have been put out."""
    BROKEN = "broken"
    """Output was lost, or may have been. Also while samples are being taken."""


class Denoised(NamedTuple):
    """A denoised array, aligned with its input sample by sample."""

    signal: Floats
    """mV, of the input's shape; NaN where the input had a gap."""
    quality: Flags
    """`Quality` flags, of the same shape."""
    error: Floats
    """mV, of the same shape: half width of the 90 % band around `signal`; NaN in gaps, and
    everywhere if the model does not tell. See `Block`."""


def denoise(
    x: npt.ArrayLike,
    fs: float = FS,
    *,
    model: str | Path | Network | None = None,
    runtime: str = "auto",
    gain: float | None = None,
    strength: float = 1.0,
    gaps: str = "nan",
    st: bool = False,
    delay: str | int = "best",
) -> Denoised:
    """Denoise a whole ECG.

    Parameters
    ----------
    x : (n,) for one signal or (n, channels): floats in mV, where NaN, infinity or more than
        10 V either way marks a missing sample; or integers in adu, with `gain`.
    fs : sampling rate in Hz, 100 to 2000.
    model, runtime, gain, strength, gaps, st : as of `StreamingDenoiser`.
    delay : delay mode; the slowest one by default, as delay costs nothing here.

    Returns
    -------
    Denoised
        `signal` in mV, `quality` and `error`, all of the shape of `x`. They have the bits that
        `StreamingDenoiser` puts out for the same samples.

    Raises
    ------
    ValueError : an impossible argument, or samples of a wrong shape or type.
    FileNotFoundError, ecgstream.ModelError, RuntimeError : see `TFLiteNetwork`.

    Examples
    --------
    >>> import numpy as np
    >>> import ecgstream
    >>> ecgstream.denoise(np.zeros(3600), fs=360).signal.shape
    (3600,)
    """
    samples = as_array(x)
    if samples.ndim not in (1, 2):
        raise ValueError(f"samples have shape {samples.shape}, not (n,) or (n, channels)")
    channels = samples.shape[1] if samples.ndim == 2 else 1
    denoiser = StreamingDenoiser(model, channels, fs, delay, runtime, gain, strength, gaps, st)
    block = joined([denoiser.push(samples), denoiser.flush()])
    shape = samples.shape
    signal, quality, error = block.signal, block.quality, block.error
    return Denoised(signal.reshape(shape), quality.reshape(shape), error.reshape(shape))


class StreamingDenoiser:
    """Denoise an ECG while it arrives.

    For a whole array, see `denoise`.

    Parameters
    ----------
    model : path of a `.tflite` file, or any `Network`; the shipped CDAE-BAM when None.
    channels : number of signals; each has its own state.
    fs : sampling rate in Hz, 100 to 2000; other than 360 is resampled there and back.
    delay : `low` (0.13 s), `balanced` (0.34 s), `best` (0.71 s), or a number of samples at 360 Hz.
    runtime : `auto`, `litert`, `tflite-runtime` or `tensorflow`.
    gain : adu per mV of integer samples.
    strength : share of the noise that is removed, 0 (none) to 1 (all).
    gaps : `nan` leaves gaps as holes, `hold` fills them with the last valid value, denoised.
    st : keep the ST segment: remove fast noise only, no baseline wander; see `engine.st_mode`.

    Raises
    ------
    ValueError : an impossible argument; the message says which.
    FileNotFoundError, ecgstream.ModelError, RuntimeError : see `TFLiteNetwork`.

    Notes
    -----
    Windows end at multiples of the hop, counted from the first sample, so the output depends on
    the samples alone and not on how they were cut into pushes. Before the first sample the
    signal is taken to have been constant.

    A copied or pickled stream goes on with the same bits, in another process, too. It has a
    network of its own, which a `.tflite` file needs not be there for. Push from one thread at a
    time; streams of several threads may share a `TFLiteNetwork`.

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
            channels, 1, MAX_CHANNELS, f"channels must be at least 1 and at most {MAX_CHANNELS}"
        )
        fs = number(fs, MIN_FS, MAX_FS, f"the sampling rate must be {MIN_FS:g} to {MAX_FS:g} Hz")
        if gain is not None:
            what = "gain must be a number of adu per mV greater than 0"
            gain = number(gain, MIN_GAIN, 1 / MIN_GAIN, what)
        if not isinstance(gaps, str) or gaps not in ("nan", "hold"):
            raise ValueError(f"gaps is 'nan' or 'hold', not {gaps!r:.60}")
        # Refuse impossible options before loading a model.
        delay_mode(delay)
        st, strength = _check_st(st), _check_strength(strength)
        self.network = load_network(model, runtime)
        self._gain = gain
        self._settings = StreamSettings(
            channels,
            fs,
            delay,
            self.network.past,
            st,
            hold_gaps=gaps == "hold",
            predicts_error=predicts_error(self.network),
        )
        self._begin(strength)

    def __copy__(self) -> StreamingDenoiser:
        return deepcopy(self)  # two streams must not share what they have received

    def __repr__(self) -> str:
        model = getattr(self.network, "path", None)
        name = Path(model).name if model else type(self.network).__name__
        st = ", st=True" if self.st else ""
        return (
            f"StreamingDenoiser({name}, channels={self.channels}, fs={self.fs:g}, "
            f"delay={self.delay!r}{st}: {self.delay_samples} samples of delay, "
            f"next output sample {self._stream.end}, {self._state.value})"
        )

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
        """Hop and synthesis window of the delay mode."""
        return self._settings.mode

    @property
    def st(self) -> bool:
        """Whether the ST segment is kept."""
        return self._settings.st

    @st.setter
    def st(self, st: bool) -> None:
        self._change(st=_check_st(st))

    @property
    def strength(self) -> float:
        """Share of the noise that is removed, 0 to 1."""
        return self._stream.strength

    @strength.setter
    def strength(self, strength: float) -> None:
        share = _check_strength(strength)
        if not self._stream.received:  # nothing to fade from
            self._begin(share)
            return
        try:
            self._stream.strength = share
        except BaseException:  # of two streams that fade, one may have it
            self._state = State.BROKEN
            raise

    @property
    def delay_samples(self) -> int:
        """Algorithmic delay: no sample waits longer than this many samples for its output.

        After `delay` or `st` was changed, the longer of both delays until the new one holds.
        """
        return self._stream.active.delay_samples

    def reset(self) -> None:
        """Forget everything; the next sample is number 0 of a new stream."""
        self._begin(self.strength)

    def _begin(self, strength: float) -> None:
        self._state = State.BROKEN
        self._stream: Stream | CrossFade = Stream(self._settings, strength)
        self._state = State.OPEN

    def _change(self, **changes: Any) -> None:
        """Change settings without a click and without losing the count.

        What fails on the way leaves the stream as it was.
        """
        settings = replace(self._settings, **changes)
        same = settings.mode is self._settings.mode and settings.st == self._settings.st
        stream = self._stream
        if not stream.received:
            stream = Stream(settings, self.strength)
        elif not same and self._state is not State.FLUSHED:
            old = self._active().fading_out
            new, samples = old.successor(settings)
            stream = CrossFade(old, new, _run(new.push_steps(samples), self.network))
        self._stream, self._settings = stream, settings

    def push(self, x: npt.ArrayLike) -> Block:
        """Take new samples and return all output that they complete (often none).

        Parameters
        ----------
        x : (n,) for one signal or (n, channels): floats in mV, where NaN, infinity or more than
            10 V either way marks a missing sample; or integers in adu, where the smallest
            number of the type does.

        Raises
        ------
        ValueError : wrong shape or type, or the stream has been flushed; no sample was taken.
        RuntimeError : a push or flush ended in another error or was interrupted before, so that
            output was lost; call `reset`.
        """
        return self._whole(lambda: self._push_steps(x), State.OPEN)

    def flush(self) -> Block:
        """End the stream and return its last samples, so that every sample has come out once.

        The samples still waiting are completed by one last window that ends with the stream.

        Raises
        ------
        RuntimeError : as `push`.
        """
        stream = self._active()
        if self._state is State.FLUSHED or not stream.received:
            return stream.nothing()
        return self._whole(stream.flush_steps, State.FLUSHED)

    def _whole(self, begin: Callable[[], Steps], after: State) -> Block:
        """Run steps to their end, or leave the stream broken, whatever happens and wherever."""
        try:
            steps = begin()
            self._state = State.BROKEN
            block = _run(steps, self.network)
            self._state = after
            return block
        except SamplesError:
            raise
        except BaseException:
            self._state = State.BROKEN
            raise

    # For `StreamerPool`, which runs the network for many streams at once:

    def _push_steps(self, x: npt.ArrayLike) -> Steps:
        """`push` as a generator of windows; the samples are checked before it starts."""
        if self._state is State.FLUSHED:
            raise SamplesError("the stream was flushed: call reset() before pushing a new one")
        samples = millivolts(x, self.channels, self._gain)
        return self._active().push_steps(samples)

    def _active(self) -> Stream | CrossFade:
        """The stream to continue with.

        Raises
        ------
        RuntimeError : output of it was lost.
        """
        if self._state is State.BROKEN:
            raise RuntimeError(
                "the network failed or was interrupted, and its window is lost: call reset()"
            )
        self._stream = self._stream.active
        return self._stream


def _run(steps: Steps, network: Network) -> Block:
    """Run one generator of windows to its end."""
    denoised = None
    try:
        while True:
            denoised = run_network(*steps.send(denoised), network)  # type: ignore[arg-type]
    except StopIteration as end:
        block: Block = end.value
        return block


def run_network(window: Floats, context: Floats, network: Network) -> DenoisedWindows:
    """Denoise windows (n, WINDOW) in mV; `context` as in `Windows`.

    Raises
    ------
    ValueError : the network tells its error in another shape than (n, WINDOW // ERROR_STEP).
    """
    shown = scale(window, context)
    if not predicts_error(network):
        answer = network(shown.window, shown.context)
        return DenoisedWindows(restore(network.output, shown, answer), None)
    answer, error = network.answer_and_error(shown.window, shown.context)
    if error.shape != (len(window), WINDOW // ERROR_STEP):
        raise ValueError(
            f"the network's error has shape {error.shape}, not "
            f"{(len(window), WINDOW // ERROR_STEP)}: one value for {ERROR_STEP} samples"
        )
    return DenoisedWindows(restore(network.output, shown, answer), error * shown.scale)


def _check_st(st: bool) -> bool:
    if not isinstance(st, bool):
        raise ValueError(f"st is True or False, not {st!r:.60}")
    return st


def _check_strength(strength: float) -> float:
    return number(strength, 0, 1, "strength must be 0 to 1")
