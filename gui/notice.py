"""What the monitor has to say, in a card over the traces."""

from __future__ import annotations

from pyqtgraph.Qt import QtCore, QtWidgets


class Notice(QtWidgets.QFrame):
    """A title and a text in the middle of its parent; hidden when there is nothing to say."""

    def __init__(self, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent, objectName="notice")
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(24, 18, 24, 18)
        column.setSpacing(8)
        self.title = QtWidgets.QLabel(objectName="notice_title")
        self.text = QtWidgets.QLabel()
        for label in (self.title, self.text):
            label.setTextFormat(QtCore.Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.setTextInteractionFlags(QtCore.Qt.TextInteractionFlag.TextSelectableByMouse)
            column.addWidget(label)
        parent.installEventFilter(self)
        self.hide()

    def say(self, title: str, text: str = "") -> None:
        """Show this, or nothing where the title is empty."""
        if (title, text) == (self.title.text(), self.text.text()):
            return
        self.title.setText(title)
        self.text.setText(text)
        self.text.setVisible(bool(text))
        self.setVisible(bool(title))
        self._centre()

    def eventFilter(self, _: QtCore.QObject, event: QtCore.QEvent) -> bool:
        """Stay in the middle."""
        if event.type() == QtCore.QEvent.Type.Resize:
            self._centre()
        return False

    def _centre(self) -> None:
        around = self.parentWidget().rect()
        width = min(620 if self.text.text() else 420, around.width() - 32)
        self.resize(width, self.layout().heightForWidth(width))
        self.move(around.center() - self.rect().center())
