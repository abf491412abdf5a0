"""The monitor's drawing: true to scale, in its place in time, and broken where there is a gap."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from monitor_stand import FS, SUM_OF_3, Stand, darkness, write_pulses, write_record
from scipy.signal import find_peaks

from gui.paper import pixels_per_mm
from gui.sheet import Sheet
from streamer.windows import Floats

BOLD_LINE = 65
"""Darkness that only the bold lines of the paper reach, summed over three pixels."""


@pytest.fixture
def stand(qtbot: Any) -> Stand:
    return Stand(qtbot)


@pytest.mark.parametrize("axis", [0, 1], ids=["time", "amplitude"])
@pytest.mark.parametrize(("distance", "height"), [(1, 0), (5, BOLD_LINE)], ids=["fine", "bold"])
def test_paper_lines_are_true_millimetres_apart(
    qtbot: Any, axis: int, distance: int, height: int
) -> None:
    sheet = Sheet()
    qtbot.addWidget(sheet)
    sheet.resize(1000, 800)
    sheet.show()
    scale = pixels_per_mm(sheet.screen())
    profile = np.convolve(np.median(darkness(sheet)[:-40, 120:], axis=axis), SUM_OF_3)
    lines, _ = find_peaks(profile, height=height, distance=0.6 * distance * scale)
    assert len(lines) > 25
    slope = np.polyfit(np.arange(len(lines)), lines, 1)[0]
    assert slope == pytest.approx(distance * scale, rel=0.003)


@pytest.mark.parametrize(("dpi", "expected"), [(254, 10), (0, 96 / 25.4), (9000, 96 / 25.4)])
def test_scale_is_the_screens_own_unless_that_is_nonsense(dpi: float, expected: float) -> None:
    class Screen:
        def physicalDotsPerInch(self) -> float:
            return dpi

    assert pixels_per_mm(Screen()) == pytest.approx(expected)
    assert pixels_per_mm(None) == pytest.approx(96 / 25.4)


@pytest.mark.parametrize("strip", [0, 1], ids=["raw", "denoised"])
def test_1_mv_is_10_mm_high_and_1_s_is_25_mm_wide(stand: Stand, tmp_path: Path, strip: int) -> None:
    stand.open(record=write_pulses(tmp_path))
    stand.play(9.7)
    pixels, zero = stand.traced(strip)
    pixels = pixels[:, round(stand.column(0.5)) :]
    rows = np.flatnonzero(pixels.any(axis=1))
    assert rows[-1] == pytest.approx(zero, abs=1.5)
    assert rows[-1] - rows[0] == pytest.approx(10 * stand.scale, abs=1.5)
    plateau = pixels[rows[0] : rows[0] + 2].any(axis=0)
    rises = np.flatnonzero(plateau & ~np.roll(plateau, 1))
    assert len(rises) >= 8
    assert np.diff(rises) == pytest.approx(25 * stand.scale, abs=1.5)


def test_both_traces_and_the_paper_move_together(stand: Stand, tmp_path: Path) -> None:
    window = stand.open(record=write_pulses(tmp_path))
    for seconds in (5.0, 0.15, 0.15):
        stand.play(seconds)
        between = darkness(window.sheet)[-200:-60]  # the traces and the time axis
        paper = np.convolve(np.median(between, axis=0), SUM_OF_3, "same")
        for strip in (0, 1):
            pixels, zero = stand.traced(strip)
            rise = pixels[round(zero - 9 * stand.scale) : round(zero - stand.scale)]
            for second in (2, 3, 4):
                at = round(stand.column(second))
                assert rise[:, at - 2 : at + 3].any(axis=1).all()
                assert paper[at - 1 : at + 2].max() > BOLD_LINE


def test_gap_is_a_gap_in_both_traces(stand: Stand, tmp_path: Path, ecg: Floats) -> None:
    ecg[2 * FS : 3 * FS] = np.nan
    window = stand.open(record=write_record(tmp_path, "gap", ecg))
    stand.play(6)
    for strip, curve in enumerate((window.sheet.noisy_curve, window.sheet.denoised_curve)):
        x, y = curve.getData()
        assert np.array_equal(np.isnan(y), (x >= -4 * FS) & (x < -3 * FS))
        drawn = np.any(stand.traced(strip)[0], axis=0)
        begin, end = round(stand.column(2)), round(stand.column(3))
        assert not drawn[begin + 2 : end - 2].any()
        assert drawn[begin - 100 : begin - 2].mean() > 0.9  # the tip of a peak is a thin one
        assert drawn[end + 2 : end + 100].mean() > 0.9


def test_clean_signal_can_be_laid_over_where_it_is_known(stand: Stand) -> None:
    window = stand.open(noise="em")
    stand.play(3)
    clean = window.sheet.clean_curve
    assert not clean.isVisible()
    stand.click(window.controls.clean)
    window.refresh()
    assert clean.isVisible()
    assert np.array_equal(clean.getData()[1], stand.shown.stretch.clean)
    stand.qtbot.keyClicks(window.controls.noise, "none")
    stand.play(1)
    assert not clean.isVisible()
    assert not window.controls.clean.isEnabled()


def test_paused_trace_keeps_to_scale_when_the_window_is_resized(
    stand: Stand, tmp_path: Path
) -> None:
    window = stand.open(record=write_pulses(tmp_path))
    stand.play(8)
    window.resize(1100, 600)
    stand.qtbot.waitUntil(lambda: window.sheet.width() == 1100)
    window.refresh()
    pixels, zero = stand.traced(0)
    assert zero - np.flatnonzero(pixels.any(axis=1))[0] == pytest.approx(10 * stand.scale, abs=1.5)
    at = round(stand.column(7))
    assert pixels[round(zero - 5 * stand.scale), at - 2 : at + 3].any()
