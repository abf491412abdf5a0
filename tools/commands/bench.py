"""`ecgstream bench`: latency, capacity, memory and accuracy on this device."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import track

from ecgstream.streamer.io.atomic import replacing
from ecgstream.streamer.live.clock import SystemClock
from ecgstream.streamer.network.shipped import SHIPPED, SHIPPED_MODEL
from ecgstream.tools import options
from ecgstream.tools.bench import compare, monitor_frames
from ecgstream.tools.bench.configurations import (
    Configuration,
    Models,
    configurations,
    estimated_seconds,
    installed_runtimes,
    measurements,
    models,
)
from ecgstream.tools.bench.latency import MIN_WINDOW_SECONDS, WINDOWS
from ecgstream.tools.bench.measure import measure
from ecgstream.tools.bench.tables import sentences, tables

EXTRA = "train"
_SECONDS = 10.0
"""Default length of each measurement."""


class Streams(click.ParamType):
    """A number of live streams, or `auto`."""

    name = "streams"

    def convert(self, value: Any, param: Any, ctx: Any) -> int | None:
        """Return the number; None for `auto`."""
        if value is None or value == "auto":
            return None
        if str(value).isdigit() and int(value) > 0:
            return int(value)
        self.fail(f"{value!r} is neither auto nor a number of streams", param, ctx)


@click.command()
@click.option(
    "--model",
    "given",
    type=options.ModelFile(path_type=Path, exists=True),
    multiple=True,
    help=f"{', '.join(SHIPPED)}, a .tflite file, or the folder of a training; a .keras file to "
    "compare the accuracy with. May be repeated.  [default: standard]",
)
@options.runtime
@options.delay
@click.option(
    "--seconds",
    type=options.Seconds(),
    help=f"Length of each measurement, in {WINDOWS} windows.  [default: {_SECONDS:g}; "
    f"{WINDOWS * MIN_WINDOW_SECONDS:g} with --full]",
)
@click.option(
    "--streams",
    type=Streams(),
    default="auto",
    show_default=True,
    help="Live streams to run at once; auto finds how many one core carries.",
)
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    metavar="N",
    help="Measure with 2 to N threads, too.  [default: 1; all cores with --full]",
)
@click.option("--full", is_flag=True, help="Every runtime, all threads, XNNPACK on and off.")
@click.option("--gui", is_flag=True, help="Measure the monitor's pictures, too.")
@click.option(
    "--json", "json_path", type=click.Path(path_type=Path), help="Write the figures here."
)
@click.option(
    "--compare",
    "results",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    nargs=2,
    metavar="A.json B.json",
    help="Measure nothing; put two results side by side.",
)
@click.option("--plot", type=click.Path(path_type=Path), help="With --compare: a picture of it.")
def bench(
    given: tuple[Path, ...],
    runtime: str,
    delay: str | int,
    seconds: float | None,
    streams: int | None,
    threads: int | None,
    full: bool,
    gui: bool,
    json_path: Path | None,
    results: tuple[Path, Path] | None,
    plot: Path | None,
) -> None:
    """Measure latency, real-time factor, capacity and memory on this device.

    The bare interpreter call and the whole engine step (standardise, quantize, call, restore,
    overlap-add) for one signal, one hop at a time: back to back, and paced as in a live stream.
    Then a whole record at once, beside what others take for it; how many live streams one core
    carries; what a start costs; and what the model gains on the bundled record. With --gui, what
    the monitor's pictures cost beside bare curves of pyqtgraph, and its memory over an hour of
    signal (a minute or two more).

    --full does all that B5 asks for: windows of ten seconds, and beside the first model on the
    first runtime every model that is given on every runtime that is installed, with 1 to all
    threads, with XNNPACK and without. It takes three to four minutes for each of these.

    \b
    ecgstream bench --full --model runs/shipped --json here.json
    ecgstream bench --compare there.json here.json --plot compare.png

    docs/bench.md says what the figures of --json mean.
    """
    console = Console()
    if results:
        _compare(console, *results, plot)
        return
    if plot:
        raise click.UsageError("--plot goes with --compare A.json B.json")
    seconds = seconds or (WINDOWS * MIN_WINDOW_SECONDS if full else _SECONDS)
    chosen = models(given or (SHIPPED_MODEL,))
    every = _requested(chosen, runtime, threads or (os.cpu_count() or 1 if full else 1), full)
    figures = measure(chosen, runtime, delay, seconds, streams, SystemClock())
    figures["configurations"] = _measured(every, delay, seconds)
    figures["gui"] = monitor_frames.measure(seconds, SystemClock()) if gui else None
    for table in tables(figures):
        console.print(table)
    for sentence in sentences(figures):
        click.echo(sentence)
    if json_path is not None:
        json_path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(json_path) as partial:
            partial.write_text(json.dumps(figures, indent=2) + "\n")


def _requested(chosen: Models, runtime: str, threads: int, full: bool) -> list[Configuration]:
    """Configurations to measure side by side; none where there is only one."""
    there = installed_runtimes()
    runtimes = [runtime] if runtime != "auto" else there if full else there[:1]
    every = configurations(chosen.files, runtimes, threads, (True, False) if full else (True,))
    return every if len(every) > 1 else []


def _measured(every: list[Configuration], delay: str | int, seconds: float) -> list[dict[str, Any]]:
    if not every:
        return []
    console = Console(stderr=True)
    minutes = estimated_seconds(len(every), seconds) / 60
    console.print(f"{len(every)} configurations, about {minutes:.0f} minutes", highlight=False)
    rows = measurements(every, delay, seconds)
    return list(track(rows, "", len(every), console=console, transient=True))


def _compare(console: Console, first: Path, second: Path, plot: Path | None) -> None:
    compared = compare.compare(compare.read(first), compare.read(second))
    for table in compare.tables(compared):
        console.print(table)
    for sentence in compared.sentences:
        click.echo(sentence)
    if plot is not None:
        from ecgstream.tools.bench.plot import save

        save(compared, plot)
        click.echo(f"wrote {plot}")
