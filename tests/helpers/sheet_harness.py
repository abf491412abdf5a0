"""Harness for tests of the sheet: excerpts to show, and the pixels drawn of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from pyqtgraph.Qt import QtCore, QtGui, QtWidgets

from ecgstream.gui.playback.snapshot import AppliedSettings, Excerpt, Figures, Mark
from ecgstream.gui.settings.display_settings import DisplaySettings
from ecgstream.gui.settings.monitor_settings import Noise
from ecgstream.gui.settings.theme import THEMES
from ecgstream.gui.sheet.paper import pixels_per_mm
from ecgstream.gui.sheet.sheet import Sheet
from ecgstream.streamer.ecg.heart_rate import HeartRate
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.live.history import Segment

FS = 360
LEAD = "II"
Pixels = npt.NDArray[np.int32]
Where = Any
"""Flags (height, width); what numpy says of their `any` along an axis cannot be indexed."""
FIGURES = Figures(HeartRate(0), *[0] * (len(Figures._fields) - 1))


class ReplayedSignal:
    """Signals (n,) or (n, channels) in mV as if replayed, to be shown as excerpts."""

    def __init__(
        self,
        signal: npt.ArrayLike,
        output: npt.ArrayLike | None = None,
        clean: npt.ArrayLike | None = None,
        quality: npt.ArrayLike | None = None,
        delay: int = 0,
        **shown: Any,
    ) -> None:
        self.input = _columns(signal)
        self.output = self.input if output is None else _columns(output)
        self.clean = np.full_like(self.input, np.nan) if clean is None else _columns(clean)
        flags = np.zeros(self.input.shape) if quality is None else _columns(quality)
        self.quality = flags.astype(np.uint8)
        self.delay, self._shown = delay, shown
        channels = self.input.shape[1]
        self.leads = (LEAD,) if channels == 1 else tuple(f"V{n + 1}" for n in range(channels))

    def shown(self, seconds: float, end: int | None = None) -> Excerpt:
        """Return the excerpt of the seconds up to sample `end`."""
        stop = len(self.input) if end is None else end
        start = max(0, stop - round(seconds * FS))
        part = slice(start, stop)
        denoised = max(0, stop - self.delay)
        output, quality = self.output[part].copy(), self.quality[part].copy()
        output[max(0, denoised - start) :] = np.nan
        quality[max(0, denoised - start) :] = 0
        segment = Segment(start, self.input[part], self.clean[part], output, quality)
        values: dict[str, Any] = {
            "record": "a/b/100",
            "leads": self.leads,
            "fs": FS,
            "first": 0,
            "length": len(self.input),
            "noise": Noise(None, 0.0),
            "delay": "balanced",
            "strength": 1.0,
            "st": False,
            "run_number": 1,
            "received": stop,
            "denoised": denoised,
            "held": 0,
            "segment": segment,
            "beats": (),
            "rhythms": (),
            "peaks": np.empty(0, np.int64),
            "figures": FIGURES,
        }
        shown = Excerpt(**values | self._shown)
        if shown.applied_settings:
            return shown
        whole = AppliedSettings(0, shown.noise, shown.delay, shown.strength, shown.st)
        return shown._replace(applied_settings=(whole,))


def sheet(
    qtbot: Any,
    display: DisplaySettings | None = None,
    size: tuple[int, int] = (1000, 600),
    **changes: Any,
) -> Sheet:
    """Open a sheet; `changes` are display settings."""
    made = Sheet(display or DisplaySettings(**changes))
    qtbot.addWidget(made)
    made.resize(*size)
    made.show()
    return made


def draw(
    a_sheet: Sheet, run: ReplayedSignal, end: int | None = None, frozen: bool = False
) -> Excerpt:
    """Draw the samples up to `end` that fit on the sheet."""
    shown = run.shown(a_sheet.seconds, end)
    a_sheet.draw(shown, frozen=frozen)
    return shown


def pixels(widget: QtWidgets.QWidget) -> Pixels:
    """Return the drawn colours: (height, width, 3) of red, green and blue."""
    return image_pixels(widget.grab().toImage())


def image_pixels(image: QtGui.QImage) -> Pixels:
    """Colours of an image: (height, width, 3)."""
    image = image.convertToFormat(QtGui.QImage.Format.Format_RGB32)
    pointer = image.constBits()
    pointer.setsize(image.sizeInBytes())
    flat = np.frombuffer(pointer, np.uint8).reshape(image.height(), image.width(), 4)
    return flat[..., 2::-1].astype(np.int32)


def like(picture: Pixels, colour: str, within: int = 60) -> Where:
    """Return where a picture has nearly a colour: (height, width)."""
    wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    far: Pixels = np.abs(picture - np.array(wanted)).max(axis=2)
    return np.asarray(far <= within)


def traced(a_sheet: Sheet, kind: str, lead: int = 0) -> Where:
    """Return where the trace of a kind is drawn in its lane: (height, width) of the sheet."""
    theme = THEMES[a_sheet.display.theme]
    found = like(pixels(a_sheet), getattr(theme, kind))
    lane = a_sheet.arranged.lane(kind, lead)
    assert lane is not None
    inside = np.zeros_like(found)
    top, bottom = round(lane.box.top()), round(lane.box.bottom())
    inside[top:bottom, round(lane.box.left()) : round(lane.box.right()) + 2] = True
    return np.logical_and(found, inside)


def scale(a_sheet: Sheet) -> float:
    """Pixels in a millimetre."""
    return pixels_per_mm(a_sheet.screen())


def x_of(a_sheet: Sheet, sample: float, kind: str = "raw", lead: int = 0) -> float:
    """Return x of a sample."""
    return float(a_sheet.position(sample, 0.0, kind, lead).x())


def drag(qtbot: Any, widget: QtWidgets.QWidget, places: Sequence[tuple[float, float]]) -> None:
    """Press the left button at the first place, move over the others and let go at the last."""
    points = [QtCore.QPoint(round(x), round(y)) for x, y in places]
    button = QtCore.Qt.MouseButton.LeftButton
    qtbot.mousePress(widget, button, pos=points[0])
    for point in points[1:]:
        event = QtGui.QMouseEvent(
            QtCore.QEvent.Type.MouseMove,
            QtCore.QPointF(point),
            QtCore.QPointF(widget.mapToGlobal(point)),
            QtCore.Qt.MouseButton.NoButton,
            button,
            QtCore.Qt.KeyboardModifier.NoModifier,
        )
        QtWidgets.QApplication.sendEvent(widget, event)
    qtbot.mouseRelease(widget, button, pos=points[-1])


def pulses(seconds: int = 12) -> Floats:
    """1 mV for 0.2 s from each whole second on."""
    return (np.arange(seconds * FS) % FS < FS // 5).astype(np.float32)


def marks(*found: tuple[int, str]) -> tuple[Mark, ...]:
    """Annotations."""
    return tuple(Mark(*mark) for mark in found)


def _columns(values: npt.ArrayLike) -> Floats:
    signal = np.asarray(values, np.float32)
    return signal if signal.ndim == 2 else signal[:, None]
