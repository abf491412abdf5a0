"""Application of the monitor: opens the window, and checks for a display."""

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
_EXPECTED_WARNINGS = ("QStandardPaths: XDG_RUNTIME_DIR not set", "This plugin does not support")
_OFFSCREEN_PLATFORMS = ("offscreen", "minimal")
"""Qt platforms that draw without a display."""


def display_problem() -> str | None:
    """Return why no window can be opened here; None when one can.

    A child process tries, since Qt aborts without a display or with a system library missing.
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
        return f"QT_QPA_PLATFORM asks for {platform}" if platform in _OFFSCREEN_PLATFORMS else None
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
    settings, display : initial values.
    clock : paces the replay.
    preferences : stored settings, which replace the initial values except for those in `given`.
    painted : called after the window is drawn for the first time.
    """
    with expected_qt_warnings_silenced():
        application = pg.mkQApp("ecgstream")
    settings, display = preferences.recall(settings, display, given)
    worker = Worker(settings, clock)
    window = MainWindow(settings, worker, display, preferences)
    reporter = ExceptionReporter(preferences.path.with_suffix(".log"))
    reporter.reported.connect(window.banner.show_warning)
    interrupt = signal.signal(signal.SIGINT, lambda *_: window.close())

    def begin() -> None:
        worker.start()  # after the first paint, since its imports and loading take a while
        painted(window)

    if (
        preferences.geometry().isEmpty()
    ):  # a small screen of 100 dpi has fewer of Qt's pixels than it
        window.resize(window.size().boundedTo(window.screen().availableSize()))
    window.painted.connect(begin, QtCore.Qt.ConnectionType.QueuedConnection)
    window.show()
    try:
        with reporter.installed():
            return int(application.exec())
    finally:
        signal.signal(signal.SIGINT, interrupt)
        worker.close()


@contextmanager
def expected_qt_warnings_silenced() -> Iterator[None]:
    """Silence Qt's warnings that are expected in a container or offscreen."""

    def pass_on(kind: QtCore.QtMsgType, context: QtCore.QMessageLogContext, text: str) -> None:
        if not text.startswith(_EXPECTED_WARNINGS):
            print(QtCore.qFormatLogMessage(kind, context, text), file=sys.stderr)

    before = QtCore.qInstallMessageHandler(pass_on)
    try:
        yield
    finally:
        QtCore.qInstallMessageHandler(before)
