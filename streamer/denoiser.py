"""The streaming engine: samples in, denoised samples out, all state explicit."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from streamer.delay import WINDOW, delay_mode
from streamer.interpreter import SHIPPED_MODEL, Network, TFLiteNetwork
from streamer.quality import Quality
from streamer.windows import Floats, restore, standardise

FS = 360.0
"""Hz, the rate that the networks are trained at."""

LARGEST = 1e4
"""mV; no electrode gives more, and a sample beyond is taken for a missing one."""

_WINDOWS_AT_ONCE = 512
"""Windows gathered in one go, over all signals: bounds the memory of a long push."""


class Block(NamedTuple):
    """A piece of the output. Consecutive blocks follow each other without hole or overlap."""

    signal: Floats
    """(m, channels), mV; NaN where the input had a gap."""
    start: int
    """Index of the first sample, in the input's count."""
    quality: npt.NDArray[np.uint8]
    """(m, channels), `Quality` flags."""


class StreamingDenoiser:
    """Denoise an ECG while it arrives.

    Parameters
    ----------
    model : path of a `.tflite` file, or any `Network`; the shipped CDAE-BAM when None.
    channels : number of signals; each has its own state.
    fs : sampling rate in Hz; the networks are made for 360.
    delay : `low` (0.13 s), `balanced` (0.34 s), `best` (0.71 s), or a number of samples.
    runtime : `auto`, `litert`, `tflite-runtime` or `tensorflow`.

    Raises
    ------
    ValueError : an impossible argument; the message says which.
    FileNotFoundError, streamer.ModelError, RuntimeError : see `TFLiteNetwork`.

    Notes
    -----
    Windows end at multiples of the hop, counted from the first sample, so the output depends on
    the samples alone and not on how they were cut into pushes. Before the first sample the
    network sees that sample repeated; networks are trained with such beginnings.

    Examples
    --------
    >>> import numpy as np
    >>> from streamer import StreamingDenoiser
    >>> denoiser = StreamingDenoiser()
    >>> block = denoiser.push(np.zeros(360))
    >>> block.start, block.signal.shape
    (0, (261, 1))
    """

    def __init__(
        self,
        model: str | Path | Network | None = None,
        channels: int = 1,
        fs: float = FS,
        delay: str | int = "balanced",
        runtime: str = "auto",
    ) -> None:
        if channels < 1:
            raise ValueError(f"channels must be at least 1, not {channels}")
        if fs != FS:
            raise ValueError(f"the sampling rate must be {FS:g} Hz, not {fs:g}: resample first")
        if model is None:
            model = SHIPPED_MODEL
        self.network: Network = (
            TFLiteNetwork(model, runtime) if isinstance(model, (str, Path)) else model
        )
        self.channels = channels
        self.mode = delay_mode(delay)
        self.reset()

    @property
    def delay_samples(self) -> int:
        """Algorithmic delay: no sample waits longer than this many samples for its output."""
        return self.mode.samples

    def reset(self) -> None:
        """Forget everything; the next sample is number 0 of a new stream."""
        past, segments = self.network.past, len(self.mode.weights)
        self._received = 0
        self._denoised = 0  # end of the newest window denoised so far
        self._emitted = 0
        self._flushed = False
        self._begun = np.zeros(self.channels, bool)  # whether there was a valid sample yet
        self._held = np.zeros(self.channels, np.float32)  # the last one
        self._since_gap = np.zeros(self.channels, np.int64)  # valid samples in a row
        # The last `past` samples, oldest first, and those that no window has reached yet.
        self._input = np.zeros((self.channels, past), np.float32)
        # Weighted sums of the samples that further windows will still add to.
        self._partial = np.zeros((self.channels, segments - 1, self.mode.hop), np.float32)
        self._quality = np.empty((self.channels, 0), np.uint8)

    def push(self, x: npt.ArrayLike) -> Block:
        """Take new samples and return all output that they complete (often none).

        Parameters
        ----------
        x : (n,) for one signal or (n, channels), mV; NaN, infinity or more than `LARGEST` either
            way marks a missing sample.

        Raises
        ------
        ValueError : wrong shape, or the stream has been flushed.
        """
        if self._flushed:
            raise ValueError("the stream was flushed: call reset() before pushing a new one")
        samples = self._accept(x)
        out = []
        step = max(1, _WINDOWS_AT_ONCE // self.channels) * self.mode.hop
        for i in range(0, max(samples.shape[1], 1), step):
            out.append(self._advance(samples[:, i : i + step]))
        return self._block(np.concatenate(out, axis=1) if len(out) > 1 else out[0])

    def flush(self) -> Block:
        """End the stream and return what is left, so that every sample has come out once.

        The samples still waiting are completed by one last window that ends with the stream.
        """
        if self._flushed or not self._received:
            return self._block(np.empty((self.channels, 0), np.float32))
        self._flushed = True
        left = self._received - self._emitted
        last = self._denoise(self._input[:, None, -self.network.past :])[:, 0, WINDOW - left :]
        # What earlier windows have already given to the waiting samples, and with what weight.
        weights = np.cumsum(self.mode.weights[:0:-1], axis=0)[::-1].ravel()
        skip = max(0, WINDOW - self.mode.first - self.mode.hop - self._denoised)
        given = np.zeros((self.channels, left), np.float32)
        weight = np.zeros(left, np.float32)
        if self._denoised:
            partial = self._partial.reshape(self.channels, -1)[:, skip : skip + left]
            given[:, : partial.shape[1]] = partial
            weight[: partial.shape[1]] = weights[skip : skip + left]
        return self._block(given + (1 - weight) * last)

    def _accept(self, x: npt.ArrayLike) -> Floats:
        """Check, count and flag new samples; return them (channels, n) with gaps held."""
        with np.errstate(over="ignore"):  # what float32 cannot hold is a gap
            samples = np.asarray(x, np.float32)
        if samples.ndim == 1 and self.channels == 1:
            samples = samples[:, None]
        if samples.ndim != 2 or samples.shape[1] != self.channels:
            raise ValueError(
                f"samples have shape {np.shape(x)}; this stream takes (n, {self.channels})"
                + (" or (n,)" if self.channels == 1 else "")
            )
        samples = samples.T
        n = samples.shape[1]
        if n == 0:
            return samples
        valid = np.abs(samples) < LARGEST  # false for NaN, too
        if not self._begun.all():
            self._begin(samples, valid)
        if valid.all():
            since = self._since_gap[:, None] + np.arange(1, n + 1)
            flags = np.where(since <= WINDOW, Quality.SETTLING, 0)
        else:
            at = np.arange(n)
            newest = np.maximum.accumulate(np.where(valid, at, -1), axis=1)
            held = np.take_along_axis(samples, np.maximum(newest, 0), axis=1)
            samples = np.where(newest >= 0, held, self._held[:, None])
            invalid = np.maximum.accumulate(np.where(valid, -1, at), axis=1)
            since = at - invalid + np.where(invalid < 0, self._since_gap[:, None], 0)
            flags = np.where(since <= WINDOW, Quality.SETTLING, 0)
            flags[~valid] = Quality.GAP
        self._quality = np.concatenate([self._quality, flags.astype(np.uint8)], axis=1)
        self._since_gap = since[:, -1]
        self._held = samples[:, -1].copy()
        self._received += n
        return samples

    def _begin(self, samples: Floats, valid: npt.NDArray[np.bool_]) -> None:
        """Let a signal whose first valid sample is here have been at its level for ever."""
        begins = np.flatnonzero(~self._begun & valid.any(axis=1))
        level = samples[begins, np.argmax(valid[begins], axis=1)]
        self._held[begins], self._input[begins] = level, level[:, None]
        self._begun[begins] = True

    def _advance(self, samples: Floats) -> Floats:
        """Denoise every window that these samples complete; return finished samples."""
        mode, past = self.mode, self.network.past
        pending = self._input.shape[1] - past + samples.shape[1]
        stream = np.concatenate([self._input, samples], axis=1)
        due = pending // mode.hop
        self._input = stream[:, due * mode.hop :]
        if not due:
            return np.empty((self.channels, 0), np.float32)
        stream = np.ascontiguousarray(stream)
        pasts: Floats = np.ndarray(  # a view: window k begins k hops later
            (self.channels, due, past),
            np.float32,
            stream,
            offset=mode.hop * stream.itemsize,
            strides=(stream.strides[0], mode.hop * stream.itemsize, stream.itemsize),
        )
        denoised = self._denoise(pasts)
        segments = len(mode.weights)
        sums = np.zeros((self.channels, due + segments - 1, mode.hop), np.float32)
        sums[:, : segments - 1] = self._partial
        # Oldest window first, as if they had come one by one: float sums depend on the order.
        for i in range(segments - 1, -1, -1):
            start = mode.first + i * mode.hop
            part = denoised[:, :, start : start + mode.hop]
            width = part.shape[2]
            sums[:, i : i + due, :width] += part * mode.weights[i, :width]
        self._partial = sums[:, due:]
        finished = sums[:, :due].reshape(self.channels, -1)
        first = self._denoised + mode.hop - WINDOW + mode.first
        self._denoised += due * mode.hop
        return finished[:, max(0, -first) :]

    def _denoise(self, pasts: Floats) -> Floats:
        """Run the network over (channels, k, past); return (channels, k, WINDOW) in mV."""
        windows = standardise(pasts.reshape(-1, pasts.shape[-1]))
        answer = self.network(windows.window, windows.context)
        return restore(self.network.output, windows, answer).reshape(*pasts.shape[:2], WINDOW)

    def _block(self, signal: Floats) -> Block:
        n = signal.shape[1]
        quality, self._quality = self._quality[:, :n], self._quality[:, n:]
        start, self._emitted = self._emitted, self._emitted + n
        signal = np.where(quality & Quality.GAP, np.float32(np.nan), signal)
        return Block(signal.T, start, quality.T)
