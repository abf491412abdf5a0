"""The state of a stream of signals: samples in, windows out; answers in, samples out.

Who runs the network between the two may do it for one stream (`StreamingDenoiser`) or for many
at once (`StreamerPool`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from streamer.delay import FS, WINDOW, DelayMode
from streamer.doubt import Doubt
from streamer.intake import Intake
from streamer.overlap import OverlapAdd
from streamer.quality import Flags, Quality
from streamer.resampling import Resampler, ratio
from streamer.tail import Tail
from streamer.windows import CONTEXT_STEP, Floats, Standardised, frames, restore, scale


class Block(NamedTuple):
    """A piece of the output. Consecutive blocks follow each other without hole or overlap."""

    signal: Floats
    """(m, channels), mV; NaN where the input had a gap."""
    start: int
    """Index of the first sample, in the input's count."""
    quality: Flags
    """(m, channels), `Quality` flags."""


class Stream:
    """All that is remembered of some signals.

    Parameters
    ----------
    channels : number of signals.
    fs : their sampling rate in Hz.
    mode : hop, delay and weights, at `FS`.
    past : samples at `FS` that the network looks at.
    output : what it predicts, `noise` or `signal`.
    """

    def __init__(self, channels: int, fs: float, mode: DelayMode, past: int, output: str) -> None:
        self.channels, self.mode = channels, mode
        self.strength = 1.0
        self.hold_gaps = False
        self._past, self._context, self._output = past, past // CONTEXT_STEP, output
        self._rate = ratio(fs, FS)
        resampled = self._rate != 1
        self._there = Resampler(channels, self._rate) if resampled else None
        self._back = Resampler(channels, 1 / self._rate) if resampled else None
        self.delay_samples = self._delay()
        keep = self.delay_samples + 1
        self._intake = Intake(channels, fs, round(WINDOW / self._rate), keep)
        self._samples = Tail(channels, past + mode.hop)  # at FS, what windows are cut from
        self._frames = Tail(channels, self._context)
        self._overlap = OverlapAdd(channels, mode)
        self._doubt = Doubt(channels, mode.hop)
        self._doubts = Tail(channels, past + mode.hop, np.uint8)  # at FS, beside what is rebuilt
        self.received = 0
        self.emitted = 0
        # Counts at FS.
        self._arrived = 0
        self._windowed = 0  # end of the newest window
        self._rebuilt = 0

    def _delay(self) -> int:
        """Most samples that arrive after one before it is put out."""
        if self._there is None or self._back is None:
            return self.mode.samples
        hop, first = self.mode.hop, self.mode.first
        put_out = np.arange(self._rate.denominator * hop)  # all that can differ
        needed = self._back.newest_input(put_out)
        window_end = -(-(needed + 1 + WINDOW - first - hop) // hop) * hop
        return int((self._there.newest_input(window_end - 1) - put_out).max())

    def take(self, x: Floats) -> Standardised | None:
        """Take samples (channels, n) in mV; return the windows they complete, signal by signal."""
        if x.shape[1]:
            x = self._take_in(x)
            self.received += x.shape[1]
            if self._there is not None:
                x = self._there.push(x)
            self._samples.append(x)
            self._arrived += x.shape[1]
        return self._due()

    def _take_in(self, x: Floats) -> Floats:
        if self._intake.begun.all():
            return self._intake.take(x)
        begun = self._intake.begun.copy()
        x = self._intake.take(x)
        # Let a signal whose first valid sample is here have been at its level for ever.
        rows = np.flatnonzero(~begun & self._intake.begun)
        for tail in (self._samples, self._frames):
            tail.fill(rows, x[rows, 0])
        if self._there is not None:
            self._there.fill(rows, x[rows, 0])
        return x

    def _due(self) -> Standardised | None:
        hop = self.mode.hop
        due, left = divmod(self._arrived - self._windowed, hop)
        if not due:
            return None
        self._windowed += due * hop
        self._frames.append(frames(self._samples.newest(due * hop, left)))
        windows = self._samples.windows(WINDOW, hop, due, left)
        context = self._frames.windows(self._context, hop // CONTEXT_STEP, due)
        return scale(windows.reshape(-1, WINDOW), context.reshape(-1, self._context))

    def give(self, windows: Standardised, answer: Floats) -> Block:
        """Put out what the network's answers (n, WINDOW) to the windows taken last complete."""
        parts = restore(self._output, windows, answer, self.mode.part)
        rebuilt = self._overlap.add(parts.reshape(self.channels, -1, parts.shape[1]))
        end = self._windowed - WINDOW + self.mode.first + self.mode.hop
        before = rebuilt.shape[1] - max(0, end - self._rebuilt)  # the stream began
        return self._put_out(rebuilt[:, before:] if before else rebuilt)

    def nothing(self) -> Block:
        """The block of a moment at which nothing was completed."""
        shape = (0, self.channels)
        return Block(np.empty(shape, np.float32), self.emitted, np.empty(shape, np.uint8))

    def take_rest(self) -> Standardised | None:
        """End the stream: the windows that come of the last samples' resampling, if any."""
        if self._there is not None and self.received:
            total = int((self.received - 1) * self._rate) + 1
            x = self._there.flush(total)
            self._samples.append(x)
            self._arrived += x.shape[1]
        return self._due()

    def take_last(self) -> Standardised | None:
        """After `take_rest`: one last window that ends with the stream, if samples are left."""
        if self._arrived == self._rebuilt:
            return None
        context = frames(np.ascontiguousarray(self._samples.newest(self._past)))
        return scale(self._samples.newest(WINDOW), context)

    def give_last(self, windows: Standardised | None = None, answer: Floats | None = None) -> Block:
        """Put out all that is left, with the answers to the windows of `take_last`, if any."""
        if windows is None or answer is None:
            return self._put_out(np.empty((self.channels, 0), np.float32), last=True)
        left = self._arrived - self._rebuilt
        rest = restore(self._output, windows, answer, slice(WINDOW - left, WINDOW))
        if self._windowed:
            # What earlier windows have already given to these samples, and with what weight.
            given, weight = self._overlap.pending()
            skip = max(0, WINDOW - self.mode.first - self.mode.hop - self._windowed)
            given, weight = given[:, skip : skip + left], weight[skip : skip + left]
            rest[:, : len(weight)] *= 1 - weight
            rest[:, : len(weight)] += given
        return self._put_out(rest, last=True)

    def _put_out(self, rebuilt: Floats, last: bool = False) -> Block:
        """Samples (channels, m) at `FS` as a block at the input's rate."""
        m = rebuilt.shape[1]
        given = self._samples.newest(m, self._arrived - self._rebuilt - m)
        flags = self._doubt.judge(given - rebuilt, rebuilt)
        self._rebuilt += m
        if self._back is not None:
            self._doubts.append(flags)
            rebuilt = self._back.push(rebuilt)
            if last:
                rebuilt = np.concatenate([rebuilt, self._back.flush(self.received)], axis=1)
            flags = self._at_input_rate(rebuilt.shape[1])
        n = rebuilt.shape[1]
        waiting = self.received - self.emitted - n
        flags = flags | self._intake.flags.newest(n, waiting)
        if self.strength != 1:
            dry = self._intake.samples.newest(n, waiting)
            rebuilt = dry + np.float32(self.strength) * (rebuilt - dry)
        if not self.hold_gaps and flags.any():
            rebuilt = np.where(flags & Quality.GAP, np.float32(np.nan), rebuilt)
        start, self.emitted = self.emitted, self.emitted + n
        return Block(rebuilt.T, start, flags.T)

    def _at_input_rate(self, n: int) -> Flags:
        """The doubts about the next `n` samples to be put out, (channels, n)."""
        rate = self._rate
        at = np.arange(self.emitted, self.emitted + n) * rate.numerator // rate.denominator
        first = int(at[0]) if n else self._rebuilt
        return np.asarray(self._doubts.newest(self._rebuilt - first)[:, at - first])
