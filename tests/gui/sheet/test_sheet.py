"""The sheet: true to scale, everything in its place in time, and honest about what is missing."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyqtgraph.Qt import QtCore, QtGui, QtWidgets

from ecgstream.gui.settings.display_settings import GAINS, PAPER_SPEEDS, DisplaySettings
from ecgstream.gui.settings.monitor_settings import Noise
from ecgstream.gui.settings.theme import THEMES
from ecgstream.gui.sheet.flags import runs
from ecgstream.gui.sheet.paper import pixels_per_mm
from ecgstream.gui.sheet.sheet import Sheet
from ecgstream.gui.sheet.timebase import ERASED
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.quality import Quality
from helpers.sheet_harness import (
    FS,
    ReplayedSignal,
    drag,
    draw,
    like,
    marks,
    pixels,
    pulses,
    scale,
    sheet,
    traced,
    x_of,
)

PAPER = THEMES["paper"]
_EACH = [(speed, gain) for speed in PAPER_SPEEDS for gain in GAINS]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("axis", [0, 1], ids=["time", "amplitude"])
@pytest.mark.parametrize(("line", "distance"), [("fine", 1), ("bold", 5)])
def test_paper_lines_are_true_millimetres_apart(
    qtbot: Any, theme: str, axis: int, line: str, distance: int
) -> None:
    empty = sheet(qtbot, theme=theme)
    left, bottom = round(empty.arranged.left), round(empty.arranged.axis.top())
    paper = pixels(empty)[30 : bottom - 2, left + 2 :]
    wanted = like(paper, getattr(THEMES[theme], line), within=2)
    if line == "fine":
        wanted |= like(paper, THEMES[theme].bold, within=2)
    at = np.flatnonzero(wanted.mean(axis=axis) > 0.7)
    assert len(at) > 20
    numbers = np.round((at - at[0]) / (distance * scale(empty)))
    assert np.array_equal(numbers, np.arange(len(at)))
    assert np.abs(at - at[0] - numbers * distance * scale(empty)).max() <= 1.01


@pytest.mark.parametrize(("dpi", "expected"), [(254, 10), (0, 96 / 25.4), (9000, 96 / 25.4)])
def test_scale_is_that_of_the_screen_unless_it_is_implausible(dpi: float, expected: float) -> None:
    class Screen:
        def physicalDotsPerInch(self) -> float:
            return dpi

    assert pixels_per_mm(Screen()) == pytest.approx(expected)
    assert pixels_per_mm(None) == pytest.approx(96 / 25.4)


@pytest.mark.parametrize(("speed", "gain"), _EACH)
def test_1_mv_and_1_s_have_their_size_for_every_speed_and_gain(
    qtbot: Any, speed: float, gain: float
) -> None:
    a_sheet = sheet(qtbot, size=(1000, 700), paper_speed=speed, gain=gain)
    draw(a_sheet, ReplayedSignal(pulses(40)))
    for kind in ("raw", "denoised"):
        found = traced(a_sheet, kind)[:, : round(a_sheet.arranged.right) - 3]
        rows = np.flatnonzero(found.any(axis=1))
        assert rows[-1] - rows[0] == pytest.approx(gain * scale(a_sheet), abs=1.6)
        plateau = found[rows[0] : rows[0] + 2].any(axis=0)
        rises = np.flatnonzero(plateau & ~np.roll(plateau, 1))
        assert len(rises) >= 3
        assert np.diff(rises[1:]) == pytest.approx(speed * scale(a_sheet), abs=1.6)


@pytest.mark.parametrize(("speed", "gain"), _EACH)
def test_the_calibration_mark_is_1_mv_high_and_a_fifth_of_a_second_wide(
    qtbot: Any, speed: float, gain: float
) -> None:
    a_sheet = sheet(qtbot, paper_speed=speed, gain=gain, kinds=frozenset({"raw"}))
    draw(a_sheet, ReplayedSignal(np.zeros(FS)))
    panel, left = round(a_sheet.arranged.panel), round(a_sheet.arranged.left)
    zero = round(a_sheet.arranged.lanes[0].zero)
    found = like(pixels(a_sheet), PAPER.ink, within=90)[: zero + 3, panel : left - 1]
    rows = np.flatnonzero(found[60:].any(axis=1)) + 60
    assert rows[-1] - rows[0] == pytest.approx(gain * scale(a_sheet), abs=1.6)
    top = np.flatnonzero(found[rows[0] + 1])
    assert top[-1] - top[0] == pytest.approx(0.2 * speed * scale(a_sheet), abs=1.6)


def test_paper_and_traces_scroll_together(qtbot: Any) -> None:
    a_sheet, run = sheet(qtbot), ReplayedSignal(pulses())
    for end in (3000, 3054, 3108, 3111):
        draw(a_sheet, run, end)
        found = traced(a_sheet, "raw")
        lines = like(pixels(a_sheet), PAPER.bold, within=2)[-60:-30].all(axis=0)
        for second in (3, 5, 7):
            at = round(x_of(a_sheet, second * FS))
            assert found[:, at - 2 : at + 2].any()
            assert lines[at - 1 : at + 2].any()


_PASSES = count()
"""Another number says that nothing that was drawn counts any more."""


@pytest.fixture
def two_sheets(qtbot: Any) -> tuple[Sheet, Sheet]:
    return sheet(qtbot, size=(700, 300)), sheet(qtbot, size=(700, 300))


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    steps=st.lists(st.integers(1, 400), min_size=1, max_size=25),
    sweep=st.booleans(),
    delay=st.integers(0, 260),
)
def test_drawing_in_pieces_equals_drawing_at_once(
    two_sheets: tuple[Sheet, Sheet], steps: list[int], sweep: bool, delay: int
) -> None:
    rng = np.random.default_rng(len(steps))
    signal = 0.3 * rng.standard_normal((40 * FS, 1))
    signal[10 * FS : 11 * FS] = np.nan
    run = ReplayedSignal(signal, output=0.5 * signal, delay=delay, run_number=next(_PASSES))
    live, afresh = two_sheets
    live.display = afresh.display = DisplaySettings(sweep=sweep)
    end = 8 * FS
    for step in steps:
        end += step
        draw(live, run, end)
        at_once = pixels(live)
    draw(afresh, run, end)
    differing = (np.abs(at_once - pixels(afresh)) > 8).any(axis=2).any(axis=0)
    # The line to the oldest sample begins at one that only the live sheet has seen, and Qt
    # may draw the pixel where a line is cut off otherwise.
    left = live.arranged.left
    page = left + live.seconds * 25 * scale(live)
    cuts = [left, page, x_of(live, end) + ERASED * scale(live)] if sweep else [left]
    far = np.abs(np.subtract.outer(np.flatnonzero(differing), cuts)).min(axis=1)
    assert far.max(initial=0) < 5


def test_sweep_keeps_the_paper_still_with_a_gap_ahead_of_the_newest_sample(qtbot: Any) -> None:
    a_sheet = sheet(qtbot, sweep=True, annotations=False, detections=False)
    run = ReplayedSignal(0.2 * np.sin(np.arange(40 * FS) / 9))
    span = round(a_sheet.seconds * FS)
    papers = []
    for end in (2 * span + 500, 2 * span + 900, 2 * span + 1333):
        draw(a_sheet, run, end)
        picture = pixels(a_sheet)
        papers.append(np.flatnonzero(like(picture, PAPER.bold, within=2)[-60:-30].all(axis=0)))
        drawn = traced(a_sheet, "raw").any(axis=0)
        newest = round(x_of(a_sheet, end))
        erased = slice(newest + 3, newest + round(ERASED * scale(a_sheet)) - 2)
        assert not drawn[erased].any()
        left, page = round(a_sheet.arranged.left), round(span / FS * 25 * scale(a_sheet))
        assert drawn[left + 1 : newest - 2].mean() > 0.95
        assert drawn[erased.stop + 5 : left + page - 3].mean() > 0.95
        assert a_sheet.sample_at(newest - 10) > a_sheet.sample_at(erased.stop + 9)
    assert all(np.array_equal(paper, papers[0]) for paper in papers)


@pytest.mark.parametrize("sweep", [False, True], ids=["scroll", "sweep"])
@pytest.mark.parametrize("kinds", ["raw denoised", "clean removed"])
def test_gap_is_a_gap_in_every_trace(qtbot: Any, ecg: Floats, sweep: bool, kinds: str) -> None:
    signal = ecg.copy()
    signal[6 * FS : 7 * FS] = np.nan
    a_sheet = sheet(qtbot, sweep=sweep, kinds=frozenset(kinds.split()), flags=False)
    draw(a_sheet, ReplayedSignal(signal, clean=ecg, output=0.5 * signal))
    for kind in kinds.split():
        drawn = traced(a_sheet, kind).any(axis=0)
        begin, end = (round(x_of(a_sheet, n * FS, kind)) for n in (6, 7))
        assert not drawn[begin + 1 : end - 1].any()
        assert drawn[begin - 60 : begin - 2].mean() > 0.9
        assert drawn[end + 2 : end + 60].mean() > 0.9


def test_lone_sample_between_gaps_is_drawn(qtbot: Any) -> None:
    signal = np.full(5 * FS, np.nan)
    signal[2 * FS] = 0.5
    a_sheet = sheet(qtbot, flags=False)
    draw(a_sheet, ReplayedSignal(signal))
    place = a_sheet.position(2 * FS, 0.5, "raw")
    rows, columns = np.nonzero(traced(a_sheet, "raw"))
    assert len(rows)
    assert np.abs(rows - place.y()).max() <= 2 and np.abs(columns - place.x()).max() <= 2


def test_denoised_trace_is_aligned_with_raw_and_ends_at_the_delay(qtbot: Any) -> None:
    signal = np.zeros(6 * FS)
    signal[3 * FS] = 1
    a_sheet = sheet(qtbot)
    draw(a_sheet, ReplayedSignal(signal, delay=FS))
    tips = []
    for kind in ("raw", "denoised"):
        found = traced(a_sheet, kind)
        tips.append(np.flatnonzero(found[np.flatnonzero(found.any(axis=1))[0]]).mean())
    assert tips[0] == pytest.approx(tips[1], abs=0.6)
    assert tips[0] == pytest.approx(x_of(a_sheet, 3 * FS), abs=1.5)
    ends = [np.flatnonzero(traced(a_sheet, kind).any(axis=0))[-1] for kind in ("raw", "denoised")]
    assert ends[0] - ends[1] == pytest.approx(25 * scale(a_sheet), abs=2)


def test_trace_beyond_its_lane_is_clipped_and_marked_by_an_arrow(qtbot: Any) -> None:
    signal = np.zeros(6 * FS)
    signal[2 * FS : 3 * FS] = 20
    a_sheet = sheet(qtbot, hidden=frozenset({1}), stacked=True)
    signals = np.column_stack([signal, signal])
    draw(a_sheet, ReplayedSignal(signals, output=np.zeros((6 * FS, 2))))
    lane, below = a_sheet.arranged.lanes
    edge, middle = round(lane.box.top()), round(x_of(a_sheet, 2.5 * FS, lead=0))
    arrow = like(pixels(a_sheet), PAPER.raw)[edge : edge + 6, middle - 6 : middle + 6]
    assert arrow[3:].sum() > arrow[:3].sum() > 0  # its tip is upwards
    assert not like(pixels(a_sheet), PAPER.raw, within=20)[round(below.box.top()) :, 200:].any()
    draw(a_sheet, ReplayedSignal(np.zeros((6 * FS, 2))))
    arrow = like(pixels(a_sheet), PAPER.raw)[edge : edge + 6, middle - 6 : middle + 6]
    assert not arrow.any()


def test_raw_offset_is_shifted_and_stated_but_denoised_never_is(qtbot: Any, ecg: Floats) -> None:
    a_sheet = sheet(qtbot)
    draw(a_sheet, ReplayedSignal(ecg + 7.2, output=ecg))
    rows = np.flatnonzero(traced(a_sheet, "raw")[:, 200:].any(axis=1))
    lane = a_sheet.arranged.lanes[0]
    assert lane.box.top() + 5 < rows[0] and rows[-1] < lane.box.bottom() - 5
    shifted = a_sheet.position(0, 7.0, "raw").y()
    assert shifted == pytest.approx(lane.zero, abs=5.01 * scale(a_sheet))
    assert (shifted - lane.zero) / scale(a_sheet) % 5 == pytest.approx(0, abs=1e-6)
    names = pixels(a_sheet)[:, : round(a_sheet.arranged.panel)]
    draw(a_sheet, ReplayedSignal(ecg, output=ecg))
    draw(a_sheet, ReplayedSignal(ecg + 7.2, output=ecg + 7.2))
    assert a_sheet.position(0, 0, "denoised").y() == a_sheet.arranged.lanes[1].zero
    draw(a_sheet, ReplayedSignal(ecg))
    assert (pixels(a_sheet)[:, : names.shape[1]] != names).any()  # it says so, and no longer


def test_shift_stays_while_the_signal_wanders_a_little(qtbot: Any) -> None:
    a_sheet, places = sheet(qtbot), set()
    for offset in np.linspace(0, 0.8, 30):
        draw(a_sheet, ReplayedSignal(np.full(FS, offset)))
        places.add(a_sheet.position(0, 0, "raw").y())
    assert len(places) == 1


def test_kinds_and_leads_are_stacked_or_overlaid_and_can_be_hidden(qtbot: Any) -> None:
    a_sheet = sheet(qtbot, kinds=frozenset({"raw", "denoised", "removed"}), stacked=True)
    draw(a_sheet, ReplayedSignal(np.zeros((FS, 2))))
    lanes = [(lane.name, lane.kinds) for lane in a_sheet.arranged.lanes]
    each = [("raw",), ("denoised",), ("removed",)]
    assert lanes == [(lead, kind) for lead in ("V1", "V2") for kind in each]
    tops = [lane.box.top() for lane in a_sheet.arranged.lanes]
    bottoms = [lane.box.bottom() for lane in a_sheet.arranged.lanes]
    assert all(top >= bottom for bottom, top in zip(bottoms, tops[1:], strict=False))
    a_sheet.display = replace(a_sheet.display, stacked=False)
    assert [lane.kinds for lane in a_sheet.arranged.lanes] == [("raw", "denoised", "removed")] * 2
    a_sheet.display = replace(a_sheet.display, hidden=frozenset({0}))
    assert [lane.name for lane in a_sheet.arranged.lanes] == ["V2"]
    with pytest.raises(LookupError, match="raw of lead 0 is not on the sheet"):
        a_sheet.position(0, 0, "raw", 0)


def test_leads_with_equal_names_are_hidden_one_by_one_and_never_all(qtbot: Any) -> None:
    a_sheet = sheet(qtbot, hidden=frozenset({0}))
    draw(a_sheet, ReplayedSignal(np.zeros((FS, 2)), leads=("ECG", "ECG")))
    assert {lane.lead for lane in a_sheet.arranged.lanes} == {1}
    draw(
        a_sheet, ReplayedSignal(np.zeros(FS), leads=("ECG",))
    )  # another record, whose only lead it is
    assert {lane.lead for lane in a_sheet.arranged.lanes} == {0}
    assert traced_anything(a_sheet)


def test_kinds_are_overlaid_with_several_leads_unless_chosen_otherwise(
    qtbot: Any,
) -> None:
    a_sheet = sheet(qtbot)
    for leads, chosen, lanes in ((1, None, 2), (2, None, 2), (1, False, 1), (2, True, 4)):
        a_sheet.display = DisplaySettings(stacked=chosen)
        draw(a_sheet, ReplayedSignal(np.zeros((FS, leads))))
        assert len(a_sheet.arranged.lanes) == lanes


def test_raw_offset_is_shifted_in_low_lanes_too(qtbot: Any, ecg: Floats) -> None:
    signals = np.column_stack([0.2 * ecg + 0.35] * 12)
    a_sheet = sheet(qtbot, stacked=True)
    draw(a_sheet, ReplayedSignal(signals, output=signals))
    for lead in (0, 5, 11):
        assert traced(a_sheet, "raw", lead).any(axis=0)[200:-60].mean() > 0.9
        lane = a_sheet.arranged.lane("raw", lead)
        shifted = a_sheet.position(0, 0.35, "raw", lead).y()
        assert lane is not None and shifted == pytest.approx(lane.zero, abs=1.01 * scale(a_sheet))


def test_rows_of_marks_take_no_room_without_annotations(qtbot: Any) -> None:
    a_sheet = sheet(qtbot, kinds=frozenset({"raw"}), detections=False)
    draw(a_sheet, ReplayedSignal(np.zeros(8 * FS), record="bare"))
    header = a_sheet.arranged.header.bottom()
    assert a_sheet.arranged.lanes[0].box.top() == header
    tops = []
    for beats in (marks((3 * FS, "N")), ()):  # the row stays while there is no beat to be seen
        draw(a_sheet, ReplayedSignal(np.zeros(8 * FS), record="annotated", beats=beats))
        tops.append(a_sheet.arranged.lanes[0].box.top())
    assert tops[0] == tops[1] > header


def test_calibration_marks_are_drawn_whole(qtbot: Any) -> None:
    a_sheet = sheet(qtbot, size=(1000, 300), gain=20.0)
    draw(a_sheet, ReplayedSignal(np.zeros(FS)))
    panel, left = round(a_sheet.arranged.panel), round(a_sheet.arranged.left)
    top = round(a_sheet.arranged.header.bottom())
    found = like(pixels(a_sheet), PAPER.ink, within=90)[top:-24, panel : left - 1]
    plateaus = np.flatnonzero(found.mean(axis=1) > 0.3)
    assert len(plateaus) > 0 and plateaus[0] > 0
    rises = found[plateaus[0] :].any(axis=1)
    assert rises[: round(20 * scale(a_sheet))].all()


def test_paint_events_are_counted_and_not_requests(qtbot: Any) -> None:
    a_sheet = sheet(qtbot)
    qtbot.waitUntil(lambda: a_sheet.painted > 0)
    before = a_sheet.painted
    for _ in range(3):
        draw(a_sheet, ReplayedSignal(pulses()))
    assert a_sheet.painted == before
    a_sheet.repaint()
    assert a_sheet.painted == before + 1


def test_overlaid_traces_have_their_own_colours(qtbot: Any) -> None:
    a_sheet = sheet(qtbot, stacked=False, kinds=frozenset({"raw", "denoised", "clean", "removed"}))
    t = np.arange(8 * FS)
    run = ReplayedSignal(np.sin(t / 40), output=np.sin(t / 40) - 0.4, clean=np.sin(t / 40) + 0.6)
    draw(a_sheet, run)
    for kind in ("raw", "denoised", "clean", "removed"):
        assert traced(a_sheet, kind).any(axis=0)[200:-30].mean() > 0.6


def test_removed_trace_is_input_less_output(qtbot: Any) -> None:
    a_sheet = sheet(qtbot, kinds=frozenset({"removed"}))
    draw(a_sheet, ReplayedSignal(np.full(4 * FS, 0.9), output=np.full(4 * FS, 0.4)))
    rows = np.flatnonzero(traced(a_sheet, "removed")[:, 200:].any(axis=1))
    assert rows.mean() == pytest.approx(a_sheet.position(0, 0.5, "removed").y(), abs=1)


def test_beats_rhythms_and_detected_peaks_are_marked_at_their_samples(qtbot: Any) -> None:
    run = ReplayedSignal(
        np.zeros(8 * FS),
        beats=marks((3 * FS, "N"), (4 * FS, "V")),
        rhythms=marks((0, "(N"), (5 * FS, "(AFIB")),
        peaks=np.array([3 * FS, 6 * FS]),
    )
    a_sheet = sheet(qtbot)
    draw(a_sheet, run)
    rows = a_sheet.arranged.marks
    band = pixels(a_sheet)[round(rows.top()) : round(rows.bottom())]
    badge = np.flatnonzero(like(band, PAPER.beat, within=20).any(axis=0))
    assert badge.mean() == pytest.approx(x_of(a_sheet, 4 * FS), abs=1.5)
    peaks = np.flatnonzero(like(band, PAPER.peak, within=20).any(axis=0))
    for sample in (3 * FS, 6 * FS):
        near = peaks[np.abs(peaks - x_of(a_sheet, sample)) < 8]
        assert near.mean() == pytest.approx(x_of(a_sheet, sample), abs=1)
    assert len(peaks) < 20
    at = round(x_of(a_sheet, 5 * FS))
    line = like(pixels(a_sheet), PAPER.ink, within=60)[round(rows.top()) : -30]
    assert line[:, at - 1 : at + 2].any(axis=1).mean() > 0.5
    assert line[:, at - 20].mean() < 0.1
    bare = replace(a_sheet.display, annotations=False, detections=False)
    a_sheet.display = bare
    picture = pixels(a_sheet)
    for colour in (PAPER.beat, PAPER.peak):
        assert not like(picture, colour, within=20).any()


@pytest.mark.parametrize(
    ("flag", "raw_too"),
    [
        (Quality.FLAT, True),
        (Quality.SATURATED, True),
        (Quality.SETTLING, False),
        (Quality.UNCERTAIN, False),
    ],
)
def test_band_covers_flagged_samples_from_first_to_last(
    qtbot: Any, flag: Quality, raw_too: bool
) -> None:
    quality = np.zeros(8 * FS)
    quality[3 * FS : 5 * FS] = flag
    a_sheet = sheet(qtbot)
    draw(a_sheet, ReplayedSignal(np.zeros(8 * FS), quality=quality))
    flagged = pixels(a_sheet)
    a_sheet.display = replace(a_sheet.display, flags=False)
    changed = (flagged != pixels(a_sheet)).any(axis=2)
    for lane, banded in zip(a_sheet.arranged.lanes, (raw_too, True), strict=True):
        inside = changed[round(lane.box.top()) + 2 : round(lane.box.bottom()) - 2]
        columns = np.flatnonzero(inside.mean(axis=0) > 0.5)
        if not banded:
            assert not len(columns)
            continue
        assert columns[0] == pytest.approx(x_of(a_sheet, 3 * FS), abs=1.5)
        assert columns[-1] == pytest.approx(x_of(a_sheet, 5 * FS), abs=1.5)


def test_missing_input_is_hatched_before_it_is_flagged(qtbot: Any) -> None:
    signal = np.zeros(6 * FS)
    signal[5 * FS :] = np.nan
    a_sheet = sheet(qtbot)
    draw(a_sheet, ReplayedSignal(signal, delay=2 * FS))
    lane = a_sheet.arranged.lanes[0]
    begin = round(x_of(a_sheet, 5 * FS))
    rows = slice(round(lane.box.top()) + 2, round(lane.box.bottom()) - 25)
    hatched = like(pixels(a_sheet), PAPER.flag_colour(Quality.GAP), within=40)[rows]
    assert hatched[:, begin + 3 : begin + 80].mean() > 0.05
    assert not hatched[:, begin - 80 : begin - 3].any()


def test_wheel_scrolls_frozen_paper_only(qtbot: Any) -> None:
    a_sheet, run = sheet(qtbot), ReplayedSignal(np.zeros(60 * FS))
    asked: list[float] = []
    a_sheet.scrolled.connect(asked.append)
    for frozen in (False, True):
        draw(a_sheet, run, frozen=frozen)
        for turned in (120, -240):  # one notch away from the hand, two towards it
            _turn_wheel(a_sheet, turned)
    assert asked == pytest.approx([-a_sheet.seconds / 10, a_sheet.seconds / 5])


def _turn_wheel(a_sheet: Sheet, eighths: int) -> None:
    """An eighth of a degree is what Qt counts in."""
    at, none = QtCore.QPointF(400, 200), QtCore.QPoint(0, 0)
    event = QtGui.QWheelEvent(
        at,
        QtCore.QPointF(a_sheet.mapToGlobal(at.toPoint())),
        none,
        QtCore.QPoint(0, eighths),
        QtCore.Qt.MouseButton.NoButton,
        QtCore.Qt.KeyboardModifier.NoModifier,
        QtCore.Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QtWidgets.QApplication.sendEvent(a_sheet, event)


def test_frozen_sweep_is_drawn_in_order_of_time_and_scrolls_by_dragging(qtbot: Any) -> None:
    a_sheet, run = sheet(qtbot, sweep=True), ReplayedSignal(np.zeros(60 * FS))
    draw(a_sheet, run)
    draw(a_sheet, run, frozen=True)
    samples = [a_sheet.sample_at(x) for x in np.linspace(*_edges(a_sheet), 30)]
    assert (np.diff(samples) > 0).all()
    asked: list[float] = []
    a_sheet.scrolled.connect(asked.append)
    drag(qtbot, a_sheet, [(400, 200), (450, 200), (400 + 50 * scale(a_sheet), 210)])
    assert sum(asked) == pytest.approx(-2, abs=0.02)  # 50 mm to the right: 2 s back
    draw(a_sheet, run)
    asked.clear()
    drag(qtbot, a_sheet, [(400, 200), (500, 200)])
    assert not asked


def _edges(a_sheet: Any) -> tuple[float, float]:
    return a_sheet.arranged.left + 1, a_sheet.arranged.right - 1


def test_display_can_be_changed_while_nothing_arrives(qtbot: Any, ecg: Floats) -> None:
    a_sheet = sheet(qtbot)
    draw(a_sheet, ReplayedSignal(ecg))
    low = np.flatnonzero(traced(a_sheet, "raw").any(axis=1))
    a_sheet.display = DisplaySettings(gain=20.0, theme="dark")
    high = np.flatnonzero(traced(a_sheet, "raw").any(axis=1))
    assert len(high) > 1.5 * len(low)
    a_sheet.clear()
    assert not traced_anything(a_sheet)
    assert np.isnan(a_sheet.sample_at(300))


def traced_anything(a_sheet: Any) -> bool:
    inside = pixels(a_sheet)[30:-30, round(a_sheet.arranged.left) + 2 :]
    return bool(like(inside, THEMES[a_sheet.display.theme].denoised).any())


@pytest.mark.parametrize("size", [(320, 160), (640, 300), (2600, 1500)])
@pytest.mark.parametrize("channels", [1, 12])
def test_any_size_and_number_of_leads_is_drawn(
    qtbot: Any, size: tuple[int, int], channels: int
) -> None:
    rng = np.random.default_rng(1)
    signals = rng.standard_normal((10 * FS, channels))
    for stacked in (True, False):
        a_sheet = sheet(qtbot, size=size, stacked=stacked)
        draw(a_sheet, ReplayedSignal(signals, output=0.5 * signals, noise=Noise("em", -6.0)))
        for lane in a_sheet.arranged.lanes:
            # In a lane of a few pixels what is drawn last may hide the rest.
            roomy = lane.box.height() > 10
            for kind in lane.kinds if roomy else lane.kinds[-1:]:
                assert traced(a_sheet, kind, lane.lead).any(), (kind, lane.lead)
        for lane in a_sheet.arranged.lanes:
            assert lane.box.top() >= a_sheet.arranged.header.bottom()
            assert lane.box.bottom() <= a_sheet.arranged.axis.top() + 1e-6


_SCALED = """
import sys
sys.path[:0] = {paths!r}
import numpy as np
from pyqtgraph.Qt import QtWidgets
application = QtWidgets.QApplication([])
from helpers.sheet_harness import ReplayedSignal, image_pixels, like, pulses, scale
from ecgstream.gui.sheet.sheet import Sheet
from ecgstream.gui.settings.theme import THEMES
from ecgstream.gui.sheet.traces import WIDTH
sheet = Sheet()
sheet.resize(900, 500)
sheet.show()
sheet.draw(ReplayedSignal(pulses()).shown(sheet.seconds))
grabbed = sheet.grab()
ratio = grabbed.devicePixelRatio()
found = like(image_pixels(grabbed.toImage()), THEMES["paper"].denoised)
found[:, : round(sheet.arranged.left * ratio) + 9] = False
rows = np.flatnonzero(found.any(axis=1))
print(ratio, rows[-1] - rows[0] - WIDTH * ratio, 10 * scale(sheet) * ratio)
"""


def test_millimetres_stay_true_on_a_scaled_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_SCALE_FACTOR", "2")
    script = _SCALED.format(paths=[str(path) for path in sys.path if path])
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    ratio, high, wanted = map(float, done.stdout.split())
    assert ratio == 2
    assert high == pytest.approx(wanted, abs=1.6)  # of the screen's own pixels


def test_thousands_of_gaps_are_one_band_and_each_sample_between_them_a_dot(qtbot: Any) -> None:
    signal = np.zeros(8 * FS)
    signal[::2] = np.nan
    found = runs(np.zeros(8 * FS, np.uint8), np.isnan(signal), False, apart=4)
    assert found == [(0, 8 * FS - 1, Quality.GAP)]
    assert len(runs(np.zeros(8 * FS, np.uint8), np.isnan(signal), False)) == 4 * FS
    a_sheet = sheet(qtbot)
    draw(a_sheet, ReplayedSignal(signal))
    assert traced(a_sheet, "raw").any(axis=0)[300:900].all()
