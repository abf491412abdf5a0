"""Latency of the bare interpreter call and of the whole engine step, and missed deadlines.

As in MLPerf Tiny: a warm-up, then several windows, so that a disturbed one shows.
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

WARM_UP_CALLS = 200
"""Calls before those that count."""
WINDOWS = 5
"""Windows of equal length that a measurement is cut into."""
MIN_WINDOW_SECONDS = 10.0
"""Shortest window that B5 allows."""
CALL, STEP = "interpreter call", "engine step"

_CALLS_PER_TURN = 100
"""Calls of one kind before those of the other, so that both see the same machine state."""

Call = Callable[[], Any]


class Paced(NamedTuple):
    """Calls paced in real time; seconds, in the order of the calls."""

    times: list[float]
    """Duration of each call."""
    late: list[float]
    """From when each call was due to when it began."""

    def missed(self, period: float) -> int:
        """Number of calls that ended more than one period after they were due."""
        return sum(time + late > period for time, late in zip(*self, strict=True))


def calls(network: TFLiteNetwork, delay: str | int, record: Floats) -> dict[str, Call]:
    """Interpreter call and engine step to time, on a record (n,) in mV that is repeated."""
    denoiser = StreamingDenoiser(network, delay=delay)
    hop = denoiser.mode.hop
    hops = record[: len(record) // hop * hop].reshape(-1, hop)
    windows = standardise(record[None, : network.past])
    count = iter(range(1 << 62))

    def step() -> None:
        denoiser.push(hops[next(count) % len(hops)])

    return {CALL: network.bare_call(windows.window, windows.context), STEP: step}


def warm_up(calls: Mapping[str, Call]) -> None:
    """Make each call until caches and the clock of the processor have settled."""
    for call in calls.values():
        for _ in range(WARM_UP_CALLS):
            call()


def back_to_back(
    calls: Mapping[str, Call], seconds: float, clock: Clock
) -> dict[str, list[array[float]]]:
    """Time the calls in turns, `seconds` for each; durations (s) by call and window."""
    times: dict[str, list[array[float]]] = {name: [] for name in calls}
    for _ in range(WINDOWS):
        for windows in times.values():
            windows.append(array("d"))  # a list would take four times the memory
        end = clock.now() + seconds * len(calls) / WINDOWS
        while clock.now() < end:
            for name, call in calls.items():
                for _ in range(_CALLS_PER_TURN):
                    began = clock.now()
                    call()
                    times[name][-1].append(clock.now() - began)
    return times


def paced(call: Call, hop: int, seconds: float, clock: Clock) -> Paced:
    """Make one call per hop of real time: caches are cold and the clock is low, as live."""
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
    """Latencies (µs) of both calls, back to back and paced, and missed deadlines.

    A step meets its deadline when its output is ready before the next hop is due.
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
    """Split consecutive times into `WINDOWS` windows, or into fewer that are not empty."""
    count = min(WINDOWS, len(times))
    return [part.tolist() for part in np.array_split(np.array(times), count)]


def percentiles(windows: Sequence[Sequence[float]]) -> dict[str, Any]:
    """Percentiles (µs) of times (s) over all windows, and the median of each window."""
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
