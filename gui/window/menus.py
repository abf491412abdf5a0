"""The menu bar and all keys, made from the table in `ecgstream.gui.settings.action_table`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from pyqtgraph.Qt import QtGui, QtWidgets

from ecgstream.gui.playback.snapshot import Snapshot
from ecgstream.gui.settings.action_table import LEAD_KEYS, MENUS, TABLE, VIEW, Command, Setting
from ecgstream.gui.settings.display_settings import TRACE_KINDS
from ecgstream.gui.window.settings_model import SettingsModel


class Menus:
    """An action for each command; buttons may use the same ones.

    Parameters
    ----------
    window : owner of the menu bar.
    settings_model : changed by the submenus, which show its values.
    trigger : called with the name of a command.
    """

    def __init__(
        self,
        window: QtWidgets.QMainWindow,
        settings_model: SettingsModel,
        trigger: Callable[[str], None],
    ) -> None:
        self._window, self._settings_model, self._trigger = window, settings_model, trigger
        bar = window.menuBar()
        self._menus = {title: bar.addMenu(title) for title in MENUS}
        self.actions: dict[str, QtGui.QAction] = {}
        """Actions by the name of the command; those of a setting are `NAME+` and `NAME-`."""
        self._values: dict[str, dict[object, QtGui.QAction]] = {}
        for row in TABLE:
            if isinstance(row, Command):
                self._add_command(row)
            else:
                self._add_setting(row)
        self.leads = self._menus[VIEW].addMenu("Leads")
        self._leads: tuple[str, ...] = ()
        self.show_settings()

    def show_settings(self) -> None:
        """Check the actions of the present settings."""
        display = self._settings_model.display
        ticks = {
            "st": self._settings_model.settings.st,
            "sweep": display.sweep,
            "overlaid": not display.stacks(len(self._leads)),
            "annotations": display.annotations,
            "detections": display.detections,
            "flags": display.flags,
            **{kind: kind in display.kinds for kind in TRACE_KINDS},
        }
        for name, ticked in ticks.items():
            self.actions[name].setChecked(ticked)
        for name, actions in self._values.items():
            now = self._settings_model.get(name)
            for value, action in actions.items():
                action.setChecked(value == now)
        for kind in TRACE_KINDS:
            self.actions[kind].setEnabled(display.kinds != {kind})  # one stays
        seen = display.seen(len(self._leads))
        for lead, action in enumerate(self.leads.actions()):
            action.setChecked(lead in seen)
            action.setEnabled(seen != (lead,))

    def show_running(self, snapshot: Snapshot) -> None:
        """Check the recording, and enable the actions that are possible now."""
        recording = snapshot.recording is not None and snapshot.recording.going
        self.actions["recording"].setChecked(recording)
        for name in ("recording", "strip", "freeze", "caliper", "go"):
            self.actions[name].setEnabled(snapshot.shown is not None)

    def show_leads(self, leads: tuple[str, ...]) -> None:
        """List the leads of the record."""
        if leads == self._leads:
            return
        self._leads = leads
        self.leads.clear()
        for lead, name in enumerate(leads):
            action = self.leads.addAction(name)
            action.setCheckable(True)
            if lead < len(LEAD_KEYS):
                action.setShortcut(LEAD_KEYS[lead])
            action.triggered.connect(partial(self._toggle_lead, lead))
        self.show_settings()

    def _toggle_lead(self, lead: int, _: bool) -> None:
        self._settings_model.toggle_lead(lead, len(self._leads))

    def _add_command(self, row: Command) -> None:
        menu = self._menus[row.menu]
        if row.begins:
            menu.addSeparator()
        action = menu.addAction(row.text)
        action.setCheckable(row.toggles)
        action.setShortcuts([QtGui.QKeySequence(key) for key in row.keys])
        action.setToolTip(f"{row.text} ({row.keys[0]})")
        action.triggered.connect(lambda _=False, name=row.name: self._trigger(name))
        self.actions[row.name] = action

    def _add_setting(self, row: Setting) -> None:
        menu = self._menus[row.menu].addMenu(row.text)
        self._values[row.name] = {}
        for value, text in row.values.items():
            action = menu.addAction(text)
            action.setCheckable(True)
            action.triggered.connect(partial(self._set, row.name, value))
            self._values[row.name][value] = action
        menu.addSeparator()
        for sign, by, text, key in zip(
            "+-", (1, -1), ("Next", "The one before"), row.keys, strict=True
        ):
            action = menu.addAction(text)
            action.setShortcut(key)
            action.triggered.connect(lambda _=False, by=by: self._settings_model.turn(row, by))
            self.actions[row.name + sign] = action

    def _set(self, name: str, value: object, _: bool) -> None:
        self._settings_model.set(name, value)
        self.show_settings()  # a click on the chosen value must not uncheck it
