"""Capacity: live streams that one core carries without missing a deadline.

Nothing waits for real time: a simulated time advances by what the engine takes, and jumps to the
next tick when no samples are left. A trial of ten seconds of signal lasts as long as their
computing, and shows the backlog that would build up.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.engine.delay import FS, WINDOW, delay_mode
from ecgstream.streamer.live.clock import Clock
from ecgstream.streamer.network.base import Network
from ecgstream.streamer.pool import StreamerPool

Samples = npt.NDArray[np.floating]

TICK_SECONDS = 0.015
"""From one batch to the next, unless the one before takes longer."""
_TOLERANCE = 1.03
"""The search ends when this factor more streams are too many."""
_FIRST_STREAMS = 64
"""Streams of the trial that the search starts from."""


class Trial(NamedTuple):
    """Delays and missed deadlines of a number of live streams."""

    streams: int
    missed: int
    """Hops whose output was ready more than one hop after their last sample."""
    delays: Samples
    """Seconds from the last sample of each hop to its output: the delay that batching adds."""
    load: float
    """Share of the time in which the core was busy."""


def capacity(
    network: Network, signal: Samples, delay: str | int, seconds: float, clock: Clock
) -> Trial:
    """Search the largest number of streams, within 3 %, that miss no deadline.

    A pause of the machine counts, as it makes a live stream miss its deadline, too.

    Returns
    -------
    Trial : of that number; of a single stream where even that one misses deadlines.
    """

    def of(streams: int) -> Trial:
        return trial(network, signal, delay, streams, seconds, clock)

    best = of(1)
    low, high = 1, max(2, round(_FIRST_STREAMS / of(_FIRST_STREAMS).load))
    while (tried := of(high)).missed == 0:
        best, low, high = tried, high, round(high * 1.25) + 1
    while high > max(low * _TOLERANCE, low + 1):
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
    """Run live streams at `FS` for `seconds`, each with its hops at a phase of its own.

    Every tick pushes the samples that arrived since the last one. All streams are fed `signal`
    (n,), each from a random sample on.
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

    hops = max(1, round(seconds / period))  # of each stream
    given = np.zeros(streams, int)
    tick = now = busy = 0.0
    delays = []
    while given.min() < hops:
        tick += TICK_SECONDS
        now = max(now, tick)
        due = np.minimum(np.floor((now - first_due) / period).astype(int) + 1, hops)
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
    return Trial(streams, int((waits > period).sum()), waits, busy / max(now, hops * period))
