"""Text on the sheet, laid out once and drawn often."""

from __future__ import annotations

from pyqtgraph.Qt import QtCore, QtGui

LEFT, CENTRE, RIGHT = 0.0, 0.5, 1.0
"""Alignments: share of a text's width left of the given place."""
SMALL, USUAL = 11, 13
"""Units."""
_MAX_CACHED_TEXTS = 128


class TextPainter:
    """Draw single lines of text, centred at a given height.

    Parameters
    ----------
    unit : pixels in which sizes are measured.
    printed : write glyphs as text, for files, and not as cached pictures.
    """

    def __init__(self, unit: float, printed: bool = False) -> None:
        self.unit, self._printed = unit, printed
        self._fonts: dict[tuple[int, bool], QtGui.QFont] = {}
        self._texts: dict[tuple[str, int, bool], QtGui.QStaticText] = {}

    def draw(
        self,
        painter: QtGui.QPainter,
        at: tuple[float, float],
        text: str,
        colour: str,
        size: int = SMALL,
        align: float = LEFT,
        bold: bool = False,
    ) -> None:
        """Draw `text` at a place (x, y)."""
        static = self._laid_out(text, size, bold)
        room = static.size()
        x, y = at[0] - align * room.width(), at[1] - room.height() / 2
        painter.setFont(self._font(size, bold))
        painter.setPen(QtGui.QColor(colour))
        if self._printed:
            ascent = QtGui.QFontMetricsF(self._font(size, bold)).ascent()
            painter.drawText(QtCore.QPointF(x, y + ascent), text)
        else:
            painter.drawStaticText(QtCore.QPointF(x, y), static)

    def width(self, text: str, size: int = SMALL, bold: bool = False) -> float:
        """Return the width of a text in pixels."""
        return self._laid_out(text, size, bold).size().width()

    def fitting(self, text: str, room: float, size: int = SMALL, bold: bool = False) -> str:
        """Return the text, elided at its end where it is wider than `room`."""
        metrics = QtGui.QFontMetricsF(self._font(size, bold))
        return metrics.elidedText(text, QtCore.Qt.TextElideMode.ElideRight, room)

    def _font(self, size: int, bold: bool) -> QtGui.QFont:
        if (size, bold) not in self._fonts:
            font = QtGui.QFont()
            font.setPixelSize(max(1, round(size * self.unit)))
            font.setBold(bold)
            self._fonts[size, bold] = font
        return self._fonts[size, bold]

    def _laid_out(self, text: str, size: int, bold: bool) -> QtGui.QStaticText:
        key = text, size, bold
        if key not in self._texts:
            while len(self._texts) >= _MAX_CACHED_TEXTS:
                del self._texts[next(iter(self._texts))]
            static = QtGui.QStaticText(text)
            static.setTextFormat(QtCore.Qt.TextFormat.PlainText)
            static.prepare(QtGui.QTransform(), self._font(size, bold))
            self._texts[key] = static
        return self._texts[key]


def minus(text: str) -> str:
    """Replace each hyphen by a minus sign, as wide as a plus."""
    return text.replace("-", "\N{MINUS SIGN}")
