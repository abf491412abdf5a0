"""Timeline below the traces: place of the sheet in the record, and the samples still held."""

from __future__ import annotations

from pyqtgraph.Qt import QtCore, QtGui, QtWidgets

from ecgstream.gui.playback.snapshot import Excerpt
from ecgstream.gui.window.messages import clock_time

_TRACK = 6
"""Height of the track, in pixels."""
_EDGE = 8
"""Margin at either end for half the handle, in pixels."""


class Track(QtWidgets.QWidget):
    """The whole record as a track, with the held samples, the sheet and a handle."""

    dragged = QtCore.Signal(float)
    """Emitted with the second of the record under the pointer while the handle is dragged."""
    dropped = QtCore.Signal(float)
    """Emitted with the second of the record where the handle is released."""

    def __init__(self) -> None:
        super().__init__()
        self.setMinimumSize(200, 22)
        self.setCursor(QtCore.Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("Position in the record")
        self.length = 0.0
        """Length of the record, in seconds."""
        self.now = 0.0
        """Second of the record at the right edge of the sheet."""
        self._held = (0.0, 0.0)
        self._window: tuple[float, float] | None = None
        self.pointer: float | None = None
        """Second of the record under the pointer; None unless it is held down."""

    def show_times(
        self,
        length: float,
        now: float,
        held: tuple[float, float],
        window: tuple[float, float] | None,
    ) -> None:
        """Show times in seconds of the record; `window` is the part on a frozen sheet."""
        changed = (length, held, window) != (self.length, self._held, self._window)
        moved = abs(self.x_of(now) - self.x_of(self.now)) >= 0.5
        self.length, self._held, self._window = length, held, window
        if changed or moved:
            self.now = now
            self.update()

    def x_of(self, second: float) -> float:
        """Return x of a second."""
        share = second / self.length if self.length else 0.0
        return _EDGE + min(max(share, 0.0), 1.0) * (self.width() - 2 * _EDGE)

    def second_at(self, x: float) -> float:
        """Return the second at x."""
        share = (x - _EDGE) / max(self.width() - 2 * _EDGE, 1)
        return min(max(share, 0.0), 1.0) * self.length

    def paintEvent(self, event: QtGui.QPaintEvent | None) -> None:
        """Draw track, held samples, frozen window and handle."""
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        painter.setPen(QtCore.Qt.PenStyle.NoPen)
        palette, middle = self.palette(), self.height() / 2
        accent = palette.color(QtGui.QPalette.ColorRole.Highlight)
        groove = palette.color(QtGui.QPalette.ColorRole.Mid)

        def bar(begin: float, end: float, colour: QtGui.QColor, height: float = _TRACK) -> None:
            left, right = self.x_of(begin), self.x_of(end)
            box = QtCore.QRectF(left, middle - height / 2, max(right - left, 2.0), height)
            painter.setBrush(colour)
            painter.drawRoundedRect(box, height / 2, height / 2)

        if not self.length:
            return
        bar(0.0, self.length, groove)
        bar(*self._held, accent)
        at = self.now if self.pointer is None else self.pointer
        if self._window is not None and self.pointer is None:
            painter.setPen(QtGui.QPen(palette.color(QtGui.QPalette.ColorRole.WindowText), 1.5))
            bar(*self._window, palette.color(QtGui.QPalette.ColorRole.Base), 14)
        else:
            painter.setBrush(accent)
            painter.setPen(QtGui.QPen(palette.color(QtGui.QPalette.ColorRole.Base), 2))
            painter.drawEllipse(QtCore.QPointF(self.x_of(at), middle), 7, 7)

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:
        """Grab the handle."""
        self._drag(event)

    def mouseMoveEvent(self, event: QtGui.QMouseEvent) -> None:
        """Drag the handle."""
        self._drag(event)

    def mouseReleaseEvent(self, event: QtGui.QMouseEvent) -> None:
        """Release."""
        if self.pointer is not None:
            second, self.pointer = self.pointer, None
            self.update()
            self.dropped.emit(second)

    def _drag(self, event: QtGui.QMouseEvent) -> None:
        if self.length and event.buttons() & QtCore.Qt.MouseButton.LeftButton:
            self.pointer = self.second_at(event.pos().x())
            self.update()
            self.dragged.emit(self.pointer)


class Timeline(QtWidgets.QFrame):
    """The track between the present time and the record's length, and the widgets `beside` it."""

    def __init__(self, *beside: QtWidgets.QWidget) -> None:
        super().__init__(objectName="timeline")
        self.track = Track()
        self.time, self.length = QtWidgets.QLabel(), QtWidgets.QLabel(objectName="caption")
        right = QtCore.Qt.AlignmentFlag.AlignRight | QtCore.Qt.AlignmentFlag.AlignVCenter
        self.time.setAlignment(right)
        self.time.setMinimumWidth(76)  # so that the track stays in place
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(8, 4, 12, 4)
        row.setSpacing(8)
        for widget in (self.time, self.track, self.length, *beside):
            row.addWidget(widget, int(widget is self.track))

    def show_excerpt(self, shown: Excerpt | None, end: int | None, seconds: float) -> None:
        """Show the place of an excerpt; a frozen sheet of `seconds` ends at sample `end`."""
        if shown is None:
            self.track.show_times(0.0, 0.0, (0.0, 0.0), None)
            texts = ("", "")
        else:
            first = shown.first / shown.fs
            now = first + (shown.received if end is None else end) / shown.fs
            held = first + shown.held / shown.fs, first + shown.received / shown.fs
            window = None if end is None else (max(now - seconds, held[0]), now)
            length = shown.length / shown.fs
            self.track.show_times(length, now, held, window)
            at = now if self.track.pointer is None else self.track.pointer
            texts = clock_time(at, tenths=True), clock_time(length)
        for label, text in zip((self.time, self.length), texts, strict=True):
            if label.text() != text:
                label.setText(text)
