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
    summary = app.snapshot(settings, SystemClock(), snapshot)
    figures = summary.figures
    delay_seconds = summary.delay / summary.fs
    kind, level = summary.noise
    rows = {
        "record": f"{summary.record}, {summary.lead}, {summary.seconds:g} s replayed",
        "noise": f"{kind} at {level:g} dB" if kind else "none",
        "heart rate": f"{figures.heart_rate:.0f} bpm",
        "delay": f"{delay_seconds:.3f} s, {summary.delay} samples",
        "ΔSNR": f"{figures.delta_snr:+.1f} dB over the last seconds",
        "real-time factor": f"{figures.real_time_factor:.0f}",
        "dropped samples": f"{figures.dropped}",
    }
    for key, value in rows.items():
        click.echo(f"{key:16}  {value}")
    click.echo(f"wrote {snapshot}; not a medical device")
