"""The line of figures below the traces."""

from __future__ import annotations

import math

from pyqtgraph.Qt import QtCore, QtWidgets

from gui.session import MEASURED
from gui.worker import Shown

UNKNOWN = "—"
HEART_RATE = "Heart rate, bpm"
DELAY = "Delay"
FACTOR = "Real-time factor"
DELTA_SNR = f"ΔSNR, last {MEASURED} s"
DROPPED = "Dropped samples"
_WIDTHS = {HEART_RATE: 110, DELAY: 265, FACTOR: 115, DELTA_SNR: 120, DROPPED: 110}
"""Pixels, in the order of the line: no figure shall push the next one about."""


class Status(QtWidgets.QFrame):
    """Heart rate, declared delay, real-time factor, ΔSNR and dropped samples."""

    def __init__(self) -> None:
        super().__init__(objectName="status")
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(16, 6, 16, 8)
        row.setSpacing(24)
        self.values = {caption: QtWidgets.QLabel(UNKNOWN) for caption in _WIDTHS}
        for caption, value in self.values.items():
            value.setObjectName("heart_rate" if caption is HEART_RATE else "value")
            value.setMinimumWidth(_WIDTHS[caption])
            cell = QtWidgets.QVBoxLayout()
            cell.setSpacing(0)
            cell.addWidget(QtWidgets.QLabel(caption, objectName="caption"))
            cell.addWidget(value, 1, QtCore.Qt.AlignmentFlag.AlignVCenter)
            row.addLayout(cell)
        row.addStretch()
        disclaimer = QtWidgets.QLabel("Not a medical device", objectName="disclaimer")
        row.addWidget(disclaimer, 0, QtCore.Qt.AlignmentFlag.AlignBottom)

    def show_figures(self, shown: Shown | None) -> None:
        """Bring every figure up to date."""
        texts = dict.fromkeys(_WIDTHS, UNKNOWN) if shown is None else figure_texts(shown)
        for caption, text in texts.items():
            self.values[caption].setText(text)


def figure_texts(shown: Shown) -> dict[str, str]:
    """Every figure in words, by its caption."""
    figures = shown.figures
    return {
        HEART_RATE: _known(figures.heart_rate, "{:.0f}"),
        DELAY: f"{shown.delay / shown.fs:.2f} s · {shown.delay} samples",
        FACTOR: _known(figures.real_time_factor, "{:.0f} \N{MULTIPLICATION SIGN}"),
        DELTA_SNR: _known(figures.delta_snr, "{:+.1f} dB"),
        DROPPED: f"{figures.dropped}",
    }


def _known(value: float, form: str) -> str:
    return form.format(value) if math.isfinite(value) else UNKNOWN
