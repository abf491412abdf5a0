"""How many live streams one core carries with no deadline missed.

The time between the pieces is not waited for: the schedule's own time goes on by what the engine
takes, and jumps to the next tick when nothing is left to do. So a trial of ten seconds takes the
computing of ten seconds, and shows the queue that would build up.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.engine.delay import FS, WINDOW, delay_mode
from ecgstream.streamer.live.clock import Clock
from ecgstream.streamer.network.tflite import Network
from ecgstream.streamer.pool import StreamerPool

Samples = npt.NDArray[np.floating]

TICK = 0.015
"""Seconds from one batch to the next, where the one before is through."""
_CLOSE = 1.03
"""The answer is known when one more stream in thirty was too many."""
_SAMPLE = 64
"""Streams of the trial that the search starts from."""


class Trial(NamedTuple):
    """What a number of streams had to wait for."""

    streams: int
    missed: int
    """Pieces whose output was ready later than one hop after their last sample had come."""
    delays: Samples
    """Seconds from a piece's last sample to its output, every piece: what batching adds."""
    load: float
    """Share of the time that the core was busy."""


def capacity(
    network: Network, signal: Samples, delay: str | int, seconds: float, clock: Clock
) -> Trial:
    """The trial of the largest number of streams that missed no deadline, within 3 %.

    An unlucky moment of the machine counts as what it is, a deadline missed.
    """

    def of(streams: int) -> Trial:
        return trial(network, signal, delay, streams, seconds, clock)

    best = of(1)
    low, high = 1, max(2, round(_SAMPLE / of(_SAMPLE).load))
    while (tried := of(high)).missed == 0:
        best, low, high = tried, high, round(high * 1.25) + 1
    while high > max(low * _CLOSE, low + 1):
        middle = (low + high) // 2
        tried = of(middle)
        if tried.missed:
            high = middle
        else:
            best, low = tried, middle
    return best


def trial(
    network: Network,
    signal: Samples,
    delay: str | int,
    streams: int,
    seconds: float,
    clock: Clock,
) -> Trial:
    """Run that many live streams at `FS` for so long, each a hop at a time at moments of its own.

    Every tick pushes what has come since the last one. `signal` (n,) is what they are fed, each
    from another place on.
    """
    hop = delay_mode(delay).hop
    period = hop / FS
    rng = np.random.default_rng(0)
    first_due = rng.random(streams) * period
    begin = rng.integers(len(signal), size=streams)
    settled = WINDOW + hop
    longest = settled + round(seconds * FS) + 2 * hop
    fed = np.resize(signal, len(signal) + longest)
    pool = StreamerPool(network)
    for name in range(streams):
        pool.add(name, delay=delay)
    for at in range(0, settled, hop):
        pool.push({name: fed[first + at :][:hop] for name, first in enumerate(begin)})

    pieces = max(1, round(seconds / period))  # of every stream
    given = np.zeros(streams, int)
    tick = now = busy = 0.0
    delays = []
    while given.min() < pieces:
        tick += TICK
        now = max(now, tick)
        due = np.minimum(np.floor((now - first_due) / period).astype(int) + 1, pieces)
        start, stop = begin + settled + given * hop, begin + settled + due * hop
        ready = np.flatnonzero(due > given).tolist()
        samples: dict[Hashable, Samples] = {i: fed[start[i] : stop[i]] for i in ready}
        began = clock.now()
        pool.push(samples)
        spent = clock.now() - began
        now, busy = now + spent, busy + spent
        delays += [now - first_due[i] - np.arange(given[i], due[i]) * period for i in ready]
        given = np.maximum(given, due)
    waits = np.concatenate(delays)
    return Trial(streams, int((waits > period).sum()), waits, busy / max(now, pieces * period))
