"""Actions of the main window, one for each command of the action table."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

from pyqtgraph.Qt import QtCore, QtWidgets

from ecgstream.gui.playback.snapshot import State
from ecgstream.gui.playback.worker import Worker
from ecgstream.gui.settings.action_table import JUMP, NUDGE, STEP
from ecgstream.gui.settings.display_settings import TRACE_KINDS
from ecgstream.gui.sheet.export import DISCLAIMER, caption
from ecgstream.gui.sheet.sheet import Sheet
from ecgstream.gui.window.banner import Banner
from ecgstream.gui.window.help import HelpOverlay
from ecgstream.gui.window.messages import clock_time, reason
from ecgstream.gui.window.navigation import Navigation
from ecgstream.gui.window.record_dialog import RecordDialog
from ecgstream.gui.window.settings_model import SettingsModel

_STRIP_FILTERS = ("PNG picture (*.png)", "SVG drawing (*.svg)", "PDF document (*.pdf)")


@dataclass
class OutputFolders:
    """Folders that files are written to."""

    pictures: Path
    recordings: Path


class CommandDispatcher:
    """Run commands by their names in `ecgstream.gui.settings.action_table`.

    Parameters
    ----------
    window : parent of the dialogs; the command `quit` closes it.
    worker, settings_model, sheet, navigation, banner, help_overlay, record_dialog : acted on.
    folders : offered first for strips and recordings, and changed by the user's choice.
    finished : called after each command, to bring the window up to date.
    """

    def __init__(
        self,
        window: QtWidgets.QMainWindow,
        worker: Worker,
        settings_model: SettingsModel,
        sheet: Sheet,
        navigation: Navigation,
        banner: Banner,
        help_overlay: HelpOverlay,
        record_dialog: RecordDialog,
        folders: OutputFolders,
        finished: Callable[[], object],
    ) -> None:
        self._window, self._worker, self._settings_model = window, worker, settings_model
        self._sheet, self._navigation, self._banner = sheet, navigation, banner
        self._help_overlay, self._record_dialog = help_overlay, record_dialog
        self._folders, self._finished = folders, finished
        self._handlers: dict[str, Callable[[], object]] = {
            "open": self._open_record,
            "folder": self._choose_data_folder,
            "recording": self._toggle_recording,
            "recordings": self._choose_recordings_folder,
            "strip": self._ask_strip_file,
            "quit": window.close,
            "run": self._toggle_running,
            "step": partial(worker.step, STEP),
            "freeze": navigation.toggle_freeze,
            "caliper": navigation.toggle_caliper,
            "end later": partial(self._nudge, NUDGE, 1),
            "end earlier": partial(self._nudge, -NUDGE, 1),
            "start later": partial(self._nudge, NUDGE, 0),
            "start earlier": partial(self._nudge, -NUDGE, 0),
            "back": partial(navigation.move, -JUMP),
            "forward": partial(navigation.move, JUMP),
            "page back": partial(navigation.move_page, -1),
            "page forward": partial(navigation.move_page, 1),
            "first": partial(navigation.move_to, 0.0),
            "last": navigation.move_to_newest,
            "go": self._ask_time,
            "less noise": partial(settings_model.add_level, 1),
            "more noise": partial(settings_model.add_level, -1),
            "stronger": partial(settings_model.add_strength, 0.1),
            "weaker": partial(settings_model.add_strength, -0.1),
            "overlaid": self._toggle_overlaid,
            **{
                name: partial(self._toggle_setting, name)
                for name in ("st", "sweep", "annotations", "detections", "flags")
            },
            **{kind: partial(settings_model.toggle_kind, kind) for kind in TRACE_KINDS},
            "full screen": self._toggle_full_screen,
            "help": self._toggle_help,
            "about": self._show_about,
            "leave": self._leave,
        }

    def trigger(self, name: str) -> None:
        """Run a command and bring the window up to date."""
        self._handlers[name]()
        self._finished()

    def save_strip(self, path: Path) -> None:
        """Save the sheet to a picture, and report in the banner whether that succeeded."""
        drawn = self._navigation.drawn
        if drawn is None:
            return
        try:
            self._sheet.save_strip(path, caption(drawn, self._settings_model.display))
        except (OSError, ValueError) as error:
            self._banner.show_warning(
                f"The strip was not saved: {reason(error)}. Choose another place or name."
            )
        else:
            self._folders.pictures = path.parent
            self._banner.show_news(f"The strip was saved to {path}")

    def _open_record(self) -> None:
        self._record_dialog.open_at(self._worker.snapshot(0))

    def _choose_data_folder(self) -> None:
        dialog = self._ask_folder(
            "Folder of records or databases", self._settings_model.settings.data
        )
        dialog.fileSelected.connect(lambda path: self._settings_model.set("data", Path(path)))

    def _choose_recordings_folder(self) -> None:
        dialog = self._ask_folder("Folder for recordings", self._folders.recordings)
        dialog.fileSelected.connect(self._set_recordings_folder)

    def _set_recordings_folder(self, path: str) -> None:
        self._folders.recordings = Path(path)

    def _ask_folder(self, title: str, current: Path | None) -> QtWidgets.QFileDialog:
        dialog = QtWidgets.QFileDialog(self._window, title, str(current or Path.home()))
        dialog.setFileMode(QtWidgets.QFileDialog.FileMode.Directory)
        dialog.setOption(QtWidgets.QFileDialog.Option.ShowDirsOnly)
        _open_dialog(dialog)
        return dialog

    def _toggle_recording(self) -> None:
        snapshot = self._worker.snapshot(0)
        if snapshot.recording is not None and snapshot.recording.going:
            self._worker.record_to(None)
        elif snapshot.shown is not None:
            name = re.sub(r"[^-\w]", "_", snapshot.shown.record, flags=re.ASCII)
            time = datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
            self._worker.record_to(self._folders.recordings / f"{name}_{time}")

    def _ask_strip_file(self) -> None:
        drawn = self._navigation.drawn
        if drawn is None:
            return
        end = (drawn.first + drawn.segment.start + len(drawn.segment.input)) / drawn.fs
        name = f"{drawn.record}_{clock_time(end).replace(':', '-')}.png"
        path = self._folders.pictures / name
        dialog = QtWidgets.QFileDialog(self._window, "Save the strip", str(path))
        dialog.setAcceptMode(QtWidgets.QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(_STRIP_FILTERS)
        dialog.setDefaultSuffix("png")
        dialog.filterSelected.connect(
            lambda name_filter: dialog.setDefaultSuffix(name_filter.rpartition(".")[2].strip(")"))
        )
        dialog.selectFile(name)
        dialog.fileSelected.connect(lambda chosen: self.save_strip(Path(chosen)))
        _open_dialog(dialog)

    def _toggle_running(self) -> None:
        stopped = self._worker.snapshot(0).state in (State.PAUSED, State.FAILED)
        self._worker.set_running(stopped)

    def _nudge(self, seconds: float, end: int) -> None:
        if self._sheet.caliper.active:
            self._sheet.caliper.nudge(seconds, end)

    def _toggle_setting(self, name: str) -> None:
        self._settings_model.set(name, not self._settings_model.get(name))

    def _toggle_overlaid(self) -> None:
        drawn = self._navigation.drawn
        leads = len(drawn.leads) if drawn is not None else 0
        self._settings_model.set("stacked", not self._settings_model.display.stacks(leads))

    def _ask_time(self) -> None:
        dialog = QtWidgets.QInputDialog(self._window)
        dialog.setWindowTitle("Go to a time")
        dialog.setLabelText("Time in the record, as 1:02 or in seconds:")
        dialog.textValueSelected.connect(self._move_to_text)
        _open_dialog(dialog)

    def _move_to_text(self, text: str) -> None:
        second = parse_clock_time(text)
        if second is None:
            self._banner.show_warning(f"{text!r} is no time: write it as 1:02, 1:02:03 or 62.5.")
        else:
            self._navigation.move_to(second)

    def _toggle_full_screen(self) -> None:
        if self._window.isFullScreen():
            self._window.showNormal()
        else:
            self._window.showFullScreen()

    def _toggle_help(self) -> None:
        self._help_overlay.setVisible(not self._help_overlay.isVisible())

    def _show_about(self) -> None:
        box = QtWidgets.QMessageBox(self._window)
        box.setWindowTitle("About ecgstream")
        box.setText(
            f"<b>ecgstream {version('ecgstream')}</b><br>Cleans an ECG while it arrives.<br><br>"
            f"{DISCLAIMER}: not for diagnosis, monitoring or therapy.<br>"
            "MIT licence. Records and noise from PhysioNet, ODC-By 1.0."
        )
        _open_dialog(box)

    def _leave(self) -> None:
        if self._help_overlay.isVisible():
            self._help_overlay.hide()
        elif self._sheet.caliper.active:
            self._navigation.toggle_caliper()
        elif self._navigation.freeze.end is not None:
            self._navigation.toggle_freeze()


def _open_dialog(dialog: QtWidgets.QDialog) -> None:
    """Open a dialog without blocking the window behind it, and delete it when it is closed."""
    dialog.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()


def parse_clock_time(text: str) -> float | None:
    """Seconds of `1:02:03`, `1:02` or `62.5`; None for any other text."""
    if not re.fullmatch(r"\s*(\d+:){0,2}\d+([.,]\d+)?\s*", text):
        return None
    seconds = 0.0
    for part in text.replace(",", ".").split(":"):
        seconds = 60 * seconds + float(part)
    return seconds
