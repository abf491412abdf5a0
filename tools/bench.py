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
from streamer.windows import standardise
from tools import options
from tools.clock import SystemClock
from tools.device import device, package_versions, peak_memory, sha256

_WARM_UP = 200


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
    "--json", "json_path", type=click.Path(path_type=Path), help="Write the figures here."
)
def bench(
    model: Path | None, runtime: str, delay: str | int, seconds: float, json_path: Path | None
) -> None:
    """Measure latency, real-time factor and memory on this device.

    The bare interpreter call and the whole engine step (standardise, quantize, call, restore,
    overlap-add) for one signal, one hop at a time: back to back, and paced as in a live stream.
    """
    figures = measure(model or SHIPPED_MODEL, runtime, delay, seconds, SystemClock())
    Console().print(table(figures))
    if json_path is not None:
        json_path.parent.mkdir(parents=True, exist_ok=True)
        json_path.write_text(json.dumps(figures, indent=2) + "\n")


def measure(
    model: Path, runtime: str, delay: str | int, seconds: float, clock: Clock
) -> dict[str, Any]:
    """All figures of one model on one runtime, times in microseconds."""
    network = TFLiteNetwork(model, runtime)
    denoiser = StreamingDenoiser(network, delay=delay)
    hop = denoiser.mode.hop
    clean = read_record("208b").signal(0)
    noise = unit_noise("em", len(clean))
    hops = (clean + noise * noise_gain(clean, noise, 0)).astype(np.float32)
    hops = hops[: len(hops) // hop * hop].reshape(-1, hop)
    windows = standardise(hops.reshape(1, -1)[:, : network.past])
    call = network.bare_call(windows.window, windows.context)
    count = iter(range(1 << 62))

    def step() -> None:
        denoiser.push(hops[next(count) % len(hops)])

    times = {
        "interpreter call": {
            "back to back": _back_to_back(call, seconds, clock),
            "paced": _paced(call, hop, seconds, clock),
        },
        "engine step": {
            "back to back": _back_to_back(step, seconds, clock),
            "paced": _paced(step, hop, seconds, clock),
        },
    }
    rest = np.tile(hops.ravel(), 2)
    denoiser.reset()
    began = clock.now()
    denoiser.push(rest)
    whole = clock.now() - began
    package = PACKAGES[network.runtime]
    return {
        "schema": 1,
        "device": device(),
        "runtime": {"name": network.runtime, "version": package_versions((package,))[package]},
        "model": {
            "file": model.name,
            "bytes": model.stat().st_size,
            "sha256": sha256(model),
        },
        "hop_samples": hop,
        "delay_samples": denoiser.delay_samples,
        "latency_us": times,
        "real_time_factor": {
            "hop by hop": hop / FS * 1e6 / times["engine step"]["back to back"]["p50"],
            "whole record": len(rest) / FS / whole,
        },
        "peak_memory_mb": peak_memory(),
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


def _back_to_back(call: Callable[[], Any], seconds: float, clock: Clock) -> dict[str, float]:
    for _ in range(_WARM_UP):
        call()
    times = []
    end = clock.now() + seconds
    while (began := clock.now()) < end:
        call()
        times.append(clock.now() - began)
    return _percentiles(times)


def _paced(call: Callable[[], Any], hop: int, seconds: float, clock: Clock) -> dict[str, float]:
    """One call per hop of real time: caches are cold and the processor clocks down, as live."""
    pacer = Pacer(FS, clock)
    times = []
    for n in range(1, max(2, round(seconds * FS / hop)) + 1):
        pacer.wait(n * hop)
        began = clock.now()
        call()
        times.append(clock.now() - began)
    return _percentiles(times)


def table(figures: dict[str, Any]) -> Table:
    """The figures for people."""
    model, runtime = figures["model"], figures["runtime"]
    out = Table(
        title=f"{model['file']} ({model['bytes'] / 1e3:.1f} kB, sha256 {model['sha256'][:12]}) on "
        f"{runtime['name']} {runtime['version']}, {figures['device']['processor']}",
        caption=(
            "real-time factor "
            + ", ".join(f"{v:.0f} {k}" for k, v in figures["real_time_factor"].items())
            + f"; peak memory {figures['peak_memory_mb']:.0f} MB; "
            f"hop {figures['hop_samples']} samples ({figures['hop_samples'] / FS * 1e3:.0f} ms), "
            f"delay {figures['delay_samples']} samples "
            f"({figures['delay_samples'] / FS * 1e3:.0f} ms)"
        ),
    )
    for name in ("µs", "", "p50", "p95", "p99", "max", "calls"):
        out.add_column(name, justify="left" if name in ("µs", "") else "right")
    for what, ways in figures["latency_us"].items():
        for way, values in ways.items():
            out.add_row(what, way, *(f"{v:.0f}" for v in values.values()))
    return out
