"""The monitor's window."""

from __future__ import annotations

from pyqtgraph.Qt import QtCore, QtGui, QtWidgets

from gui import theme
from gui.controls import Controls
from gui.notice import Notice
from gui.settings import MonitorSettings
from gui.sheet import Sheet
from gui.status import Status
from gui.worker import Shown, State, View, Worker
from streamer.records import RecordError

FRAME = 1000 // 60
"""ms from one picture to the next."""
_ANNOUNCED = 5
"""Seconds for which the window says that the record has begun again."""


class Monitor(QtWidgets.QMainWindow):
    """Shows what a worker replays and hands on what the user wants; the worker ends with it."""

    def __init__(self, settings: MonitorSettings, worker: Worker) -> None:
        super().__init__()
        self.worker = worker
        self.setWindowTitle("ecgstream")
        self.setStyleSheet(theme.STYLE)
        self.controls, self.sheet, self.status = Controls(settings), Sheet(), Status()
        self.notice = Notice(self.sheet)
        central = QtWidgets.QWidget()
        column = QtWidgets.QVBoxLayout(central)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.controls)
        column.addWidget(self.sheet, 1)
        column.addWidget(self.status)
        self.setCentralWidget(central)
        self.resize(1280, 720)
        self._handle: QtGui.QWindow | None = None
        self.controls.running_wanted.connect(worker.set_running)
        self.controls.record_wanted.connect(worker.choose)
        self.controls.noise_wanted.connect(worker.set_noise)
        self.controls.clean.toggled.connect(self.refresh)
        self._drawn: tuple[object, ...] | None = ()
        self._timer = QtCore.QTimer(self, interval=FRAME)
        self._timer.setTimerType(QtCore.Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.refresh)
        self._timer.start()

    def refresh(self) -> None:
        """Bring the whole window up to date."""
        view = self.worker.view(self.sheet.seconds)
        self.controls.show_state(view.state)
        self.controls.show_records(view.choices, view.source.record)
        self.status.show_figures(view.shown)
        self.notice.say(*_card(view))
        shown = view.shown
        if shown is None:
            if self._drawn is not None:
                self._drawn = None
                self.sheet.clear()
            return
        self.setWindowTitle(f"{shown.record} {shown.lead} · ecgstream")
        self.controls.clean.setEnabled(shown.noise.kind is not None)
        clean = self.controls.clean.isEnabled() and self.controls.clean.isChecked()
        note = _note(view.state, shown)
        size = self.sheet.seconds, self.sheet.height()
        drawn = (shown.passes, shown.received, shown.noise, clean, note, size)
        if drawn != self._drawn:
            self._drawn = drawn
            self.sheet.show_clean(clean)
            self.sheet.draw(shown, note)

    def showEvent(self, event: QtGui.QShowEvent | None) -> None:
        """Keep to scale when the window is moved to another screen."""
        super().showEvent(event)
        if self._handle is not self.windowHandle():  # it has one from the first show on
            self._handle = self.windowHandle()
            self._handle.screenChanged.connect(self.sheet.lay_out)

    def closeEvent(self, event: QtGui.QCloseEvent | None) -> None:
        """End everything."""
        self._timer.stop()
        self.hide()  # at once, should the thread take a while
        self.worker.close()
        super().closeEvent(event)


def _card(view: View) -> tuple[str, str]:
    """Title and text of what stands in the way of a trace; empty when nothing does."""
    names = dict(view.choices)
    record = names.get(view.source.record, view.source.record)
    if view.state is State.FAILED:
        remedy = "Correct this and press Try again, or choose another record above."
        return f"Record {record} cannot be shown", f"{_sentence(view.problem)}\n\n{remedy}"
    return (f"Opening record {record} …", "") if view.shown is None else ("", "")


def _sentence(problem: Exception | None) -> str:
    """What the problem says for itself; one that nobody foresaw, with its kind."""
    foreseen = isinstance(problem, (RecordError, ValueError, OSError, RuntimeError))
    return str(problem) if foreseen else f"{type(problem).__name__}: {problem}"


def _note(state: State, shown: Shown) -> str:
    """What to know about the traces."""
    if state is State.PAUSED:
        return "Paused"
    began_again = shown.passes > 1 and shown.received < _ANNOUNCED * shown.fs
    return "The record has ended and begins again" if began_again else ""
