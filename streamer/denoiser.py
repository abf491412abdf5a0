"""The streaming engine: samples in, denoised samples out, all state explicit."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from streamer.delay import FS, delay_mode
from streamer.interpreter import SHIPPED_MODEL, Network, TFLiteNetwork
from streamer.stream import Block, Due, Stream
from streamer.windows import Floats, restore, scale

Steps = Generator[Due, Floats, Block]
"""A stream that asks for its windows to be denoised and ends with a block."""

MIN_FS, MAX_FS = 100.0, 2000.0
"""Hz; below it too little of an ECG is left, beyond it nothing is gained."""
_FLOAT32 = np.dtype(np.float32)
_AT_ONCE = 4096
"""Samples gathered in one go, over all signals: bounds the memory of a long push."""


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
    strength : how much of the noise is taken away, 0 (none) to 1 (all); may be changed while
        running.
    gaps : `nan` leaves gaps as holes, `hold` fills them with the last valid value, denoised.

    Raises
    ------
    ValueError : an impossible argument; the message says which.
    FileNotFoundError, streamer.ModelError, RuntimeError : see `TFLiteNetwork`.

    Notes
    -----
    Windows end at multiples of the hop, counted from the first sample, so the output depends on
    the samples alone and not on how they were cut into pushes. Before the first sample the
    signal is taken to have been constant.

    Examples
    --------
    >>> import numpy as np
    >>> from streamer import StreamingDenoiser
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
    ) -> None:
        if channels < 1:
            raise ValueError(f"channels must be at least 1, not {channels}")
        if not MIN_FS <= fs <= MAX_FS:
            raise ValueError(f"the sampling rate must be {MIN_FS:g} to {MAX_FS:g} Hz, not {fs:g}")
        if gain is not None and not 0 < gain < np.inf:
            raise ValueError(f"gain must be a number of adu per mV greater than 0, not {gain}")
        if gaps not in ("nan", "hold"):
            raise ValueError(f"gaps is 'nan' or 'hold', not {gaps!r}")
        if model is None:
            model = SHIPPED_MODEL
        self.network: Network = (
            TFLiteNetwork(model, runtime) if isinstance(model, (str, Path)) else model
        )
        self.channels, self.fs, self.gain, self.gaps = channels, fs, gain, gaps
        self.mode = delay_mode(delay)
        self._strength = 1.0
        self.reset()
        self.strength = strength

    @property
    def strength(self) -> float:
        """How much of the noise is taken away, 0 to 1."""
        return self._strength

    @strength.setter
    def strength(self, strength: float) -> None:
        if not 0 <= strength <= 1:
            raise ValueError(f"strength must be 0 to 1, not {strength}")
        self._strength = self._stream.strength = strength

    @property
    def delay_samples(self) -> int:
        """Algorithmic delay: no sample waits longer than this many samples for its output."""
        return self._stream.delay_samples

    def reset(self) -> None:
        """Forget everything; the next sample is number 0 of a new stream."""
        self._flushed = False
        self._interrupted = False  # while the network has not answered
        self._stream = Stream(self.channels, self.fs, self.mode, self.network.past)
        self._stream.hold_gaps = self.gaps == "hold"
        self._stream.strength = self._strength

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
        self._check_whole()
        return self._push(self._accept(x))

    def _push(self, samples: Floats) -> Steps:
        stream, blocks = self._stream, []
        step = max(1, _AT_ONCE // self.channels)
        for i in range(0, samples.shape[1], step):
            due = stream.take(samples[:, i : i + step])
            if due is not None:
                self._interrupted = True
                denoised = yield due
                self._interrupted = False
                blocks.append(stream.give(denoised))
        return _joined(blocks) if blocks else stream.nothing()

    def flushing(self) -> Steps:
        """`flush` in steps."""
        stream = self._stream
        if self._flushed or not stream.received:
            return stream.nothing()
        self._check_whole()
        self._flushed = True
        blocks = []
        due = stream.take_rest()
        if due is not None:
            blocks.append(stream.give((yield due)))
        due = stream.take_last()
        blocks.append(stream.give_last((yield due) if due else None))
        return _joined(blocks)

    def _check_whole(self) -> None:
        if self._interrupted:
            raise RuntimeError(
                "the network failed or was interrupted, and its window is lost: call reset()"
            )

    def _accept(self, x: npt.ArrayLike) -> Floats:
        """Check new samples and return them (channels, n) in mV."""
        samples = np.asarray(x)
        if samples.dtype != _FLOAT32:
            integers = samples.dtype.kind in "iu"
            samples = self._millivolts(samples) if integers else self._floats(samples)
        if samples.ndim == 1 and self.channels == 1:
            return samples[None]
        if samples.ndim != 2 or samples.shape[1] != self.channels:
            raise ValueError(
                f"samples have shape {np.shape(x)}; this stream takes (n, {self.channels})"
                + (" or (n,)" if self.channels == 1 else "")
            )
        return samples.T

    def _millivolts(self, adu: npt.NDArray[np.integer]) -> Floats:
        if self.gain is None:
            raise ValueError(
                f"samples are of type {adu.dtype}: name the gain in adu per mV, or push mV"
            )
        samples = (adu / self.gain).astype(np.float32)
        if adu.dtype.kind == "i":
            samples[adu == np.iinfo(adu.dtype).min] = np.nan  # as in WFDB's formats
        return samples

    def _floats(self, samples: npt.NDArray[np.generic]) -> Floats:
        if samples.dtype.kind not in "fb":
            raise ValueError(f"samples are of type {samples.dtype}, not real numbers")
        with np.errstate(over="ignore"):  # what float32 cannot hold is a gap
            return samples.astype(np.float32)


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


def _joined(blocks: list[Block]) -> Block:
    if len(blocks) == 1:
        return blocks[0]
    signals, starts, qualities = zip(*blocks, strict=True)
    return Block(np.concatenate(signals), starts[0], np.concatenate(qualities))
