"""Frame benchmark: time per frame beside bare curves, live load, and memory over an hour."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pyqtgraph as pg
from pyqtgraph.Qt import QtCore, QtWidgets

from ecgstream.gui.app import expected_qt_warnings_silenced
from ecgstream.gui.playback.session import EngineSettings, Session
from ecgstream.gui.playback.snapshot import Excerpt
from ecgstream.gui.playback.worker import Worker
from ecgstream.gui.settings.display_settings import TRACE_KINDS, DisplaySettings
from ecgstream.gui.settings.monitor_settings import MonitorSettings, Noise
from ecgstream.gui.settings.theme import THEMES
from ecgstream.gui.sheet.sheet import Sheet
from ecgstream.gui.sheet.traces import signal
from ecgstream.gui.window.main_window import MainWindow
from ecgstream.streamer.engine.delay import FS
from ecgstream.streamer.io.records import Record, read_record
from ecgstream.streamer.live.clock import Clock
from ecgstream.streamer.live.sinks.base import Step

SIZE = 1200, 800
FRAMES_PER_SECOND = 60
HOUR = 3600
"""Signal of the memory measurement, in seconds."""

_DISPLAY = DisplaySettings(kinds=frozenset(TRACE_KINDS))
"""Four traces of one lead."""
_ROUND_FRAMES = 60
"""Frames drawn by one widget before the next one's turn, so that all see the same machine."""
_FILLED_SECONDS = 900
"""Signal after which the history is full."""
_WARM_UP_SECONDS = 1.0
"""Time of the whole monitor before the measurement."""


class PaintCounter(QtCore.QObject):
    """Count the paint events of a widget."""

    def __init__(self, widget: QtWidgets.QWidget) -> None:
        super().__init__()
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, _: QtCore.QObject, event: QtCore.QEvent) -> bool:
        """Count paint events, and filter nothing."""
        self.count += event.type() == QtCore.QEvent.Type.Paint
        return False


class BareCurves(pg.PlotWidget):
    """Curves of pyqtgraph at their fastest: one pixel wide, with a fixed range and no grid."""

    def __init__(self, antialias: bool) -> None:
        super().__init__(background=THEMES["paper"].paper)
        pen = pg.mkPen(THEMES["paper"].raw, width=1)
        self._curves = [
            pg.PlotCurveItem(pen=pen, connect="finite", antialias=antialias) for _ in TRACE_KINDS
        ]
        for curve in self._curves:
            self.addItem(curve)
        self.setYRange(-2 * len(TRACE_KINDS), 2, padding=0)

    def draw(self, shown: Excerpt) -> None:
        """Draw the kinds of an excerpt, one below the other."""
        x = np.arange(len(shown.segment.input))
        self.setXRange(0, len(x), padding=0)
        for n, (curve, kind) in enumerate(zip(self._curves, TRACE_KINDS, strict=True)):
            curve.setData(x, signal(shown.segment, kind, 0) - 2 * n)


def measure(
    clock: Clock,
    seconds: float,
    memory: Callable[[], float],
    processor: Callable[[], float],
    hour: int = HOUR,
) -> dict[str, Any]:
    """Measure four traces offscreen at 1200 x 800 pixels; times in ms.

    Parameters
    ----------
    clock : real time.
    seconds : of each measurement.
    memory : resident memory of this process, in MB.
    processor : seconds that this process has had a core for, all its threads together.
    hour : seconds of signal for the memory.
    """
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    with expected_qt_warnings_silenced():
        application = QtWidgets.QApplication.instance() or QtWidgets.QApplication(["ecgstream"])
        return {
            "qt": f"{pg.Qt.QT_LIB} {pg.Qt.QtVersion}",
            "size": list(SIZE),
            "traces": len(TRACE_KINDS),
            "frame_ms": _frames(application, clock, seconds),
            "live": _live(clock, processor, seconds),
            "memory": _memory(clock, memory, hour),
        }


def _long(name: str, data: Path | None) -> Record:
    """Read a record, repeated to an hour: the history is cleared where a record begins again."""
    record = read_record(name, data)
    copies = math.ceil(HOUR * record.fs / len(record.signals))
    return replace(record, signals=np.tile(record.signals, (copies, 1)))


def _replayed(samples: int, seconds: Callable[[], float]) -> Iterator[Excerpt]:
    """Yield excerpts of a noisy record without end, each `samples` further."""
    settings = MonitorSettings()
    engine = EngineSettings(settings.delay, settings.strength, settings.st)
    session = Session(settings, settings.source, engine, read_record)
    session.mix(Noise(settings.noise, settings.snr))
    run_number = count(1)
    while True:
        piece = session.replay.read(samples)
        if piece is None:
            session.begin(0, next(run_number))
            session.denoiser.reset()
            continue
        session.write(Step(piece, session.denoiser.push(piece.input), 0, 0.0))
        yield session.present.excerpt(seconds(), None, session.present.figures)


def _frames(
    application: QtWidgets.QApplication, clock: Clock, seconds: float
) -> dict[str, dict[str, float]]:
    """Measure the time from an excerpt to painted pixels; the engine counts in `_live`."""
    sheet, bare, smooth = Sheet(_DISPLAY), BareCurves(False), BareCurves(True)
    painted: dict[str, tuple[QtWidgets.QWidget, Callable[[Excerpt], object]]] = {
        "monitor": (sheet, sheet.draw),
        "pyqtgraph": (bare.viewport(), bare.draw),
        "pyqtgraph, smooth": (smooth.viewport(), smooth.draw),
    }
    for widget in (sheet, bare, smooth):
        widget.resize(*SIZE)
        widget.show()
    application.processEvents()
    stream = _replayed(round(FS / FRAMES_PER_SECOND), lambda: sheet.seconds)
    for _ in range(round(sheet.seconds * FRAMES_PER_SECOND)):  # until the sheet is full
        shown = next(stream)
    for widget, draw in painted.values():
        draw(shown)
        widget.repaint()
    paints = {name: PaintCounter(widget) for name, (widget, _) in painted.items()}
    times: dict[str, list[float]] = {name: [] for name in painted}
    end = clock.now() + seconds * len(painted)
    while clock.now() < end:
        for name, (widget, draw) in painted.items():
            for _ in range(_ROUND_FRAMES):
                shown = next(stream)
                began = clock.now()
                draw(shown)
                widget.repaint()
                times[name].append(clock.now() - began)
    for widget in (sheet, bare, smooth):
        widget.close()
    for name, each in times.items():
        if paints[name].count < len(each):
            raise RuntimeError(f"{name}: {paints[name].count} of {len(each)} frames were painted")
    return {name: _percentiles(each) for name, each in times.items()}


def _live(clock: Clock, processor: Callable[[], float], seconds: float) -> dict[str, float]:
    """Measure the whole monitor in real time, its engine included."""
    with _running(Worker(MonitorSettings(), clock)) as window:
        while _received(window.worker) == 0:
            _wait(_WARM_UP_SECONDS / 10)
        _wait(_WARM_UP_SECONDS)
        painted, began, used = window.sheet.painted, clock.now(), processor()
        _wait(seconds)
        lasted = clock.now() - began
        return {
            "core_share": (processor() - used) / lasted,
            "frames_per_second": (window.sheet.painted - painted) / lasted,
        }


def _memory(clock: Clock, memory: Callable[[], float], hour: int) -> dict[str, float]:
    """Measure resident memory in MB when the history is full, and at the end.

    The whole monitor, window and worker, replays at full speed: the samples of that time, but
    fewer frames, since it takes less than a minute.
    """
    fastest = replace(MonitorSettings(), speed=math.inf)
    full = math.nan
    with _running(Worker(fastest, clock, hold_after=hour, read=_long)) as window:
        while (received := _received(window.worker)) < hour:
            if math.isnan(full) and received >= min(_FILLED_SECONDS, hour / 2):
                full = memory()
            _wait(_WARM_UP_SECONDS / 20)
        return {"seconds": hour, "full_mb": full, "end_mb": memory()}


@contextmanager
def _running(worker: Worker) -> Iterator[MainWindow]:
    """Yield a window with a sheet of `SIZE` whose worker runs."""
    window = MainWindow(MonitorSettings(), worker, _DISPLAY)
    window.show()
    QtWidgets.QApplication.processEvents()
    window.resize(SIZE[0], SIZE[1] + window.height() - window.sheet.height())
    worker.start()
    try:
        yield window
    finally:
        window.close()


def _received(worker: Worker) -> float:
    """Return the seconds of signal received so far."""
    snapshot = worker.snapshot(0)
    if snapshot.problem is not None:
        raise snapshot.problem
    return snapshot.shown.received / snapshot.shown.fs if snapshot.shown is not None else 0.0


def _wait(seconds: float) -> None:
    """Run Qt's event loop for a time."""
    loop = QtCore.QEventLoop()
    QtCore.QTimer.singleShot(max(1, round(1000 * seconds)), loop.quit)
    loop.exec()


def _percentiles(times: list[float]) -> dict[str, float]:
    p50, p95, worst = np.percentile(np.array(times) * 1e3, [50, 95, 100])
    return {"p50": float(p50), "p95": float(p95), "max": float(worst), "frames": len(times)}
