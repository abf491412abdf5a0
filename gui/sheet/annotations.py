"""Marks above the traces: annotated rhythms and beats, and detected R peaks."""

from __future__ import annotations

from itertools import zip_longest

from pyqtgraph.Qt import QtCore, QtGui

from ecgstream.gui.sheet.clipping import arrow
from ecgstream.gui.sheet.layout import PEAKS, RHYTHM, SYMBOLS
from ecgstream.gui.sheet.text import CENTRE, SMALL, USUAL, TextPainter
from ecgstream.gui.sheet.timebase import Span
from ecgstream.gui.sheet.traces import SheetContent

_QUIET = frozenset({"N", "·", "."})
"""Symbols of normal beats."""
_PEAK = 4.0
"""Half the width of a detected peak's triangle, in units."""


def draw_marks(painter: QtGui.QPainter, content: SheetContent, text_painter: TextPainter) -> None:
    """Draw the marks that the display settings ask for, each above its sample."""
    layout, display, unit = content.layout, content.layout.display, content.layout.geometry.unit
    if layout.marks.isEmpty():
        return
    painter.save()
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    for span in content.time.spans:
        top = layout.marks.top()
        if layout.rows.rhythms:
            _draw_rhythms(painter, content, text_painter, span, top)
            top += RHYTHM * unit
        if layout.rows.beats:
            _draw_beats(painter, content, text_painter, span, top)
            top += SYMBOLS * unit
        if display.detections:
            painter.setPen(QtCore.Qt.PenStyle.NoPen)
            painter.setBrush(QtGui.QColor(content.theme.peak))
            for x in _places(content, span, content.shown.peaks.tolist()).values():
                painter.drawPolygon(arrow(x, top + PEAKS * unit, _PEAK * unit, -1))
    painter.restore()


def _places(content: SheetContent, span: Span, samples: list[int]) -> dict[int, float]:
    """X in pixels of those of the samples that are in the span."""
    seen = (n for n in samples if span.start <= n < span.stop)
    return {n: content.time.place(n, span) for n in seen}


def _draw_beats(
    painter: QtGui.QPainter,
    content: SheetContent,
    text_painter: TextPainter,
    span: Span,
    top: float,
) -> None:
    unit, theme = text_painter.unit, content.theme
    middle = top + SYMBOLS * unit / 2
    symbols = dict(content.shown.beats)
    for sample, x in _places(content, span, list(symbols)).items():
        symbol = symbols[sample]
        if symbol in _QUIET:
            text_painter.draw(painter, (x, middle), symbol, theme.quiet, SMALL, CENTRE)
            continue
        width = max(text_painter.width(symbol, USUAL, bold=True) + 5 * unit, 15 * unit)
        ground = QtCore.QRectF(x - width / 2, middle - 7.5 * unit, width, 15 * unit)
        painter.setPen(QtCore.Qt.PenStyle.NoPen)
        painter.setBrush(QtGui.QColor(theme.beat))
        painter.drawRoundedRect(ground, 3 * unit, 3 * unit)
        text_painter.draw(painter, (x, middle), symbol, theme.paper, USUAL, CENTRE, bold=True)


def _draw_rhythms(
    painter: QtGui.QPainter,
    content: SheetContent,
    text_painter: TextPainter,
    span: Span,
    top: float,
) -> None:
    """Draw each rhythm's name where it begins, or at the edge, and a line over its duration."""
    unit, theme, layout = text_painter.unit, content.theme, content.layout
    middle = layout.geometry.middle(top + RHYTHM * unit / 2)
    rhythms = content.shown.rhythms
    for mark, following in zip_longest(rhythms, rhythms[1:]):
        end = span.stop if following is None else following.sample
        start, stop = max(mark.sample, span.start), min(end, span.stop)
        if start >= stop:
            continue
        left, right = content.time.place(start, span), content.time.place(stop, span)
        painter.setPen(QtGui.QPen(QtGui.QColor(theme.ink), unit))
        if mark.sample >= span.start:  # the change itself, through the lane below
            painter.setPen(QtGui.QPen(QtGui.QColor(theme.ink), unit, QtCore.Qt.PenStyle.DashLine))
            x = layout.geometry.middle(left)
            painter.drawLine(QtCore.QPointF(x, top), QtCore.QPointF(x, layout.axis.top()))
        name = mark.text.lstrip("(")
        width = text_painter.width(name, bold=True)
        if right - left > width + 8 * unit:
            at = left + 5 * unit, middle
            text_painter.draw(painter, at, name, theme.ink, bold=True)
            left += width + 9 * unit
        painter.setPen(QtGui.QPen(QtGui.QColor(theme.quiet), unit))
        painter.drawLine(QtCore.QPointF(left, middle), QtCore.QPointF(right, middle))
