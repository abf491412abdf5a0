"""Screenshots of the monitor, taken without a display."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from pyqtgraph.Qt import QtWidgets

from ecgstream.gui.app import expected_qt_warnings_silenced
from ecgstream.gui.playback.snapshot import Excerpt
from ecgstream.gui.playback.worker import Worker
from ecgstream.gui.settings.display_settings import DisplaySettings
from ecgstream.gui.settings.monitor_settings import MonitorSettings
from ecgstream.gui.window.main_window import MainWindow
from ecgstream.streamer.io.records import Record, read_record
from ecgstream.streamer.live.clock import Clock

SECONDS = 20.0
"""Signal replayed before a screenshot, in seconds."""
_OFF = 13.0, 15.0
"""Seconds of the record between which the screenshot `gap` has its lead off."""


@dataclass(frozen=True)
class Screenshot:
    """Recipe of a screenshot: changed settings and display settings, and an action at the end."""

    display: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    remark: str = ""
    read: Callable[..., Record] = read_record
    act: Callable[[MainWindow], None] = lambda window: None


def _lead_off(name: str, data: Path | None = None) -> Record:
    """Read a record, with its lead off for a while."""
    record = read_record(name, data)
    signals = record.signals.copy()
    begin, end = (round(second * record.fs) for second in _OFF)
    signals[begin:end] = np.nan
    return replace(record, signals=signals)


def _measure(window: MainWindow) -> None:
    """Freeze, and measure with the caliper from one detected beat to the next."""
    window.navigation.toggle_caliper()
    window.refresh()
    shown = window.drawn
    if shown is not None and len(shown.peaks) > 3:
        middle = len(shown.peaks) // 2
        first, second = shown.peaks[middle : middle + 2]
        window.sheet.caliper.set_times(
            (shown.first + first) / shown.fs, (shown.first + second) / shown.fs
        )


SCREENSHOTS = {
    "paper": Screenshot(),
    "dark": Screenshot({"theme": "dark"}, {"noise": "mix", "snr": 6.0}),
    "gap": Screenshot(
        remark=f"Made for this picture: the lead is off from {_OFF[0]:g} s to {_OFF[1]:g} s",
        read=_lead_off,
    ),
    "caliper": Screenshot(act=_measure),
    "overlaid": Screenshot(
        {"stacked": False, "kinds": frozenset({"raw", "denoised", "clean"}), "gain": 20.0}
    ),
}
"""Screenshots of the README, by file name."""


def take_screenshot(
    settings: MonitorSettings, display: DisplaySettings, clock: Clock, path: Path
) -> Excerpt:
    """Replay `SECONDS` of signal at full speed and save a screenshot of the window.

    Needs no display. Returns the excerpt on the screenshot.

    Raises
    ------
    RecordError, ModelError, ValueError, OSError, RuntimeError : the record or the model cannot be
        opened, or the file cannot be written.
    """
    return _take(Screenshot(), settings, display, clock, path)


def take_screenshots(
    settings: MonitorSettings, display: DisplaySettings, clock: Clock, folder: Path
) -> dict[Path, Excerpt]:
    """Save each of `SCREENSHOTS` to a folder; see `take_screenshot`."""
    paths = {folder / f"{name}.png": scene for name, scene in SCREENSHOTS.items()}
    return {path: _take(scene, settings, display, clock, path) for path, scene in paths.items()}


def _take(
    scene: Screenshot, settings: MonitorSettings, display: DisplaySettings, clock: Clock, path: Path
) -> Excerpt:
    settings = replace(settings, **scene.settings)
    with _window(settings, replace(display, **scene.display), clock, scene.read) as window:
        snapshot = window.worker.snapshot(SECONDS)
        if snapshot.problem is not None or snapshot.shown is None:
            raise snapshot.problem or RuntimeError("nothing was shown")
        window.remark = scene.remark
        window.grab()  # lays out a window that was never shown
        window.refresh()
        scene.act(window)
        window.refresh()
        path.parent.mkdir(parents=True, exist_ok=True)
        if not window.grab().save(str(path), "PNG", 0):
            raise OSError(f"{path} cannot be written")
        return snapshot.shown


@contextmanager
def _window(
    settings: MonitorSettings, display: DisplaySettings, clock: Clock, read: Callable[..., Record]
) -> Iterator[MainWindow]:
    """Yield a window, never shown, that has replayed `SECONDS`."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"  # Qt may be unable to start on any other
    with expected_qt_warnings_silenced():
        # Not through pyqtgraph, which would scale the window for the missing screen.
        _application = QtWidgets.QApplication.instance() or QtWidgets.QApplication(["ecgstream"])
        worker = Worker(replace(settings, speed=np.inf), clock, hold_after=SECONDS, read=read)
        window = MainWindow(settings, worker, display)
        worker.start()
        try:
            worker.wait()
            yield window
        finally:
            window.close()
