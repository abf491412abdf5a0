"""`ecgstream bench`: what the model and the engine cost on this device."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from streamer import FS, SHIPPED_MODEL, StreamingDenoiser, TFLiteNetwork
from streamer.interpreter import PACKAGES
from streamer.noise import noise_gain, unit_noise
from streamer.records import read_record
from streamer.replay import Clock, Pacer
from streamer.windows import Floats, standardise
from tools import fresh, options
from tools.capacity import TICK, capacity, trial
from tools.clock import SystemClock
from tools.device import device, package_versions, peak_memory, sha256

_WARM_UP = 200
_ROUND = 100
"""Calls of one kind before those of the other, so that both see the same machine."""


class Streams(click.ParamType):
    """A number of live streams, or `auto`."""

    name = "streams"

    def convert(self, value: Any, param: Any, ctx: Any) -> int | None:
        """The number; None for `auto`."""
        if value is None or value == "auto":
            return None
        if str(value).isdigit() and int(value) > 0:
            return int(value)
        self.fail(f"{value!r} is neither auto nor a number of streams", param, ctx)


@click.command()
@options.model
@options.runtime
@options.delay
@click.option(
    "--seconds",
    type=options.Seconds(),
    default=10.0,
    show_default=True,
    help="Length of each measurement.",
)
@click.option(
    "--streams",
    type=Streams(),
    default="auto",
    show_default=True,
    help="Live streams to run at once; auto finds how many one core carries.",
)
@click.option(
    "--json", "json_path", type=click.Path(path_type=Path), help="Write the figures here."
)
def bench(
    model: Path | None,
    runtime: str,
    delay: str | int,
    seconds: float,
    streams: int | None,
    json_path: Path | None,
) -> None:
    """Measure latency, real-time factor, capacity and memory on this device.

    The bare interpreter call and the whole engine step (standardise, quantize, call, restore,
    overlap-add) for one signal, one hop at a time: back to back, and paced as in a live stream.
    Then a whole record at once, beside what others take for it; how many live streams one core
    carries; and what a start costs.
    """
    figures = measure(model or SHIPPED_MODEL, runtime, delay, seconds, streams, SystemClock())
    console = Console()
    for table in tables(figures):
        console.print(table)
    if json_path is not None:
        json_path.parent.mkdir(parents=True, exist_ok=True)
        json_path.write_text(json.dumps(figures, indent=2) + "\n")


def measure(
    model: Path,
    runtime: str,
    delay: str | int,
    seconds: float,
    streams: int | None,
    clock: Clock,
) -> dict[str, Any]:
    """All figures of one model on one runtime; latencies in microseconds.

    `streams` to run at once; None to find how many one core carries.
    """
    network = TFLiteNetwork(model, runtime)
    denoiser = StreamingDenoiser(network, delay=delay)
    hop = denoiser.mode.hop
    record = _noisy_record()
    hops = record[: len(record) // hop * hop].reshape(-1, hop)
    windows = standardise(record[None, : network.past])
    count = iter(range(1 << 62))

    def step() -> None:
        denoiser.push(hops[next(count) % len(hops)])

    calls = {
        "interpreter call": network.bare_call(windows.window, windows.context),
        "engine step": step,
    }
    together = _back_to_back(calls, seconds, clock)
    latencies = {
        name: {
            "back to back": _percentiles(together[name]),
            "paced": _percentiles(_paced(call, hop, seconds, clock)),
        }
        for name, call in calls.items()
    }
    p50 = {name: ways["back to back"]["p50"] for name, ways in latencies.items()}
    length = len(record) / FS
    factors: dict[str, float | None] = {
        "hop by hop": hop / FS * 1e6 / p50["engine step"],
        "whole record": length / _whole(denoiser, record, clock),
    }
    for name, taken in fresh.others(record, FS).items():
        factors[name] = None if taken is None else length / taken
    package = PACKAGES[network.runtime]
    return {
        "schema": 2,
        "device": device(),
        "runtime": {"name": network.runtime, "version": package_versions((package,))[package]},
        "model": {
            "file": model.name,
            "bytes": model.stat().st_size,
            "sha256": sha256(model),
        },
        "hop_samples": hop,
        "delay_samples": denoiser.delay_samples,
        "latency_us": latencies,
        "step_over_call": p50["engine step"] / p50["interpreter call"],
        "real_time_factor": factors,
        "streams": _streams(network, record, delay, seconds, streams, clock),
        "start": fresh.start(model, network.runtime),
        "peak_memory_mb": peak_memory(),
    }


def _noisy_record() -> Floats:
    clean = read_record("208b").signal(0)
    noise = unit_noise("em", len(clean))
    return (clean + noise * noise_gain(clean, noise, 0)).astype(np.float32)


def _whole(denoiser: StreamingDenoiser, record: Floats, clock: Clock) -> float:
    """Seconds for the record in one push, the interpreter for many windows being there already."""
    times = []
    for _ in range(3):
        denoiser.reset()
        began = clock.now()
        denoiser.push(record)
        times.append(clock.now() - began)
    return min(times)


def _streams(
    network: TFLiteNetwork,
    record: Floats,
    delay: str | int,
    seconds: float,
    streams: int | None,
    clock: Clock,
) -> dict[str, Any]:
    if streams is None:
        run = capacity(network, record, delay, seconds, clock)
    else:
        run = trial(network, record, delay, streams, seconds, clock)
    p50, p99, worst = np.percentile(run.delays * 1e3, [50, 99, 100])
    return {
        "count": run.streams,
        "searched": streams is None,
        "seconds": seconds,
        "tick_ms": TICK * 1e3,
        "missed_deadlines": run.missed,
        "pieces": len(run.delays),
        "load": run.load,
        "added_delay_ms": {"p50": float(p50), "p99": float(p99), "max": float(worst)},
    }


def _percentiles(times: list[float]) -> dict[str, float]:
    p50, p95, p99, worst = np.percentile(np.array(times) * 1e6, [50, 95, 99, 100])
    return {
        "p50": float(p50),
        "p95": float(p95),
        "p99": float(p99),
        "max": float(worst),
        "calls": len(times),
    }


def _back_to_back(
    calls: dict[str, Callable[[], Any]], seconds: float, clock: Clock
) -> dict[str, list[float]]:
    """Times of each call, in turns, for so many seconds each."""
    for call in calls.values():
        for _ in range(_WARM_UP):
            call()
    times: dict[str, list[float]] = {name: [] for name in calls}
    end = clock.now() + seconds * len(calls)
    while clock.now() < end:
        for name, call in calls.items():
            for _ in range(_ROUND):
                began = clock.now()
                call()
                times[name].append(clock.now() - began)
    return times


def _paced(call: Callable[[], Any], hop: int, seconds: float, clock: Clock) -> list[float]:
    """One call per hop of real time: caches are cold and the processor clocks down, as live."""
    pacer = Pacer(FS, clock)
    times = []
    for n in range(1, max(2, round(seconds * FS / hop)) + 1):
        pacer.wait(n * hop)
        began = clock.now()
        call()
        times.append(clock.now() - began)
    return times


def tables(figures: dict[str, Any]) -> list[Table]:
    """The figures for people."""
    model, runtime = figures["model"], figures["runtime"]
    latency = Table(
        title=f"{model['file']} ({model['bytes'] / 1e3:.1f} kB, sha256 {model['sha256'][:12]}) on "
        f"{runtime['name']} {runtime['version']}, {figures['device']['processor']}",
        caption=(
            f"a step takes {figures['step_over_call']:.2f} times as long as the bare call; "
            f"hop {figures['hop_samples']} samples ({figures['hop_samples'] / FS * 1e3:.0f} ms), "
            f"delay {figures['delay_samples']} samples "
            f"({figures['delay_samples'] / FS * 1e3:.0f} ms)"
        ),
    )
    for name in ("µs", "", "p50", "p95", "p99", "max", "calls"):
        latency.add_column(name, justify="left" if name in ("µs", "") else "right")
    for what, ways in figures["latency_us"].items():
        for way, values in ways.items():
            latency.add_row(what, way, *(f"{v:.0f}" for v in values.values()))

    factors = Table(title="Real-time factor, one core")
    factors.add_column("")
    factors.add_column("times real time", justify="right")
    for name, factor in figures["real_time_factor"].items():
        factors.add_row(name, "not installed" if factor is None else f"{factor:,.0f}")

    streams, start = figures["streams"], figures["start"]
    delays = streams["added_delay_ms"]
    rest = Table(title="One core")
    rest.add_column("")
    rest.add_column("", justify="right")
    missed = streams["missed_deadlines"]
    rest.add_row(
        "live streams, no deadline missed" if not missed else "live streams",
        f"{streams['count']:,}",
    )
    rest.add_row("deadlines missed", f"{missed:,} of {streams['pieces']:,}")
    rest.add_row(
        f"delay added by batching every {streams['tick_ms']:.0f} ms, p50, p99, max",
        f"{delays['p50']:.1f}, {delays['p99']:.1f}, {delays['max']:.1f} ms",
    )
    rest.add_row("import of the engine", f"{start['import_s']:.2f} s")
    rest.add_row("model load", f"{start['load_s']:.2f} s")
    rest.add_row("peak memory of this run", f"{figures['peak_memory_mb']:.0f} MB")
    return [latency, factors, rest]
