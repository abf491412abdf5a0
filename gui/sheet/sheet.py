"""The drawing area: ECG paper with the traces of every lead, true to scale on this screen."""

from __future__ import annotations

from pathlib import Path

from pyqtgraph.Qt import QtCore, QtGui, QtWidgets

from ecgstream.gui.playback.snapshot import Excerpt
from ecgstream.gui.settings.display_settings import DisplaySettings
from ecgstream.gui.settings.theme import THEMES, Theme
from ecgstream.gui.sheet.annotations import draw_marks
from ecgstream.gui.sheet.axes import draw_axis, draw_header, draw_margin, lane_names
from ecgstream.gui.sheet.caliper import Caliper
from ecgstream.gui.sheet.clipping import LaneCentering, draw_arrows
from ecgstream.gui.sheet.export import SheetDrawing, save
from ecgstream.gui.sheet.flags import draw_flags
from ecgstream.gui.sheet.layout import Layout, Rows, arrange
from ecgstream.gui.sheet.paper import USUAL_DPI, Geometry, Paper, pixels_per_mm
from ecgstream.gui.sheet.text import TextPainter
from ecgstream.gui.sheet.timebase import seconds, timebase
from ecgstream.gui.sheet.traces import SheetContent, Traces

_NOTCH = 120
"""Angle that Qt reports for one notch of a mouse wheel, in eighths of a degree."""
_PER_NOTCH = 0.1
"""Share of the sheet that one notch scrolls."""
_LEFT_BUTTON = QtCore.Qt.MouseButton.LeftButton


class Sheet(QtWidgets.QWidget):
    """Draw an excerpt of the replay as the display settings say.

    `scrolled` asks for an excerpt that many seconds later, while the sheet is frozen.
    """

    scrolled = QtCore.Signal(float)

    def __init__(self, display: DisplaySettings | None = None) -> None:
        super().__init__()
        self.setAttribute(QtCore.Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setMinimumSize(320, 160)
        self.painted = 0
        """Paint events so far."""
        self.caliper = Caliper(self.update)
        self._display = display or DisplaySettings()
        self._shown: Excerpt | None = None
        self._marked = Rows()  # in what has been shown of the record
        self._note, self._frozen = "", False
        self._arranged: tuple[tuple[object, ...], Layout] | None = None
        self._paper, self._traces, self._centering = Paper(), Traces(), LaneCentering()
        self._made: SheetContent | None = None  # from what is shown
        self._text_painter = TextPainter(1.0)
        self._margin: tuple[tuple[object, ...], QtGui.QPixmap] | None = None
        self._held: int | None = None  # the caliper's end under the mouse
        self._dragged_from: float | None = None  # x

    @property
    def display(self) -> DisplaySettings:
        """Display settings in use."""
        return self._display

    @display.setter
    def display(self, display: DisplaySettings) -> None:
        self._display = display
        self.caliper.follow(self._content())
        self.update()

    @property
    def seconds(self) -> float:
        """Seconds that the width of the sheet shows."""
        return seconds(self.arranged, self._sweeps)

    @property
    def arranged(self) -> Layout:
        """Layout at the present size and display settings."""
        leads = self._shown.leads if self._shown is not None else ()
        key = self._geometry(), self._display, leads, self._marked
        if self._arranged is None or self._arranged[0] != key:
            self._arranged = key, arrange(*key)
        return self._arranged[1]

    def draw(self, shown: Excerpt, note: str = "", frozen: bool = False) -> None:
        """Draw an excerpt with a note above it; a `frozen` one can be scrolled by the mouse."""
        same = self._shown is not None and self._shown.record == shown.record
        before = self._marked if same else Rows()  # a row stays while it is empty for a while
        self._marked = Rows(
            before.rhythms or bool(shown.rhythms), before.beats or bool(shown.beats)
        )
        self._shown, self._note, self._frozen, self._made = shown, note, frozen, None
        self.caliper.follow(self._content())
        self.update()

    def clear(self) -> None:
        """Draw empty paper."""
        self._shown, self._note, self._frozen = None, "", False
        self.caliper.follow(None)
        self.update()

    def position(
        self, sample: float, millivolts: float, kind: str, lead: int = 0
    ) -> QtCore.QPointF:
        """Return the place of a sample of the stream at a voltage, on the sheet or beyond it.

        Raises
        ------
        LookupError : this kind of this lead is not drawn.
        """
        content = self._content()
        lane = None if content is None else content.layout.lane(kind, lead)
        if content is None or lane is None:
            raise LookupError(f"{kind} of lead {lead} is not on the sheet")
        x = content.time.x(sample)
        if x is None:
            x = content.time.place(sample, content.time.spans[0])
        return QtCore.QPointF(x, content.height(lane, kind, millivolts))

    def sample_at(self, x: float) -> float:
        """Return the sample of the stream at x; NaN while the sheet is empty."""
        content = self._content()
        return float("nan") if content is None else content.time.sample_at(x)

    def save_strip(self, path: str | Path, caption: str) -> None:
        """Write the sheet as PNG, SVG or PDF, in true size.

        Raises
        ------
        ValueError : the sheet is empty, or the suffix is unknown.
        OSError : the file cannot be written.
        """
        content = self._content()
        if content is None:
            raise ValueError("there is nothing to save yet: wait until a record is shown")
        save(SheetDrawing(content, self.caliper), Path(path), caption)

    def paintEvent(self, event: QtGui.QPaintEvent | None) -> None:
        """Draw everything."""
        self.painted += 1
        painter = QtGui.QPainter(self)
        try:
            self._paint(painter)
        finally:
            painter.end()  # or Qt fails at the next one

    def _paint(self, painter: QtGui.QPainter) -> None:
        layout, theme, geometry = self.arranged, self._theme, self.arranged.geometry
        if self._text_painter.unit != geometry.unit:
            self._text_painter = TextPainter(geometry.unit)
        content = self._content()
        box = QtCore.QRectF(layout.left, 0, geometry.width - layout.left, geometry.height)
        phase = layout.left if content is None else content.time.phase
        self._paper.draw(painter, box, phase, geometry, theme)
        text_painter = self._text_painter
        if content is not None:
            if self._display.flags:
                draw_flags(painter, content, text_painter)
            self._traces.draw(painter, content)
            draw_arrows(painter, content)
            draw_marks(painter, content, text_painter)
        painter.drawPixmap(QtCore.QPointF(0, 0), self._margin_picture(layout, theme, content))
        draw_header(painter, layout, theme, text_painter, self._note)
        if content is not None:
            draw_axis(painter, layout, content.time, content.shown, theme, text_painter)
            self.caliper.follow(content)
            self.caliper.draw(painter, content, text_painter)

    def mousePressEvent(self, event: QtGui.QMouseEvent | None) -> None:
        """Grab the caliper's end or the frozen paper."""
        if event is None or event.button() != _LEFT_BUTTON:
            return
        at = _place(event)
        if self.caliper.active:
            self._held = self.caliper.end_at(at.x())
            if self._held is None:
                self.caliper.drag(None, at)
                self._held = 1
        elif self._frozen:
            self._dragged_from = at.x()

    def mouseMoveEvent(self, event: QtGui.QMouseEvent | None) -> None:
        """Drag the caliper's end or the frozen paper."""
        if event is None:
            return
        at = _place(event)
        if self._held is not None:
            self.caliper.drag(self._held, at)
        elif self._dragged_from is not None:
            per_second = self._display.paper_speed * self.arranged.geometry.scale
            self.scrolled.emit((self._dragged_from - at.x()) / per_second)
            self._dragged_from = at.x()
        self.setCursor(self._cursor(at.x()))

    def mouseReleaseEvent(self, event: QtGui.QMouseEvent | None) -> None:
        """Release."""
        self._held = self._dragged_from = None

    def wheelEvent(self, event: QtGui.QWheelEvent | None) -> None:
        """Scroll the frozen paper; up and left go back in time."""
        if event is not None and self._frozen:
            turned = event.angleDelta()
            notches = (turned.y() or turned.x()) / _NOTCH
            self.scrolled.emit(-notches * _PER_NOTCH * self.seconds)
            event.accept()

    def sizeHint(self) -> QtCore.QSize:
        """Preferred size."""
        return QtCore.QSize(1200, 560)

    @property
    def _sweeps(self) -> bool:
        # Time runs from left to right on what is looked at and measured.
        return self._display.sweep and not self._frozen

    @property
    def _theme(self) -> Theme:
        return THEMES[self._display.theme]

    def _geometry(self) -> Geometry:
        unit = max(1.0, self.logicalDpiX() / USUAL_DPI)
        scale = pixels_per_mm(self.screen())
        return Geometry(self.width(), self.height(), scale, unit, self.devicePixelRatioF())

    def _content(self) -> SheetContent | None:
        shown = self._shown
        if shown is None:
            return None
        layout, theme, made = self.arranged, self._theme, self._made
        if made is None or made.layout is not layout or made.theme is not theme:
            time = timebase(layout, shown, self._sweeps)
            made = SheetContent(layout, time, shown, self._centering.follow(layout, shown), theme)
            self._made = made
        return made

    def _margin_picture(
        self, layout: Layout, theme: Theme, content: SheetContent | None
    ) -> QtGui.QPixmap:
        names = () if content is None else tuple(lane_names(content, x) for x in layout.lanes)
        key = layout, theme, names
        if self._margin is None or self._margin[0] != key:
            ratio = layout.geometry.ratio
            size = QtCore.QSizeF(layout.left, layout.geometry.height) * ratio
            picture = QtGui.QPixmap(round(size.width()), round(size.height()))
            picture.setDevicePixelRatio(ratio)
            painter = QtGui.QPainter(picture)
            draw_margin(painter, layout, theme, self._text_painter, names)
            painter.end()
            self._margin = key, picture
        return self._margin[1]

    def _cursor(self, x: float) -> QtCore.Qt.CursorShape:
        shapes = QtCore.Qt.CursorShape
        if self.caliper.active:
            return shapes.CrossCursor if self.caliper.end_at(x) is None else shapes.SizeHorCursor
        if self._frozen:
            return shapes.OpenHandCursor if self._dragged_from is None else shapes.ClosedHandCursor
        return shapes.ArrowCursor


def _place(event: QtGui.QMouseEvent) -> QtCore.QPointF:
    # Qt 5 and Qt 6 name it differently.
    return event.position() if hasattr(event, "position") else event.localPos()
