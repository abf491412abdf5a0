"""ECG paper: its grid, calibration mark and time axis. One unit is one millimetre, y upwards."""

from __future__ import annotations

import math

import pyqtgraph as pg
from pyqtgraph.Qt import QtCore, QtGui

from gui import theme

PAPER_SPEED = 25.0
"""mm/s"""
GAIN = 10.0
"""mm/mV"""
FINE, BOLD = 1, 5
"""mm between the lines"""

_PLAUSIBLE_DPI = (50, 600)
_USUAL_DPI = 96.0


def pixels_per_mm(screen: QtGui.QScreen | None) -> float:
    """Pixels of the screen in one millimetre; those of a usual one where it does not tell."""
    dpi = screen.physicalDotsPerInch() if screen is not None else 0.0
    if not _PLAUSIBLE_DPI[0] <= dpi <= _PLAUSIBLE_DPI[1]:
        dpi = _USUAL_DPI
    return dpi / 25.4


def pen(colour: str) -> QtGui.QPen:
    """One pixel wide at any scale; a wider one takes twenty times as long to draw smoothly."""
    return pg.mkPen(colour, width=1)


class Paper(pg.GraphicsObject):
    """A sheet of ECG paper, drawn once and then moved about as a picture, by whole pixels.

    Qt's own cache would draw every line again whenever the sheet reaches beyond the view.
    """

    def __init__(self) -> None:
        super().__init__()
        self._sheet = QtCore.QRectF()
        self._picture: QtGui.QPixmap | None = None

    def resize(self, width: float, height: float) -> None:
        """Cut a sheet of that size in mm, from a crossing of bold lines on."""
        self.prepareGeometryChange()
        self._sheet = QtCore.QRectF(0, 0, width, height)
        self._picture = None

    def boundingRect(self) -> QtCore.QRectF:  # noqa: D102 (Qt's name)
        return self._sheet

    def paint(self, painter: QtGui.QPainter, *_: object) -> None:
        """Lay the picture where the sheet is."""
        to_pixels = painter.transform()
        ratio = painter.device().devicePixelRatioF()
        if self._picture is None or self._picture.devicePixelRatioF() != ratio:
            self._picture = self._draw(to_pixels.mapRect(self._sheet).size(), ratio)
        corner = to_pixels.map(self._sheet.bottomLeft())  # the upper one: y is upwards
        painter.resetTransform()
        painter.drawPixmap(corner.toPoint(), self._picture)

    def _draw(self, size: QtCore.QSizeF, ratio: float) -> QtGui.QPixmap:
        pixels = size * ratio
        picture = QtGui.QPixmap(math.ceil(pixels.width()), math.ceil(pixels.height()))
        picture.setDevicePixelRatio(ratio)
        picture.fill(pg.mkColor(theme.PAPER))
        width, height = self._sheet.width(), self._sheet.height()
        painter = QtGui.QPainter(picture)
        # Millimetres are no whole pixels: lines between two of them keep the distances even.
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        painter.translate(0, size.height())
        painter.scale(size.width() / width, -size.height() / height)
        for distance, colour in ((FINE, theme.FINE_LINE), (BOLD, theme.BOLD_LINE)):
            painter.setPen(pen(colour))
            painter.drawLines(
                [QtCore.QLineF(x, 0, x, height) for x in range(0, math.ceil(width), distance)]
                + [QtCore.QLineF(0, y, width, y) for y in range(0, math.ceil(height), distance)]
            )
        painter.end()
        return picture


def calibration_mark() -> QtGui.QPainterPath:
    """A pulse of 1 mV for 0.2 s, in mm from its isoelectric line and the rise."""
    path = QtGui.QPainterPath(QtCore.QPointF(-BOLD / 2, 0))
    for x, y in ((0, 0), (0, GAIN), (BOLD, GAIN), (BOLD, 0), (1.5 * BOLD, 0)):
        path.lineTo(x, y)
    return path


class TimeAxis(pg.GraphicsObject):
    """A mark and a number for each whole second, below the traces."""

    HEIGHT = 7.0

    def __init__(self) -> None:
        super().__init__()
        self._left = self._right = 0.0  # mm
        self._begin, self._end = 0.0, -1.0  # s; nothing to label
        self._font = QtGui.QFont()
        self._font.setPixelSize(12)

    def show_span(self, left: float, right: float, begin: float, end: float) -> None:
        """Label what lies between `left` and `right` (mm): `right` is at `end` seconds.

        Nothing is earlier than `begin` seconds.
        """
        if (left, right) != (self._left, self._right):
            self.prepareGeometryChange()
        self._left, self._right, self._begin, self._end = left, right, begin, end
        self.update()

    def boundingRect(self) -> QtCore.QRectF:  # noqa: D102 (Qt's name)
        return QtCore.QRectF(self._left, 0, self._right + BOLD - self._left, self.HEIGHT)

    def paint(self, painter: QtGui.QPainter, *_: object) -> None:
        """Draw the numbers upright: in pixels, not in the paper's upward millimetres."""
        to_pixels = painter.transform()
        first = max(self._begin, self._end - (self._right - self._left) / PAPER_SPEED)
        painter.resetTransform()
        painter.setPen(pen(theme.RULER))
        painter.setFont(self._font)
        for second in range(math.ceil(first), math.floor(self._end) + 1):
            x = self._right - (self._end - second) * PAPER_SPEED
            foot = to_pixels.map(QtCore.QPointF(x, self.HEIGHT))
            painter.drawLine(foot, foot + QtCore.QPointF(0, 5))
            box = QtCore.QRectF(foot.x() - 40, foot.y() + 5, 80, 16)
            painter.drawText(box, QtCore.Qt.AlignmentFlag.AlignCenter, f"{second} s")
