"""The caliper: two ends on the sheet; measures time, rate and voltage between them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from pyqtgraph.Qt import QtCore, QtGui

from ecgstream.gui.sheet.layout import Lane, Layout
from ecgstream.gui.sheet.text import CENTRE, USUAL, TextPainter, minus
from ecgstream.gui.sheet.timebase import MINUTE, Timebase
from ecgstream.gui.sheet.traces import SheetContent, signal

_GRAB_DISTANCE = 8
"""Distance from an end within which the mouse grabs it, in units."""
_NOTE_WIDTH = 90
"""Room for the note at the right of the header, in units."""


class CaliperEnd(NamedTuple):
    """One end of the caliper, in time of the record."""

    second: float
    millivolts: float  # NaN where there is no trace to take it from


class Caliper:
    """Measure between two ends on one lane; `changed` is called after every change.

    Dragged ends are where the mouse is; ends set by time are on the trace.
    When the measured lane is hidden, both move to the trace of another one; in another record or
    run they start in the middle again.
    """

    def __init__(self, changed: Callable[[], object]) -> None:
        self._changed = changed
        self._active = False
        self.ends: tuple[CaliperEnd, CaliperEnd] | None = None
        self.kind, self.lead = "", 0
        self._content: SheetContent | None = None

    @property
    def active(self) -> bool:
        """Whether the caliper is shown; it starts in the middle of the sheet."""
        return self._active

    @active.setter
    def active(self, active: bool) -> None:
        self._active = active
        if active and self._content is not None and not self._seen(self._content.time):
            self._begin(self._content)
        self._changed()

    @property
    def text(self) -> str:
        """Measured values as text; empty while the caliper or its trace is hidden."""
        if not self._active or self.ends is None or self._lane() is None:
            return ""
        first, second = self.ends
        time = second.second - first.second
        rate = f"{MINUTE / abs(time):.0f} bpm" if abs(time) >= 0.1 else "\N{EM DASH} bpm"
        volts = second.millivolts - first.millivolts
        size = f"{volts:.2f}" if math.isfinite(volts) else "\N{EM DASH}"
        return minus(f"Δt {abs(time):.2f} s · {rate} · Δ {size} mV")

    def set_times(self, first: float, second: float) -> None:
        """Put both ends on the trace, at two seconds of the record."""
        self._find_lane()
        self.ends = self._on_trace(first), self._on_trace(second)
        self._changed()

    def nudge(self, seconds: float, end: int = 1) -> None:
        """Move one end (0 or 1) along the trace."""
        if self.ends is not None:
            times = [e.second for e in self.ends]
            times[end] += seconds
            self.set_times(*times)

    def follow(self, content: SheetContent | None) -> None:
        """Measure on new content of the sheet; None clears the caliper."""
        before, self._content = self._content, content
        if content is None:
            self.ends = None
            return
        if before is not None and _run(before) != _run(content):
            self.ends = None
        if self._active and self.ends is None:
            self._begin(content)
        elif self.ends is not None and self._lane() is None and content.layout.lanes:
            first, second = self.ends
            self.set_times(first.second, second.second)

    def end_at(self, x: float) -> int | None:
        """Return the end (0 or 1) within reach of x, if any."""
        if not self._active or self.ends is None or self._content is None:
            return None
        time, reach = self._content.time, _GRAB_DISTANCE * self._content.layout.geometry.unit
        places = [time.x(self._count(e)) for e in self.ends]
        near = [(abs(x - p), n) for n, p in enumerate(places) if p is not None]
        distance, number = min(near, default=(math.inf, 0))
        return number if distance <= reach else None

    def drag(self, end: int | None, at: QtCore.QPointF) -> None:
        """Move an end to a place; None moves both there."""
        if self._content is None:
            return
        layout, time = self._content.layout, self._content.time
        if end is None or self._lane() is None:
            lane = layout.lane_at(at.y())
            if lane is None:
                return
            self.kind, self.lead = lane.kinds[-1], lane.lead
        lane = self._lane()
        if lane is None:
            return
        millivolts = self._content.millivolts(lane, self.kind, at.y())
        x = min(max(at.x(), layout.left), layout.right)
        moved = CaliperEnd(time.second(time.sample_at(x)), millivolts)
        ends = [moved, moved] if end is None or self.ends is None else list(self.ends)
        ends[end or 0] = moved
        self.ends = ends[0], ends[1]
        self._changed()

    def draw(
        self, painter: QtGui.QPainter, content: SheetContent, text_painter: TextPainter
    ) -> None:
        """Draw both ends over all lanes, their levels on the measured lane, and the text."""
        lane = content.layout.lane(self.kind, self.lead)
        if not self._active or self.ends is None or lane is None:
            return
        layout, theme, unit = content.layout, content.theme, text_painter.unit
        colour = QtGui.QColor(theme.caliper)
        places = [content.time.x(self._count(end)) for end in self.ends]
        painter.save()
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        painter.setPen(QtGui.QPen(colour, 1.5 * unit))
        for x in places:
            if x is not None and layout.left <= x <= layout.right:
                x = layout.geometry.middle(x)
                for top, bottom in _beside_marks(layout):
                    painter.drawLine(QtCore.QPointF(x, top), QtCore.QPointF(x, bottom))
        left = min((x for x in places if x is not None), default=layout.left)
        right = max((x for x in places if x is not None), default=layout.left)
        self._draw_levels(painter, content, lane, left, right)
        room = text_painter.width(self.text, USUAL, bold=True) + 16 * unit
        # In the header, where it hides no trace, and left of the note there.
        farthest = layout.right - _NOTE_WIDTH * unit - room / 2
        middle = max(min((left + right) / 2, farthest), layout.left + room / 2)
        y = layout.header.center().y()
        box = QtCore.QRectF(middle - room / 2, y - 10 * unit, room, 20 * unit)
        painter.setBrush(QtGui.QColor(theme.paper))
        painter.drawRoundedRect(box, 4 * unit, 4 * unit)
        at = middle, y
        text_painter.draw(painter, at, self.text, theme.caliper, USUAL, CENTRE, bold=True)
        painter.restore()

    def _draw_levels(
        self, painter: QtGui.QPainter, content: SheetContent, lane: Lane, left: float, right: float
    ) -> None:
        colour = QtGui.QColor(content.theme.caliper)
        thin = QtGui.QPen(colour, content.layout.geometry.unit, QtCore.Qt.PenStyle.DashLine)
        radius = 3 * content.layout.geometry.unit
        for end in self.ends or ():
            y = content.height(lane, self.kind, end.millivolts)
            if not lane.box.top() <= y <= lane.box.bottom():
                continue
            painter.setPen(thin)
            painter.drawLine(QtCore.QPointF(left, y), QtCore.QPointF(right, y))
            x = content.time.x(self._count(end))
            if x is not None:
                painter.setBrush(colour)
                painter.setPen(QtCore.Qt.PenStyle.NoPen)
                painter.drawEllipse(QtCore.QPointF(x, y), radius, radius)
        painter.setPen(QtGui.QPen(colour, 1.5 * content.layout.geometry.unit))

    def _begin(self, content: SheetContent) -> None:
        time, layout = content.time, content.layout
        thirds = [layout.left + share * (layout.right - layout.left) for share in (0.4, 0.6)]
        counts = [time.sample_at(x) for x in thirds]
        if all(map(math.isfinite, counts)):
            self.set_times(*(time.second(count) for count in counts))

    def _seen(self, time: Timebase) -> bool:
        return self.ends is not None and any(time.x(self._count(e)) is not None for e in self.ends)

    def _count(self, end: CaliperEnd) -> float:
        assert self._content is not None
        return end.second * self._content.time.fs - self._content.time.first

    def _lane(self) -> Lane | None:
        return None if self._content is None else self._content.layout.lane(self.kind, self.lead)

    def _find_lane(self) -> None:
        """Choose the first lane with a denoised trace unless the chosen lane is shown."""
        if self._content is None or self._lane() is not None:
            return
        lanes = self._content.layout.lanes
        lane = next((x for x in lanes if "denoised" in x.kinds), lanes[0] if lanes else None)
        if lane is not None:
            self.kind = "denoised" if "denoised" in lane.kinds else lane.kinds[0]
            self.lead = lane.lead

    def _on_trace(self, second: float) -> CaliperEnd:
        """Return the end on the trace at a time, interpolated between samples."""
        content, lane = self._content, self._lane()
        if content is None or lane is None:
            return CaliperEnd(second, math.nan)
        samples = signal(content.shown.segment, self.kind, lane.lead)
        at = second * content.time.fs - content.time.first - content.shown.segment.start
        before = math.floor(at)
        if not 0 <= before < len(samples):
            return CaliperEnd(second, math.nan)
        share = at - before
        after = samples[min(before + 1, len(samples) - 1)] if share else samples[before]
        return CaliperEnd(second, float((1 - share) * samples[before] + share * after))


def _run(content: SheetContent) -> tuple[object, ...]:
    """Key of the record and run; ends do not carry over to another one."""
    return content.shown.record, content.shown.run_number


def _beside_marks(layout: Layout) -> list[tuple[float, float]]:
    """Top and bottom of the parts of an end's line, which spares the beat symbols."""
    top, bottom = layout.header.bottom(), layout.axis.top()
    if layout.marks.isEmpty():
        return [(top, bottom)]
    return [(top, layout.marks.top()), (layout.marks.bottom(), bottom)]
