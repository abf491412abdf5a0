"""`ecgstream monitor`: the live monitor, or pictures of it where there is no display."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from ecgstream.streamer.live.clock import SystemClock
from ecgstream.tools import options

EXTRA = "monitor"


@click.command()
@options.source
@options.noise("em")
@options.strength
@options.st
@options.with_patient
@click.option(
    "--theme", type=click.Choice(["paper", "dark"]), default="paper", help="Colours of the window."
)
@click.option(
    "--snapshot",
    type=click.Path(path_type=Path),
    help="Open no window: write a picture of it to this PNG, or one of each scene to this folder.",
)
def monitor(snapshot: Path | None, **chosen: Any) -> None:
    """Open the live monitor, replaying a record with noise mixed in.

    What was set in the window is remembered for the next time; an option given here counts more.
    Without a display it runs offscreen for 20 seconds of signal, writes monitor.png and prints
    what it measured. F1 in the window shows all keys.
    """
    from ecgstream.gui import app
    from ecgstream.gui.settings.display_settings import DisplaySettings
    from ecgstream.gui.settings.monitor_settings import MonitorSettings
    from ecgstream.gui.settings.preferences import Preferences

    given = {name for name in chosen if _given(name)}
    if "signal" not in given:
        chosen["signal"] = None  # all of them
    theme = chosen.pop("theme")
    if chosen["noise"] == "none":
        chosen["noise"] = None
    settings, display = MonitorSettings(**chosen), DisplaySettings(theme=theme)
    problem = app.display_problem() if snapshot is None else None
    if problem:
        click.echo(f"No window can be opened ({problem}): running offscreen.")
        snapshot = Path("monitor.png")
    if snapshot is None:
        sys.exit(app.show(settings, display, SystemClock(), Preferences(), given))
    _take(settings, display, snapshot)


def _given(name: str) -> bool:
    source = click.get_current_context().get_parameter_source(name)
    return source is not click.core.ParameterSource.DEFAULT


def _take(settings: Any, display: Any, path: Path) -> None:
    from ecgstream.gui import screenshots
    from ecgstream.gui.window.status_figures import figure_texts

    if path.suffix.lower() != ".png":
        for picture in screenshots.take_screenshots(settings, display, SystemClock(), path):
            click.echo(f"wrote {picture}")
        return
    shown = screenshots.take_screenshot(settings, display, SystemClock(), path)
    kind, level = shown.noise
    rows = {
        "Record": f"{shown.record}, {', '.join(shown.leads)}",
        "Noise": f"{kind} at {level:g} dB" if kind else "none",
        **figure_texts(shown),
    }
    width = max(map(len, rows))
    for caption, text in rows.items():
        click.echo(f"{caption:{width}}  {text}")
    click.echo(f"wrote {path} after {screenshots.SECONDS:g} s of signal; not a medical device")
