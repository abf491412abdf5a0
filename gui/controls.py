"""The row of controls above the traces."""

from __future__ import annotations

from pyqtgraph.Qt import QtCore, QtWidgets

from gui.catalogue import Choice
from gui.paper import GAIN, PAPER_SPEED
from gui.settings import MonitorSettings, Noise
from gui.worker import State

NOISES = {
    None: "none",
    "bw": "bw: baseline wander",
    "em": "em: electrode motion",
    "ma": "ma: muscle artefact",
    "mix": "mix: bw + em + ma",
    "pli50": "pli50: 50 Hz powerline",
    "pli60": "pli60: 60 Hz powerline",
    "white": "white",
    "wander": "wander: slow sine",
}
_LEVELS = (-30.0, 60.0)  # dB


class Controls(QtWidgets.QFrame):
    """Start / pause, record, noise and its level, and whether to show the clean signal."""

    running_wanted = QtCore.Signal(bool)
    record_wanted = QtCore.Signal(str)
    noise_wanted = QtCore.Signal(object)

    def __init__(self, settings: MonitorSettings) -> None:
        super().__init__(objectName="controls")
        self.run = QtWidgets.QPushButton()
        self.run.setMinimumWidth(100)
        self.record, self.noise = QtWidgets.QComboBox(), QtWidgets.QComboBox()
        self.record.setMinimumWidth(140)
        self.record.setMaxVisibleItems(24)
        for kind, text in NOISES.items():
            self.noise.addItem(text, kind)
        self.noise.setCurrentIndex(max(0, self.noise.findData(settings.noise)))
        self.level = QtWidgets.QDoubleSpinBox(decimals=1, suffix=" dB")
        self.level.setRange(*_LEVELS)
        self.level.setKeyboardTracking(False)
        self.level.setValue(settings.snr)
        self.level.setEnabled(settings.noise is not None)
        self.clean = QtWidgets.QCheckBox("Show clean")
        self._lay_out()
        self._state: State | None = None
        self._records: tuple[tuple[Choice, ...], str] | None = None
        self.run.clicked.connect(lambda: self.running_wanted.emit(self._state is not State.PLAYING))
        self.record.activated.connect(lambda: self.record_wanted.emit(self.record.currentData()))
        self.noise.activated.connect(self._change_noise)
        self.level.valueChanged.connect(self._change_noise)

    def show_state(self, state: State) -> None:
        """Let the button say what it would do."""
        if state is self._state:
            return
        self._state = state
        pixmaps = QtWidgets.QStyle.StandardPixmap
        text, icon = {
            State.PAUSED: ("Start", pixmaps.SP_MediaPlay),
            State.FAILED: ("Try again", pixmaps.SP_BrowserReload),
        }.get(state, ("Pause", pixmaps.SP_MediaPause))
        self.run.setText(text)
        self.run.setIcon(self.style().standardIcon(icon))
        self.run.setEnabled(state is not State.LOADING)

    def show_records(self, choices: tuple[Choice, ...], current: str) -> None:
        """Offer these records, with the current one chosen, and the current one in any case."""
        if (choices, current) == self._records:
            return
        self._records = choices, current
        self.record.clear()
        for name, label in choices:
            self.record.addItem(label, name)
        if self.record.findData(current) < 0:
            self.record.insertItem(0, current, current)
        self.record.setCurrentIndex(self.record.findData(current))

    def _change_noise(self) -> None:
        noise = Noise(self.noise.currentData(), self.level.value())
        self.level.setEnabled(noise.kind is not None)
        self.noise_wanted.emit(noise)

    def _lay_out(self) -> None:
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(12, 8, 12, 8)
        row.setSpacing(8)
        for text, widget in (
            ("", self.run),
            ("&Record", self.record),
            ("&Noise", self.noise),
            ("&SNR", self.level),
            ("", self.clean),
        ):
            if text:
                label = QtWidgets.QLabel(text)
                label.setBuddy(widget)
                row.addWidget(label)
            row.addWidget(widget)
            row.addSpacing(8)
        row.addStretch()
        row.addWidget(QtWidgets.QLabel(f"{PAPER_SPEED:g} mm/s   {GAIN:g} mm/mV"))
