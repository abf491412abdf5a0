"""Tables of the figures of a run, and sentences beside them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.table import Table

from ecgstream.streamer.engine.delay import FS
from ecgstream.tools.bench import monitor_frames
from ecgstream.tools.bench.latency import CALL, MIN_WINDOW_SECONDS, STEP

_UNKNOWN = "not known"
_COLUMNS = (
    "medians of the bare call and the engine step back to back, and of the step in a live stream "
    "with its 99th percentile; steps that missed their deadline; gain; peak memory"
)


def tables(figures: dict[str, Any]) -> list[Table]:
    """Tables of all figures."""
    shown = [_latency(figures), _factors(figures), _core(figures), _conditions(figures)]
    if len(figures["accuracy"]["models"]) > 1:
        shown.append(_accuracy(figures["accuracy"]))
    shown += _configurations(figures["configurations"])
    if figures.get("gui"):
        shown.append(monitor_frames.table(figures["gui"]))
    return shown


def _pair(title: str, values: str = "") -> Table:
    """Table with a name and a value in each row."""
    table = Table(title=title)
    table.add_column("")
    table.add_column(values, justify="right")
    return table


def _latency(figures: dict[str, Any]) -> Table:
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
            numbers = (values[key] for key in ("p50", "p95", "p99", "max", "calls"))
            latency.add_row(what, way, *(f"{v:.0f}" for v in numbers))
    return latency


def _factors(figures: dict[str, Any]) -> Table:
    factors = _pair("Real-time factor, one core", "times real time")
    for name, factor in figures["real_time_factor"].items():
        factors.add_row(name, "not installed" if factor is None else f"{factor:,.0f}")
    return factors


def _core(figures: dict[str, Any]) -> Table:
    streams, start = figures["streams"], figures["start"]
    delays = streams["added_delay_ms"]
    missed = streams["missed_deadlines"]
    core = _pair("One core")
    core.add_row(
        "live streams, no deadline missed" if not missed else "live streams",
        f"{streams['count']:,}",
    )
    core.add_row("deadlines missed", f"{missed:,} of {streams['pieces']:,}")
    core.add_row(
        f"delay added by batching every {streams['tick_ms']:.0f} ms, p50, p99, max",
        f"{delays['p50']:.1f}, {delays['p99']:.1f}, {delays['max']:.1f} ms",
    )
    core.add_row("import of the engine", f"{start['import_s']:.2f} s")
    core.add_row("model load", f"{start['load_s']:.2f} s")
    core.add_row("peak memory of this run", f"{figures['peak_memory_mb']:.0f} MB")
    return core


def _conditions(figures: dict[str, Any]) -> Table:
    windows, deadlines, model = figures["windows"], figures["deadlines"], figures["model"]
    before, after = figures["state"]["before"], figures["state"]["after"]
    step = figures["latency_us"][STEP]["back to back"]["p50_of_windows"]
    shorter = "" if windows["complete"] else f", shorter than the {MIN_WINDOW_SECONDS:g} s of B5"
    shown = Table("", "", title="Conditions")
    shown.add_row("windows", f"{windows['count']} of {windows['seconds']:g} s each{shorter}")
    shown.add_row("engine step, medians of the windows", f"{min(step):.0f} to {max(step):.0f} µs")
    shown.add_row("paced steps that were late", f"{deadlines['missed']} of {deadlines['steps']}")
    for name, late in (
        ("they began late by p50, p99, max", deadlines["late_us"]),
        ("with an idle engine", figures["pacing"]["late_us"]),
    ):
        shown.add_row(
            name, ", ".join(f"{late[k] / 1e3:.2f}" for k in ("p50", "p99", "max")) + " ms"
        )
    shown.add_row("governor", _change(before["governor"], after["governor"]))
    degrees = [
        None if state["temperature_c"] is None else f"{state['temperature_c']:.0f} °C"
        for state in (before, after)
    ]
    shown.add_row("temperature", _change(*degrees))
    shown.add_row("energy", _energy(figures["energy"]))
    macs, operators = model["macs"], model["operators"]
    shown.add_row("multiplications for a window", _UNKNOWN if macs is None else f"{macs:,}")
    arena = model["arena_bytes"]
    shown.add_row(
        "arena on a microcontroller", "no tflite-micro" if arena is None else f"{arena:,} bytes"
    )
    counted = ", ".join(f"{n} {name}" for name, n in (operators or {}).items())
    shown.add_row("operators", counted or _UNKNOWN)
    shown.add_row("handed over to XNNPACK", _yes(figures["runtime"]["delegated"]))
    shown.add_row(_gained(figures["accuracy"]), _gain(figures["accuracy"]["models"][0]))
    return shown


def _change(before: str | None, after: str | None) -> str:
    return before or _UNKNOWN if before == after else f"{before} to {after}"


def _yes(known: bool | None) -> str:
    return _UNKNOWN if known is None else "yes" if known else "no"


def _energy(energy: dict[str, Any] | None) -> str:
    if energy is None:
        return "no meter"
    return (
        f"{energy['idle_w']:.2f} W idle, {energy['busy_w']:.2f} W busy, "
        f"{energy['step_uj']:.0f} µJ for a step ({energy['meter']})"
    )


def _gained(accuracy: dict[str, Any]) -> str:
    return f"gain on the bundled record, {accuracy['noise']} at {accuracy['snr_db']} dB"


def _gain(row: dict[str, Any]) -> str:
    return f"{row['mean_db']:.2f} dB"


def _accuracy(accuracy: dict[str, Any]) -> Table:
    stretches = (
        f"{accuracy['models'][0]['stretches']} stretches of {accuracy['scored_seconds']:g} s"
    )
    what = _gained(accuracy)
    shown = Table(title=f"{what[0].upper()}{what[1:]}, {stretches}")
    shown.add_column("model")
    shown.add_column("numbers")
    for name in ("mean", "median", "more than in float"):
        shown.add_column(name, justify="right")
    for row in accuracy["models"]:
        more = row["minus_float_db"]
        shown.add_row(
            row["file"],
            row["precision"],
            _gain(row),
            f"{row['median_db']:.2f} dB",
            "" if more is None or row["file"] == accuracy["float"] else f"{more:+.2f} dB",
        )
    return shown


def _configurations(rows: list[dict[str, Any]]) -> Iterator[Table]:
    """A table for each model."""
    files = list(dict.fromkeys(row["file"] for row in rows))
    for file in files:
        shown = Table(
            title=f"{file}, each way in a process of its own, µs",
            caption=_COLUMNS if file == files[-1] else None,
            box=None,
            pad_edge=False,
        )
        for name in ("runtime", "XNNPACK"):
            shown.add_column(name)
        for name in ("threads", "call", "step", "live", "p99", "late", "dB", "MB"):
            shown.add_column(name, justify="right")
        for row in rows:
            if row["file"] == file:
                shown.add_row(row["runtime"], *_configuration(row))
        yield shown


def _configuration(row: dict[str, Any]) -> list[str]:
    if row["not_available"]:
        return ["on" if row["xnnpack"] else "off", str(row["threads"]), *["n/a"] * 7]
    delegate = "off" if not row["xnnpack"] else "unused" if row["delegated"] is False else "on"
    call, step = (row["latency_us"][name] for name in (CALL, STEP))
    p50 = (ways["p50"] for ways in (call["back to back"], step["back to back"], step["paced"]))
    return [
        delegate,
        str(row["threads"]),
        *(f"{time:.0f}" for time in (*p50, step["paced"]["p99"])),
        str(row["deadlines"]["missed"]),
        f"{row['gain']['mean_db']:.2f}",
        f"{row['peak_memory_mb']:.0f}",
    ]


def sentences(figures: dict[str, Any]) -> list[str]:
    """Warnings, configurations that failed, and what would make the result complete."""
    accuracy = figures["accuracy"]
    said = [f"Warning: {warning}." for warning in figures["state"]["warnings"]]
    for row in figures["configurations"]:
        if row["not_available"]:
            way = f"threads {row['threads']}, XNNPACK {'on' if row['xnnpack'] else 'off'}"
            where = f"{row['file']} on {row['runtime']}, {way}"
            said.append(f"Not available: {where}: {row['not_available']}.")
    if accuracy["problem"]:
        said.append(f"The trained model was not run: {accuracy['problem']}.")
    if accuracy["float"] is None:
        said.append(
            "What the precision costs is not known without a model in float: add --model with a "
            ".keras file, a float32 .tflite file or the folder of a training."
        )
    return said
