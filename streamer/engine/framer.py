"""From samples to windows: checks of the input, resampling to the model's rate, framing."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ecgstream.streamer.engine.delay import FS, WINDOW
from ecgstream.streamer.engine.detectors.artifact import ArtifactDetector
from ecgstream.streamer.engine.detectors.gap import MAX_MV
from ecgstream.streamer.engine.input_checks import InputChecks
from ecgstream.streamer.engine.normalization import CONTEXT_STEP, Floats, frames
from ecgstream.streamer.engine.resampling import Resampler, ratio
from ecgstream.streamer.engine.ring_buffer import RingBuffer
from ecgstream.streamer.engine.settings import StreamSettings

_MAX_PIECE = 4096
"""Samples framed in one go, over all signals: bounds the memory of a long push."""


class Windows(NamedTuple):
    """Windows for the network, signal by signal: views, until the next samples come."""

    window: Floats
    """(n, WINDOW), mV."""
    context: Floats
    """(n, f), the `frames` of all samples that the network sees."""


class Framer:
    """The input of a stream, its newest samples, and the windows cut from them.

    Attributes
    ----------
    checks : input at its own rate, gaps held, with its flags.
    samples : input at `FS`.
    artifacts : pops and steps, and what they spoil, at `FS`.
    received : samples taken, at the input's rate.
    arrived : samples at `FS`.
    framed : end of the newest window, at `FS`.
    keep : newest samples of `checks` that can be read again.
    """

    def __init__(self, settings: StreamSettings) -> None:
        channels, mode, past = settings.channels, settings.mode, settings.past
        self._channels, self._hop = channels, mode.hop
        self._past, self._context = past, past // CONTEXT_STEP
        self.rate = ratio(settings.fs, FS)
        resampled = self.rate != 1
        self.keep = round((past + 3 * WINDOW) / self.rate)
        self.checks = InputChecks(channels, settings.fs, self.keep)
        self.to_model_rate = Resampler(channels, self.rate) if resampled else None
        self.samples = RingBuffer(channels, past + mode.hop) if resampled else self.checks.samples
        reach = 0 if self.to_model_rate is None else self.to_model_rate.reach
        self.artifacts = ArtifactDetector(channels, settings.fs, self.rate, mode, reach)
        self._frames = RingBuffer(channels, self._context)
        self.received = 0
        self.arrived = 0
        self.framed = 0

    def cuts(self, samples: Floats) -> list[int]:
        """Ends of pieces of samples (channels, n): none is too long, and each signal begins one.

        So the past before a signal's first valid sample does not depend on the pushes.
        """
        n = samples.shape[1]
        ends = [*range(0, n, max(1, _MAX_PIECE // self._channels)), n]
        if n and not self.checks.all_begun:
            valid = np.abs(samples[~self.checks.begun]) < MAX_MV
            begins = np.argmax(valid, axis=1)[valid.any(axis=1)]
            ends = sorted({*ends, *begins.tolist()})
        return ends[1:]

    def frame(self, x: Floats) -> Windows | None:
        """Take samples (channels, n) in mV; return the windows they complete, if any."""
        if x.shape[1]:
            x = self._check(x)
            self.received += x.shape[1]
            seen = x.shape[1] + self.artifacts.history
            self.artifacts.push(self.checks.samples.newest(seen))
            if self.to_model_rate is not None:
                x = self.to_model_rate.push(x)
                self.samples.append(x)
            self.arrived += x.shape[1]
        return self._complete_windows()

    def drain(self) -> Windows | None:
        """End the stream: the windows that the resampler's last samples complete, if any."""
        if self.to_model_rate is not None and self.received:
            total = int((self.received - 1) * self.rate) + 1
            x = self.to_model_rate.flush(total)
            self.samples.append(x)
            self.arrived += x.shape[1]
        return self._complete_windows()

    def last_window(self) -> Windows:
        """After `drain`: one window per signal that ends with the stream."""
        context = frames(np.ascontiguousarray(self.samples.newest(self._past)))
        return Windows(self.samples.newest(WINDOW), context)

    def _check(self, x: Floats) -> Floats:
        begun = self.checks.begun
        x = self.checks.push(x)
        if self.checks.begun is not begun:
            # A signal whose first valid sample is here counts as constant before it.
            rows = np.flatnonzero(~begun & self.checks.begun)
            self._frames.fill(rows, x[rows, 0])
            if self.to_model_rate is not None:
                self.samples.fill(rows, x[rows, 0])
                self.to_model_rate.fill(rows, x[rows, 0])
        return x

    def _complete_windows(self) -> Windows | None:
        hop = self._hop
        count, left = divmod(self.arrived - self.framed, hop)
        if not count:
            return None
        self.framed += count * hop
        self._frames.append(frames(self.samples.newest(count * hop, left)))
        windows = self.samples.windows(WINDOW, hop, count, left)
        context = self._frames.windows(self._context, hop // CONTEXT_STEP, count)
        return Windows(windows.reshape(-1, WINDOW), context.reshape(-1, self._context))
