"""Toolbar above the traces: the commands and settings of every day; menus have the rest."""

from __future__ import annotations

from pyqtgraph.Qt import QtCore, QtGui, QtWidgets

from ecgstream.gui.playback.snapshot import State
from ecgstream.gui.settings.action_table import LEVELS, TABLE, Setting
from ecgstream.gui.sheet.text import minus
from ecgstream.gui.window.icons import SIZE, icon
from ecgstream.gui.window.menus import Menus
from ecgstream.gui.window.settings_model import SettingsModel

_SETTINGS = {row.name: row for row in TABLE if isinstance(row, Setting)}
_BUTTONS = {
    "run": "Pause",
    "step": "Step",
    "freeze": "Freeze",
    "caliper": "Caliper",
    "recording": "Rec",
    "strip": "Strip",
    "st": "Keep",
}
"""Captions of the buttons, by command."""
_TYPED = "0123456789+-.,"
"""Characters of a number."""


class SettingBox(QtWidgets.QComboBox):
    """Combo box of the values of one setting."""

    def __init__(self, name: str, settings_model: SettingsModel) -> None:
        super().__init__()
        self._name, self._settings_model = name, settings_model
        self.setAccessibleName(_SETTINGS[name].text)
        for value, text in _SETTINGS[name].values.items():
            self.addItem(text, value)
        self.activated.connect(lambda: settings_model.set(name, self.currentData()))
        settings_model.changed.connect(self.show_value)
        self.show_value()

    def show_value(self) -> None:
        """Show the present value, also one that only the command line offers."""
        value = self._settings_model.get(self._name)
        if self.findData(value) < 0:
            self.addItem(_SETTINGS[self._name].text_of(value), value)
        self.setCurrentIndex(self.findData(value))


class LevelBox(QtWidgets.QDoubleSpinBox):
    """Spin box of a number with its unit; keys that are not of a number act on the window.

    Return and the arrows give the focus back to the window.
    """

    def __init__(self, name: str, least: float, most: float, step: float, suffix: str) -> None:
        super().__init__(decimals=0, singleStep=step, suffix=suffix)
        self.setAccessibleName(name)
        self.setRange(least, most)
        self.setKeyboardTracking(False)
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)  # not by the wheel
        self.lineEdit().returnPressed.connect(self.clearFocus)

    def mouseReleaseEvent(self, event: QtGui.QMouseEvent) -> None:
        """Give the focus back after a click on an arrow."""
        super().mouseReleaseEvent(event)
        self.clearFocus()

    def event(self, event: QtCore.QEvent) -> bool:
        """Leave keys that are not of a number to the window."""
        if event.type() == QtCore.QEvent.Type.ShortcutOverride:
            text = event.text()
            if text.isprintable() and text and text not in _TYPED:
                event.ignore()
                return True
        return bool(super().event(event))

    def textFromValue(self, value: float) -> str:
        """Format with a minus sign in place of the hyphen."""
        return minus(super().textFromValue(value))

    def valueFromText(self, text: str) -> float:
        """Parse with a minus sign or a hyphen."""
        return super().valueFromText(text.replace(minus("-"), "-"))

    def validate(self, text: str, at: int) -> tuple[QtGui.QValidator.State, str, int]:
        """Validate with a minus sign or a hyphen."""
        state, _, at = super().validate(text.replace(minus("-"), "-"), at)
        return state, text, at


class Toolbar(QtWidgets.QFrame):
    """Buttons and fields of the most used commands and settings."""

    record_wanted = QtCore.Signal()

    def __init__(self, settings_model: SettingsModel, menus: Menus) -> None:
        super().__init__(objectName="toolbar")
        self._settings_model, self._actions = settings_model, menus.actions
        self.buttons = {name: self._button(name) for name in _BUTTONS if name != "st"}
        self.record = QtWidgets.QPushButton(objectName="record")
        self.record.setToolTip(self._actions["open"].toolTip())
        self.record.clicked.connect(lambda: self.record_wanted.emit())
        self.speed, self.noise = (
            SettingBox("speed", settings_model),
            SettingBox("noise", settings_model),
        )
        self.delay = SettingBox("delay", settings_model)
        self.level = LevelBox("SNR", *LEVELS, 1, " dB")
        self.strength = LevelBox("Strength", 0, 100, 10, " %")
        self.level.valueChanged.connect(lambda value: settings_model.set("snr", value))
        self.strength.valueChanged.connect(
            lambda value: settings_model.set("strength", value / 100)
        )
        self.st = self._button("st")
        self.st.setObjectName("toggle")
        self.st.setToolButtonStyle(QtCore.Qt.ToolButtonStyle.ToolButtonTextOnly)
        self._lay_out()
        self._state: State | None = None
        self._colours = ("", "")
        settings_model.changed.connect(self.show_settings)
        self.show_settings()

    def show_settings(self) -> None:
        """Show the present levels."""
        settings = self._settings_model.settings
        for box, value in ((self.level, settings.snr), (self.strength, 100 * settings.strength)):
            # With the decimals of the value, and without reporting a change.
            box.blockSignals(True)
            box.setDecimals(0 if float(value).is_integer() else 1)
            box.setValue(value)
            box.blockSignals(False)
        self.level.setEnabled(settings.noise is not None)

    def show_state(self, state: State) -> None:
        """Show on the run button what it would do."""
        if state is self._state:
            return
        self._state = state
        text, sign = {
            State.PAUSED: ("Run", "run"),
            State.FAILED: ("Try again", "again"),
        }.get(state, ("Pause", "pause"))
        self._actions["run"].setIconText(text)
        self._actions["run"].setIcon(icon(sign, self._colours[0]))
        self._actions["run"].setEnabled(state is not State.LOADING)
        self._actions["step"].setEnabled(state is State.PAUSED)

    def show_record(self, label: str) -> None:
        """Show the name of the record."""
        if label != self.record.toolTip().partition("\n")[0]:
            self.record.setToolTip(f"{label}\n{self._actions['open'].toolTip()}")
            width = self.record.maximumWidth() - 24
            metrics = self.record.fontMetrics()
            middle = QtCore.Qt.TextElideMode.ElideMiddle
            self.record.setText(metrics.elidedText(label, middle, width))

    def set_icon_colours(self, text: str, warning: str) -> None:
        """Draw the icons in these colours."""
        self._colours = text, warning
        for name in self.buttons:
            colour = warning if name == "recording" else text
            self._actions[name].setIcon(icon("pause" if name == "run" else name, colour))
        state, self._state = self._state, None
        if state is not None:
            self.show_state(state)

    def _button(self, name: str) -> QtWidgets.QToolButton:
        action = self._actions[name]
        action.setIconText(_BUTTONS[name])
        action.setIconVisibleInMenu(False)
        button = QtWidgets.QToolButton(objectName="command")
        button.setDefaultAction(action)
        button.setToolButtonStyle(QtCore.Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        button.setIconSize(QtCore.QSize(SIZE, SIZE))
        button.setAutoRaise(True)
        button.setFixedWidth(62)
        button.setFocusPolicy(QtCore.Qt.FocusPolicy.TabFocus)
        return button

    def _lay_out(self) -> None:
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(8, 5, 8, 6)
        row.setSpacing(4)
        for name in ("run", "step", "freeze", "caliper"):
            row.addWidget(self.buttons[name])
        row.addSpacing(8)
        row.addStretch(1)
        fields = (
            ("Record", self.record, 136),
            ("Speed", self.speed, 74),
            ("Noise", self.noise, 158),
            ("SNR", self.level, 78),
            ("Delay", self.delay, 140),
            ("Strength", self.strength, 76),
            ("ST segment", self.st, 74),
        )
        for caption, widget, width in fields:
            widget.setFixedWidth(width)
            column = QtWidgets.QVBoxLayout()
            column.setSpacing(2)
            label = QtWidgets.QLabel(caption, objectName="caption")
            label.setBuddy(widget)
            column.addWidget(label)
            column.addWidget(widget)
            row.addLayout(column)
            row.addSpacing(2)
        row.addStretch(1)
        for name in ("recording", "strip"):
            row.addWidget(self.buttons[name])
