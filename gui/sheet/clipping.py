"""Traces that do not fit into their lane: where they leave it, and what they are shifted by."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pyqtgraph.Qt import QtCore, QtGui

from ecgstream.gui.playback.snapshot import Excerpt
from ecgstream.gui.sheet.layout import Layout
from ecgstream.gui.sheet.traces import SheetContent, Shifts, signal

_SHIFTED = ("raw", "removed")
"""What has a wander or an offset; the others are drawn where they are, always."""
_OFF = 0.3
"""Share of a lane's height by which the middle of a trace may be off the isoelectric line."""
_EVERY = 8
"""One sample of so many is enough to find the middle."""
_ARROW = 4.5
"""Units: half the width of an arrow."""


class LaneCentering:
    """Keeps raw signals in their lanes: whole squares for all that is seen, seldom changed.

    A filter would change the shape of what is seen, and a shift that followed it, too.
    """

    def __init__(self) -> None:
        self._shifts: dict[tuple[str, int], float] = {}
        self._square = 0.0

    def follow(self, layout: Layout, shown: Excerpt) -> Shifts:
        """Give the mV to be added to each kind and lead that needs it."""
        gain, scale = layout.display.gain, layout.geometry.scale
        square = layout.line / gain
        if square != self._square:
            self._square, self._shifts = square, {}
        for lane in layout.lanes:
            for kind in set(lane.kinds) & set(_SHIFTED):
                samples = signal(shown.segment, kind, lane.lead)[::_EVERY]
                samples = samples[np.isfinite(samples)]
                if not len(samples):
                    continue
                key, middle = (kind, lane.lead), float(np.median(samples))
                limit = max(_OFF * lane.box.height() / scale / gain, square)
                if abs(middle + self._shifts.get(key, 0.0)) > limit:
                    self._shifts[key] = -square * round(middle / square)
        return {key: shift for key, shift in self._shifts.items() if shift}


def draw_arrows(painter: QtGui.QPainter, content: SheetContent) -> None:
    """Point outwards, at a lane's edge, wherever a trace leaves it."""
    segment, unit = content.shown.segment, content.layout.geometry.unit
    painter.save()
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    painter.setPen(QtGui.QPen(QtGui.QColor(content.theme.paper), unit))  # apart from its trace
    for lane in content.layout.lanes:
        box = lane.box
        height = min(_ARROW * unit, box.height() / 8)
        for kind in lane.kinds:
            painter.setBrush(QtGui.QColor(getattr(content.theme, kind)))
            for span in content.time.spans:
                part = slice(span.start - segment.start, span.stop - segment.start)
                y = content.y(lane, kind, part)
                above, below = y < box.top(), y > box.bottom()
                for outside, edge, inwards in ((above, box.top(), 1), (below, box.bottom(), -1)):
                    for middle in _middles(outside, 3 * height / content.time.step):
                        x = content.time.place(span.start + middle, span)
                        painter.drawPolygon(arrow(x, edge, height, inwards))
    painter.restore()


def arrow(x: float, y: float, half: float, inwards: int) -> QtGui.QPolygonF:
    """A triangle whose tip is at (x, y); its base is below the tip, or above with -1."""
    base = y + 1.5 * half * inwards
    corners = ((x, y), (x - half, base), (x + half, base))
    return QtGui.QPolygonF([QtCore.QPointF(*corner) for corner in corners])


def _middles(outside: npt.NDArray[np.bool_], apart: float) -> list[float]:
    """Middles of the runs of what is outside, those that are close to each other as one."""
    if not outside.any():
        return []
    at = np.flatnonzero(outside)
    first = np.flatnonzero(np.diff(at, prepend=-np.inf) > apart)
    last = np.append(first[1:], len(at)) - 1
    return list((at[first] + at[last]) / 2)
