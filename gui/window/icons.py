"""Icons of buttons, drawn in the theme's colour: Qt's own are black on any ground."""

from __future__ import annotations

from collections.abc import Callable

from pyqtgraph.Qt import QtCore, QtGui

SIZE = 16
"""Width and height of an icon, in pixels."""
_RATIO = 4
"""Device pixels per pixel, sharp on screens with any scaling."""


def icon(name: str, colour: str) -> QtGui.QIcon:
    """Draw the icon of that name."""
    picture = QtGui.QPixmap(SIZE * _RATIO, SIZE * _RATIO)
    picture.fill(QtCore.Qt.GlobalColor.transparent)
    painter = QtGui.QPainter(picture)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    painter.scale(_RATIO, _RATIO)
    pen = QtGui.QPen(QtGui.QColor(colour), 1.5)
    pen.setJoinStyle(QtCore.Qt.PenJoinStyle.RoundJoin)
    pen.setCapStyle(QtCore.Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    painter.setBrush(QtGui.QColor(colour))
    _ICONS[name](painter)
    painter.end()
    picture.setDevicePixelRatio(_RATIO)
    return QtGui.QIcon(picture)


def _run(painter: QtGui.QPainter) -> None:
    _polygon(painter, (4, 3), (13, 8), (4, 13))


def _pause(painter: QtGui.QPainter) -> None:
    painter.drawRect(QtCore.QRectF(4, 3, 2, 10))
    painter.drawRect(QtCore.QRectF(10, 3, 2, 10))


def _step(painter: QtGui.QPainter) -> None:
    _polygon(painter, (3, 3), (9.5, 8), (3, 13))
    painter.drawRect(QtCore.QRectF(12, 3, 1, 10))


def _again(painter: QtGui.QPainter) -> None:
    painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
    painter.drawArc(QtCore.QRectF(3, 3, 10, 10), 60 * 16, -300 * 16)
    _lines(painter, (10.5, 0.8, 10.5, 3.7), (10.5, 3.7, 13.4, 3.7))


def _freeze(painter: QtGui.QPainter) -> None:
    """Draw a snowflake with six arms."""
    painter.setPen(QtGui.QPen(painter.pen().color(), 1.0))
    painter.translate(8, 8)
    for _ in range(6):
        _lines(painter, (0, 0, 0, -6.5), (0, -4.3, -1.3, -5.6), (0, -4.3, 1.3, -5.6))
        painter.rotate(60)


def _caliper(painter: QtGui.QPainter) -> None:
    _lines(painter, (2.5, 3, 2.5, 13), (13.5, 3, 13.5, 13), (4.5, 8, 11.5, 8))
    _lines(painter, (6, 6.5, 4.5, 8), (6, 9.5, 4.5, 8), (10, 6.5, 11.5, 8), (10, 9.5, 11.5, 8))


def _recording(painter: QtGui.QPainter) -> None:
    painter.drawEllipse(QtCore.QRectF(4, 4, 8, 8))


def _strip(painter: QtGui.QPainter) -> None:
    """Draw a camera."""
    painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(QtCore.QRectF(1.5, 4.5, 13, 8.5), 1.5, 1.5)
    painter.drawEllipse(QtCore.QRectF(5.7, 6.4, 4.6, 4.6))
    _lines(painter, (5.5, 4.5, 6.5, 2.8), (6.5, 2.8, 9.5, 2.8), (9.5, 2.8, 10.5, 4.5))


def _polygon(painter: QtGui.QPainter, *corners: tuple[float, float]) -> None:
    painter.drawPolygon(QtGui.QPolygonF([QtCore.QPointF(*corner) for corner in corners]))


def _lines(painter: QtGui.QPainter, *ends: tuple[float, float, float, float]) -> None:
    painter.drawLines([QtCore.QLineF(*line) for line in ends])


_ICONS: dict[str, Callable[[QtGui.QPainter], None]] = {
    "run": _run,
    "pause": _pause,
    "step": _step,
    "again": _again,
    "freeze": _freeze,
    "caliper": _caliper,
    "recording": _recording,
    "strip": _strip,
}
