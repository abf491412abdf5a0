"""The bar of figures below the traces."""

from __future__ import annotations

from pyqtgraph.Qt import QtCore, QtWidgets

from ecgstream.gui.sheet.export import DISCLAIMER
from ecgstream.gui.window.status_figures import FIGURES, UNKNOWN, StatusReading


class StatusBar(QtWidgets.QFrame):
    """Show every figure of `ecgstream.gui.window.status_figures.FIGURES`, and the disclaimer."""

    def __init__(self) -> None:
        super().__init__(objectName="status_bar")
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(16, 5, 12, 6)
        row.setSpacing(10)
        self.values = {figure.name: QtWidgets.QLabel(UNKNOWN) for figure in FIGURES}
        """Labels of the figures' texts, by name."""
        for figure in FIGURES:
            value = self.values[figure.name]
            value.setObjectName(figure.style)
            value.setFixedWidth(figure.width)
            value.setAccessibleName(figure.caption)
            caption = QtWidgets.QLabel(figure.caption, objectName="caption")
            cell = QtWidgets.QVBoxLayout()
            cell.setSpacing(0)
            for label in (caption, value):
                label.setToolTip(figure.tooltip)
            cell.addWidget(caption)
            cell.addWidget(value, 1, QtCore.Qt.AlignmentFlag.AlignVCenter)
            row.addLayout(cell)
        row.addStretch()
        row.addWidget(QtWidgets.QLabel(DISCLAIMER, objectName="disclaimer"))

    def show_figures(self, reading: StatusReading) -> None:
        """Bring every figure up to date."""
        for figure in FIGURES:
            label, text = self.values[figure.name], figure.read(reading)
            if label.text() != text:
                label.setText(text)
                words = not any(map(str.isdigit, text))
                if label.property("words") != words:
                    label.setProperty("words", words)
                    label.style().polish(label)
