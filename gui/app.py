"""Opens the monitor, or takes pictures of it where there is no display."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager

import pyqtgraph as pg
from pyqtgraph.Qt import QtCore

from ecgstream.gui.errors import ExceptionReporter
from ecgstream.gui.playback.worker import Worker
from ecgstream.gui.settings.display_settings import DisplaySettings
from ecgstream.gui.settings.monitor_settings import MonitorSettings
from ecgstream.gui.settings.preferences import Preferences
from ecgstream.gui.window.main_window import MainWindow
from ecgstream.streamer.live.clock import Clock

_PROBE = f"from {pg.Qt.QT_LIB} import QtWidgets; print(QtWidgets.QApplication([]).platformName())"
_UNMENTIONED = ("QStandardPaths: XDG_RUNTIME_DIR not set", "This plugin does not support")
_WINDOWLESS = ("offscreen", "minimal")
"""Qt's platforms that draw, but show nothing to anybody."""


def display_problem() -> str | None:
    """Why no window can be opened here; None when one can.

    Qt ends the process where it finds no display or lacks a system library, so another one tries.
    """
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY")
        or os.environ.get("WAYLAND_DISPLAY")
        or os.environ.get("QT_QPA_PLATFORM")
    ):
        return "there is no display"
    probe = subprocess.run(
        [sys.executable, "-c", _PROBE], capture_output=True, text=True, errors="replace"
    )
    if probe.returncode == 0:
        platform = probe.stdout.strip()
        return f"QT_QPA_PLATFORM asks for {platform}" if platform in _WINDOWLESS else None
    reasons = [line for line in probe.stderr.splitlines() if line.startswith("qt.qpa")]
    return reasons[0].partition(": ")[2].strip() if reasons else "Qt cannot start"


def show(
    settings: MonitorSettings,
    display: DisplaySettings,
    clock: Clock,
    preferences: Preferences,
    given: Container[str] = (),
    painted: Callable[[MainWindow], object] = lambda window: None,
) -> int:
    """Open the monitor and return the exit code when it has been closed.

    Parameters
    ----------
    settings, display : what to begin with.
    clock : where time comes from.
    preferences : settings and display as they were left last time; those in `given` count.
    painted : called when the window has been drawn for the first time.
    """
    with qt_kept_quiet():
        application = pg.mkQApp("ecgstream")
    settings, display = preferences.recall(settings, display, given)
    worker = Worker(settings, clock)
    window = MainWindow(settings, worker, display, preferences)
    reporter = ExceptionReporter(preferences.path.with_suffix(".log"))
    reporter.met.connect(window.banner.show_warning)
    interrupt = signal.signal(signal.SIGINT, lambda *_: window.close())

    def begin() -> None:
        worker.start()  # what it imports and loads would have held up the window
        painted(window)

    if (
        preferences.geometry().isEmpty()
    ):  # a small screen of 100 dpi has fewer of Qt's pixels than it
        window.resize(window.size().boundedTo(window.screen().availableSize()))
    window.painted.connect(begin, QtCore.Qt.ConnectionType.QueuedConnection)
    window.show()
    try:
        with reporter.caught():
            return int(application.exec())
    finally:
        signal.signal(signal.SIGINT, interrupt)
        worker.close()


@contextmanager
def qt_kept_quiet() -> Iterator[None]:
    """Keep Qt from telling what it has to do without in a container or offscreen."""

    def pass_on(kind: QtCore.QtMsgType, context: QtCore.QMessageLogContext, text: str) -> None:
        if not text.startswith(_UNMENTIONED):
            print(QtCore.qFormatLogMessage(kind, context, text), file=sys.stderr)

    before = QtCore.qInstallMessageHandler(pass_on)
    try:
        yield
    finally:
        QtCore.qInstallMessageHandler(before)
