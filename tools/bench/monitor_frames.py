"""Cost of painting the monitor, for `ecgstream bench --gui`."""

from __future__ import annotations

import time
from typing import Any

from rich.table import Table

from ecgstream.streamer.live.clock import Clock
from ecgstream.tools.bench.subprocesses import first_paint_seconds
from ecgstream.tools.system.memory import resident_memory


def measure(seconds: float, clock: Clock, hour: int | None = None) -> dict[str, Any]:
    """Measure frames of the monitor in this process, and its start in another one."""
    from ecgstream.gui import benchmark as frames

    opened = first_paint_seconds()  # first: on a machine that does nothing else
    hour = hour or frames.HOUR
    figures = frames.measure(clock, seconds, resident_memory, time.process_time, hour)
    return {**figures, "first_paint_s": opened}


def table(figures: dict[str, Any]) -> Table:
    """Table of the figures."""
    width, height = figures["size"]
    live, memory = figures["live"], figures["memory"]
    shown = Table(
        title=f"A frame with {figures['traces']} traces, {width} × {height}, {figures['qt']}",  # noqa: RUF001
        caption=(
            f"the whole monitor, engine included, takes {live['core_share']:.0%} of one core at "
            f"{live['frames_per_second']:.0f} frames per second; memory over "
            f"{memory['seconds'] / 60:.0f} minutes of signal: {memory['full_mb']:.0f} MB when all "
            f"that is held is full, {memory['end_mb']:.0f} MB at the end; first paint after "
            f"{figures['first_paint_s']:.1f} s"
        ),
    )
    shown.add_column("ms")
    for name in ("p50", "p95", "max", "frames"):
        shown.add_column(name, justify="right")
    for name, values in figures["frame_ms"].items():
        shown.add_row(
            name, *(f"{values[key]:.1f}" for key in ("p50", "p95", "max")), f"{values['frames']:,}"
        )
    return shown
