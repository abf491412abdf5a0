"""The monitor's main window."""

from __future__ import annotations

from time import perf_counter

from pyqtgraph.Qt import QtCore, QtGui, QtWidgets

from ecgstream.gui.playback.record_list import download_folder
from ecgstream.gui.playback.snapshot import Excerpt, Snapshot
from ecgstream.gui.playback.worker import Worker
from ecgstream.gui.settings.display_settings import DisplaySettings
from ecgstream.gui.settings.monitor_settings import MonitorSettings
from ecgstream.gui.settings.preferences import Preferences, own_folder
from ecgstream.gui.settings.theme import THEMES
from ecgstream.gui.sheet.sheet import Sheet
from ecgstream.gui.window.actions import CommandDispatcher, OutputFolders
from ecgstream.gui.window.banner import Banner, MessageCard
from ecgstream.gui.window.frame_rate import FrameRate
from ecgstream.gui.window.help import HelpOverlay
from ecgstream.gui.window.menus import Menus
from ecgstream.gui.window.messages import card, label, note
from ecgstream.gui.window.navigation import Navigation
from ecgstream.gui.window.notifications import Notifications
from ecgstream.gui.window.record_dialog import RecordDialog
from ecgstream.gui.window.settings_model import SettingsModel
from ecgstream.gui.window.status_bar import StatusBar
from ecgstream.gui.window.status_figures import StatusReading
from ecgstream.gui.window.stylesheet import apply_theme
from ecgstream.gui.window.timeline import Timeline
from ecgstream.gui.window.toolbar import SettingBox, Toolbar

FRAME_MS = 1000 // 60
"""Milliseconds from one frame to the next."""
_REFRESH_FRAMES = 15
"""Frames between two updates of figures, menus and dialogs, so that figures can be read."""


class MainWindow(QtWidgets.QMainWindow):
    """Show what a worker replays, and pass the user's commands on; closing it ends the worker.

    Parameters
    ----------
    settings : that the worker was constructed with.
    worker : started and closed by the caller, or closed with the window.
    display : how to draw.
    preferences : store settings, display and geometry at closing; None stores nothing.
    """

    painted = QtCore.Signal()
    """Emitted when the window is drawn for the first time."""

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
        self.folders = OutputFolders(
            own_folder("Pictures"),
            preferences.recordings() if preferences else own_folder("Documents"),
        )
        self.remark = ""
        """Text to show above the traces in place of the note."""
        self.note = ""
        """Text above the traces now."""
        self.sheet, self.status_bar = Sheet(display), StatusBar()
        self.banner, self.message_card = Banner(self.sheet), MessageCard(self.sheet)
        self.help_overlay = HelpOverlay(self.sheet)
        self.record_dialog, self.notifications = RecordDialog(self), Notifications(self.banner)
        self.navigation = Navigation(worker, self.sheet, self.banner)
        self.commands = CommandDispatcher(
            self,
            worker,
            self.settings_model,
            self.sheet,
            self.navigation,
            self.banner,
            self.help_overlay,
            self.record_dialog,
            self.folders,
            self.refresh,
        )
        self.menus = Menus(self, self.settings_model, self.commands.trigger)
        self.toolbar = Toolbar(self.settings_model, self.menus)
        self.timeline = Timeline(
            SettingBox("paper_speed", self.settings_model), SettingBox("gain", self.settings_model)
        )
        self._frame_rate = FrameRate()
        self._lay_out()
        self._connect()
        self._theme = ""
        self._apply_settings()
        self._handle: QtGui.QWindow | None = None
        self._drawn_for: tuple[object, ...] = ()
        self._frames = 0
        self._was_painted = False
        self._timer = QtCore.QTimer(self, interval=FRAME_MS)
        self._timer.setTimerType(QtCore.Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    @property
    def drawn(self) -> Excerpt | None:
        """Excerpt on the sheet; None while it is empty."""
        return self.navigation.drawn

    def refresh(self) -> None:
        """Bring the whole window up to date."""
        snapshot = self._draw()
        self.toolbar.show_record(label(snapshot))
        self.notifications.update(snapshot, self.record_dialog.isVisible())
        self.menus.show_running(snapshot)
        self.menus.actions["freeze"].setChecked(self.navigation.freeze.end is not None)
        self.menus.actions["caliper"].setChecked(self.sheet.caliper.active)
        frames_per_second = self._frame_rate.per_second(self.sheet.painted, perf_counter())
        self.status_bar.show_figures(
            StatusReading(snapshot.shown, frames_per_second, snapshot.recording)
        )
        if self.record_dialog.isVisible():
            self.record_dialog.show_snapshot(snapshot)

    def _tick(self) -> None:
        self._frames += 1
        if self._frames % _REFRESH_FRAMES == 0:
            self.refresh()
        else:
            self._draw()

    def _draw(self) -> Snapshot:
        """Bring the moving parts up to date: sheet, timeline, run button and message card."""
        snapshot = self.navigation.snapshot(self.sheet.seconds)
        shown, freeze = snapshot.shown, self.navigation.freeze
        self.toolbar.show_state(snapshot.state)
        self.message_card.show_message(*card(snapshot))
        if shown is None:
            self.timeline.show_excerpt(None, None, 0.0)
            if self.drawn is not None:
                self.navigation.set_drawn(snapshot)
                self._drawn_for = ()
                self.sheet.clear()
            return snapshot
        frozen = freeze.end is not None
        self.timeline.show_excerpt(shown, freeze.end, self.sheet.seconds)
        self.note = self.remark or note(snapshot.state, shown, frozen)
        newest = freeze.end if frozen else (shown.received, shown.denoised)
        place = shown.run_number, newest
        if place == self._drawn_for[:2] and freeze.lacks(shown, self.sheet.seconds):
            return snapshot  # the sheet alone still holds these samples
        drawn_for = (
            *place,
            self.note,
            self.sheet.seconds,
            self.sheet.size(),
            shown.applied_settings,
        )
        if drawn_for != self._drawn_for:
            if shown.record != (self.drawn.record if self.drawn else ""):
                self.setWindowTitle(f"{shown.record} · ecgstream")
            self.navigation.set_drawn(snapshot)
            self._drawn_for = drawn_for
            self.menus.show_leads(shown.leads)
            self.sheet.draw(shown, self.note, frozen)
        return snapshot

    def showEvent(self, event: QtGui.QShowEvent | None) -> None:
        """Redraw true to scale when the window moves to another screen."""
        super().showEvent(event)
        if self._handle is not self.windowHandle():  # created by the first show
            self._handle = self.windowHandle()
            self._handle.screenChanged.connect(lambda _: self.sheet.update())

    def paintEvent(self, event: QtGui.QPaintEvent | None) -> None:
        """Emit `painted` the first time."""
        super().paintEvent(event)
        if not self._was_painted:
            self._was_painted = True
            self.painted.emit()

    def closeEvent(self, event: QtGui.QCloseEvent | None) -> None:
        """Store the preferences and end the worker."""
        self._timer.stop()
        self.record_dialog.close()
        self.hide()  # at once: the thread may take a while to end
        if self._preferences is not None:
            model = self.settings_model
            self._preferences.keep(
                model.settings, model.display, self.saveGeometry(), self.folders.recordings
            )
        self.worker.close()
        super().closeEvent(event)

    def _apply_settings(self) -> None:
        display = self.settings_model.display
        self.sheet.display = display
        self.menus.show_settings()
        self.record_dialog.show_folder(download_folder(self.settings_model.settings.data))
        if display.theme != self._theme:
            self._theme = display.theme
            theme = THEMES[self._theme]
            apply_theme(self, theme)
            self.toolbar.set_icon_colours(theme.text, theme.warning)

    def _connect(self) -> None:
        self.settings_model.changed.connect(self._apply_settings)
        self.toolbar.record_wanted.connect(lambda: self.commands.trigger("open"))
        self.sheet.scrolled.connect(self.navigation.scroll)
        self.timeline.track.dragged.connect(self.navigation.drag_handle)
        self.timeline.track.dropped.connect(self.navigation.drop_handle)
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
