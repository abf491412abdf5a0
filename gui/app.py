"""Opens the monitor, or takes a picture of it where there is no display."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyqtgraph as pg
from pyqtgraph.Qt import QtCore, QtWidgets

from gui.monitor import Monitor
from gui.session import Figures
from gui.settings import MonitorSettings, Noise
from gui.worker import Worker
from streamer.replay import Clock

__all__ = ["MonitorSettings", "Summary", "display_problem", "show", "snapshot"]

_PROBE = f"from {pg.Qt.QT_LIB} import QtWidgets; QtWidgets.QApplication([])"


@dataclass(frozen=True)
class Summary:
    """What a picture of the monitor shows."""

    record: str
    lead: str
    noise: Noise
    seconds: float  # of signal replayed
    delay: int  # samples, declared
    fs: float  # Hz
    figures: Figures


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
        return None
    reasons = [line for line in probe.stderr.splitlines() if line.startswith("qt.qpa")]
    return reasons[0].partition(": ")[2] if reasons else "Qt cannot start"


def show(settings: MonitorSettings, clock: Clock) -> int:
    """Open the monitor and return the exit code when it has been closed."""
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


def snapshot(settings: MonitorSettings, clock: Clock, path: Path, seconds: float = 20.0) -> Summary:
    """Replay `seconds` of signal as fast as it can go and save a picture of the window then.

    Needs no display.

    Raises
    ------
    RecordError, ModelError, ValueError, OSError, RuntimeError : what the window would have said.
    """
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    # Not through pyqtgraph, which would scale the picture by what the missing screen claims.
    _application = QtWidgets.QApplication.instance() or QtWidgets.QApplication(["ecgstream"])
    worker = Worker(replace(settings, speed=np.inf), clock, hold_after=seconds)
    window = Monitor(settings, worker)
    worker.start()
    try:
        worker.wait()
        view = worker.view(seconds)
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
    shown = view.shown
    return Summary(
        shown.record, shown.lead, shown.noise, seconds, shown.delay, shown.fs, shown.figures
    )
