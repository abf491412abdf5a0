"""How long the bare interpreter call and the whole engine step take, and whether they are in time.

As MLPerf Tiny does it: warm-up apart, and several windows, so that a disturbed one shows.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ecgstream.streamer.denoiser import StreamingDenoiser
from ecgstream.streamer.engine.delay import FS
from ecgstream.streamer.engine.normalization import Floats, standardise
from ecgstream.streamer.live.clock import Clock, Pacer
from ecgstream.streamer.network.tflite import TFLiteNetwork

WARM_UP = 200
"""Calls that do not count."""
WINDOWS = 5
"""Of equal length, that a measurement is cut into."""
WINDOW_SECONDS = 10.0
"""Least length of a window that the protocol asks for."""
CALL, STEP = "interpreter call", "engine step"

_ROUND = 100
"""Calls of one kind before those of the other, so that both see the same machine."""

Call = Callable[[], Any]


class Paced(NamedTuple):
    """Calls made when they were due; seconds, in the order of the calls."""

    times: list[float]
    """That each call took."""
    late: list[float]
    """From the moment that each was due to that when it began."""

    def missed(self, period: float) -> int:
        """Calls that ended later than one period after they were due."""
        return sum(time + late > period for time, late in zip(*self, strict=True))


def calls(network: TFLiteNetwork, delay: str | int, record: Floats) -> dict[str, Call]:
    """The two that are timed, on a record (n,) in mV that goes round and round."""
    denoiser = StreamingDenoiser(network, delay=delay)
    hop = denoiser.mode.hop
    hops = record[: len(record) // hop * hop].reshape(-1, hop)
    windows = standardise(record[None, : network.past])
    count = iter(range(1 << 62))

    def step() -> None:
        denoiser.push(hops[next(count) % len(hops)])

    return {CALL: network.bare_call(windows.window, windows.context), STEP: step}


def warm_up(calls: Mapping[str, Call]) -> None:
    """Make each call so often that caches and the processor's clock have settled."""
    for call in calls.values():
        for _ in range(WARM_UP):
            call()


def back_to_back(
    calls: Mapping[str, Call], seconds: float, clock: Clock
) -> dict[str, list[array[float]]]:
    """Times of each call in each window, the calls in turns, for so many seconds each."""
    times: dict[str, list[array[float]]] = {name: [] for name in calls}
    for _ in range(WINDOWS):
        for windows in times.values():
            windows.append(array("d"))  # a list would take four times the memory
        end = clock.now() + seconds * len(calls) / WINDOWS
        while clock.now() < end:
            for name, call in calls.items():
                for _ in range(_ROUND):
                    began = clock.now()
                    call()
                    times[name][-1].append(clock.now() - began)
    return times


def paced(call: Call, hop: int, seconds: float, clock: Clock) -> Paced:
    """One call per hop of real time: caches are cold and the processor clocks down, as live."""
    pacer, result = Pacer(FS, clock), Paced([], [])
    start = clock.now()
    for n in range(1, max(2, round(seconds * FS / hop)) + 1):
        pacer.wait(n * hop)
        began = clock.now()
        call()
        result.times.append(clock.now() - began)
        result.late.append(max(0.0, began - start - n * hop / FS))
    return result


def measure(calls: Mapping[str, Call], hop: int, seconds: float, clock: Clock) -> dict[str, Any]:
    """The latencies of both calls in both ways, in microseconds, and the deadlines missed.

    A step meets its deadline when its output is there before the next hop is due.
    """
    together = back_to_back(calls, seconds, clock)
    live = {name: paced(call, hop, seconds, clock) for name, call in calls.items()}
    latencies = {
        name: {
            "back to back": percentiles(together[name]),
            "paced": percentiles(in_windows(live[name].times)),
        }
        for name in calls
    }
    p50 = {name: ways["back to back"]["p50"] for name, ways in latencies.items()}
    return {
        "latency_us": latencies,
        "step_over_call": p50[STEP] / p50[CALL],
        "deadlines": {
            "missed": live[STEP].missed(hop / FS),
            "steps": len(live[STEP].times),
            "late_us": percentiles(in_windows(live[STEP].late)),
        },
    }


def in_windows(times: Sequence[float]) -> list[list[float]]:
    """Times that follow each other, cut into the windows; fewer where there are not so many."""
    count = min(WINDOWS, len(times))
    return [part.tolist() for part in np.array_split(np.array(times), count)]


def percentiles(windows: Sequence[Sequence[float]]) -> dict[str, Any]:
    """Percentiles of times (s) over all windows, in microseconds, and the median of each."""
    times = np.concatenate([np.asarray(window) for window in windows]) * 1e6
    p50, p95, p99, worst = np.percentile(times, [50, 95, 99, 100])
    return {
        "p50": float(p50),
        "p95": float(p95),
        "p99": float(p99),
        "max": float(worst),
        "calls": len(times),
        "p50_of_windows": [float(np.median(window) * 1e6) for window in windows],
    }
