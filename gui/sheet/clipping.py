"""Traces beyond their lane: arrows where they are clipped, and shifts that keep them inside."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pyqtgraph.Qt import QtCore, QtGui

from ecgstream.gui.playback.snapshot import Excerpt
from ecgstream.gui.sheet.layout import Layout
from ecgstream.gui.sheet.traces import SheetContent, Shifts, signal

_SHIFTED_KINDS = ("raw", "removed")
"""Kinds with baseline wander or an offset, which may be shifted; the others never are."""
_MAX_OFFSET = 0.3
"""Largest distance of a trace's median from the isoelectric line, as a share of the lane."""
_MEDIAN_STEP = 8
"""Step between the samples that the median is taken over."""
_ARROW = 4.5
"""Half the width of an arrow, in units."""


class LaneCentering:
    """Keep raw signals in their lanes by shifts of whole squares, which seldom change.

    A filter, or a shift that followed the signal, would change the shape of the trace.
    """

    def __init__(self) -> None:
        self._shifts: dict[tuple[str, int], float] = {}
        self._square = 0.0

    def follow(self, layout: Layout, shown: Excerpt) -> Shifts:
        """Return the shift in mV of each kind and lead that needs one."""
        gain, scale = layout.display.gain, layout.geometry.scale
        square = layout.line / gain
        if square != self._square:
            self._square, self._shifts = square, {}
        for lane in layout.lanes:
            for kind in set(lane.kinds) & set(_SHIFTED_KINDS):
                samples = signal(shown.segment, kind, lane.lead)[::_MEDIAN_STEP]
                samples = samples[np.isfinite(samples)]
                if not len(samples):
                    continue
                key, middle = (kind, lane.lead), float(np.median(samples))
                limit = max(_MAX_OFFSET * lane.box.height() / scale / gain, square)
                if abs(middle + self._shifts.get(key, 0.0)) > limit:
                    self._shifts[key] = -square * round(middle / square)
        return {key: shift for key, shift in self._shifts.items() if shift}


def draw_arrows(painter: QtGui.QPainter, content: SheetContent) -> None:
    """Draw an arrow at a lane's edge wherever a trace leaves the lane."""
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
    """Triangle with its tip at (x, y) and its base below it (`inwards` 1) or above (-1)."""
    base = y + 1.5 * half * inwards
    corners = ((x, y), (x - half, base), (x + half, base))
    return QtGui.QPolygonF([QtCore.QPointF(*corner) for corner in corners])


def _middles(outside: npt.NDArray[np.bool_], apart: float) -> list[float]:
    """Middles of the runs of outside samples; runs closer than `apart` count as one."""
    if not outside.any():
        return []
    at = np.flatnonzero(outside)
    first = np.flatnonzero(np.diff(at, prepend=-np.inf) > apart)
    last = np.append(first[1:], len(at)) - 1
    return list((at[first] + at[last]) / 2)
