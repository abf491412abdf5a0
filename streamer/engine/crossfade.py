"""Cross-fade from one stream to another of the same samples, without a click or a lost sample."""

from __future__ import annotations

import numpy as np

from ecgstream.streamer.engine.block import Block, empty_block, joined
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.engine.settings import StreamSettings
from ecgstream.streamer.engine.stream import Steps, Stream

FADE_SECONDS = 0.1
"""Length of the fade."""


class CrossFade:
    """Runs two streams until the output of the new one has taken over.

    A sample is put out when both streams have put it out, and after the fade when the new one
    has: a longer delay is waited for once, a shorter one is caught up with at once.

    Parameters
    ----------
    old : the stream, or cross-fade, to fade out.
    new : the stream to fade in.
    new_block : output of `new` so far.
    """

    def __init__(self, old: Stream | CrossFade, new: Stream, new_block: Block) -> None:
        self._old, self._new = old, new
        self.end: int = old.end
        """Number of the sample that will be put out next."""
        self._begin = self.end
        self._fade = self.end + round(FADE_SECONDS * new.settings.fs)
        self._old_block, self._new_block = old.nothing(), new_block

    @property
    def received(self) -> int:
        """Samples taken, as `Stream.received`."""
        return self._old.received

    @property
    def delay_samples(self) -> int:
        """The longer delay of the two, while both are waited for."""
        return max(self._old.delay_samples, self._new.delay_samples)

    @property
    def strength(self) -> float:
        """As `Stream.strength`."""
        return self._new.strength

    @strength.setter
    def strength(self, share: float) -> None:
        self._old.strength = self._new.strength = share

    @property
    def fading_out(self) -> Stream | CrossFade:
        """Stream to fade out at a further change: the old one while the new one is unused."""
        return self._old if self._old.end == self._begin else self

    @property
    def active(self) -> Stream | CrossFade:
        """Stream to continue with: the new one when it has taken over."""
        return self._new if self.end >= self._fade else self

    def successor(self, settings: StreamSettings) -> tuple[Stream, Floats]:
        """As `Stream.successor`."""
        return self._old.successor(settings)

    def nothing(self) -> Block:
        """As `Stream.nothing`."""
        return empty_block(self._new.settings.channels, self.end)

    def push_steps(self, samples: Floats) -> Steps:
        """As `Stream.push_steps`."""
        self._old = self._old.active
        old = yield from self._old.push_steps(samples)
        new = yield from self._new.push_steps(samples)
        return self._mix(old, new)

    def flush_steps(self) -> Steps:
        """As `Stream.flush_steps`."""
        self._old = self._old.active
        old = yield from self._old.flush_steps()
        new = yield from self._new.flush_steps()
        return self._mix(old, new)

    def _mix(self, old_block: Block, new_block: Block) -> Block:
        self._old_block = _from(joined([self._old_block, old_block]), self.end)
        self._new_block = _from(joined([self._new_block, new_block]), self.end)
        old, new = self._old_block, self._new_block
        n = len(new.signal)
        if self.end + len(old.signal) < self._fade:
            n = min(n, len(old.signal))
        # Samples after the fade are the new stream's alone.
        faded = min(n, max(0, self._fade - self.end))
        place = np.arange(self.end, self.end + faded) + 0.5 - self._begin
        share = (place / (self._fade - self._begin)).astype(np.float32)[:, None]
        signal, quality = _faded(old.signal, new.signal[:n], share), new.quality[:n].copy()
        quality[:faded] |= old.quality[:faded]
        error = new.error[:n]
        if self._new.settings.predicts_error:
            error = _faded(old.error, error, share)
        block = Block(signal, self.end, quality, error)
        self.end += n
        return block


def _faded(old: Floats, new: Floats, share: Floats) -> Floats:
    """A copy of `new` whose beginning fades in by the shares of it, (n, 1)."""
    mixed, n = new.copy(), len(share)
    mixed[:n] = old[:n] + share * (new[:n] - old[:n])
    return mixed


def _from(block: Block, start: int) -> Block:
    """The part of a block from sample `start` on."""
    skip = min(max(0, start - block.start), len(block.signal))
    return Block(block.signal[skip:], block.start + skip, block.quality[skip:], block.error[skip:])
