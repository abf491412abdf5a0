"""ECG paper: its grid and calibration mark, true to scale.

Lengths are logical pixels unless they are said to be mm. A screen with scaling has several
device pixels for each of these; lines are aligned with device pixels.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from pyqtgraph.Qt import QtCore, QtGui

from ecgstream.gui.settings.display_settings import DisplaySettings
from ecgstream.gui.settings.theme import Theme

FINE, BOLD = 1, 5
"""Distances of the fine and of the bold lines, in mm."""
MARK_SECONDS = 0.2
"""Width of the calibration mark, in seconds; it is 1 mV high."""
USUAL_DPI = 96.0

_PLAUSIBLE_DPI = (25, 600)
_FINEST = 2.5
"""Minimum distance of fine lines, in device pixels: closer ones would fill the paper."""
_LONGEST = 64
"""Maximum period of the paper's picture, in bold squares, sought to be whole pixels wide."""


class Geometry(NamedTuple):
    """A sheet's size and scale."""

    width: float
    height: float
    scale: float  # pixels per mm
    unit: float  # pixels: what letters and symbols are measured in
    ratio: float  # of the screen's own pixels to these

    def snap(self, length: float) -> float:
        """Round a length to whole device pixels."""
        return round(length * self.ratio) / self.ratio

    def middle(self, length: float) -> float:
        """Middle of the nearest device pixel, where a thin line is sharp."""
        return self.snap(length) + 0.5 / self.ratio


def pixels_per_mm(screen: QtGui.QScreen | None) -> float:
    """Pixels per millimetre of the screen, at `USUAL_DPI` where it reports an implausible one."""
    dpi = screen.physicalDotsPerInch() if screen is not None else 0.0
    if not _PLAUSIBLE_DPI[0] <= dpi <= _PLAUSIBLE_DPI[1]:
        dpi = USUAL_DPI
    return dpi / 25.4


def draw_grid(
    painter: QtGui.QPainter,
    box: QtCore.QRectF,
    phase: float,
    geometry: Geometry,
    theme: Theme,
) -> None:
    """Cover `box` with paper; a bold line stands at x = `phase`, another at y = 0."""
    painter.fillRect(box, QtGui.QColor(theme.paper))
    for distance, breadth, colour in ((FINE, 0.1, theme.fine), (BOLD, 0.2, theme.bold)):
        step = distance * geometry.scale
        if step * geometry.ratio < _FINEST:
            continue
        ink = QtGui.QColor(colour)
        thin = max(geometry.snap(breadth * geometry.scale), 1 / geometry.ratio)
        for n in range(
            math.ceil((box.left() - phase) / step), 1 + int((box.right() - phase) / step)
        ):
            x = geometry.snap(phase + n * step)
            painter.fillRect(QtCore.QRectF(x, box.top(), thin, box.height()), ink)
        for n in range(math.ceil(box.top() / step), 1 + int(box.bottom() / step)):
            y = geometry.snap(n * step)
            painter.fillRect(QtCore.QRectF(box.left(), y, box.width(), thin), ink)


class Paper:
    """ECG paper, drawn once and then scrolled as a picture, by whole pixels."""

    def __init__(self) -> None:
        self._made_for: tuple[Geometry, Theme] | None = None

    def draw(
        self,
        painter: QtGui.QPainter,
        box: QtCore.QRectF,
        phase: float,
        geometry: Geometry,
        theme: Theme,
    ) -> None:
        """Draw as `draw_grid` does."""
        if self._made_for != (geometry, theme):
            self._make(geometry, theme)
        begin = geometry.snap((box.left() - phase) % self._period)
        part = QtCore.QRectF(begin, box.top(), box.width(), box.height())
        ratio = geometry.ratio
        part = QtCore.QRectF(part.topLeft() * ratio, part.size() * ratio)
        painter.drawPixmap(box, self._picture, part)

    def _make(self, geometry: Geometry, theme: Theme) -> None:
        self._made_for = geometry, theme
        square = BOLD * geometry.scale * geometry.ratio
        # Moved by this much the lines must be on whole pixels again.
        squares = min(range(1, _LONGEST), key=lambda n: (round(_uneven(n * square), 2), n))
        self._period = squares * BOLD * geometry.scale
        size = QtCore.QSizeF(geometry.width + self._period, geometry.height)
        self._picture = QtGui.QPixmap(
            math.ceil(size.width() * geometry.ratio), math.ceil(size.height() * geometry.ratio)
        )
        self._picture.setDevicePixelRatio(geometry.ratio)
        painter = QtGui.QPainter(self._picture)
        draw_grid(painter, QtCore.QRectF(QtCore.QPointF(0, 0), size), 0.0, geometry, theme)
        painter.end()


def _uneven(length: float) -> float:
    """Distance of a length from the nearest whole number."""
    return abs(length - round(length))


def calibration_mark(display: DisplaySettings, scale: float) -> QtGui.QPainterPath:
    """A pulse of 1 mV for `MARK_SECONDS`, from its isoelectric line and its rise."""
    width, height = MARK_SECONDS * display.paper_speed * scale, display.gain * scale
    foot = 1.5 * scale
    path = QtGui.QPainterPath(QtCore.QPointF(-foot, 0))
    for x, y in ((0, 0), (0, -height), (width, -height), (width, 0), (width + foot, 0)):
        path.lineTo(x, y)
    return path
