"""`ecgstream monitor`: the live monitor, or a picture of it where there is no display."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tools import options
from tools.clock import SystemClock


@click.command()
@options.source
@options.noise("em")
@click.option(
    "--snapshot",
    type=click.Path(path_type=Path),
    help="Write a picture of the monitor to this PNG instead of opening a window.",
)
def monitor(
    record: str,
    signal: int,
    start: float,
    noise: str,
    snr: float,
    speed: float,
    data: Path | None,
    model: Path | None,
    runtime: str,
    delay: str | int,
    snapshot: Path | None,
) -> None:
    """Open the live monitor, replaying a record with noise mixed in.

    Without a display it runs offscreen for 20 seconds of signal, writes monitor.png and prints
    what it measured.
    """
    from gui import app
    from gui.status import figure_texts

    settings = app.MonitorSettings(
        record=record,
        data=data,
        signal=signal,
        start=start,
        noise=None if noise == "none" else noise,
        snr=snr,
        model=model,
        delay=delay,
        runtime=runtime,
        speed=speed,
    )
    problem = app.display_problem() if snapshot is None else None
    if problem:
        click.echo(f"No window can be opened ({problem}): running offscreen.")
        snapshot = Path("monitor.png")
    if snapshot is None:
        sys.exit(app.show(settings, SystemClock()))
    shown = app.snapshot(settings, SystemClock(), snapshot)
    kind, level = shown.noise
    rows = {
        "Record": f"{shown.record}, {shown.lead}",
        "Noise": f"{kind} at {level:g} dB" if kind else "none",
        **figure_texts(shown),
    }
    width = max(map(len, rows))
    for caption, text in rows.items():
        click.echo(f"{caption:{width}}  {text}")
    click.echo(f"wrote {snapshot} after {app.SECONDS:g} s of signal; not a medical device")
