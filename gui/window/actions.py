"""What each command of `ecgstream.gui.settings.action_table` does to the window."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from pyqtgraph.Qt import QtCore, QtWidgets

from ecgstream.gui.playback.snapshot import State
from ecgstream.gui.settings.action_table import JUMP, NUDGE, STEP
from ecgstream.gui.settings.display_settings import TRACE_KINDS
from ecgstream.gui.sheet.export import DISCLAIMER
from ecgstream.gui.window.messages import clock_time

if TYPE_CHECKING:
    from ecgstream.gui.window.main_window import MainWindow

_PICTURES = ("PNG picture (*.png)", "SVG drawing (*.svg)", "PDF document (*.pdf)")


class CommandDispatcher:
    """Does by name what the user asks of a window."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        settings_model = window.settings_model
        self._deeds: dict[str, Callable[[], object]] = {
            "open": self.open,
            "folder": self._choose_folder,
            "recording": self._record,
            "recordings": self._choose_recordings,
            "strip": self._save_strip,
            "quit": window.close,
            "run": self._run,
            "step": lambda: window.worker.step(STEP),
            "freeze": window.toggle_freeze,
            "caliper": window.toggle_caliper,
            "end later": partial(self._nudge, NUDGE, 1),
            "end earlier": partial(self._nudge, -NUDGE, 1),
            "start later": partial(self._nudge, NUDGE, 0),
            "start earlier": partial(self._nudge, -NUDGE, 0),
            "back": lambda: window.go(-JUMP),
            "forward": lambda: window.go(JUMP),
            "page back": lambda: window.go(-window.sheet.seconds),
            "page forward": lambda: window.go(window.sheet.seconds),
            "first": lambda: window.go_to(0.0),
            "last": window.go_to_newest,
            "go": self._ask_time,
            "less noise": lambda: settings_model.add_level(1),
            "more noise": lambda: settings_model.add_level(-1),
            "stronger": lambda: settings_model.add_strength(0.1),
            "weaker": lambda: settings_model.add_strength(-0.1),
            "overlaid": self._overlay,
            **{
                name: partial(self._toggle, name)
                for name in ("st", "sweep", "annotations", "detections", "flags")
            },
            **{kind: partial(settings_model.toggle_kind, kind) for kind in TRACE_KINDS},
            "full screen": self._fill_screen,
            "help": self._help,
            "about": self._tell_about,
            "leave": self._leave,
        }

    def trigger(self, name: str) -> None:
        """Do it, and show at once what came of it."""
        self._deeds[name]()
        self._window.refresh()

    def open(self) -> None:
        """Ask for a record."""
        window = self._window
        window.record_dialog.ask(window.worker.snapshot(0))

    def _choose_folder(self) -> None:
        dialog = self._ask_folder(
            "Folder of records or databases", self._window.settings_model.settings.data
        )
        dialog.fileSelected.connect(
            lambda path: self._window.settings_model.set("data", Path(path))
        )

    def _choose_recordings(self) -> None:
        dialog = self._ask_folder("Folder for recordings", self._window.recordings)
        dialog.fileSelected.connect(self._set_recordings)

    def _set_recordings(self, path: str) -> None:
        self._window.recordings = Path(path)

    def _ask_folder(self, title: str, now: Path | None) -> QtWidgets.QFileDialog:
        dialog = QtWidgets.QFileDialog(self._window, title, str(now or Path.home()))
        dialog.setFileMode(QtWidgets.QFileDialog.FileMode.Directory)
        dialog.setOption(QtWidgets.QFileDialog.Option.ShowDirsOnly)
        self._open(dialog)
        return dialog

    def _record(self) -> None:
        window = self._window
        snapshot = window.worker.snapshot(0)
        if snapshot.recording is not None and snapshot.recording.going:
            window.worker.record_to(None)
        elif snapshot.shown is not None:
            name = re.sub(r"[^-\w]", "_", snapshot.shown.record, flags=re.ASCII)
            moment = datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
            window.worker.record_to(window.recordings / f"{name}_{moment}")

    def _save_strip(self) -> None:
        window = self._window
        shown = window.drawn
        if shown is None:
            return
        at = (shown.first + shown.stretch.start + len(shown.stretch.input)) / shown.fs
        name = f"{shown.record}_{clock_time(at).replace(':', '-')}.png"
        dialog = QtWidgets.QFileDialog(window, "Save the strip", str(window.pictures / name))
        dialog.setAcceptMode(QtWidgets.QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(_PICTURES)
        dialog.setDefaultSuffix("png")
        dialog.filterSelected.connect(
            lambda kind: dialog.setDefaultSuffix(kind.rpartition(".")[2].strip(")"))
        )
        dialog.selectFile(name)
        dialog.fileSelected.connect(lambda path: window.save_strip(Path(path)))
        self._open(dialog)

    def _run(self) -> None:
        worker = self._window.worker
        worker.set_running(worker.snapshot(0).state in (State.PAUSED, State.FAILED))

    def _nudge(self, seconds: float, end: int) -> None:
        if self._window.sheet.caliper.active:
            self._window.sheet.caliper.nudge(seconds, end)

    def _toggle(self, name: str) -> None:
        settings_model = self._window.settings_model
        settings_model.set(name, not settings_model.get(name))

    def _overlay(self) -> None:
        window = self._window
        leads = window.drawn.leads if window.drawn is not None else ()
        window.settings_model.set("stacked", not window.settings_model.display.stacks(len(leads)))

    def _ask_time(self) -> None:
        dialog = QtWidgets.QInputDialog(self._window)
        dialog.setWindowTitle("Go to a time")
        dialog.setLabelText("Time in the record, as 1:02 or in seconds:")
        dialog.textValueSelected.connect(self._go_to_text)
        self._open(dialog)

    def _go_to_text(self, text: str) -> None:
        second = parse_clock_time(text)
        if second is None:
            self._window.banner.warn(f"{text!r} is no time: write it as 1:02, 1:02:03 or 62.5.")
        else:
            self._window.go_to(second)

    def _fill_screen(self) -> None:
        window = self._window
        if window.isFullScreen():
            window.showNormal()
        else:
            window.showFullScreen()

    def _help(self) -> None:
        overlay = self._window.help
        if overlay.isVisible():
            overlay.hide()
        else:
            overlay.show()

    def _tell_about(self) -> None:
        box = QtWidgets.QMessageBox(self._window)
        box.setWindowTitle("About ecgstream")
        box.setText(
            f"<b>ecgstream {version('ecgstream')}</b><br>Cleans an ECG while it arrives.<br><br>"
            f"{DISCLAIMER}: not for diagnosis, monitoring or therapy.<br>"
            "MIT licence. Records and noise from PhysioNet, ODC-By 1.0."
        )
        self._open(box)

    def _leave(self) -> None:
        window = self._window
        if window.help.isVisible():
            window.help.hide()
        elif window.sheet.caliper.active:
            window.toggle_caliper()
        elif window.freeze.end is not None:
            window.toggle_freeze()

    def _open(self, dialog: QtWidgets.QDialog) -> None:
        """Show it before the window, which goes on behind it."""
        dialog.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()


def parse_clock_time(text: str) -> float | None:
    """Seconds of `1:02:03`, `1:02` or `62.5`; None where it is none of them."""
    if not re.fullmatch(r"\s*(\d+:){0,2}\d+([.,]\d+)?\s*", text):
        return None
    seconds = 0.0
    for part in text.replace(",", ".").split(":"):
        seconds = 60 * seconds + float(part)
    return seconds
