"""Mapping of samples to places on the sheet, scrolling or sweeping."""

from __future__ import annotations

import math
from typing import NamedTuple

from ecgstream.gui.playback.snapshot import Excerpt
from ecgstream.gui.sheet.layout import Layout
from ecgstream.gui.sheet.paper import BOLD

MINUTE = 60
"""Seconds."""
ERASED = 8.0
"""Gap that a sweep clears ahead of the newest sample, in mm."""


class Span(NamedTuple):
    """Consecutive samples drawn side by side: the record's sample n is at x = n·step - origin."""

    start: int  # in the stream's count
    stop: int
    origin: float  # pixels; a whole number of the screen's own


class Timebase(NamedTuple):
    """Places of the samples of an excerpt, in pixels."""

    fs: float
    first: int  # the record's sample that the count begins with
    step: float  # pixels per sample
    spans: tuple[Span, ...]  # the newest first
    phase: float  # x of one of the paper's bold lines

    def x(self, count: float) -> float | None:
        """Return x of a sample; None where it is not on the sheet."""
        for span in self.spans:
            if span.start <= count <= span.stop:
                return self.place(count, span)
        return None

    def place(self, count: float, span: Span) -> float:
        """Return x of a sample by the origin of a span, on the sheet or beyond it."""
        return (self.first + count) * self.step - span.origin

    def sample_at(self, x: float) -> float:
        """Return the sample at x, by the nearest span."""
        counts = [((x + span.origin) / self.step - self.first, span) for span in self.spans]
        if not counts:
            return math.nan
        within = [count for count, span in counts if span.start <= count <= span.stop]
        nearest = min(counts, key=lambda c: max(c[1].start - c[0], c[0] - c[1].stop))
        return within[0] if within else nearest[0]

    def second(self, count: float) -> float:
        """Return the second of the record of a sample."""
        return (self.first + count) / self.fs


def page(layout: Layout) -> float:
    """Width of a sweep in pixels: whole bold squares."""
    square = BOLD * layout.geometry.scale
    return max(1, math.floor((layout.right - layout.left) / square)) * square


def seconds(layout: Layout, sweep: bool) -> float:
    """Seconds between the left and the right edge."""
    width = page(layout) if sweep else layout.right - layout.left
    return width / layout.geometry.scale / layout.display.paper_speed


def timebase(layout: Layout, shown: Excerpt, sweep: bool) -> Timebase:
    """Scrolling, the excerpt ends at the right edge; sweeping, new samples overwrite old ones."""
    geometry = layout.geometry
    step = layout.display.paper_speed * geometry.scale / shown.fs
    segment, first = shown.segment, shown.first
    start, stop = segment.start, segment.start + len(segment.input)
    if not sweep:
        origin = geometry.snap((first + stop) * step) - layout.right
        begin = math.ceil((origin + layout.left) / step) - first
        return Timebase(shown.fs, first, step, (Span(max(start, begin), stop, origin),), -origin)
    width = page(layout)
    newest = (first + stop) * step
    number = math.floor(newest / width + 1e-9)
    turn = math.ceil(number * width / step - 1e-9) - first  # the first sample of this page
    erased = math.ceil((newest - width + ERASED * geometry.scale) / step) - first
    spans = [Span(max(start, turn), stop, geometry.snap(number * width) - layout.left)]
    if max(start, erased) < turn:
        origin = geometry.snap((number - 1) * width) - layout.left
        spans.append(Span(max(start, erased), min(turn, stop), origin))
    return Timebase(shown.fs, first, step, tuple(spans), layout.left)
