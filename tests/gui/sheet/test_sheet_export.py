"""Saved strips: true size in every format, with a caption that tells nothing of the patient."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ElementTree
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from pyqtgraph.Qt import QtCore, QtGui, QtSvg

from ecgstream.gui.playback.snapshot import AppliedSettings
from ecgstream.gui.settings.display_settings import DisplaySettings
from ecgstream.gui.settings.monitor_settings import Noise
from ecgstream.gui.settings.theme import THEMES
from ecgstream.gui.sheet.export import DISCLAIMER, FORMATS, caption
from ecgstream.gui.sheet.sheet import Sheet
from ecgstream.streamer.quality import Quality
from helpers.sheet_harness import FS, ReplayedSignal, draw, image_pixels, like, pulses, scale, sheet

_DPI = 300
_SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def drawn(qtbot: Any) -> Sheet:
    a_sheet = sheet(qtbot, kinds=frozenset({"denoised"}), annotations=False, detections=False)
    draw(a_sheet, ReplayedSignal(pulses()))
    return a_sheet


def _denoised(image: QtGui.QImage, dots_per_mm: float, left: float) -> tuple[float, float]:
    """Height of a pulse and distance of two in mm, as they are in an image of a strip."""
    found = like(image_pixels(image), THEMES["paper"].denoised)
    found[:, : round(left * dots_per_mm) + 4] = False
    found[-round(15 * dots_per_mm) :] = False
    rows = np.flatnonzero(found.any(axis=1))
    plateau = found[rows[0] : rows[0] + 3].any(axis=0)
    rises = np.flatnonzero(plateau & ~np.roll(plateau, 1))
    thick = 0.25 * dots_per_mm
    return (rows[-1] - rows[0] - thick) / dots_per_mm, float(
        np.median(np.diff(rises))
    ) / dots_per_mm


def _curve(path: Path, kind: str) -> npt.NDArray[np.float64]:
    """Corners (n, 2) in mm of the curve that a PDF draws of a kind."""
    packed = re.search(rb"stream\r?\n(\x78.*?)endstream", path.read_bytes(), re.DOTALL)
    assert packed is not None
    page = zlib.decompress(packed[1]).decode("latin1")
    wanted = np.array(QtGui.QColor(getattr(THEMES["paper"], kind)).getRgb()[:3])
    corners: list[list[str]] = []
    for *colour, drawn in re.findall(r"(\S+) (\S+) (\S+) SCN\n2\.5\d* w [^\n]*\n([^A-Z]*)", page):
        if np.abs(np.array(colour, float) * 255 - wanted).max() < 1:
            corners += re.findall(r"(\S+) (\S+) [ml]\n", drawn)
    return np.array(corners, float) / 10


def _left(a_sheet: Sheet) -> float:
    return a_sheet.arranged.left / scale(a_sheet)


def test_png_has_its_size_and_resolution(drawn: Sheet, tmp_path: Path) -> None:
    path = tmp_path / "new" / "strip.png"
    drawn.save_strip(path, "Record 100")
    image = QtGui.QImage(str(path))
    assert image.dotsPerMeterX() == pytest.approx(_DPI / 0.0254, rel=1e-3)
    width = image.width() / image.dotsPerMeterX() * 1000
    assert width == pytest.approx(drawn.width() / scale(drawn), abs=0.3)
    height, second = _denoised(image, _DPI / 25.4, _left(drawn))
    assert height == pytest.approx(10, abs=0.2)
    assert second == pytest.approx(25, abs=0.15)
    assert DISCLAIMER in image.text("Description")


def test_svg_has_its_size_texts_and_curves(drawn: Sheet, tmp_path: Path) -> None:
    path = tmp_path / "strip.svg"
    drawn.save_strip(path, "Record 100\n25 mm/s")
    root = ElementTree.parse(path).getroot()
    assert root.attrib["width"].endswith("mm")
    width = float(root.attrib["width"].removesuffix("mm"))
    assert width == pytest.approx(drawn.width() / scale(drawn), abs=0.3)
    words = " ".join("".join(text.itertext()) for text in root.iter(f"{_SVG}text"))
    for word in ("Record 100", "25 mm/s", "1 mV", DISCLAIMER, "11 s"):
        assert word in words
    dots_per_mm = 8
    size = QtCore.QSizeF(width, float(root.attrib["height"].removesuffix("mm"))) * dots_per_mm
    image = QtGui.QImage(size.toSize(), QtGui.QImage.Format.Format_RGB32)
    image.fill(QtGui.QColor("white"))
    painter = QtGui.QPainter(image)
    QtSvg.QSvgRenderer(str(path)).render(painter)
    painter.end()
    height, second = _denoised(image, dots_per_mm, _left(drawn))
    assert height == pytest.approx(10, abs=0.3)
    assert second == pytest.approx(25, abs=0.2)


def test_pdf_has_a_page_of_its_size(drawn: Sheet, tmp_path: Path) -> None:
    path = tmp_path / "strip.pdf"
    drawn.save_strip(path, "Record 100")
    pdf = path.read_bytes()
    assert pdf.startswith(b"%PDF-") and pdf.rstrip().endswith(b"%%EOF")
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
    box = re.search(rb"/MediaBox\s*\[\s*0\s+0\s+([\d.]+)\s+([\d.]+)", pdf)
    assert box is not None
    assert float(box[1]) / 72 * 25.4 == pytest.approx(drawn.width() / scale(drawn), abs=0.5)
    x, y = _curve(path, "denoised").T
    assert np.ptp(y) == pytest.approx(10, abs=0.01)
    rises = x[1:][np.diff(y) < -5]
    assert len(rises) > 5 and np.diff(rises) == pytest.approx(25, abs=0.01)


@pytest.mark.parametrize("suffix", FORMATS)
def test_trace_is_clipped_at_its_lane_in_every_format(
    qtbot: Any, tmp_path: Path, suffix: str
) -> None:
    a_sheet = sheet(qtbot, kinds=frozenset({"denoised", "removed"}))
    draw(a_sheet, ReplayedSignal(9 * pulses() - 4, output=9 * pulses() - 4))
    path = tmp_path / f"strip{suffix}"
    a_sheet.save_strip(path, "")
    if suffix == ".pdf":
        y, box = _curve(path, "denoised")[:, 1] * scale(a_sheet), a_sheet.arranged.lanes[0].box
        assert len(y) > FS
        assert y.min() == pytest.approx(box.top(), abs=0.1)
        assert y.max() <= box.bottom() + 0.1
        return
    image = QtGui.QImage(1000, 630, QtGui.QImage.Format.Format_RGB32)
    painter = QtGui.QPainter(image)
    if suffix == ".svg":
        QtSvg.QSvgRenderer(str(path)).render(painter, QtCore.QRectF(0, 0, 1000, 630))
    else:
        painter.drawImage(QtCore.QRectF(0, 0, 1000, 630), QtGui.QImage(str(path)))
    painter.end()
    found = like(image_pixels(image), THEMES["paper"].denoised, within=45)[:, 200:]
    lower = a_sheet.arranged.lanes[1].box
    assert found[: round(lower.top() * 0.94)].any()
    assert not found[round(lower.top()) + 8 : round(lower.bottom() * 0.94)].any()


def test_sweep_is_saved_as_a_strip_in_the_order_of_time(qtbot: Any, tmp_path: Path) -> None:
    a_sheet = sheet(qtbot, sweep=True)
    draw(a_sheet, ReplayedSignal(np.zeros(41 * FS)))
    path = tmp_path / "strip.svg"
    a_sheet.save_strip(path, "")
    texts = [t.text or "" for t in ElementTree.parse(path).getroot().iter(f"{_SVG}text")]
    seconds = [int(text[:-2]) for text in texts if re.fullmatch(r"\d+ s", text.strip())]
    assert len(seconds) > 5 and seconds == sorted(seconds)


def test_caption_names_record_time_and_settings_and_nothing_else(qtbot: Any) -> None:
    a_sheet = sheet(qtbot)
    run = ReplayedSignal(
        pulses(100),
        record="/home/someone/John Doe 1950/100",
        first=60 * FS,
        length=1800 * FS,
        applied_settings=(AppliedSettings(0, Noise("em", 6.0), "low", 0.5, False),),
    )
    shown = draw(a_sheet, run)
    text, start = caption(shown, a_sheet.display), shown.segment.start / FS + 60
    for word in (
        "Record 100",
        "II",
        f"2:{math.floor(10 * start) / 10 - 120:.1f} to 2:40.0",
        "25 mm/s",
        "10 mm/mV",
        "delay low",
        "50%",
    ):
        assert word in text
    assert "em, SNR 6 dB" in text
    assert "John" not in text and "home" not in text
    assert "ST" not in text
    kept = shown._replace(applied_settings=(AppliedSettings(0, Noise(None, 6.0), 40, 1.0, True),))
    assert caption(kept, a_sheet.display).endswith("delay 40 samples · ST segment kept")


def test_caption_and_names_state_settings_with_their_times(qtbot: Any, tmp_path: Path) -> None:
    noisy = AppliedSettings(0, Noise("em", 6.0), "low", 1.0, False)
    weaker = noisy._replace(sample=92 * FS, strength=0.5)
    quiet = weaker._replace(sample=round(94.5 * FS), noise=Noise(None, 6.0))
    a_sheet = sheet(qtbot)
    shown = draw(
        a_sheet, ReplayedSignal(np.zeros(100 * FS), applied_settings=(noisy, weaker, quiet))
    )
    text = caption(shown, a_sheet.display)
    em = "noise mixed in: em, SNR 6 dB"
    assert f"delay low · {em} until 1:32.0; delay low · strength 50% · {em} until 1:34.5" in text
    assert text.endswith("; delay low · strength 50%")
    assert _words(a_sheet, tmp_path) >= {"em 6 dB", "until 1:34.5", "no noise"}


def test_flags_are_on_the_strip_where_the_sheet_shows_them(qtbot: Any, tmp_path: Path) -> None:
    quality = np.zeros(8 * FS)
    quality[3 * FS : 6 * FS] = Quality.FLAT
    a_sheet = sheet(qtbot)
    draw(a_sheet, ReplayedSignal(np.zeros(8 * FS), quality=quality))
    assert "flat line" in _words(a_sheet, tmp_path)
    a_sheet.display = DisplaySettings(flags=False)
    assert "flat line" not in _words(a_sheet, tmp_path)


def _words(a_sheet: Sheet, folder: Path) -> set[str]:
    """Texts on a saved strip."""
    a_sheet.save_strip(folder / "strip.svg", "")
    texts = ElementTree.parse(folder / "strip.svg").getroot().iter(f"{_SVG}text")
    return {"".join(text.itertext()).strip() for text in texts}


def test_failed_export_is_reported_and_keeps_the_old_file(
    drawn: Sheet, qtbot: Any, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=r"strip\.gif: a strip is saved as \.png, \.svg, \.pdf"):
        drawn.save_strip(tmp_path / "strip.gif", "")
    with pytest.raises(ValueError, match="nothing to save yet"):
        sheet(qtbot).save_strip(tmp_path / "strip.png", "")
    folder = tmp_path / "folder.png"
    folder.mkdir()
    with pytest.raises(OSError, match="cannot be written"):
        drawn.save_strip(folder, "")
    assert list(tmp_path.iterdir()) == [folder]


def test_caliper_is_on_the_strip(drawn: Sheet, tmp_path: Path) -> None:
    drawn.caliper.active = True
    drawn.caliper.set_times(8.0, 9.0)
    drawn.save_strip(tmp_path / "strip.svg", "")
    assert "60 bpm" in (tmp_path / "strip.svg").read_text()
