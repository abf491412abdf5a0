"""Saved strips: true size in every format, with a caption that tells nothing of the patient."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyqtgraph.Qt import QtCore, QtGui, QtSvg
from sheet_stand import FS, Run, draw, image_pixels, like, pulses, scale, sheet

from gui.settings import Noise
from gui.sheet import Sheet
from gui.strip import DISCLAIMER, FORMATS, caption
from gui.theme import THEMES

_DPI = 300
_SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def drawn(qtbot: Any) -> Sheet:
    a_sheet = sheet(qtbot, kinds=frozenset({"denoised"}), annotations=False, detections=False)
    draw(a_sheet, Run(pulses()))
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


def _left(a_sheet: Sheet) -> float:
    return a_sheet.arranged.left / scale(a_sheet)


def test_png_has_its_size_and_says_how_many_dots_an_inch_has(drawn: Sheet, tmp_path: Path) -> None:
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


def test_svg_has_its_size_its_words_and_its_curves(drawn: Sheet, tmp_path: Path) -> None:
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


@pytest.mark.parametrize("suffix", FORMATS)
def test_trace_is_cut_off_at_its_lane_in_every_format(
    qtbot: Any, tmp_path: Path, suffix: str
) -> None:
    a_sheet = sheet(qtbot, kinds=frozenset({"denoised", "removed"}))
    draw(a_sheet, Run(9 * pulses() - 4, output=9 * pulses() - 4))
    path = tmp_path / f"strip{suffix}"
    a_sheet.save_strip(path, "")
    if suffix == ".pdf":
        assert path.stat().st_size > 1000
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
    draw(a_sheet, Run(np.zeros(41 * FS)))
    path = tmp_path / "strip.svg"
    a_sheet.save_strip(path, "")
    texts = [t.text or "" for t in ElementTree.parse(path).getroot().iter(f"{_SVG}text")]
    seconds = [int(text[:-2]) for text in texts if re.fullmatch(r"\d+ s", text.strip())]
    assert len(seconds) > 5 and seconds == sorted(seconds)


def test_caption_names_record_time_and_settings_and_nothing_else(qtbot: Any) -> None:
    a_sheet = sheet(qtbot)
    run = Run(
        pulses(100),
        record="/home/someone/John Doe 1950/100",
        noise=Noise("em", 6.0),
        first=60 * FS,
        length=1800 * FS,
        strength=0.5,
    )
    shown = draw(a_sheet, run)._replace(delay="low")
    text = caption(shown, a_sheet.display)
    for word in ("Record 100", "II", "2:31 to 2:40", "25 mm/s", "10 mm/mV", "delay low", "50%"):
        assert word in text
    assert "em, SNR 6 dB" in text
    assert "John" not in text and "home" not in text


def test_what_cannot_be_written_is_said_and_the_old_file_stays(
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


def test_measured_distance_is_on_the_strip(drawn: Sheet, tmp_path: Path) -> None:
    drawn.caliper.active = True
    drawn.caliper.set_times(8.0, 9.0)
    drawn.save_strip(tmp_path / "strip.svg", "")
    assert "60 bpm" in (tmp_path / "strip.svg").read_text()
