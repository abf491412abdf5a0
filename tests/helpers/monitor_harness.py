"""A harness for tests of the monitor: a real window on a clock that the test drives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pyqtgraph.Qt import QtCore, QtWidgets

from ecgstream.gui.playback.snapshot import Excerpt
from ecgstream.gui.playback.worker import Worker
from ecgstream.gui.settings.display_settings import DisplaySettings
from ecgstream.gui.settings.monitor_settings import MonitorSettings
from ecgstream.gui.settings.preferences import Preferences
from ecgstream.gui.window.main_window import MainWindow
from ecgstream.streamer.io.records import Record, read_record
from helpers.fakes import Identity
from helpers.worker_harness import ManualClock

FS = 360


class MonitorHarness:
    """A monitor, opened with an identity for a model and no noise unless told otherwise."""

    window: MainWindow

    def __init__(self, qtbot: Any) -> None:
        self.qtbot, self.gate = qtbot, ManualClock()

    def open(
        self,
        display: DisplaySettings | None = None,
        preferences: Preferences | None = None,
        read: Callable[..., Record] = read_record,
        **settings: Any,
    ) -> MainWindow:
        chosen = MonitorSettings(**{"model": Identity(), "noise": None} | settings)
        worker = Worker(chosen, self.gate, read=read)
        self.gate.idle = lambda: worker.settled
        self.window = MainWindow(chosen, worker, display, preferences)
        # Time must go on for the thread to end.
        self.qtbot.addWidget(self.window, before_close_func=lambda _: self.gate.allow(np.inf))
        self.window.show()
        self.window.worker.start()
        return self.window

    def play(self, seconds: float, speed: float = 1.0) -> Excerpt:
        """Let seconds of signal arrive at a speed, and draw them."""
        self.qtbot.waitUntil(lambda: self.window.worker.snapshot(0).shown is not None)
        end = self.received + round(seconds * FS)
        self.gate.allow(seconds / speed)
        self.qtbot.waitUntil(lambda: self.received == end and self.window.worker.settled)
        self.window.refresh()
        return self.shown

    def click(self, widget: QtWidgets.QWidget) -> None:
        inside = QtCore.QPoint(8, widget.height() // 2)
        self.qtbot.mouseClick(widget, QtCore.Qt.MouseButton.LeftButton, pos=inside)

    @property
    def shown(self) -> Excerpt:
        """All signal that is shown."""
        shown = self.window.worker.snapshot(60).shown
        assert shown is not None
        return shown

    @property
    def received(self) -> int:
        shown = self.window.worker.snapshot(0).shown
        return shown.received if shown else 0


def write_record(folder: Path, name: str, mv: npt.ArrayLike, fs: int = FS, lead: str = "II") -> str:
    """A WFDB record with one signal; NaN marks a gap. Returns its path."""
    folder.mkdir(exist_ok=True)
    samples = np.asarray(mv, float)
    steps = np.where(np.isnan(samples), -32768, np.round(np.nan_to_num(samples) * 200))
    steps.astype("<i2").tofile(folder / f"{name}.dat")
    lines = (f"{name} 1 {fs} {len(samples)}", f"{name}.dat 16 200/mV 16 0 0 0 0 {lead}", "")
    (folder / f"{name}.hea").write_text("\n".join(lines))
    return str(folder / name)


def write_pulses(folder: Path) -> str:
    """A record of ten seconds: 1 mV for 0.2 s from each whole second on. Returns its path."""
    return write_record(folder, "pulses", np.arange(10 * FS) % FS < FS // 5)
