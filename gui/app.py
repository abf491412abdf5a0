"""Opens the monitor, or takes a picture of it where there is no display."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyqtgraph as pg
from pyqtgraph.Qt import QtCore, QtWidgets

from gui.monitor import Monitor
from gui.settings import MonitorSettings
from gui.worker import Shown, Worker
from streamer.replay import Clock

__all__ = ["SECONDS", "MonitorSettings", "display_problem", "show", "snapshot"]

SECONDS = 20.0
"""Signal that is replayed for a picture."""
_PROBE = f"from {pg.Qt.QT_LIB} import QtWidgets; print(QtWidgets.QApplication([]).platformName())"
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


def show(settings: MonitorSettings, clock: Clock) -> int:
    """Open the monitor and return the exit code when it has been closed."""
    with _runtime_folder_unmentioned():
        application = pg.mkQApp("ecgstream")
    worker = Worker(settings, clock)
    window = Monitor(settings, worker)
    interrupt = signal.signal(signal.SIGINT, lambda *_: window.close())
    window.show()
    worker.start()
    try:
        return int(application.exec())
    finally:
        signal.signal(signal.SIGINT, interrupt)
        worker.close()


def snapshot(settings: MonitorSettings, clock: Clock, path: Path) -> Shown:
    """Replay `SECONDS` of signal as fast as it can go and save a picture of the window then.

    Needs no display. Returns what the picture shows.

    Raises
    ------
    RecordError, ModelError, ValueError, OSError, RuntimeError : what the window would have said.
    """
    os.environ["QT_QPA_PLATFORM"] = "offscreen"  # whatever it was: Qt may be unable to start on it
    with _runtime_folder_unmentioned():
        # Not through pyqtgraph, which would scale the picture by what the missing screen claims.
        _application = QtWidgets.QApplication.instance() or QtWidgets.QApplication(["ecgstream"])
    worker = Worker(replace(settings, speed=np.inf), clock, hold_after=SECONDS)
    window = Monitor(settings, worker)
    worker.start()
    try:
        worker.wait()
        view = worker.view(SECONDS)
        if view.problem is not None or view.shown is None:
            raise view.problem or RuntimeError("nothing was shown")
        window.refresh()
        window.grab()  # gives everything in a window that was never shown its size
        window.refresh()
        picture = QtCore.QBuffer()
        window.grab().save(picture, "PNG")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(picture.data()))
    finally:
        window.close()
    return view.shown


@contextmanager
def _runtime_folder_unmentioned() -> Iterator[None]:
    """Keep Qt from telling, as it starts in a container, which folder it takes for its sockets."""

    def pass_on(kind: QtCore.QtMsgType, context: QtCore.QMessageLogContext, text: str) -> None:
        if not text.startswith("QStandardPaths: XDG_RUNTIME_DIR not set"):
            print(QtCore.qFormatLogMessage(kind, context, text), file=sys.stderr)

    before = QtCore.qInstallMessageHandler(pass_on)
    try:
        yield
    finally:
        QtCore.qInstallMessageHandler(before)
