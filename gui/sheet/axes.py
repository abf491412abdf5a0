"""Axes around the traces: lane names, calibration marks, header and time axis."""

from __future__ import annotations

import math
from itertools import zip_longest

import numpy as np
from pyqtgraph.Qt import QtCore, QtGui

from ecgstream.gui.playback.snapshot import Excerpt
from ecgstream.gui.settings.display_settings import TRACE_KINDS
from ecgstream.gui.settings.theme import Theme
from ecgstream.gui.sheet.layout import AXIS, Lane, Layout
from ecgstream.gui.sheet.paper import calibration_mark, draw_grid
from ecgstream.gui.sheet.text import CENTRE, RIGHT, SMALL, USUAL, TextPainter, minus
from ecgstream.gui.sheet.timebase import MINUTE, Timebase
from ecgstream.gui.sheet.traces import SheetContent, trace_pen
from ecgstream.gui.window.messages import clock_time

_LINE = 15
"""Distance of the lines of a lane's names, in units."""
_INDENT = 8
_TICKS = (0.2, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Tick intervals of the time axis, in seconds; the shortest whose labels fit is taken."""
_BETWEEN = 54
"""Room for a label of the time axis, in units."""
_SAMPLE = 14
"""Width of the legend line beside a trace's name, in units."""

Names = tuple[tuple[str, str], ...]
"""Text lines beside a lane: the kind whose colour a line shows (empty for none), and its text."""


def lane_names(content: SheetContent, lane: Lane) -> Names:
    """Return the text lines beside a lane, the most important first."""
    lines = [("", lane.name)]
    if not _legend_needed(content.layout):
        lines += [(kind, kind) for kind in lane.kinds]
    if "raw" in lane.kinds:
        lines += [("", line) for line in _noises(content.shown)]
    for kind in lane.kinds:
        if shift := content.shifts.get((kind, lane.lead)):
            which = f"{kind} " if len(lane.kinds) > 1 else "shift "
            lines.append(("", minus(f"{which}{shift:+g} mV")))
    if "clean" in lane.kinds and not np.isfinite(content.shown.segment.clean[:, lane.lead]).any():
        lines.append(("", "not known"))
    return tuple(lines)


def _noises(shown: Excerpt) -> list[str]:
    """Return the noise mixed into the excerpt, and until when; empty where there was none."""
    lines: list[str] = []
    for one, following in zip_longest(shown.applied_settings, shown.applied_settings[1:]):
        if following is not None and following.noise == one.noise:
            continue
        kind, snr = one.noise
        lines.append("no noise" if kind is None else minus(f"{kind} {snr:g} dB"))
        if following is not None:
            lines.append(f"until {moment(shown, following.sample)}")
    return [] if lines == ["no noise"] else lines


def _draw_names(
    painter: QtGui.QPainter,
    layout: Layout,
    theme: Theme,
    text_painter: TextPainter,
    names: tuple[Names, ...],
) -> None:
    """Draw the text lines in the column left of each lane, as many as fit."""
    unit = text_painter.unit
    for lane, lines in zip(layout.lanes, names, strict=True):
        room = int(lane.box.height() / (_LINE * unit))
        lines = lines[: max(room, 1)]
        top = lane.box.center().y() - len(lines) * _LINE * unit / 2
        top = max(top, lane.box.top())
        for n, (kind, text) in enumerate(lines):
            x, y = _INDENT * unit, layout.geometry.snap(top + (n + 0.5) * _LINE * unit)
            if kind:
                _draw_sample(painter, theme, kind, x, y, unit)
                x += _SAMPLE * unit
            size, bold = (USUAL, True) if n == 0 else (SMALL, False)
            text = text_painter.fitting(text, layout.panel - x, size, bold)
            colour = theme.ink if n == 0 or kind else theme.quiet
            text_painter.draw(painter, (x, y), text, colour, size, bold=bold)
            if len(lane.kinds) == 1 and _legend_needed(layout):
                x += text_painter.width(text, size, bold) + 5 * unit
                _draw_sample(painter, theme, lane.kinds[0], x, y, unit)


def draw_margin(
    painter: QtGui.QPainter,
    layout: Layout,
    theme: Theme,
    text_painter: TextPainter,
    names: tuple[Names, ...],
) -> None:
    """Draw the fixed margin left of the traces: names, and paper with the calibration marks."""
    geometry, display = layout.geometry, layout.display
    painter.fillRect(QtCore.QRectF(0, 0, layout.panel, geometry.height), QtGui.QColor(theme.paper))
    paper = QtCore.QRectF(layout.panel, 0, layout.left - layout.panel, geometry.height)
    draw_grid(painter, paper, layout.calibration, geometry, theme)
    painter.save()
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    mark = calibration_mark(display, geometry.scale)
    free = math.inf  # y above which the next mark may be drawn
    high = display.gain * geometry.scale
    for lane in reversed(layout.lanes):
        # The header would cut off a mark that begins higher; its height is what counts.
        highest = layout.header.bottom() + high + geometry.scale
        foot = max(lane.zero, geometry.snap(math.ceil(highest / geometry.scale) * geometry.scale))
        if foot > free - 2 * geometry.scale:
            continue
        free = foot - high
        painter.setPen(QtGui.QPen(QtGui.QColor(theme.ink), 1.3 * geometry.unit))
        painter.drawPath(mark.translated(layout.calibration, foot))
        if lane.box.bottom() - foot > _LINE * geometry.unit:
            centre = (layout.panel + layout.left) / 2
            at = centre, foot + 0.6 * _LINE * geometry.unit
            text_painter.draw(painter, at, "1 mV", theme.ink, align=CENTRE)
    _draw_names(painter, layout, theme, text_painter, names)
    painter.restore()


def draw_header(
    painter: QtGui.QPainter, layout: Layout, theme: Theme, text_painter: TextPainter, note: str
) -> None:
    """Draw the scale, the legend and the note above the traces."""
    unit, display = text_painter.unit, layout.display
    painter.fillRect(layout.header, QtGui.QColor(theme.paper))
    middle = layout.header.center().y()
    scale = f"{display.paper_speed:g} mm/s   {display.gain:g} mm/mV"
    text_painter.draw(painter, (_INDENT * unit, middle), scale, theme.quiet)
    if _legend_needed(layout):
        x = _INDENT * unit + text_painter.width(scale) + 24 * unit
        for kind in (kind for kind in TRACE_KINDS if kind in display.kinds):
            _draw_sample(painter, theme, kind, x, middle, unit)
            text_painter.draw(painter, (x + _SAMPLE * unit, middle), kind, theme.ink)
            x += text_painter.width(kind) + (_SAMPLE + 16) * unit
    if note:
        text_painter.draw(painter, (layout.right, middle), note, theme.ink, USUAL, RIGHT, bold=True)


def draw_axis(
    painter: QtGui.QPainter,
    layout: Layout,
    time: Timebase,
    shown: Excerpt,
    theme: Theme,
    text_painter: TextPainter,
) -> None:
    """Draw the time axis below the traces, in time of the record."""
    unit, geometry = text_painter.unit, layout.geometry
    per_second = layout.display.paper_speed * geometry.scale
    each = next((s for s in _TICKS if s >= 1 and s * per_second >= _BETWEEN * unit), _TICKS[-1])
    ground = layout.axis.adjusted(0, 0, 0, unit)  # paper may end a part of a pixel later
    painter.fillRect(ground, QtGui.QColor(theme.paper))
    painter.setPen(QtGui.QPen(QtGui.QColor(theme.quiet), 1 / geometry.ratio))
    top = layout.axis.top()
    painter.drawLine(QtCore.QPointF(layout.left, top), QtCore.QPointF(layout.right, top))
    length = shown.length / shown.fs
    newest = time.place(time.spans[0].stop, time.spans[0])
    for span in time.spans:
        begin, end = time.second(span.start), time.second(span.stop)
        minor = min(each, 1.0)
        for n in range(math.ceil(begin / minor), math.floor(end / minor) + 1):
            second = n * minor
            x = geometry.snap(time.place(second * shown.fs - shown.first, span))
            named = math.isclose(second / each, round(second / each))
            painter.setPen(QtGui.QPen(QtGui.QColor(theme.quiet), 1 / geometry.ratio))
            tick = (5 if named else 3) * unit
            painter.drawLine(QtCore.QPointF(x, top), QtCore.QPointF(x, top + tick))
            if named and (span is time.spans[0] or x - newest > _BETWEEN * unit):
                text = clock_text(second, length)
                rightmost = geometry.width - text_painter.width(text) / 2 - unit
                at = min(x, rightmost), top + (AXIS - 10) * unit
                text_painter.draw(painter, at, text, theme.quiet, align=CENTRE)


def clock_text(second: float, length: float, tenths: bool = False) -> str:
    """Format a second of a record that lasts `length` seconds: 12 s, 1:05 or 2:10:00."""
    return f"{round(second, 1):g} s" if length < MINUTE else clock_time(second, tenths)


def moment(shown: Excerpt, sample: int) -> str:
    """Format the time in the record of a sample of the stream, to a tenth of a second."""
    return clock_text((shown.first + sample) / shown.fs, shown.length / shown.fs, tenths=True)


def _legend_needed(layout: Layout) -> bool:
    """Return whether the lanes are too low to name their kinds, so that the header does."""
    unit = layout.geometry.unit
    return any(x.box.height() < (1 + len(x.kinds)) * _LINE * unit for x in layout.lanes[:1])


def _draw_sample(
    painter: QtGui.QPainter, theme: Theme, kind: str, x: float, y: float, unit: float
) -> None:
    painter.setPen(trace_pen(theme, kind, 2.5 * unit))
    painter.drawLine(QtCore.QPointF(x, y), QtCore.QPointF(x + (_SAMPLE - 5) * unit, y))
