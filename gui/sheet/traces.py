"""The traces: lines through the samples, broken where there are none.

Finished pieces are cached as tiles, since a tile costs a twentieth of drawing its samples; only
the newest piece, which still grows, is drawn for each frame.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from pyqtgraph.Qt import QtCore, QtGui

from ecgstream.gui.playback.snapshot import Excerpt
from ecgstream.gui.settings.theme import Theme
from ecgstream.gui.sheet.layout import Lane, Layout
from ecgstream.gui.sheet.timebase import Span, Timebase
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.live.history import Segment

WIDTH = 1.3
"""Width of a trace on a screen, in units."""
PRINTED_WIDTH = 0.25
"""Width of a trace on a strip, in mm."""
_TILE_PIXELS = 96
"""Width of a tile, in device pixels."""
_CACHED_SHEETS = 2
"""Size of the tile cache, in widths of the sheet."""
_ARRAY_STEP = 64
"""Step of the sizes of line arrays; surplus lines are drawn off the sheet."""
_MAX_DISTANCE = 1e4
"""Largest distance from the sheet at which a line ends, in pixels."""

Heights = npt.NDArray[np.floating[Any]]
_Volts = TypeVar("_Volts", float, Heights)
Shifts = Mapping[tuple[str, int], float]
"""Shift upwards in mV of the trace of each kind and lead."""


def signal(segment: Segment, kind: str, lead: int) -> Floats:
    """Samples (n,) of one kind, in mV; NaN where there are none.

    The clean signal has gaps where the input has: it was not measured there.
    """
    given = segment.input[:, lead]
    if kind == "raw":
        return given
    if kind == "clean":
        return np.where(np.isnan(given), np.float32(np.nan), segment.clean[:, lead])
    output = segment.output[:, lead]
    return output if kind == "denoised" else given - output


class SheetContent(NamedTuple):
    """An excerpt and its places on the sheet: all that is needed to draw it."""

    layout: Layout
    time: Timebase
    shown: Excerpt
    shifts: Shifts
    theme: Theme

    def y(self, lane: Lane, kind: str, part: slice) -> Heights:
        """Y in pixels of a kind's samples; NaN where there are none."""
        samples = signal(self.shown.segment, kind, lane.lead)[part].astype(float)
        return np.clip(self.height(lane, kind, samples), -_MAX_DISTANCE, _MAX_DISTANCE)

    def height(self, lane: Lane, kind: str, millivolts: _Volts) -> _Volts:
        """Y in pixels of a kind's voltage."""
        return lane.zero - self._per_mv * (millivolts + self._shift(lane, kind))

    def millivolts(self, lane: Lane, kind: str, height: float) -> float:
        """Voltage of a kind at a height."""
        return (lane.zero - height) / self._per_mv - self._shift(lane, kind)

    @property
    def _per_mv(self) -> float:
        return self.layout.display.gain * self.layout.geometry.scale

    def _shift(self, lane: Lane, kind: str) -> float:
        return self.shifts.get((kind, lane.lead), 0.0)


class Traces:
    """Draw traces on a screen, with a cache of finished tiles."""

    def __init__(self) -> None:
        self._tiles: dict[int, QtGui.QPixmap] = {}
        self._drawn_for: tuple[object, ...] = ()

    def draw(self, painter: QtGui.QPainter, content: SheetContent) -> None:
        """Draw the traces of every lane."""
        layout, shown = content.layout, content.shown
        drawn_for = (
            layout, content.theme, shown.run_number, shown.leads, shown.first, shown.fs,
            tuple(content.shifts.items()),
        )  # fmt: skip
        if drawn_for != self._drawn_for:
            self._drawn_for = drawn_for
            self._tiles.clear()
        for span in content.time.spans:
            self._draw_span(painter, content, span)

    def _draw_span(self, painter: QtGui.QPainter, content: SheetContent, span: Span) -> None:
        time, geometry = content.time, content.layout.geometry
        ratio, segment = geometry.ratio, content.shown.segment
        wide = _TILE_PIXELS / ratio
        margin = WIDTH * geometry.unit + time.step
        final = math.floor(
            ((time.first + min(content.shown.denoised, span.stop)) * time.step - margin) / wide
        )
        whole = math.ceil(((time.first + segment.start) * time.step + margin) / wide)
        begin = geometry.snap(max(time.place(span.start, span), content.layout.left))
        end = min(time.place(span.stop, span), content.layout.right) + geometry.unit
        painter.save()
        painter.setClipRect(_column(content.layout, begin, end))
        first = math.floor((begin + span.origin) / wide)
        last = math.floor((end + span.origin) / wide)
        loose: list[int] = []
        for number in range(first, last + 1):
            if number not in self._tiles and whole <= number < final:
                self._tiles[number] = self._tile(content, number)
            if number in self._tiles:
                x = number * wide - span.origin
                painter.drawPixmap(QtCore.QPointF(x, 0.0), self._tiles[number])
            else:
                loose.append(number)
        for begin_tile, end_tile in _runs(loose):
            left, right = (tile * wide - span.origin for tile in (begin_tile, end_tile))
            painter.setClipRect(_column(content.layout, max(left, begin), min(right, end)))
            _draw_samples(painter, content, span.origin, left, right)
        painter.restore()
        kept = _CACHED_SHEETS * math.ceil(geometry.width / wide)
        while len(self._tiles) > kept:
            del self._tiles[next(iter(self._tiles))]

    @staticmethod
    def _tile(content: SheetContent, number: int) -> QtGui.QPixmap:
        """Draw the traces of one column of the paper, on a transparent ground."""
        geometry = content.layout.geometry
        height = math.ceil(geometry.height * geometry.ratio)
        tile = QtGui.QPixmap(_TILE_PIXELS, height)
        tile.setDevicePixelRatio(geometry.ratio)
        tile.fill(QtCore.Qt.GlobalColor.transparent)
        wide = _TILE_PIXELS / geometry.ratio
        painter = QtGui.QPainter(tile)
        _draw_samples(painter, content, number * wide, 0.0, wide)
        painter.end()
        return tile


def _runs(numbers: list[int]) -> list[tuple[int, int]]:
    """First and last plus one of each run of consecutive numbers."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number:
            runs[-1] = runs[-1][0], number + 1
        else:
            runs.append((number, number + 1))
    return runs


def _column(layout: Layout, left: float, right: float) -> QtCore.QRectF:
    top, bottom = layout.header.bottom(), layout.axis.top()
    left, right = max(left, layout.left), min(right, layout.right + layout.geometry.unit)
    return QtCore.QRectF(left, top, max(0.0, right - left), bottom - top)


def _draw_samples(
    painter: QtGui.QPainter, content: SheetContent, origin: float, left: float, right: float
) -> None:
    """Draw the samples between two places, and their neighbours as far as they reach in.

    As single lines: Qt draws joined wide lines slowly.
    """
    time, geometry = content.time, content.layout.geometry
    margin = 2 * WIDTH * geometry.unit
    reach = [(x + origin) / time.step - time.first for x in (left - margin, right + margin)]
    offset = content.shown.segment.start
    start = max(offset, math.floor(reach[0]))
    stop = min(offset + len(content.shown.segment.input), math.ceil(reach[1]) + 1)
    if stop <= start:
        return
    part = slice(start - offset, stop - offset)
    x = (time.first + np.arange(start, stop)) * time.step - origin
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    for lane in content.layout.lanes:
        painter.save()
        column = QtCore.QRectF(left, lane.box.top(), right - left, lane.box.height())
        painter.setClipRect(column, QtCore.Qt.ClipOperation.IntersectClip)
        for kind in lane.kinds:
            lines = _lines(x, content.y(lane, kind, part))
            if lines is not None:
                painter.setPen(trace_pen(content.theme, kind, WIDTH * geometry.unit))
                painter.drawLines(*lines.drawargs())
        painter.restore()


def _lines(x: Heights, y: Heights) -> Any:
    """Lines between neighbouring samples, and a dot for each lone sample; None without samples."""
    there = np.isfinite(y)
    joined = there[:-1] & there[1:]
    alone = there.copy()
    alone[:-1] &= ~joined
    alone[1:] &= ~joined
    begin = np.concatenate([np.flatnonzero(joined), np.flatnonzero(alone)])
    if not len(begin):
        return None
    end = begin + 1
    end[len(begin) - np.count_nonzero(alone) :] -= 1
    lines = _array(_ARRAY_STEP * math.ceil(len(begin) / _ARRAY_STEP))
    ends = lines.ndarray()
    ends[: len(begin)] = np.column_stack([x[begin], y[begin], x[end], y[end]])
    ends[len(begin) :] = -_MAX_DISTANCE
    return lines


@cache
def _array(size: int) -> Any:
    """Return a cached array of Qt's lines: PyQt never frees the 150 bytes of each one made."""
    lines = pg.Qt.internals.PrimitiveArray(QtCore.QLineF, 4)
    lines.resize(size)
    return lines


def trace_pen(theme: Theme, kind: str, width: float) -> QtGui.QPen:
    """Pen of a kind of trace."""
    pen = QtGui.QPen(QtGui.QColor(getattr(theme, kind)), width)
    pen.setCapStyle(QtCore.Qt.PenCapStyle.SquareCap)
    pen.setJoinStyle(QtCore.Qt.PenJoinStyle.RoundJoin)
    return pen


def print_traces(painter: QtGui.QPainter, content: SheetContent) -> None:
    """Draw the traces of every lane as whole curves, for files."""
    time, segment = content.time, content.shown.segment
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    for span in content.time.spans:
        part = slice(span.start - segment.start, span.stop - segment.start)
        x = (time.first + np.arange(span.start, span.stop)) * time.step - span.origin
        for lane in content.layout.lanes:
            for kind in lane.kinds:
                y = content.y(lane, kind, part)
                painter.setPen(
                    trace_pen(content.theme, kind, PRINTED_WIDTH * content.layout.geometry.scale)
                )
                inside = _cut(x, y, lane.box.top(), lane.box.bottom())
                painter.drawPath(pg.functions.arrayToQPath(*inside, connect="finite"))


def _cut(x: Heights, y: Heights, top: float, bottom: float) -> tuple[Heights, Heights]:
    """Cut a curve at the edges of its lane, since Qt's SVG files know no clipping."""
    for edge in (top, bottom):
        with np.errstate(invalid="ignore"):
            crossing = np.flatnonzero((y[:-1] - edge) * (y[1:] - edge) < 0)
        share = (edge - y[crossing]) / (y[crossing + 1] - y[crossing])
        between = x[crossing] + share * (x[crossing + 1] - x[crossing])
        x, y = np.insert(x, crossing + 1, between), np.insert(y, crossing + 1, edge)
    return x, np.where((y < top) | (y > bottom), np.nan, y)
