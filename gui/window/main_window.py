"""The monitor's window."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

from pyqtgraph.Qt import QtCore, QtGui, QtWidgets

from ecgstream.gui.playback.record_list import download_folder
from ecgstream.gui.playback.snapshot import Excerpt, ExcerptSource, Snapshot
from ecgstream.gui.playback.worker import Worker
from ecgstream.gui.settings.display_settings import DisplaySettings
from ecgstream.gui.settings.monitor_settings import MonitorSettings
from ecgstream.gui.settings.preferences import Preferences, own_folder
from ecgstream.gui.settings.theme import THEMES
from ecgstream.gui.sheet.export import caption
from ecgstream.gui.sheet.sheet import Sheet
from ecgstream.gui.window.actions import CommandDispatcher
from ecgstream.gui.window.banner import Banner, MessageCard
from ecgstream.gui.window.frame_rate import FrameRate
from ecgstream.gui.window.freeze import Freeze
from ecgstream.gui.window.help import Help
from ecgstream.gui.window.menus import Menus
from ecgstream.gui.window.messages import card, label, note, reason
from ecgstream.gui.window.notifications import Notifications
from ecgstream.gui.window.record_dialog import RecordDialog
from ecgstream.gui.window.settings_model import SettingsModel
from ecgstream.gui.window.status_bar import StatusBar
from ecgstream.gui.window.stylesheet import dress
from ecgstream.gui.window.timeline import Timeline
from ecgstream.gui.window.toolbar import SettingBox, Toolbar

FRAME = 1000 // 60
"""ms from one picture to the next."""
_FIGURES = 15
"""Pictures for which the figures stay, to be read."""


class MainWindow(QtWidgets.QMainWindow):
    """Shows what a worker replays and hands on what the user wants; the worker ends with it.

    Parameters
    ----------
    settings : what the worker began with.
    worker : started and closed by others, or closed with the window.
    display : how to draw.
    preferences : remembers all of it when the window is closed; None remembers nothing.
    """

    painted = QtCore.Signal()
    """The window is drawn for the first time; a queued slot is called when all in it is."""

    def __init__(
        self,
        settings: MonitorSettings,
        worker: Worker,
        display: DisplaySettings | None = None,
        preferences: Preferences | None = None,
    ) -> None:
        super().__init__()
        self.worker, self._preferences = worker, preferences
        display = display or DisplaySettings()
        self.settings_model = SettingsModel(settings, display, worker)
        self.sheet, self.status_bar = Sheet(display), StatusBar()
        self.freeze, self.frames = Freeze(), FrameRate()
        self.remark = ""
        """What to say about the traces in any case."""
        self.note = ""
        """What is said about the traces now."""
        self.drawn: Excerpt | None = None
        """What is on the sheet."""
        self._held_in: ExcerptSource | None = None
        self.pictures = own_folder("Pictures")
        self.recordings = preferences.recordings() if preferences else own_folder("Documents")
        self.menus = Menus(self, self.settings_model, lambda name: self.commands.trigger(name))
        self.toolbar = Toolbar(self.settings_model, self.menus)
        self.timeline = Timeline(
            SettingBox("paper_speed", self.settings_model), SettingBox("gain", self.settings_model)
        )
        self.banner, self.message_card, self.help = (
            Banner(self.sheet),
            MessageCard(self.sheet),
            Help(self.sheet),
        )
        self.record_dialog, self.notifications = RecordDialog(self), Notifications(self.banner)
        self.commands = CommandDispatcher(self)
        self._lay_out()
        self._connect()
        self._theme = ""
        self._apply_settings()
        self._handle: QtGui.QWindow | None = None
        self._key: tuple[object, ...] = ()
        self._ticks = 0
        self._seen = False
        self._timer = QtCore.QTimer(self, interval=FRAME)
        self._timer.setTimerType(QtCore.Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    def refresh(self) -> None:
        """Bring the whole window up to date."""
        snapshot = self._draw()
        self.toolbar.show_record(label(snapshot))
        self.notifications.tell(snapshot, self.record_dialog.isVisible())
        self.menus.show_running(snapshot)
        self.menus.actions["freeze"].setChecked(self.freeze.end is not None)
        self.menus.actions["caliper"].setChecked(self.sheet.caliper.active)
        frames = self.frames.per_second(self.sheet.painted, perf_counter())
        self.status_bar.show_figures(snapshot.shown, frames, snapshot.recording)
        if self.record_dialog.isVisible():
            self.record_dialog.show_snapshot(snapshot)

    def _tick(self) -> None:
        self._ticks += 1
        if self._ticks % _FIGURES == 0:
            self.refresh()
        else:
            self._draw()

    def _draw(self) -> Snapshot:
        """Bring what moves up to date."""
        snapshot = self._snapshot(self.sheet.seconds)
        shown, end = snapshot.shown, self.freeze.end
        self.toolbar.show_state(snapshot.state)
        self.message_card.say(*card(snapshot))
        if shown is None:
            self.timeline.show_shown(None, None, 0.0)
            if self.drawn is not None:
                self.drawn, self._held_in, self._key = None, None, ()
                self.sheet.clear()
            return snapshot
        frozen = end is not None
        self.timeline.show_shown(shown, end, self.sheet.seconds)
        self.note = self.remark or note(snapshot.state, shown, frozen)
        newest = end if frozen else (shown.received, shown.denoised)
        place = shown.passes, newest
        if place == self._key[:2] and self.freeze.lacks(shown, self.sheet.seconds):
            return snapshot  # what is on the sheet is held nowhere else any more
        key = (*place, self.note, self.sheet.seconds, self.sheet.size(), shown.in_force)
        if key != self._key:
            if shown.record != (self.drawn.record if self.drawn else ""):
                self.setWindowTitle(f"{shown.record} · ecgstream")
            self.drawn, self._held_in, self._key = shown, snapshot.held_in, key
            self.menus.show_leads(shown.leads)
            self.sheet.draw(shown, self.note, frozen)
        return snapshot

    def _snapshot(self, seconds: float) -> Snapshot:
        """What is looked at: what is held on to, while there is such a thing, else the newest."""
        snapshot = self.worker.snapshot(seconds, self.freeze.end, self.freeze.held_in)
        if self.freeze.end is None or (snapshot.shown and self.freeze.knows(snapshot.shown)):
            return snapshot
        self.freeze.release()
        return self.worker.snapshot(seconds)

    def toggle_freeze(self) -> None:
        """Hold on to what is on the sheet, or show the newest again."""
        if self.freeze.end is not None:
            self.freeze.release()
        elif self.drawn is not None:
            self.freeze.hold(self.drawn, self._held_in)

    def toggle_caliper(self) -> None:
        """Measure on the sheet, which is frozen for that, or no longer."""
        self.sheet.caliper.active = not self.sheet.caliper.active
        if self.sheet.caliper.active and self.freeze.end is None:
            self.toggle_freeze()

    def go(self, seconds: float) -> None:
        """Go so far on, or back: over what is held while frozen, else in the record."""
        shown = self._snapshot(0).shown
        if shown is None:
            return
        if self.freeze.end is not None:
            moved = self.freeze.move(shown, seconds, self.sheet.seconds)
            if not moved and seconds < 0 and shown.held:
                self.banner.tell("What is older than ten minutes is gone.")
        else:
            self._jump(shown, (shown.first + shown.received) / shown.fs + seconds)

    def go_to(self, second: float) -> None:
        """Go to that second of the record: over what is held while frozen."""
        shown = self._snapshot(0).shown
        if shown is None:
            return
        if self.freeze.end is not None:
            self.freeze.look_at(shown, second, self.sheet.seconds)
        else:
            self._jump(shown, second)

    def go_to_newest(self) -> None:
        """Stay frozen, at the newest there is."""
        snapshot = self.worker.snapshot(0)
        if snapshot.shown is not None and self.freeze.end is not None:
            self.freeze.hold(snapshot.shown, snapshot.held_in)

    def save_strip(self, path: Path) -> None:
        """Write what is on the sheet to a picture."""
        if self.drawn is None:
            return
        try:
            self.sheet.save_strip(path, caption(self.drawn, self.settings_model.display))
        except (OSError, ValueError) as error:
            self.banner.warn(
                f"The strip was not saved: {reason(error)}. Choose another place or name."
            )
        else:
            self.pictures = path.parent
            self.banner.tell(f"The strip was saved to {path}")

    def showEvent(self, event: QtGui.QShowEvent | None) -> None:
        """Keep to scale when the window is moved to another screen."""
        super().showEvent(event)
        if self._handle is not self.windowHandle():  # it has one from the first show on
            self._handle = self.windowHandle()
            self._handle.screenChanged.connect(lambda _: self.sheet.update())

    def paintEvent(self, event: QtGui.QPaintEvent | None) -> None:
        """Tell, the first time."""
        super().paintEvent(event)
        if not self._seen:
            self._seen = True
            self.painted.emit()

    def closeEvent(self, event: QtGui.QCloseEvent | None) -> None:
        """Remember, and end everything."""
        self._timer.stop()
        self.record_dialog.close()
        self.hide()  # at once, should the thread take a while
        if self._preferences is not None:
            geometry = self.saveGeometry()
            self._preferences.keep(
                self.settings_model.settings, self.settings_model.display, geometry, self.recordings
            )
        self.worker.close()
        super().closeEvent(event)

    def _jump(self, shown: Excerpt, second: float) -> None:
        latest = (shown.length - 1) / shown.fs
        self.worker.jump(min(max(second, 0.0), latest), before=self.sheet.seconds)

    def _apply_settings(self) -> None:
        display = self.settings_model.display
        self.sheet.display = display
        self.menus.show_settings()
        self.record_dialog.show_folder(download_folder(self.settings_model.settings.data))
        if display.theme != self._theme:
            self._theme = display.theme
            theme = THEMES[self._theme]
            dress(self, theme)
            self.toolbar.dress(theme.text, theme.warning)

    def _drop(self, second: float) -> None:
        if self.freeze.end is None:
            self.go_to(second)

    def _drag(self, second: float) -> None:
        if self.freeze.end is not None:
            self.go_to(second)

    def _scroll(self, seconds: float) -> None:
        if self.freeze.end is not None:
            self.go(seconds)

    def _connect(self) -> None:
        self.settings_model.changed.connect(self._apply_settings)
        self.toolbar.record_wanted.connect(lambda: self.commands.trigger("open"))
        self.sheet.scrolled.connect(self._scroll)
        self.timeline.track.dragged.connect(self._drag)
        self.timeline.track.dropped.connect(self._drop)
        self.record_dialog.chosen.connect(self.worker.choose)
        self.record_dialog.folder_wanted.connect(lambda: self.commands.trigger("folder"))
        self.record_dialog.download_wanted.connect(self.worker.download)
        self.record_dialog.cancel_wanted.connect(self.worker.cancel_download)

    def _lay_out(self) -> None:
        central = QtWidgets.QWidget()
        column = QtWidgets.QVBoxLayout(central)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.toolbar)
        column.addWidget(self.sheet, 1)
        column.addWidget(self.timeline)
        column.addWidget(self.status_bar)
        self.setCentralWidget(central)
        self.resize(1280, 720)
        self.sheet.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        self.sheet.setFocus()  # and not the first button
        if self._preferences is not None:
            self.restoreGeometry(self._preferences.geometry())
