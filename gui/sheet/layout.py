"""Layout of the sheet: the lanes of the traces, and header, margin and axis around them.

Lengths are pixels as Qt counts them, y downwards, unless they are said to be mm.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pyqtgraph.Qt import QtCore

from ecgstream.gui.settings.display_settings import TRACE_KINDS, DisplaySettings
from ecgstream.gui.sheet.paper import BOLD, FINE, MARK_SECONDS, Geometry

AHEAD = 5.0
"""Empty paper right of the traces, in mm."""
HEADER, AXIS = 22, 24
"""Heights of the header above the lanes and of the time axis below them, in units."""
RHYTHM, SYMBOLS, PEAKS = 16, 16, 9
"""Heights of the rows of marks above a lane, in units."""
_PANEL = 92
"""Width of the column of names, in units."""
_FEET = 2.5
"""Minimum room left and right of the calibration mark, in mm."""
_UNDER = 38
"""Width of the text below the calibration mark, in units."""
_ROOMY = 20.0
"""Minimum height in mm of a lane with its isoelectric line on a bold line, not a fine one."""
_BELOW_MIDDLE = 0.56
"""Share of a lane above its isoelectric line: most complexes point upwards."""


class Lane(NamedTuple):
    """A strip of the sheet with the traces of one lead."""

    lead: int  # its number in the record
    name: str  # the lead's
    kinds: tuple[str, ...]
    box: QtCore.QRectF  # what its traces may cover
    zero: float  # y of the isoelectric line


class Rows(NamedTuple):
    """Rows of marks that have something to show."""

    rhythms: bool = False
    beats: bool = False


class Layout(NamedTuple):
    """Places of everything on the sheet, in pixels."""

    geometry: Geometry
    display: DisplaySettings
    lanes: tuple[Lane, ...]
    calibration: float  # x of the calibration marks' rise
    left: float  # of the traces
    right: float
    header: QtCore.QRectF
    axis: QtCore.QRectF
    marks: QtCore.QRectF  # above the lane that the marks belong to; empty without any
    rows: Rows  # of `marks`, the peaks' row apart
    panel: float  # width of the column of names
    line: float  # mm between the paper's lines that isoelectric lines and shifts keep to

    def lane(self, kind: str, lead: int) -> Lane | None:
        """Return the lane that shows this kind and lead, if any."""
        return next((x for x in self.lanes if kind in x.kinds and lead == x.lead), None)

    def lane_at(self, y: float) -> Lane | None:
        """Return the lane nearest to a height."""
        return min(self.lanes, key=lambda lane: abs(lane.box.center().y() - y), default=None)


def arrange(
    geometry: Geometry, display: DisplaySettings, leads: Sequence[str], marked: Rows
) -> Layout:
    """Divide a sheet among the leads that are not hidden.

    A row of marks that the display asks for takes no room while nothing is `marked` in it; peaks
    are detected in any record.
    """
    unit, scale = geometry.unit, geometry.scale
    panel = geometry.snap(_PANEL * unit)
    mark = MARK_SECONDS * display.paper_speed * scale
    beside = max(_FEET * scale, (_UNDER * unit - mark) / 2)
    calibration = panel + beside
    left = geometry.snap(calibration + mark + beside)
    right = max(geometry.snap(geometry.width - AHEAD * scale), left)
    header = QtCore.QRectF(0, 0, geometry.width, HEADER * unit)
    axis = QtCore.QRectF(0, geometry.height - AXIS * unit, geometry.width, AXIS * unit)
    wanted, rows = _wanted(display, len(leads)), Rows(*(display.annotations and x for x in marked))
    first_marked = _first_marked(wanted)
    high = unit * (RHYTHM * rows.rhythms + SYMBOLS * rows.beats + PEAKS * display.detections)
    each = (axis.top() - header.bottom() - high) / max(1, len(wanted))
    line = BOLD if each >= _ROOMY * scale else FINE
    marks, lanes, top = QtCore.QRectF(), [], header.bottom()
    for n, (lead, kinds) in enumerate(wanted):
        if n == first_marked:
            marks = QtCore.QRectF(left, top, right - left, high)
            top += high
        box = QtCore.QRectF(left, top, right - left, max(each, 1.0))
        lanes.append(Lane(lead, leads[lead], kinds, box, _zero(geometry, box, line)))
        top += each
    return Layout(
        geometry, display, tuple(lanes), calibration, left, right, header, axis, marks, rows,
        panel, line,
    )  # fmt: skip


def _wanted(display: DisplaySettings, leads: int) -> list[tuple[int, tuple[str, ...]]]:
    kinds = tuple(kind for kind in TRACE_KINDS if kind in display.kinds)
    seen = display.seen(leads)
    if display.stacks(leads):
        return [(n, (kind,)) for n in seen for kind in kinds]
    return [(n, kinds) for n in seen if kinds]


def _first_marked(wanted: list[tuple[int, tuple[str, ...]]]) -> int:
    """Index of the lane with the marks: the first with a denoised trace, else the first."""
    return next((n for n, (_, kinds) in enumerate(wanted) if "denoised" in kinds), 0)


def _zero(geometry: Geometry, box: QtCore.QRectF, line: float) -> float:
    """Y of the isoelectric line: the paper's line nearest to its preferred height."""
    step = line * geometry.scale
    return geometry.snap(step * round((box.top() + _BELOW_MIDDLE * box.height()) / step))
