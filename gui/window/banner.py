"""What the monitor has to say: a card over the traces, or a line that is in nobody's way."""

from __future__ import annotations

from pyqtgraph.Qt import QtCore, QtWidgets

_READABLE = 6000
"""ms that a line which needs no answer stays."""


class Overlay(QtWidgets.QFrame):
    """Something that lies over its parent, and keeps its place when that is resized."""

    def __init__(self, parent: QtWidgets.QWidget, name: str) -> None:
        super().__init__(parent, objectName=name)
        parent.installEventFilter(self)
        self.hide()

    def eventFilter(self, _: QtCore.QObject, event: QtCore.QEvent) -> bool:
        """Stay where it belongs."""
        if event.type() == QtCore.QEvent.Type.Resize:
            self.place()
        return False

    def fit(self, width: int) -> None:
        """Be that wide, and as high as what is in it takes then."""
        for child in self.findChildren(QtWidgets.QWidget):
            child.ensurePolished()  # what was never shown does not know its letters yet
        self.layout().invalidate()
        self.resize(width, self.heightForWidth(width))

    def place(self) -> None:
        """Go to the middle, as small as what is in it."""
        self.adjustSize()
        self.move(self.parentWidget().rect().center() - self.rect().center())


class MessageCard(Overlay):
    """A title and a text; hidden when there is nothing to say."""

    def __init__(self, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent, "message_card")
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(24, 18, 24, 18)
        column.setSpacing(8)
        self.title, self.text = _label("card_title"), _label("card_text")
        for label in (self.title, self.text):
            column.addWidget(label)

    def show_message(self, title: str, text: str = "") -> None:
        """Show this, or nothing where the title is empty."""
        if (title, text) == (self.title.text(), self.text.text()):
            return
        self.title.setText(title)
        self.text.setText(text)
        self.text.setVisible(bool(text))
        self.setVisible(bool(title))
        self.place()

    def place(self) -> None:
        """Go to the middle, as wide as can be read."""
        around = self.parentWidget().rect()
        width = min(620 if self.text.text() else 420, around.width() - 32)
        self.fit(width)
        self.move(around.center() - self.rect().center())


class Banner(Overlay):
    """One sentence at the foot: news that go by themselves, or trouble until it is read."""

    def __init__(self, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent, "banner")
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(16, 4, 6, 4)
        self.text = _label("banner_text")
        self.dismiss = QtWidgets.QToolButton(text="Close", autoRaise=True)
        self.dismiss.clicked.connect(self.hide)
        row.addWidget(self.text, 1)
        row.addWidget(self.dismiss)
        self._timer = QtCore.QTimer(self, interval=_READABLE, singleShot=True)
        self._timer.timeout.connect(self.hide)

    def show_news(self, text: str) -> None:
        """Show news for a while."""
        self._show(text, trouble=False)
        self._timer.start()

    def show_warning(self, text: str) -> None:
        """Show trouble until the user closes it or something else is to be said."""
        self._timer.stop()
        self._show(text, trouble=True)

    def place(self) -> None:
        """Fill the width; above are the traces and what is measured on them."""
        self.fit(self.parentWidget().width())
        self.move(0, self.parentWidget().height() - self.height())

    def _show(self, text: str, trouble: bool) -> None:
        self.text.setText(text)
        self.text.setProperty("trouble", trouble)
        self.style().polish(self.text)  # the style sheet looks at a property only now
        self.place()
        self.show()
        self.raise_()


def _label(name: str) -> QtWidgets.QLabel:
    label = QtWidgets.QLabel(objectName=name, wordWrap=True)
    label.setTextFormat(QtCore.Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(QtCore.Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
