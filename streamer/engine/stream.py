"""The state of a stream of signals: samples in, windows out; answers in, samples out.

Who runs the network between the two may do it for one stream (`StreamingDenoiser`) or for many
at once (`StreamerPool`).
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ecgstream.streamer.engine.artifacts import Jumps
from ecgstream.streamer.engine.delay import FS, WINDOW, DelayMode, delay_mode
from ecgstream.streamer.engine.dry_wet import Strength
from ecgstream.streamer.engine.input_checks import LARGEST, Intake
from ecgstream.streamer.engine.normalization import CONTEXT_STEP, Floats, frames
from ecgstream.streamer.engine.overlap_add import OverlapAdd
from ecgstream.streamer.engine.resampling import Resampler, ratio
from ecgstream.streamer.engine.ring_buffer import Tail
from ecgstream.streamer.engine.st_mode import LOOK_AHEAD, StMode
from ecgstream.streamer.engine.uncertainty import Doubt
from ecgstream.streamer.quality import Flags, Quality

_SETTLING = np.uint8(Quality.SETTLING)
_GAP = np.uint8(Quality.GAP)  # numbers of numpy's own are several times faster than an enum's
_AT_ONCE = 4096
"""Samples gathered in one go, over all signals: bounds the memory of a long push."""


class Block(NamedTuple):
    """A piece of the output. Consecutive blocks follow each other without hole or overlap."""

    signal: Floats
    """(m, channels), mV; NaN where the input had a gap."""
    start: int
    """Index of the first sample, in the input's count."""
    quality: Flags
    """(m, channels), `Quality` flags."""


class Due(NamedTuple):
    """Windows that are to be denoised, signal by signal: views, until the next samples come."""

    window: Floats
    """(n, WINDOW), mV."""
    context: Floats
    """(n, f), the `frames` of all that the network looks at."""


Steps = Generator[Due, Floats, Block]
"""A stream that asks for its windows to be denoised and ends with a block."""


@dataclass(frozen=True)
class Settings:
    """What a stream is like: see `StreamingDenoiser`; `past` samples are what its network sees."""

    channels: int
    fs: float
    delay: str | int
    past: int
    st: bool = False
    hold_gaps: bool = False

    @property
    def mode(self) -> DelayMode:
        """How the stream is cut into windows."""
        return delay_mode(self.delay)


class Stream:
    """All that is remembered of some signals.

    Parameters
    ----------
    settings : what the stream is like.
    strength : share of the noise that is taken away.
    origin : number of its first sample.
    """

    def __init__(self, settings: Settings, strength: float = 1.0, origin: int = 0) -> None:
        self.settings, self._origin = settings, origin
        channels, fs, mode, past = settings.channels, settings.fs, settings.mode, settings.past
        self.channels, self.mode = channels, mode
        self._part = mode.part
        self._hold_gaps = settings.hold_gaps
        self._past, self._context = past, past // CONTEXT_STEP
        self._rate = ratio(fs, FS)
        resampled = self._rate != 1
        self._there = Resampler(channels, self._rate) if resampled else None
        self._back = Resampler(channels, 1 / self._rate) if resampled else None
        self._st = StMode(channels, mode.hop) if settings.st else None
        self.delay_samples = self._delay()
        # What `recent` may be asked for; at FS, windows are cut from it.
        self._recent = round((past + 3 * WINDOW) / self._rate)
        self._intake = Intake(channels, fs, round(WINDOW / self._rate), self._recent)
        span = past + mode.hop
        self._samples = Tail(channels, span) if resampled else self._intake.samples
        self._frames = Tail(channels, self._context)
        self._overlap = OverlapAdd(channels, mode)
        self._jumps = Jumps(channels, mode.samples - mode.hop + 1)
        self._doubt = Doubt(channels, mode.hop)
        self._doubts = Tail(channels, span, np.uint8)  # at FS, beside what is rebuilt
        self._strength = Strength(strength, fs)
        self.received = 0
        self.emitted = 0
        self.waiting = False
        """A window was given away and has not come back."""
        # Counts at FS.
        self._arrived = 0
        self._windowed = 0  # end of the newest window
        self._rebuilt = 0

    def _delay(self) -> int:
        """Most samples that arrive after one before it is put out."""
        look_ahead = LOOK_AHEAD if self._st else 0
        if self._there is None or self._back is None:
            return self.mode.samples + look_ahead
        hop, after = self.mode.hop, WINDOW - self.mode.first + look_ahead
        # Of the samples that take the same window, the first one waits longest; after as many
        # windows as the ratio's numerator all begins again.
        begun = -(-after // hop) + WINDOW  # windows on, that no sample is before the first
        window_end = np.arange(begun, begun + self._rate.numerator) * hop
        put_out = self._back.first_output(window_end - after)
        return int((self._there.newest_input(window_end - 1) - put_out).max())

    @property
    def end(self) -> int:
        """Number of the sample that will be put out next."""
        return self._origin + self.emitted

    @property
    def strength(self) -> float:
        """Share of the noise that is taken away, or soon will be."""
        return self._strength.share

    @strength.setter
    def strength(self, share: float) -> None:
        self._strength.change(share, self.emitted)

    @property
    def done(self) -> Stream:
        """What goes on from here: this stream (see `CrossFade`)."""
        return self

    @property
    def goes(self) -> Stream:
        """What a change fades from: this stream (see `CrossFade`)."""
        return self

    def heir(self, settings: Settings) -> tuple[Stream, Floats]:
        """A stream that is to take over, and the samples (channels, n) to push into it first."""
        n = min(self.received, self._recent)
        gaps = self._intake.flags.newest(n) & _GAP
        held = self._intake.samples.newest(n)
        samples = np.where(gaps, np.float32(np.nan), held)
        if n < self.received:  # what is held through a gap came before
            begun = self._intake.begun
            samples[begun, 0] = held[begun, 0]
        return Stream(settings, self.strength, self._origin + self.received - n), samples

    def pushing(self, samples: Floats) -> Steps:
        """Take samples (channels, n) in mV; put out all that they complete."""
        blocks = []
        begin = 0
        for end in self._ends(samples):
            due = self.take(samples[:, begin:end])
            begin = end
            if due is not None:
                self.waiting = True
                denoised = yield due
                self.waiting = False
                blocks.append(self.give(denoised))
        return joined(blocks) if blocks else self.nothing()

    def _ends(self, samples: Floats) -> list[int]:
        """Where pieces of samples (channels, n) end: none is too long, and each signal begins one.

        So what is remembered of the time before a signal does not depend on the pushes.
        """
        n = samples.shape[1]
        ends = [*range(0, n, max(1, _AT_ONCE // self.channels)), n]
        if n and not self._intake.all_begun:
            valid = np.abs(samples[~self._intake.begun]) < LARGEST
            begins = np.argmax(valid, axis=1)[valid.any(axis=1)]
            ends = sorted({*ends, *begins.tolist()})
        return ends[1:]

    def flushing(self) -> Steps:
        """End the stream; put out all that is left.

        The samples still waiting are completed by one last window that ends with the stream.
        """
        blocks = []
        self.waiting = True
        due = self.take_rest()
        if due is not None:
            blocks.append(self.give((yield due)))
        due = self.take_last()
        blocks.append(self.give_last((yield due) if due else None))
        self.waiting = False
        return joined(blocks)

    def take(self, x: Floats) -> Due | None:
        """Take samples (channels, n) in mV; return the windows they complete, if any."""
        if x.shape[1]:
            x = self._take_in(x)
            self.received += x.shape[1]
            if self._there is not None:
                x = self._there.push(x)
                self._samples.append(x)
            self._arrive(x.shape[1])
        return self._due()

    def _arrive(self, n: int) -> None:
        """Take note of the newest `n` samples at `FS`."""
        self._arrived += n
        self._jumps.take(self._samples.newest(n + 1))

    def _take_in(self, x: Floats) -> Floats:
        begun = self._intake.begun
        x = self._intake.take(x)
        if self._intake.begun is not begun:
            # Let a signal whose first valid sample is here have been at its level for ever.
            rows = np.flatnonzero(~begun & self._intake.begun)
            self._frames.fill(rows, x[rows, 0])
            if self._there is not None:
                self._samples.fill(rows, x[rows, 0])
                self._there.fill(rows, x[rows, 0])
        return x

    def _due(self) -> Due | None:
        hop = self.mode.hop
        due, left = divmod(self._arrived - self._windowed, hop)
        if not due:
            return None
        self._windowed += due * hop
        self._frames.append(frames(self._samples.newest(due * hop, left)))
        windows = self._samples.windows(WINDOW, hop, due, left)
        context = self._frames.windows(self._context, hop // CONTEXT_STEP, due)
        return Due(windows.reshape(-1, WINDOW), context.reshape(-1, self._context))

    def give(self, denoised: Floats) -> Block:
        """Put out what the windows (n, WINDOW) that were due complete, denoised in mV."""
        windows = denoised.reshape(self.channels, -1, WINDOW)
        rebuilt = self._overlap.add(windows[..., self._part])
        end = self._windowed - WINDOW + self.mode.first + self.mode.hop
        before = rebuilt.shape[1] - max(0, end - self._rebuilt)  # the stream began
        return self._put_out(rebuilt[:, before:] if before else rebuilt)

    def nothing(self) -> Block:
        """The block of a moment at which nothing was completed."""
        shape = (0, self.channels)
        return Block(np.empty(shape, np.float32), self.end, np.empty(shape, np.uint8))

    def take_rest(self) -> Due | None:
        """End the stream: the windows that come of the last samples' resampling, if any."""
        if self._there is not None and self.received:
            total = int((self.received - 1) * self._rate) + 1
            x = self._there.flush(total)
            self._samples.append(x)
            self._arrive(x.shape[1])
        return self._due()

    def take_last(self) -> Due | None:
        """After `take_rest`: one last window that ends with the stream, if samples are left."""
        if self._arrived == self._rebuilt:
            return None
        context = frames(np.ascontiguousarray(self._samples.newest(self._past)))
        return Due(self._samples.newest(WINDOW), context)

    def give_last(self, denoised: Floats | None = None) -> Block:
        """Put out all that is left, with the windows of `take_last` denoised, if there are any."""
        if denoised is None:
            return self._put_out(np.empty((self.channels, 0), np.float32), last=True)
        left = self._arrived - self._rebuilt
        rest = denoised[:, WINDOW - left :]
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
        jumps = self._jumps.near(self._rebuilt, m)
        flags = self._doubt.judge(given - rebuilt, rebuilt, jumps)
        if jumps is not None:
            flags[jumps] |= _SETTLING
        self._rebuilt += m
        if self._st is not None:
            rebuilt = self._st.push(given, rebuilt)
            if last:
                rebuilt = np.concatenate([rebuilt, self._st.flush()], axis=1)
        if self._back is not None:
            rebuilt = self._back.push(rebuilt)
            if last:
                rebuilt = np.concatenate([rebuilt, self._back.flush(self.received)], axis=1)
        n = rebuilt.shape[1]
        if self._st is not None or self._back is not None:
            self._doubts.append(flags)
            flags = self._at_input_rate(n)
        waiting = self.received - self.emitted - n
        flags = flags | self._intake.flags.newest(n, waiting)
        if not self._strength.all_wet(self.emitted):
            dry = self._intake.samples.newest(n, waiting)
            rebuilt = self._strength.mix(dry, rebuilt, self.emitted)
        gaps = flags & _GAP
        if np.count_nonzero(gaps) and not self._hold_gaps:
            rebuilt = np.where(gaps, np.float32(np.nan), rebuilt)
        start = self.end
        self.emitted += n
        return Block(rebuilt.T, start, flags.T)

    def _at_input_rate(self, n: int) -> Flags:
        """The doubts about the next `n` samples to be put out, (channels, n)."""
        rate = self._rate
        at = np.arange(self.emitted, self.emitted + n) * rate.numerator // rate.denominator
        first = int(at[0]) if n else self._rebuilt
        return np.asarray(self._doubts.newest(self._rebuilt - first)[:, at - first])


def joined(blocks: Sequence[Block]) -> Block:
    """Consecutive blocks as one."""
    if len(blocks) == 1:
        return blocks[0]
    signals, starts, qualities = zip(*blocks, strict=True)
    return Block(np.concatenate(signals), starts[0], np.concatenate(qualities))
