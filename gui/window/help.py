"""Overlay that lists every key."""

from __future__ import annotations

from html import escape

from pyqtgraph.Qt import QtCore, QtGui, QtWidgets

from ecgstream.gui.settings.action_table import FILE, HELP, PLAY, SIGNAL, VIEW, help_rows
from ecgstream.gui.window.banner import Overlay

_COLUMNS = ((PLAY,), (SIGNAL, FILE), (VIEW, HELP))


class HelpOverlay(Overlay):
    """List all keys over the traces; a click closes it."""

    def __init__(self, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent, "help")
        outer = QtWidgets.QVBoxLayout(self)
        outer.setContentsMargins(24, 16, 24, 16)
        outer.setSpacing(10)
        outer.addWidget(QtWidgets.QLabel("Keys", objectName="card_title"))
        columns = QtWidgets.QHBoxLayout()
        columns.setSpacing(32)
        for menus in _COLUMNS:
            column = QtWidgets.QLabel("".join(map(_part, menus)))
            column.setTextFormat(QtCore.Qt.TextFormat.RichText)
            column.setAlignment(QtCore.Qt.AlignmentFlag.AlignTop)
            columns.addWidget(column)
        outer.addLayout(columns)
        hint = "Wheel or drag over a frozen sheet to look back; drag the caliper by its ends."
        outer.addWidget(
            QtWidgets.QLabel(f"{hint} A click or Esc closes this.", objectName="caption")
        )

    def setVisible(self, visible: bool) -> None:
        """Show it in front of the traces, or hide it."""
        if visible:
            self.place()
        super().setVisible(visible)
        self.raise_()

    def mousePressEvent(self, event: QtGui.QMouseEvent | None) -> None:
        """Hide."""
        self.hide()


def _part(menu: str) -> str:
    """Rich text of the keys of one menu."""
    rows = "".join(
        f'<tr><td style="padding-right: 12px"><b>{escape(keys)}</b></td>'
        f"<td>{escape(text)}</td></tr>"
        for keys, text in help_rows(menu)
    )
    title = escape(menu.replace("&", ""))
    heading = f'<p style="margin: 6px 0 2px 0; font-size: 15px">{title}</p>'
    return f'{heading}<table cellspacing="1">{rows}</table>'
