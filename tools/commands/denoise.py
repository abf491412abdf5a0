"""`ecgstream denoise`: files and folders of recordings, on this machine or on a cluster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from ecgstream.streamer.denoiser import StreamingDenoiser
from ecgstream.streamer.io.formats import FORMATS
from ecgstream.streamer.io.units import millivolts
from ecgstream.streamer.live.clock import SystemClock
from ecgstream.streamer.live.interrupt import Interrupt
from ecgstream.streamer.network.shipped import SHIPPED_MODEL
from ecgstream.streamer.network.tflite import TFLiteNetwork
from ecgstream.tools import options
from ecgstream.tools.batch.dask import LOCAL, on_cluster
from ecgstream.tools.batch.discovery import gather
from ecgstream.tools.batch.folder_lock import locked
from ecgstream.tools.batch.job import Outcome, Settings, Task, engine
from ecgstream.tools.batch.output import clear_leftovers
from ecgstream.tools.batch.processes import Event, TaskProgress, on_processes

_NAMES_SHOWN = 12
"""Names of signals in a line of the summary."""


class Units(click.ParamType):
    """A unit of voltage, or a number of adu per mV; becomes mV."""

    name = "units"

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        """Convert to the value of 1 in mV."""
        known = millivolts(str(value))
        if known is not None:
            return known
        try:
            return 1 / options.Number(min=0, min_open=True).convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"{value!r} is neither mV, uV, V nor a number of adu per mV", param, ctx)


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write to; files of a folder keep their place in it.",
)
@click.option(
    "--format",
    "target_format",
    type=click.Choice(list(FORMATS)),
    help="Format of all that is written; that of each input by default.",
)
@click.option("--fs", type=options.Number(100, 2000), help="Hz of CSV and NumPy files.")
@click.option(
    "--units",
    type=Units(),
    help="What CSV and NumPy files are in when they do not say it: mV, uV, V, or a number of "
    "adu per mV.  [default: mV]",
)
@click.option(
    "--signals",
    multiple=True,
    metavar="NAMES",
    help="Signals to denoise: names or numbers from 0, with commas between; may be repeated.  "
    "[default: the ECGs]",
)
@click.option(
    "--time",
    metavar="COLUMN",
    help="Time column of CSV files: its name or number from 0, and its unit if the file does not "
    "say it (t:ms), or none.",
)
@click.option(
    "--strength",
    type=options.Number(0, 1),
    default=1.0,
    show_default=True,
    help="How much of the noise is taken away.",
)
@click.option("--st", is_flag=True, help="Keep the ST segment: no baseline wander is taken away.")
@click.option(
    "--gaps",
    type=click.Choice(["nan", "hold"]),
    default="nan",
    show_default=True,
    help="Leave gaps as they are, or fill them with the last value.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 1024),
    default=1,
    show_default=True,
    help="Processes, one core each.",
)
@click.option(
    "--dask",
    metavar="ADDRESS",
    help=f"Address of a Dask scheduler whose workers do it, or {LOCAL} for a cluster here.",
)
@options.data
@options.model
@options.runtime
@options.delay_or("best")
def denoise(
    inputs: tuple[str, ...],
    out: Path,
    target_format: str | None,
    fs: float | None,
    units: float | None,
    signals: tuple[str, ...],
    time: str | None,
    strength: float,
    st: bool,
    gaps: str,
    jobs: int,
    dask: str | None,
    data: Path | None,
    model: Path | None,
    runtime: str,
    delay: str | int,
) -> None:
    """Denoise recordings: files and folders of WFDB, EDF, BDF, CSV and NumPy.

    Sample k of a written file is sample k of its input: the delay is undone. Signals that are no
    ECG are copied. What is finished stays, and the same command goes on from there; files whose
    settings changed are done again. Beside each file: its flags (.qual or .flags.csv) and a stamp
    (.ecgstream.json).
    """
    network = TFLiteNetwork(model or SHIPPED_MODEL, runtime)
    StreamingDenoiser(network, delay=delay, strength=strength, st=st, gaps=gaps)  # or say why not
    settings = Settings(
        *(delay, strength, st, gaps),
        model=model and model.absolute(),
        runtime=network.runtime,
        fs=fs,
        millivolts=units,
        signals=signals,
        time=time,
        engine=engine(network),
    )
    found = gather(inputs, out, target_format, data)
    if not found.tasks and not found.failures:
        raise ValueError(f"nothing to denoise in {', '.join(inputs)}: no WFDB, EDF, CSV or NumPy")
    if found.own_outputs:
        click.echo(f"{found.own_outputs} files that this command made are left out")
    clock = SystemClock()
    began = clock.now()
    outcomes = list(found.failures)
    with locked(out), Interrupt() as interrupt:
        clear_leftovers(out)
        events = (
            on_cluster(dask, jobs, found.tasks, settings)
            if dask
            else on_processes(jobs, found.tasks, settings)
        )
        for outcome in _with_progress_bar(events, found.tasks):
            if isinstance(outcome, Outcome):
                outcomes.append(outcome)
            if interrupt.wanted:
                break
        events.close()  # type: ignore[attr-defined]
        clear_leftovers(out)
    left = len(found.tasks) + len(found.failures) - len(outcomes)
    _summarize(outcomes, clock.now() - began, left)


def _with_progress_bar(events: Iterator[Event], tasks: Sequence[Task]) -> Iterator[Event]:
    """Pass events on while a progress bar shows them."""
    columns = (
        *(TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:.0f} %")),
        TimeRemainingColumn(),
    )
    shares: dict[Path, float] = {}
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("", total=sum(task.size for task in tasks))
        ended, done = 0, 0.0
        for item in events:
            if item is not None:
                share = item.fraction if isinstance(item, TaskProgress) else 1.0
                done += item.task.size * (share - shares.get(item.task.target, 0.0))
                shares[item.task.target] = share
                ended += isinstance(item, Outcome)
                progress.update(bar, completed=done, description=f"{ended} of {len(tasks)}")
            yield item


def _summarize(outcomes: Sequence[Outcome], seconds: float, left: int) -> None:
    """Print totals and failures; raise when anything failed or is left."""
    failed = [outcome for outcome in outcomes if outcome.failure]
    before = sum(outcome.done_before for outcome in outcomes)
    done = [outcome for outcome in outcomes if not outcome.failure and not outcome.done_before]
    for layout, count in sorted(Counter(outcome.layout for outcome in done).items()):
        if layout:
            click.echo(f"{count} files read with {layout}")
    named = Counter(name for outcome in done for name in outcome.denoised)
    if named:
        click.echo(f"{named.total()} signals denoised: {_listed(named)}")
    for what, found in (
        ("signals copied as they are", [outcome.copied for outcome in done]),
        ("columns left out", [outcome.left_out for outcome in done]),
    ):
        pairs = [pair for names in found for pair in names.items()]
        for why in sorted({why for _, why in pairs}):
            named = Counter(name for name, reason in pairs if reason == why)
            click.echo(f"{named.total()} {what}, {why}: {_listed(named)}")
    for what, count in (
        ("samples without input", sum(outcome.tally.gaps for outcome in done)),
        ("samples flagged as uncertain", sum(outcome.tally.uncertain for outcome in done)),
    ):
        if count:
            click.echo(f"{count} {what}")
    for outcome in done:
        for remark in outcome.tally.remarks:
            click.echo(f"{outcome.task.target}: {remark}")
    for outcome in failed:
        click.echo(f"failed: {outcome.task.source}: {outcome.failure}")
    signals = sum(outcome.tally.seconds for outcome in done)
    click.echo(
        f"{len(done)} denoised, {before} done before, {len(failed)} failed; {signals / 3600:.2f} h "
        f"of signals in {seconds:.1f} s, {signals / seconds:.0f} times real time"
    )
    if left:
        raise click.ClickException(
            f"interrupted: {left} are left, what is finished stays; the same command goes on"
        )
    if failed:
        raise click.ClickException(f"{len(failed)} of {len(outcomes)} failed, as listed above")


def _listed(names: Counter[str]) -> str:
    """The commonest names, as one line."""
    shown = [name for name, _ in names.most_common(_NAMES_SHOWN)]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} other names" if more else "")
