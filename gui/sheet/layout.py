"""Where everything stands on the sheet: the lanes of the traces and what is around them.

Lengths are pixels as Qt counts them, y downwards, unless they are said to be mm.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pyqtgraph.Qt import QtCore

from ecgstream.gui.settings.display_settings import TRACE_KINDS, DisplaySettings
from ecgstream.gui.sheet.paper import BOLD, FINE, MARK_SECONDS, Geometry

AHEAD = 5.0
"""mm of empty paper right of the traces."""
HEADER, AXIS = 22, 24
"""Units: the line above the lanes, and the time axis below them."""
RHYTHM, SYMBOLS, PEAKS = 16, 16, 9
"""Units: the rows of marks above a lane."""
_PANEL = 92
"""Units: the column of names."""
_FEET = 2.5
"""mm left and right of the calibration mark, at least."""
_UNDER = 38
"""Units that the words under the mark take."""
_ROOMY = 20.0
"""mm: a lane that high has its isoelectric line on a bold line, a lower one on a fine line."""
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
    """Which rows of marks there is something to show in."""

    rhythms: bool = False
    beats: bool = False


class Layout(NamedTuple):
    """The sheet, divided up."""

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
        """The lane that shows it, if any."""
        return next((x for x in self.lanes if kind in x.kinds and lead == x.lead), None)

    def lane_at(self, y: float) -> Lane | None:
        """The lane nearest to that height."""
        return min(self.lanes, key=lambda lane: abs(lane.box.center().y() - y), default=None)


def arrange(
    geometry: Geometry, display: DisplaySettings, leads: Sequence[str], marked: Rows
) -> Layout:
    """Divide a sheet of that size among those leads, those hidden left out.

    A row that the display asks for and that nothing is `marked` in takes no room; peaks are
    detected in any record.
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
    """The lane that beats are marked at: the first that shows a denoised signal, else the first."""
    return next((n for n, (_, kinds) in enumerate(wanted) if "denoised" in kinds), 0)


def _zero(geometry: Geometry, box: QtCore.QRectF, line: float) -> float:
    """The paper's line nearest to where the isoelectric line looks best."""
    step = line * geometry.scale
    return geometry.snap(step * round((box.top() + _BELOW_MIDDLE * box.height()) / step))
