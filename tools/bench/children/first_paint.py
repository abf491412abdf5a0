"""Open the monitor offscreen until it has been painted once."""

from __future__ import annotations

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

import ecgstream.tools.cli
import ecgstream.tools.commands.monitor  # noqa: F401 - their imports are a part of the start
from ecgstream.gui.app import display_problem, show
from ecgstream.gui.settings.display_settings import DisplaySettings
from ecgstream.gui.settings.monitor_settings import MonitorSettings
from ecgstream.gui.settings.preferences import Preferences
from ecgstream.gui.window.main_window import MainWindow
from ecgstream.streamer.live.clock import SystemClock


def measure() -> float:
    """Moment of the first paint in seconds of the system's monotonic clock."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    display_problem()
    painted: list[float] = []

    def close(window: MainWindow) -> None:
        painted.append(monotonic())
        window.close()

    with TemporaryDirectory() as folder:
        preferences = Preferences(Path(folder) / "monitor.ini")
        show(MonitorSettings(), DisplaySettings(), SystemClock(), preferences, painted=close)
    return painted[0]


if __name__ == "__main__":
    print(json.dumps(measure()))
