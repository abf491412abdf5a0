"""A stand for tests of the monitor: a real window whose time the test lets pass."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from conftest import FakeClock, Identity
from pyqtgraph.Qt import QtCore, QtGui, QtWidgets

from gui.monitor import Monitor
from gui.paper import pixels_per_mm
from gui.settings import MonitorSettings
from gui.sheet import AHEAD
from gui.worker import Shown, Worker

FS = 360
SUM_OF_3 = np.ones(3)
"""Smooths a profile, so that a line counts the same on one pixel as between two."""


class Gate(FakeClock):
    """Time that passes only while somebody sleeps, and only as far as the test allows."""

    def __init__(self) -> None:
        super().__init__()
        self.allowed = 0.0
        self._change = threading.Condition()

    def sleep(self, seconds: float) -> None:
        end = self.time + seconds
        with self._change:
            self._change.wait_for(lambda: self.allowed >= end - 1e-9)
        self.time = end

    def allow(self, seconds: float) -> None:
        with self._change:
            self.allowed += seconds
            self._change.notify_all()


class Stand:
    """A monitor, opened with an identity for a model and no noise unless told otherwise."""

    window: Monitor

    def __init__(self, qtbot: Any) -> None:
        self.qtbot, self.gate = qtbot, Gate()

    def open(self, **settings: Any) -> Monitor:
        chosen = MonitorSettings(**{"model": Identity(), "noise": None} | settings)
        self.window = Monitor(chosen, Worker(chosen, self.gate))
        # Time must go on for the thread to end.
        self.qtbot.addWidget(self.window, before_close_func=lambda _: self.gate.allow(np.inf))
        self.window.show()
        self.window.worker.start()
        return self.window

    def play(self, seconds: float) -> Shown:
        """Let so much signal arrive and be drawn."""
        self.gate.allow(seconds)
        self.qtbot.waitUntil(lambda: self.received == round(self.gate.allowed * FS))
        self.window.refresh()
        return self.shown

    def click(self, widget: QtWidgets.QWidget) -> None:
        inside = QtCore.QPoint(8, widget.height() // 2)
        self.qtbot.mouseClick(widget, QtCore.Qt.MouseButton.LeftButton, pos=inside)

    @property
    def shown(self) -> Shown:
        """What there is to show, all of it."""
        shown = self.window.worker.view(60).shown
        assert shown is not None
        return shown

    @property
    def received(self) -> int:
        shown = self.window.worker.view(0).shown
        return shown.stretch.start if shown else 0

    @property
    def scale(self) -> float:
        return pixels_per_mm(self.window.screen())

    def traced(self, strip: int) -> tuple[npt.NDArray[np.bool_], float]:
        """Pixels of the trace around a strip's isoelectric line, and that line's row there."""
        dark = darkness(self.window.sheet)
        zero = len(dark) - self.window.sheet.strips[strip].y() * self.scale
        top = round(zero - 14 * self.scale)
        return dark[top : round(zero + 4 * self.scale)] > 85, zero - top

    def column(self, second: float) -> float:
        """Where that second of the record is to be drawn, in pixels."""
        late = self.received / FS - second
        return float(self.window.sheet.width() - self.scale * (AHEAD + 25 * late))


def darkness(widget: QtWidgets.QWidget) -> npt.NDArray[Any]:
    """How dark each pixel is in green, in which the paper is light and all traces dark."""
    image = widget.grab().toImage().convertToFormat(QtGui.QImage.Format.Format_RGB32)
    pointer = image.constBits()
    pointer.setsize(image.sizeInBytes())
    pixels = np.frombuffer(pointer, np.uint8).reshape(image.height(), image.width(), 4)
    return 255.0 - pixels[..., 1]


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
