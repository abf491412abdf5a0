"""Bands behind flagged samples, labelled where there is room."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from pyqtgraph.Qt import QtCore, QtGui

from ecgstream.gui.sheet.text import CENTRE, SMALL, TextPainter
from ecgstream.gui.sheet.traces import SheetContent
from ecgstream.streamer.quality import FLAGS_BY_SEVERITY, INPUT_FLAGS, Flags, Quality

_TINT = 0.6
"""Opacity of a band over the paper's lines."""
_HATCH = 7
"""Distance of the hatching lines of a gap, in units."""
_MIN_LABEL_HEIGHT = 50
"""Minimum height of a lane with labels, in units: in a lower one they would cover traces."""
_MOST_SEVERE = np.array(
    [next((flag for flag in FLAGS_BY_SEVERITY if bits & flag), 0) for bits in range(256)], np.uint8
)


class FlaggedRun(NamedTuple):
    """Consecutive samples, by their number in the stretch, with the same most severe flag."""

    start: int
    stop: int
    flag: Quality


def runs(
    quality: Flags, missing: npt.NDArray[np.bool_], denoised: bool, apart: float = 0.0
) -> list[FlaggedRun]:
    """The flagged runs of a signal (n,); what is `missing` is a gap, also before it is flagged.

    Only what is true of the input unless `denoised`. Runs of one kind are one when no more than
    `apart` samples are between them: thousands that nobody can see would take long to draw.
    """
    flags = quality | missing.astype(np.uint8) * np.uint8(Quality.GAP)
    if not denoised:
        flags = flags & INPUT_FLAGS
    if not flags.any():
        return []
    most_severe = _MOST_SEVERE[flags]
    edges = np.flatnonzero(np.diff(most_severe)) + 1
    starts, stops = np.append(0, edges), np.append(edges, len(most_severe))
    found: list[FlaggedRun] = []
    for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        flag = int(most_severe[start])
        if found and found[-1].flag == flag and start - found[-1].stop <= apart:
            found[-1] = found[-1]._replace(stop=stop)
        elif flag:
            found.append(FlaggedRun(start, stop, Quality(flag)))
    return found


def draw_flags(painter: QtGui.QPainter, content: SheetContent, text_painter: TextPainter) -> None:
    """Draw a band behind every flagged run of every lane."""
    segment = content.shown.segment
    for lane in content.layout.lanes:
        missing = ~np.isfinite(segment.input[:, lane.lead])
        denoised = not {"denoised", "removed"}.isdisjoint(lane.kinds)
        quality = segment.quality[:, lane.lead]
        for run in runs(quality, missing, denoised, 1 / content.time.step):
            for span in content.time.spans:
                start = max(segment.start + run.start, span.start)
                stop = min(segment.start + run.stop, span.stop)
                if start < stop:
                    # A sample stands for the time around it; lines end at its neighbours.
                    left, right = (content.time.place(n, span) for n in (start - 0.5, stop - 0.5))
                    box = QtCore.QRectF(left, lane.box.top(), right - left, lane.box.height())
                    _draw_band(painter, content, text_painter, box, box & lane.box, run.flag)


def _draw_band(
    painter: QtGui.QPainter,
    content: SheetContent,
    text_painter: TextPainter,
    whole: QtCore.QRectF,
    box: QtCore.QRectF,
    flag: Quality,
) -> None:
    theme, unit = content.theme, content.layout.geometry.unit
    colour = QtGui.QColor(theme.flag_colour(flag))
    if flag is Quality.GAP:
        painter.fillRect(box, QtGui.QColor(theme.paper))
        painter.setPen(QtGui.QPen(colour, unit))
        painter.drawLines(_hatching(box, whole.left(), _HATCH * unit))
    else:
        colour.setAlphaF(_TINT)
        painter.fillRect(box, colour)
    label = flag.label
    room = text_painter.width(label) + 8 * unit
    if box.width() >= room and box.height() >= _MIN_LABEL_HEIGHT * unit:
        at = box.center().x(), box.bottom() - 0.75 * SMALL * unit
        if flag is Quality.GAP:
            ground = QtCore.QRectF(at[0] - room / 2, at[1] - 7 * unit, room, 14 * unit)
            painter.fillRect(ground, QtGui.QColor(theme.paper))
        text_painter.draw(painter, at, label, theme.ink, align=CENTRE)


def _hatching(box: QtCore.QRectF, origin: float, apart: float) -> list[QtCore.QLineF]:
    """Lines at 45° through `box`, which move with the band that begins at `origin`."""
    lines = []
    first = math.ceil((box.left() - origin) / apart)
    for n in range(first, math.ceil((box.right() + box.height() - origin) / apart)):
        foot = origin + n * apart - box.height()  # x at the box's lower edge, were there no sides
        left, right = max(foot, box.left()), min(foot + box.height(), box.right())
        if left < right:
            start = QtCore.QPointF(left, box.bottom() - (left - foot))
            lines.append(QtCore.QLineF(start, QtCore.QPointF(right, box.bottom() - (right - foot))))
    return lines
