"""`ecgstream monitor`: the live monitor, or a picture of it where there is no display."""

from __future__ import annotations

import os
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
    if snapshot is None and not has_display():
        click.echo("No display (neither DISPLAY nor WAYLAND_DISPLAY is set): running offscreen.")
        snapshot = Path("monitor.png")
    if snapshot is not None:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
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
    if snapshot is None:
        sys.exit(app.show(settings, SystemClock()))
    figures = app.snapshot(settings, SystemClock(), snapshot)
    click.echo(str(figures))
    click.echo(f"wrote {snapshot}")


def has_display() -> bool:
    """Whether a window could be opened here."""
    if not sys.platform.startswith("linux"):
        return True
    return bool(
        os.environ.get("DISPLAY")
        or os.environ.get("WAYLAND_DISPLAY")
        or os.environ.get("QT_QPA_PLATFORM") == "offscreen"
    )
