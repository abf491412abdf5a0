"""Traces of the whole monitor: true to scale and in their places in time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecgstream.gui.settings.display_settings import DisplaySettings
from ecgstream.streamer.engine.normalization import Floats
from helpers.monitor_harness import FS, MonitorHarness, write_pulses, write_record
from helpers.sheet_harness import scale, traced, x_of

KINDS = ("raw", "denoised")


@pytest.fixture
def harness(qtbot: Any) -> MonitorHarness:
    return MonitorHarness(qtbot)


@pytest.mark.parametrize("kind", KINDS)
def test_1_mv_is_10_mm_high_and_1_s_is_25_mm_wide(
    harness: MonitorHarness, tmp_path: Path, kind: str
) -> None:
    a_sheet = harness.open(record=write_pulses(tmp_path)).sheet
    harness.play(9.7)
    found = traced(a_sheet, kind)
    rows = np.flatnonzero(found.any(axis=1))
    assert rows[-1] - rows[0] == pytest.approx(10 * scale(a_sheet), abs=1.6)
    plateau = found[rows[0] : rows[0] + 2].any(axis=0)
    rises = np.flatnonzero(plateau & ~np.roll(plateau, 1))
    assert len(rises) >= 8
    assert np.diff(rises) == pytest.approx(25 * scale(a_sheet), abs=1.6)


def test_gap_in_a_record_is_a_gap_in_both_traces(
    harness: MonitorHarness, tmp_path: Path, ecg: Floats
) -> None:
    ecg[2 * FS : 3 * FS] = np.nan
    a_sheet = harness.open(
        DisplaySettings(flags=False), record=write_record(tmp_path, "gap", ecg)
    ).sheet
    harness.play(6)
    for kind in KINDS:
        drawn = traced(a_sheet, kind).any(axis=0)
        begin, end = (round(x_of(a_sheet, n * FS, kind)) for n in (2, 3))
        assert not drawn[begin + 1 : end - 1].any()
        assert drawn[begin - 100 : begin - 2].mean() > 0.9
        assert drawn[end + 2 : end + 100].mean() > 0.9


def test_denoised_trace_is_aligned_with_raw_and_ends_earlier(
    harness: MonitorHarness, tmp_path: Path
) -> None:
    a_sheet = harness.open(record=write_pulses(tmp_path)).sheet
    shown = harness.play(7)
    assert shown.denoised < shown.received
    raw, denoised = (traced(a_sheet, kind).any(axis=0) for kind in KINDS)
    late = (shown.received - shown.denoised) / FS * 25 * scale(a_sheet)
    ends = [np.flatnonzero(drawn)[-1] for drawn in (raw, denoised)]
    assert ends[0] - ends[1] == pytest.approx(late, abs=2)
    rises = []
    for kind in KINDS:
        found = traced(a_sheet, kind)
        top = found[np.flatnonzero(found.any(axis=1))[0] + 1]
        rises.append(np.flatnonzero(top & ~np.roll(top, 1))[:5])
    assert rises[0] == pytest.approx(rises[1], abs=1)


def test_paused_trace_keeps_to_scale_when_the_window_is_resized(
    harness: MonitorHarness, tmp_path: Path
) -> None:
    window = harness.open(record=write_pulses(tmp_path))
    harness.play(8)
    for width, height in ((1600, 900), (1280, 720)):
        window.resize(width, height)
        harness.qtbot.waitUntil(lambda width=width: window.sheet.width() == width)
        window.refresh()
        found = traced(window.sheet, "raw")
        rows = np.flatnonzero(found.any(axis=1))
        assert rows[-1] - rows[0] == pytest.approx(10 * scale(window.sheet), abs=1.6)
        at = round(x_of(window.sheet, 7 * FS))
        assert found[rows[0] : rows[0] + 9, at - 2 : at + 3].any()
