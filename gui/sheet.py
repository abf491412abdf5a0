"""The drawing area: two strips of moving ECG paper, noisy above and denoised below."""

from __future__ import annotations

from html import escape

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from pyqtgraph.Qt import QtCore, QtGui, QtWidgets

from gui import theme
from gui.paper import BOLD, GAIN, PAPER_SPEED, Paper, TimeAxis, calibration_mark, pen, pixels_per_mm
from gui.worker import Shown
from streamer.windows import Floats

MARGIN = 4 * BOLD
"""mm at the left that stand still and carry the calibration marks."""
AHEAD = BOLD
"""mm of empty paper ahead of the newest sample."""


class Strip(QtWidgets.QGraphicsRectItem):
    """One line of the recorder: curves over each other, cut off at its edges.

    Its origin is the isoelectric line at the newest sample; the curves' own units are samples
    and mV.
    """

    def __init__(self, *colours: str) -> None:
        super().__init__()
        self.setPen(QtGui.QPen(QtCore.Qt.PenStyle.NoPen))
        self.setFlag(QtWidgets.QGraphicsItem.GraphicsItemFlag.ItemClipsChildrenToShape)
        self.curves = []
        for colour in colours:
            curve = pg.PlotCurveItem(pen=pen(colour), connect="finite", antialias=True)
            curve.setParentItem(self)
            self.curves.append(curve)

    def place(self, box: QtCore.QRectF) -> None:
        """Cover `box` (mm, y upwards), the isoelectric line on the bold line at its middle."""
        zero = BOLD * round(box.center().y() / BOLD)
        self.setPos(box.right(), zero)
        self.setRect(box.translated(-box.right(), -zero))

    def set_rate(self, fs: float) -> None:
        """Take curves at that rate in Hz."""
        for curve in self.curves:
            curve.setTransform(QtGui.QTransform.fromScale(PAPER_SPEED / fs, GAIN))


class Sheet(pg.GraphicsView):
    """Draws what is shown of a run, true to scale on this screen."""

    def __init__(self) -> None:
        super().__init__(background=theme.PAPER)
        self._box = pg.ViewBox(enableMouse=False, enableMenu=False)
        self.setCentralItem(self._box)
        self._moving, self._still, self._axis = Paper(), Paper(), TimeAxis()
        self.noisy, self.denoised = Strip(theme.NOISY), Strip(theme.DENOISED, theme.CLEAN)
        self.denoised_curve, self.clean_curve = self.denoised.curves
        (self.noisy_curve,) = self.noisy.curves
        self.strips = (self.noisy, self.denoised)
        self._marks = [QtWidgets.QGraphicsPathItem(calibration_mark()) for _ in self.strips]
        self._units = [
            pg.TextItem(html=_sized("1 mV", 12), color=theme.MARK, anchor=(0.5, 0))
            for _ in self.strips
        ]
        self.labels = [pg.TextItem(color=theme.MARK, anchor=(0, 0)) for _ in self.strips]
        self.note = pg.TextItem(anchor=(1, 0))
        for mark in self._marks:
            mark.setPen(pen(theme.MARK))
        layers = (
            [self._moving],
            self.strips,
            [self._still, self._axis],
            self._marks,
            self._units,
            (*self.labels, self.note),
        )
        for depth, items in enumerate(layers):
            for item in items:
                item.setZValue(depth)
                self._box.addItem(item, ignoreBounds=True)
        self.clean_curve.hide()
        self._texts: tuple[str, ...] = ()
        self._box.sigResized.connect(self.lay_out)

    @property
    def seconds(self) -> float:
        """Time that the sheet's width shows."""
        return (self._size().width() - MARGIN - AHEAD) / PAPER_SPEED

    def show_clean(self, wanted: bool) -> None:
        """Lay the clean signal over the denoised one, or take it away."""
        self.clean_curve.setVisible(wanted)

    def draw(self, shown: Shown, note: str = "") -> None:
        """Bring the traces up to date, the newest sample at the right; `note` is about them."""
        stretch = shown.stretch
        for strip in self.strips:
            strip.set_rate(shown.fs)
        past = np.arange(-len(stretch.input), 0, dtype=float)
        out = max(0, shown.denoised - stretch.start)
        self._set(self.noisy_curve, past, stretch.input)
        self._set(self.clean_curve, past, stretch.clean)
        self._set(self.denoised_curve, past[:out], stretch.output[:out])
        begin = shown.first / shown.fs
        end = begin + shown.received / shown.fs
        newest = self._size().width() - AHEAD
        self._moving.setX(MARGIN - (MARGIN + end * PAPER_SPEED - newest) % BOLD)
        self._axis.show()
        self._axis.show_span(MARGIN, newest, begin, end)
        self._label(shown, note)

    def _label(self, shown: Shown, note: str) -> None:
        noise = shown.noise
        above = "Recorded" if noise.kind is None else "Noisy"
        mixed = "" if noise.kind is None else f", {noise.kind} at {noise.snr:g} dB"
        below = _name(theme.DENOISED, "Denoised")
        if self.clean_curve.isVisible():
            below += f" &nbsp; {_name(theme.CLEAN, 'Clean')}"
        self._set_labels(
            f"{_name(theme.NOISY, above)} {escape(shown.lead)}{mixed}",
            below,
            _name(theme.RULER, note),
        )

    def _set_labels(self, *texts: str) -> None:
        if texts != self._texts:
            self._texts = texts
            for label, text in zip((*self.labels, self.note), texts, strict=True):
                label.setHtml(_sized(text, 14))

    def clear(self) -> None:
        """Show empty paper."""
        self._set_labels("", "", "")
        self._axis.hide()
        for strip in self.strips:
            for curve in strip.curves:
                curve.clear()

    def lay_out(self, *_: object) -> None:
        """Put everything at its place for the present size and screen."""
        size = self._size()
        width, height = size.width(), size.height()
        self._box.setRange(xRange=(0, width), yRange=(0, height), padding=0)
        self._moving.resize(width - MARGIN + BOLD, height)
        self._moving.setX(MARGIN)
        self._still.resize(MARGIN, height)
        self.note.setPos(width - AHEAD, height - 1)
        each = (height - TimeAxis.HEIGHT) / len(self.strips)
        for i, strip in enumerate(self.strips):
            bottom = TimeAxis.HEIGHT + (len(self.strips) - 1 - i) * each
            strip.place(QtCore.QRectF(MARGIN, bottom, width - MARGIN - AHEAD, each))
            self._marks[i].setPos(1.5 * BOLD, strip.y())
            self._units[i].setPos(2 * BOLD, strip.y())
            self.labels[i].setPos(1, bottom + each - 1)

    def _size(self) -> QtCore.QSizeF:
        """Width and height in mm."""
        scale = pixels_per_mm(self.screen())
        return QtCore.QSizeF(self.width() / scale, self.height() / scale)

    @staticmethod
    def _set(curve: pg.PlotCurveItem, past: npt.NDArray[np.float64], signal: Floats) -> None:
        if curve.isVisible():
            curve.setData(past, signal)


def _sized(text: str, pixels: int) -> str:
    return f'<span style="font-size: {pixels}px">{text}</span>'


def _name(colour: str, text: str) -> str:
    return f'<b style="color: {colour}">{text}</b>'
