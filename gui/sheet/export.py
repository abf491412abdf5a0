"""Export of the sheet as a strip in true size: PNG, SVG or PDF."""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from pyqtgraph.Qt import QtCore, QtGui, QtSvg

from ecgstream.gui.playback.snapshot import AppliedSettings, Excerpt
from ecgstream.gui.settings.display_settings import DisplaySettings
from ecgstream.gui.settings.theme import THEMES
from ecgstream.gui.sheet.annotations import draw_marks
from ecgstream.gui.sheet.axes import draw_axis, draw_header, draw_margin, lane_names, moment
from ecgstream.gui.sheet.caliper import Caliper
from ecgstream.gui.sheet.clipping import draw_arrows
from ecgstream.gui.sheet.flags import draw_flags
from ecgstream.gui.sheet.layout import arrange
from ecgstream.gui.sheet.paper import Geometry, draw_grid
from ecgstream.gui.sheet.text import TextPainter, minus
from ecgstream.gui.sheet.timebase import timebase
from ecgstream.gui.sheet.traces import SheetContent, print_traces

FORMATS = (".png", ".svg", ".pdf")
DISCLAIMER = "Not a medical device"

_DPI = {".png": 300, ".svg": 254, ".pdf": 254}
_CAPTION = 12
"""Font size of the caption, in units."""
_LINE, _BORDER = 17, 8
"""Line height of the caption and the border around it, in units."""


class SheetDrawing(NamedTuple):
    """Content and caliper of the sheet, to be drawn again on the strip."""

    content: SheetContent  # of the sheet
    caliper: Caliper


def caption(shown: Excerpt, display: DisplaySettings) -> str:
    """Describe a strip without anything that could identify the patient.

    The record's name without its folder, its leads, time of the record and the settings that were
    in force; never what else stands in the record's header.
    """
    start, stop = shown.segment.start, shown.segment.start + len(shown.segment.input)
    record = shown.record.replace("\\", "/").rsplit("/", 1)[-1]
    leads = ", ".join(shown.leads[n] for n in display.seen(len(shown.leads)))
    changes = [f" until {moment(shown, one.sample)}; " for one in shown.applied_settings[1:]]
    each = zip_longest(map(_settings, shown.applied_settings), changes, fillvalue="")
    settings = "".join(text + until for text, until in each)
    return (
        f"Record {record} · {leads} · {moment(shown, start)} to {moment(shown, stop)}\n"
        f"{display.paper_speed:g} mm/s · {display.gain:g} mm/mV · denoised by ecgstream, {settings}"
    )


def _settings(one: AppliedSettings) -> str:
    kept = " · ST segment kept" if one.st else ""
    strength = "" if one.strength == 1 else f" · strength {one.strength:.0%}"
    kind, snr = one.noise
    mixed = "" if kind is None else f" · noise mixed in: {kind}, SNR {minus(f'{snr:g}')} dB"
    unit = " samples" if isinstance(one.delay, int) else ""
    return f"delay {one.delay}{unit}{strength}{kept}{mixed}"


def save(strip: SheetDrawing, path: Path, text: str) -> None:
    """Write a PNG, SVG or PDF with `text` and the disclaimer below the traces.

    The file is replaced whole, or stays as it was.

    Raises
    ------
    ValueError : the suffix is not one of `FORMATS`.
    OSError : the file cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise ValueError(f"{path.name}: a strip is saved as {', '.join(FORMATS)}; choose one")
    sheet = strip.content.layout.geometry
    scale = _DPI[suffix] / 25.4
    larger = scale / sheet.scale
    unit = sheet.unit * larger
    lines = [*text.splitlines(), DISCLAIMER]
    # The letters of a narrow strip would run over its edge: its lines are broken.
    width = round(sheet.width * larger)
    flags = QtCore.Qt.TextFlag.TextWordWrap
    font = QtGui.QFont()
    font.setPixelSize(round(_CAPTION * unit))
    room = QtCore.QRectF(0, 0, width - 2 * _BORDER * unit, 100 * _LINE * unit)
    below = QtGui.QFontMetricsF(font).boundingRect(room, flags, "\n".join(lines)).height()
    drawn = Geometry(width, round(sheet.height * larger), scale, unit, 1.0)
    height = round(drawn.height + below + 2 * _BORDER * unit)
    written = QtCore.QBuffer()
    written.open(QtCore.QIODevice.OpenModeFlag.WriteOnly)
    size = QtCore.QSize(width, height)
    device = _device(suffix, written, size, lines)
    painter = QtGui.QPainter(device)
    painter.fillRect(QtCore.QRect(QtCore.QPoint(0, 0), size), QtGui.QColor(_THEME.paper))
    _draw(painter, strip, drawn)
    painter.setClipping(False)
    painter.setFont(font)
    painter.setPen(QtGui.QColor(_THEME.ink))
    painter.drawText(
        room.translated(_BORDER * unit, drawn.height + _BORDER * unit), flags, "\n".join(lines)
    )
    painter.end()
    if isinstance(device, QtGui.QImage):
        device.save(written, "PNG")
    _write(path, written.data())


_THEME = THEMES["paper"]
"""Theme of strips, whatever the theme of the screen."""


def _device(
    suffix: str, target: QtCore.QBuffer, size: QtCore.QSize, lines: list[str]
) -> QtGui.QPaintDevice:
    if suffix == ".png":
        image = QtGui.QImage(size, QtGui.QImage.Format.Format_RGB32)
        for set_dots in (image.setDotsPerMeterX, image.setDotsPerMeterY):
            set_dots(round(_DPI[suffix] / 0.0254))
        image.setText("Description", "\n".join(lines))
        return image
    if suffix == ".svg":
        generator = QtSvg.QSvgGenerator()
        generator.setOutputDevice(target)
        generator.setResolution(_DPI[suffix])
        generator.setSize(size)
        generator.setViewBox(QtCore.QRect(QtCore.QPoint(0, 0), size))
        generator.setTitle(lines[0])
        generator.setDescription("\n".join(lines[1:]))
        return generator
    writer = QtGui.QPdfWriter(target)
    writer.setCreator("ecgstream")
    writer.setTitle(" · ".join(lines))
    writer.setResolution(_DPI[suffix])
    millimetres = QtCore.QSizeF(size) * (25.4 / _DPI[suffix])
    page = QtGui.QPageSize(
        millimetres, QtGui.QPageSize.Unit.Millimeter, "", QtGui.QPageSize.SizeMatchPolicy.ExactMatch
    )
    writer.setPageLayout(
        QtGui.QPageLayout(
            page, QtGui.QPageLayout.Orientation.Portrait, QtCore.QMarginsF(0, 0, 0, 0)
        )
    )
    return writer


def _draw(painter: QtGui.QPainter, strip: SheetDrawing, geometry: Geometry) -> None:
    drawn, shown = strip.content.layout, strip.content.shown
    text_painter = TextPainter(geometry.unit, printed=True)
    layout = arrange(geometry, drawn.display, shown.leads, drawn.rows)
    time = timebase(layout, shown, sweep=False)
    content = SheetContent(layout, time, shown, strip.content.shifts, _THEME)
    paper = QtCore.QRectF(layout.left, 0, geometry.width - layout.left, geometry.height)
    draw_grid(painter, paper, time.phase, geometry, _THEME)
    if drawn.display.flags:
        draw_flags(painter, content, text_painter)
    print_traces(painter, content)
    draw_arrows(painter, content)
    draw_marks(painter, content, text_painter)
    names = tuple(lane_names(content, lane) for lane in layout.lanes)
    draw_margin(painter, layout, _THEME, text_painter, names)
    draw_header(painter, layout, _THEME, text_painter, "")
    draw_axis(painter, layout, time, shown, _THEME, text_painter)
    strip.caliper.draw(painter, content, text_painter)


def _write(path: Path, data: QtCore.QByteArray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    file = QtCore.QSaveFile(str(path))
    opened = file.open(QtCore.QIODevice.OpenModeFlag.WriteOnly)
    if not (opened and file.write(data) == data.size() and file.commit()):
        raise OSError(f"{path} cannot be written: {file.errorString()}")
