"""From one stream to another of the same samples, without a click and without losing the count."""

from __future__ import annotations

import numpy as np

from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.engine.stream import Block, Settings, Steps, Stream, joined

FADE_SECONDS = 0.1
"""The output goes over from one stream to the other in so long."""


class CrossFade:
    """Runs two streams until the output of the new one has taken over.

    A sample is put out when both streams have put it out, and after the fade when the new one
    has: a longer delay is waited for once, a shorter one is caught up with at once.

    Parameters
    ----------
    old : the stream, or cross-fade, that goes.
    new : the one that comes.
    coming : what it has put out already.
    """

    def __init__(self, old: Stream | CrossFade, new: Stream, coming: Block) -> None:
        self._old, self._new = old, new
        self.end: int = old.end
        """Number of the sample that will be put out next."""
        self._begin = self.end
        self._fade = self.end + round(FADE_SECONDS * new.settings.fs)
        self._going, self._coming = old.nothing(), coming

    @property
    def received(self) -> int:
        """Samples taken, as `Stream.received`."""
        return self._old.received

    @property
    def waiting(self) -> bool:
        """As `Stream.waiting`."""
        return self._old.waiting or self._new.waiting

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
    def goes(self) -> Stream | CrossFade:
        """What a further change fades from: the old stream while nothing of the new was used."""
        return self._old if self._old.end == self._begin else self

    @property
    def done(self) -> Stream | CrossFade:
        """What goes on from here: the new stream when it has taken over."""
        return self._new if self.end >= self._fade else self

    def heir(self, settings: Settings) -> tuple[Stream, Floats]:
        """As `Stream.heir`."""
        return self._old.heir(settings)

    def nothing(self) -> Block:
        """As `Stream.nothing`."""
        return self._coming._replace(
            signal=self._coming.signal[:0], start=self.end, quality=self._coming.quality[:0]
        )

    def pushing(self, samples: Floats) -> Steps:
        """As `Stream.pushing`."""
        self._old = self._old.done
        going = yield from self._old.pushing(samples)
        coming = yield from self._new.pushing(samples)
        return self._put_out(going, coming)

    def flushing(self) -> Steps:
        """As `Stream.flushing`."""
        self._old = self._old.done
        going = yield from self._old.flushing()
        coming = yield from self._new.flushing()
        return self._put_out(going, coming)

    def _put_out(self, going: Block, coming: Block) -> Block:
        self._going = _from(joined([self._going, going]), self.end)
        self._coming = _from(joined([self._coming, coming]), self.end)
        old, new = self._going, self._coming
        n = len(new.signal)
        if self.end + len(old.signal) < self._fade:
            n = min(n, len(old.signal))
        # Samples after the fade are the new stream's alone.
        faded = min(n, max(0, self._fade - self.end))
        place = np.arange(self.end, self.end + faded) + 0.5 - self._begin
        share = (place / (self._fade - self._begin)).astype(np.float32)[:, None]
        signal, quality = new.signal[:n].copy(), new.quality[:n].copy()
        signal[:faded] = old.signal[:faded] + share * (signal[:faded] - old.signal[:faded])
        quality[:faded] |= old.quality[:faded]
        block = Block(signal, self.end, quality)
        self.end += n
        return block


def _from(block: Block, start: int) -> Block:
    """The part of a block from sample `start` on."""
    skip = min(max(0, start - block.start), len(block.signal))
    return Block(block.signal[skip:], block.start + skip, block.quality[skip:])
