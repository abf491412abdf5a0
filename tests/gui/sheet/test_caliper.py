"""The caliper: measured values agree with the drawn traces."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecgstream.gui.settings.display_settings import GAINS, PAPER_SPEEDS, DisplaySettings
from ecgstream.gui.settings.theme import THEMES
from ecgstream.gui.sheet.sheet import Sheet
from helpers.sheet_harness import (
    FS,
    ReplayedSignal,
    drag,
    draw,
    like,
    marks,
    pixels,
    pulses,
    sheet,
    x_of,
)

_RAMP = np.linspace(0, 2, 10 * FS, endpoint=False)  # 0.2 mV a second


def test_ends_set_by_time_are_on_the_trace(qtbot: Any) -> None:
    a_sheet = sheet(qtbot)
    draw(a_sheet, ReplayedSignal(_RAMP))
    assert a_sheet.caliper.text == ""
    a_sheet.caliper.active = True
    a_sheet.caliper.set_times(4.0, 4.8)
    assert a_sheet.caliper.text == "Δt 0.80 s · 75 bpm · Δ 0.16 mV"
    a_sheet.caliper.set_times(4.8, 4.0)
    assert a_sheet.caliper.text == "Δt 0.80 s · 75 bpm · Δ \N{MINUS SIGN}0.16 mV"
    a_sheet.caliper.active = False
    assert a_sheet.caliper.text == ""


def test_caliper_times_are_those_of_the_record(qtbot: Any) -> None:
    a_sheet = sheet(qtbot)
    draw(a_sheet, ReplayedSignal(_RAMP, first=100 * FS, length=1000 * FS))
    a_sheet.caliper.active = True
    a_sheet.caliper.set_times(105.0, 106.0)
    assert a_sheet.caliper.text == "Δt 1.00 s · 60 bpm · Δ 0.20 mV"


def test_rate_and_voltage_are_left_out_where_they_are_unknown(qtbot: Any) -> None:
    a_sheet = sheet(qtbot)
    draw(a_sheet, ReplayedSignal(_RAMP))
    a_sheet.caliper.active = True
    a_sheet.caliper.set_times(4.0, 4.05)
    assert a_sheet.caliper.text == "Δt 0.05 s · — bpm · Δ 0.01 mV"
    a_sheet.caliper.set_times(4.0, 20.0)
    assert a_sheet.caliper.text == "Δt 16.00 s · 4 bpm · Δ — mV"


def test_caliper_starts_in_the_middle_of_the_sheet(qtbot: Any) -> None:
    a_sheet = sheet(qtbot)
    a_sheet.caliper.active = True  # before there is anything
    assert a_sheet.caliper.text == ""
    draw(a_sheet, ReplayedSignal(_RAMP))
    ends = a_sheet.caliper.ends
    assert ends is not None
    places = [x_of(a_sheet, end.second * FS) for end in ends]
    assert a_sheet.arranged.left < places[0] < places[1] < a_sheet.arranged.right
    a_sheet.caliper.active = False
    draw(a_sheet, ReplayedSignal(pulses(60)))
    a_sheet.caliper.active = True  # those ends have left the sheet
    ends = a_sheet.caliper.ends
    assert ends is not None and ends[0].second > 50


@pytest.fixture
def one_sheet(qtbot: Any) -> Sheet:
    """One for all examples: windows left to Python's collector may die in the middle of a show."""
    return sheet(qtbot)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    speed=st.sampled_from(PAPER_SPEEDS),
    gain=st.sampled_from(GAINS),
    places=st.tuples(*[st.integers(170, 900), st.integers(80, 280)] * 2),
    lane=st.integers(0, 1),
)
def test_dragging_measures_the_millimetres_between_press_and_release(
    qtbot: Any,
    one_sheet: Sheet,
    speed: float,
    gain: float,
    places: tuple[int, ...],
    lane: int,
) -> None:
    a_sheet = one_sheet
    a_sheet.display = DisplaySettings(paper_speed=speed, gain=gain)
    draw(a_sheet, ReplayedSignal(_RAMP))
    a_sheet.caliper.active = True
    a_sheet.caliper.set_times(-9, -8)  # far from the mouse
    x0, y0, x1, y1 = places
    down = lane * 230
    drag(qtbot, a_sheet, [(x0, y0 + down), ((x0 + x1) // 2, y0 + down), (x1, y1 + down)])
    ends = a_sheet.caliper.ends
    assert ends is not None
    scale = a_sheet.arranged.geometry.scale
    assert ends[1].second - ends[0].second == pytest.approx((x1 - x0) / scale / speed, abs=1e-6)
    millivolts = ends[1].millivolts - ends[0].millivolts
    assert millivolts == pytest.approx((y0 - y1) / scale / gain, abs=1e-6)


def test_either_end_can_be_dragged(qtbot: Any) -> None:
    a_sheet = sheet(qtbot)
    draw(a_sheet, ReplayedSignal(_RAMP))
    a_sheet.caliper.active = True
    a_sheet.caliper.set_times(4.0, 6.0)
    per_second = x_of(a_sheet, FS) - x_of(a_sheet, 0)
    for end, second, to in ((0, 4.0, 5.0), (1, 6.0, 8.0), (0, 5.0, 3.0)):
        at = x_of(a_sheet, second * FS)
        drag(qtbot, a_sheet, [(at + 2, 300), (at + 40, 300), (x_of(a_sheet, to * FS), 300)])
        ends = a_sheet.caliper.ends
        assert ends is not None
        assert ends[end].second == pytest.approx(to, abs=1 / per_second)


def test_keys_move_an_end_along_the_trace(qtbot: Any) -> None:
    a_sheet = sheet(qtbot)
    draw(a_sheet, ReplayedSignal(_RAMP))
    a_sheet.caliper.active = True
    a_sheet.caliper.set_times(4.0, 5.0)
    a_sheet.caliper.nudge(0.5)
    assert a_sheet.caliper.text == "Δt 1.50 s · 40 bpm · Δ 0.30 mV"
    a_sheet.caliper.nudge(0.5, end=0)
    assert a_sheet.caliper.text == "Δt 1.00 s · 60 bpm · Δ 0.20 mV"


@pytest.mark.parametrize("theme", THEMES)
def test_ends_are_drawn_through_all_lanes_at_their_samples(qtbot: Any, theme: str) -> None:
    a_sheet = sheet(qtbot, theme=theme)
    run = ReplayedSignal(np.zeros((10 * FS, 2)))
    draw(a_sheet, run)
    a_sheet.caliper.active = True
    a_sheet.caliper.set_times(4.0, 6.0)
    colour = THEMES[theme].caliper
    for end in (9 * FS, 10 * FS):  # it moves with the paper
        draw(a_sheet, run, end, frozen=True)
        found = like(pixels(a_sheet), colour, within=90)[60:-40].mean(axis=0)
        for second in (4.0, 6.0):
            at = round(x_of(a_sheet, second * FS, lead=1))
            assert found[at - 2 : at + 3].max() > 0.9


def test_shifted_trace_is_measured_in_its_own_millivolts(qtbot: Any) -> None:
    a_sheet = sheet(qtbot, kinds=frozenset({"raw"}))
    draw(a_sheet, ReplayedSignal(_RAMP + 5.1))
    a_sheet.caliper.active = True
    place = a_sheet.position(5 * FS, _RAMP[5 * FS] + 5.1, "raw")
    drag(qtbot, a_sheet, [(place.x() - 100, place.y()), (place.x(), place.y())])
    ends = a_sheet.caliper.ends
    assert ends is not None
    assert ends[1].millivolts == pytest.approx(6.1, abs=0.03)


def test_caliper_moves_to_another_trace_when_its_own_is_hidden(qtbot: Any) -> None:
    a_sheet = sheet(qtbot)
    draw(a_sheet, ReplayedSignal(3 * _RAMP, output=_RAMP))
    a_sheet.caliper.active = True
    a_sheet.caliper.set_times(4.0, 5.0)
    a_sheet.display = DisplaySettings(kinds=frozenset({"raw"}))
    assert a_sheet.caliper.text == "Δt 1.00 s · 60 bpm · Δ 0.60 mV"
    assert like(pixels(a_sheet), THEMES["paper"].caliper, within=20).any()
    a_sheet.display = DisplaySettings(kinds=frozenset())
    assert a_sheet.caliper.text == ""
    assert not like(pixels(a_sheet), THEMES["paper"].caliper, within=20).any()


@pytest.mark.parametrize("other", [{"record": "101"}, {"run_number": 2}])
def test_caliper_starts_again_in_another_record_or_run(qtbot: Any, other: dict[str, Any]) -> None:
    a_sheet = sheet(qtbot)
    draw(a_sheet, ReplayedSignal(_RAMP))
    a_sheet.caliper.active = True
    a_sheet.caliper.set_times(4.0, 5.0)
    draw(a_sheet, ReplayedSignal(np.zeros(10 * FS), **other))
    ends = a_sheet.caliper.ends
    assert ends is not None
    assert [end.millivolts for end in ends] == [0, 0]
    assert ends[0].second != 4.0
    a_sheet.clear()
    assert a_sheet.caliper.text == ""


def test_leads_with_equal_names_are_measured_separately(qtbot: Any) -> None:
    a_sheet = sheet(qtbot, kinds=frozenset({"denoised"}))
    draw(a_sheet, ReplayedSignal(np.column_stack([_RAMP, 2 * _RAMP]), leads=("ECG", "ECG")))
    a_sheet.caliper.active = True
    place = a_sheet.position(5 * FS, 2 * _RAMP[5 * FS], "denoised", 1)
    drag(qtbot, a_sheet, [(place.x() - 300, place.y()), (place.x(), place.y())])
    ends = a_sheet.caliper.ends
    assert ends is not None
    assert ends[1].millivolts == pytest.approx(2 * _RAMP[5 * FS], abs=0.03)


def test_lines_do_not_cross_the_symbols_of_beats(qtbot: Any) -> None:
    a_sheet = sheet(qtbot)
    draw(a_sheet, ReplayedSignal(np.zeros(10 * FS), beats=marks((5 * FS, "V"))))
    before = pixels(a_sheet)
    a_sheet.caliper.active = True
    a_sheet.caliper.set_times(5.0, 6.0)
    rows = a_sheet.arranged.marks
    changed = (pixels(a_sheet) != before).any(axis=2)
    assert not changed[round(rows.top()) + 2 : round(rows.bottom()) - 2].any()
    at = round(x_of(a_sheet, 5 * FS))
    assert changed[round(rows.bottom()) + 2 : -40, at - 1 : at + 3].any(axis=1).all()
