"""Messages over the traces: a card in the middle, or a banner at the foot."""

from __future__ import annotations

from pyqtgraph.Qt import QtCore, QtWidgets

_NEWS_MS = 6000
"""Milliseconds until news disappear."""


class Overlay(QtWidgets.QFrame):
    """A frame over its parent that keeps its place when the parent is resized."""

    def __init__(self, parent: QtWidgets.QWidget, name: str) -> None:
        super().__init__(parent, objectName=name)
        parent.installEventFilter(self)
        self.hide()

    def eventFilter(self, _: QtCore.QObject, event: QtCore.QEvent) -> bool:
        """Keep the place when the parent is resized."""
        if event.type() == QtCore.QEvent.Type.Resize:
            self.place()
        return False

    def fit(self, width: int) -> None:
        """Set the width, and the height that the content needs."""
        for child in self.findChildren(QtWidgets.QWidget):
            child.ensurePolished()  # a widget that was never shown has no fonts yet
        self.layout().invalidate()
        self.resize(width, self.heightForWidth(width))

    def place(self) -> None:
        """Move to the parent's middle at the smallest size."""
        self.adjustSize()
        self.move(self.parentWidget().rect().center() - self.rect().center())


class MessageCard(Overlay):
    """A card with a title and a text, hidden while the title is empty."""

    def __init__(self, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent, "message_card")
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(24, 18, 24, 18)
        column.setSpacing(8)
        self.title, self.text = _label("card_title"), _label("card_text")
        for label in (self.title, self.text):
            column.addWidget(label)

    def show_message(self, title: str, text: str = "") -> None:
        """Show a title and a text; an empty title hides the card."""
        if (title, text) == (self.title.text(), self.text.text()):
            return
        self.title.setText(title)
        self.text.setText(text)
        self.text.setVisible(bool(text))
        self.setVisible(bool(title))
        self.place()

    def place(self) -> None:
        """Move to the parent's middle at a readable width."""
        around = self.parentWidget().rect()
        width = min(620 if self.text.text() else 420, around.width() - 32)
        self.fit(width)
        self.move(around.center() - self.rect().center())


class Banner(Overlay):
    """One sentence at the foot: news, which disappear, or a warning, which stays until closed."""

    def __init__(self, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent, "banner")
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(16, 4, 6, 4)
        self.text = _label("banner_text")
        self.dismiss = QtWidgets.QToolButton(text="Close", autoRaise=True)
        self.dismiss.clicked.connect(self.hide)
        row.addWidget(self.text, 1)
        row.addWidget(self.dismiss)
        self._timer = QtCore.QTimer(self, interval=_NEWS_MS, singleShot=True)
        self._timer.timeout.connect(self.hide)

    def show_news(self, text: str) -> None:
        """Show news, which disappear after a while."""
        self._show(text, warning=False)
        self._timer.start()

    def show_warning(self, text: str) -> None:
        """Show a warning until the user closes it or another message follows."""
        self._timer.stop()
        self._show(text, warning=True)

    def place(self) -> None:
        """Fill the parent's width at its foot."""
        self.fit(self.parentWidget().width())
        self.move(0, self.parentWidget().height() - self.height())

    def _show(self, text: str, warning: bool) -> None:
        self.text.setText(text)
        self.text.setProperty("warning", warning)
        self.style().polish(self.text)  # applies the style sheet to the changed property
        self.place()
        self.show()
        self.raise_()


def _label(name: str) -> QtWidgets.QLabel:
    label = QtWidgets.QLabel(objectName=name, wordWrap=True)
    label.setTextFormat(QtCore.Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(QtCore.Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
