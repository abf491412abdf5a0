"""All figures of a run, in the form that docs/bench.schema.json describes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from ecgstream.streamer.denoiser import StreamingDenoiser
from ecgstream.streamer.engine.delay import FS, delay_mode
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.live.clock import Clock
from ecgstream.streamer.network.runtimes import RUNTIMES
from ecgstream.streamer.network.tflite import TFLiteNetwork
from ecgstream.tools.bench import accuracy, latency, machine, model_stats, subprocesses
from ecgstream.tools.bench.capacity import TICK_SECONDS, capacity, trial
from ecgstream.tools.bench.configurations import Models
from ecgstream.tools.system.device import device, package_versions, sha256
from ecgstream.tools.system.memory import peak_memory

SCHEMA = 4
_VERSIONS = ("ecgstream", "numpy", "scipy")
_REPEATS = 3


def measure(
    models: Models,
    runtime: str,
    delay: str | int,
    seconds: float,
    streams: int | None,
    clock: Clock,
) -> dict[str, Any]:
    """Measure the first model on one runtime with one thread, and the gain of all models.

    Parameters
    ----------
    seconds : length of each measurement, which is cut into `latency.WINDOWS`.
    streams : live streams to run at once; None to search how many one core carries.
    """
    before = machine.state()
    model = models.files[0]
    network = TFLiteNetwork(model, runtime)
    hop = delay_mode(delay).hop
    record = accuracy.noisy_record()
    calls = latency.calls(network, delay, record)
    window = seconds / latency.WINDOWS
    latency.warm_up(calls)
    latencies, idle, energy = _latencies(calls, hop, seconds, clock)
    p50 = latencies["latency_us"][latency.STEP]["back to back"]["p50"]
    length = len(record) / FS
    denoiser = StreamingDenoiser(network, delay=delay)
    factors: dict[str, float | None] = {
        "hop by hop": hop / FS * 1e6 / p50,
        "whole record": length / _whole_record_seconds(denoiser, record, clock),
    }
    for name, taken in subprocesses.other_filters(record, FS).items():
        factors[name] = None if taken is None else length / taken
    package = RUNTIMES[network.runtime].package
    figures = {
        "schema": SCHEMA,
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "versions": package_versions(_VERSIONS),
        "device": device(),
        "runtime": {
            "name": network.runtime,
            "version": package_versions((package,))[package],
            "threads": 1,
            "delegated": model_stats.delegated(network.interpreter),
        },
        "model": _model_stats(model, network),
        "windows": {
            "count": latency.WINDOWS,
            "seconds": window,
            "complete": window >= latency.MIN_WINDOW_SECONDS,
        },
        "hop_samples": hop,
        "delay_samples": denoiser.delay_samples,
        **latencies,
        "pacing": {"late_us": latency.percentiles(latency.in_windows(idle.late))},
        "energy": energy,
        "real_time_factor": factors,
        "streams": _streams(network, record, delay, window, streams, clock),
        "start": subprocesses.import_and_load_seconds(model, network.runtime),
        "peak_memory_mb": peak_memory(),  # before others are loaded for their accuracy
        "accuracy": gains(models, network, delay),
    }
    after = machine.state()
    warnings = machine.warnings(before, after, figures["device"]["cores"])
    return {**figures, "state": {"before": before, "after": after, "warnings": warnings}}


def gains(models: Models, network: TFLiteNetwork, delay: str | int) -> dict[str, Any]:
    """Gain of each model, and its distance from that in float; `network` runs the first one."""
    rows: list[dict[str, Any]] = []
    for path in models.files:
        runs = network if path == network.path else TFLiteNetwork(path, network.runtime)
        numbers = model_stats.precision(runs.interpreter)
        rows.append({**_file_facts(path, numbers), **accuracy.gain(runs, delay)})
    problem = None
    trained = models.reference
    if trained is not None and all(row["precision"] != "float32" for row in rows):
        try:
            found = subprocesses.keras_gain(trained, delay)
        except subprocesses.ProcessError as error:
            problem = f"{trained.name}: {error.reason}"
        else:
            rows.append({**_file_facts(trained, "float32"), **found})
    exact = next((row for row in rows if row["precision"] == "float32"), None)
    for row in rows:
        row["minus_float_db"] = row["mean_db"] - exact["mean_db"] if exact else None
    return {
        **accuracy.conditions(),
        "models": rows,
        "float": exact["file"] if exact else None,
        "problem": problem,
    }


def _file_facts(model: Path, precision: str) -> dict[str, str]:
    return {"file": model.name, "sha256": sha256(model), "precision": precision}


def _model_stats(model: Path, network: TFLiteNetwork) -> dict[str, Any]:
    return {
        "file": model.name,
        "bytes": model.stat().st_size,
        "sha256": sha256(model),
        "precision": model_stats.precision(network.interpreter),
        "operators": model_stats.operators(model),
        "macs": model_stats.macs(model),
        "arena_bytes": subprocesses.arena(model),
    }


def _latencies(
    calls: dict[str, latency.Call], hop: int, seconds: float, clock: Clock
) -> tuple[dict[str, Any], latency.Paced, dict[str, Any] | None]:
    """Latencies, pacing of an idle engine, and energy where there is a meter."""

    def rest() -> latency.Paced:
        return latency.paced(lambda: None, hop, seconds, clock)

    def work() -> Mapping[str, Sequence[Sequence[float]]]:
        window = seconds / latency.WINDOWS
        return latency.back_to_back({latency.STEP: calls[latency.STEP]}, window, clock)

    meter = machine.meter()
    if meter is None:
        return latency.measure(calls, hop, seconds, clock), rest(), None
    idle, resting = meter.watts(rest, clock.now)
    worked, working = meter.watts(work, clock.now)
    step = np.mean(np.concatenate([np.asarray(w) for w in worked[latency.STEP]]))
    energy = {
        "meter": meter.name,
        "idle_w": resting,
        "busy_w": working,
        "step_uj": float((working - resting) * step * 1e6),
    }
    return latency.measure(calls, hop, seconds, clock), idle, energy


def _whole_record_seconds(denoiser: StreamingDenoiser, record: Floats, clock: Clock) -> float:
    """Shortest time for the record in one push; the first one prepares the interpreter."""
    times = []
    for _ in range(_REPEATS):
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
        "tick_ms": TICK_SECONDS * 1e3,
        "missed_deadlines": run.missed,
        "pieces": len(run.delays),
        "load": run.load,
        "added_delay_ms": {"p50": float(p50), "p99": float(p99), "max": float(worst)},
    }
