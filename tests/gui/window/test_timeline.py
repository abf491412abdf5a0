"""Timeline and navigation: jumps in the record, and looking back at a frozen sheet."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pyqtgraph.Qt import QtCore, QtGui, QtWidgets

from ecgstream.gui.playback.snapshot import State
from ecgstream.gui.settings.action_table import JUMP
from ecgstream.gui.settings.theme import THEMES
from ecgstream.gui.window.actions import parse_clock_time
from ecgstream.gui.window.main_window import MainWindow
from ecgstream.gui.window.messages import clock_time
from helpers.monitor_harness import FS, MonitorHarness
from helpers.worker_harness import numbered

LENGTH = 900
"""Seconds of the record: more than what is held."""


@pytest.fixture
def harness(qtbot: Any) -> MonitorHarness:
    harness = MonitorHarness(qtbot)
    harness.open(read=lambda name, data: numbered(LENGTH), speed=10.0)
    return harness


def drag(harness: MonitorHarness, begin: float, *seconds: float) -> None:
    """Hold the handle at a second of the record, and let it go at the last one."""
    track, button = harness.window.timeline.track, QtCore.Qt.MouseButton.LeftButton

    def at(second: float) -> QtCore.QPoint:
        return QtCore.QPoint(round(track.x_of(second)), track.height() // 2)

    harness.qtbot.mousePress(track, button, pos=at(begin))
    for second in seconds:
        # QTest's move says nothing of the button that is held.
        point = QtCore.QPointF(at(second))
        kind, none = QtCore.QEvent.Type.MouseMove, QtCore.Qt.KeyboardModifier.NoModifier
        event = QtGui.QMouseEvent(kind, point, button, button, none)
        QtWidgets.QApplication.sendEvent(track, event)
    harness.qtbot.mouseRelease(track, button, pos=at(seconds[-1] if seconds else begin))


def newest(window: MainWindow) -> float:
    """Second of the record at the right edge of the sheet."""
    shown = window.drawn
    assert shown is not None
    return (shown.first + shown.segment.start + len(shown.segment.input)) / shown.fs


def full(window: MainWindow) -> bool:
    """Whether there are samples all over the sheet."""
    shown = window.drawn
    return shown is not None and len(shown.segment.input) / FS > window.sheet.seconds - 0.1


def traced(window: MainWindow) -> bool:
    """Whether the sheet is full, with the record's own samples at their places."""
    shown = window.drawn
    assert shown is not None
    n = shown.first + shown.segment.start + np.arange(len(shown.segment.input))
    image = window.sheet.grab().toImage()
    ratio = image.devicePixelRatio()
    layout = window.sheet.arranged
    colour = QtGui.QColor(THEMES[window.settings_model.display.theme].denoised).rgb()
    columns = range(round(layout.left * ratio) + 5, round(layout.right * ratio) - 5)
    inked = sum(any(image.pixel(x, y) == colour for y in range(image.height())) for x in columns)
    return np.allclose(shown.segment.input[:, 0], n / 1000) and inked > 0


def test_click_on_the_timeline_jumps_there(harness: MonitorHarness) -> None:
    harness.play(5, speed=10)
    drag(harness, 600)
    harness.gate.allow(0.5)
    before = harness.window.sheet.seconds
    harness.qtbot.waitUntil(
        lambda: harness.shown.first > 500 * FS and harness.received >= round(before * FS)
    )
    shown = harness.shown
    assert shown.first / FS == pytest.approx(600 - before, abs=1)  # a sheet of what came before
    value = shown.segment.input[0, 0]
    assert value == pytest.approx(shown.first / 1000)  # the samples are those of that place
    assert shown.figures.dropped == 0


def test_dragging_shows_the_time_and_jumps_on_release(harness: MonitorHarness) -> None:
    harness.play(5, speed=10)
    window = harness.window
    jumps: list[float] = []
    window.timeline.track.dropped.connect(jumps.append)
    texts: list[str] = []

    def look(_: float) -> None:
        window.refresh()
        texts.append(window.timeline.time.text())

    window.timeline.track.dragged.connect(look)
    drag(harness, 5, 100, 200, 300)
    assert [parse_clock_time(text) for text in texts] == pytest.approx([5, 100, 200, 300], abs=1)
    assert jumps == [pytest.approx(300, abs=1)]
    harness.gate.allow(0.5)
    begin = (300 - window.sheet.seconds) * FS
    harness.qtbot.waitUntil(lambda: harness.shown.first == pytest.approx(begin, abs=FS))


def test_jump_while_paused_stays_paused(harness: MonitorHarness) -> None:
    window = harness.window
    harness.play(5, speed=10)
    window.commands.trigger("run")
    harness.gate.allow(0.1)
    harness.qtbot.waitUntil(lambda: window.worker.snapshot(0).state is State.PAUSED)
    for second in (450, LENGTH):  # the record's end, too: it does not begin again
        drag(harness, second)
        harness.qtbot.waitUntil(
            lambda second=second: newest(window) == pytest.approx(second, abs=1)
        )
        harness.qtbot.waitUntil(lambda: full(window))
        assert newest(window) == pytest.approx(second, abs=1)
        assert window.worker.snapshot(0).state is State.PAUSED


def test_arrow_keys_move_through_the_record(harness: MonitorHarness) -> None:
    window = harness.window
    harness.play(30, speed=10)
    window.commands.trigger("back")
    harness.gate.allow(0.1)
    second = (30 - JUMP) - window.sheet.seconds
    harness.qtbot.waitUntil(lambda: harness.shown.first == pytest.approx(second * FS, abs=1))
    window.commands.trigger("first")
    harness.gate.allow(0.1)
    harness.qtbot.waitUntil(lambda: harness.shown.first == 0)


def test_ten_minutes_stay_available_while_the_stream_goes_on(
    harness: MonitorHarness,
) -> None:
    window = harness.window
    harness.play(650, speed=10)
    window.commands.trigger("freeze")
    end = newest(window)
    window.commands.trigger("first")
    oldest = newest(window) - window.sheet.seconds
    assert end - oldest > 599.9
    assert traced(window)
    harness.play(20, speed=10)
    window.resize(1400, 640)  # what is on the sheet is held nowhere else any more
    harness.qtbot.waitUntil(lambda: window.width() == 1400)
    window.refresh()
    assert traced(window)
    held = newest(window)
    window.commands.trigger("back")
    assert newest(window) == held  # never forward
    assert "older than ten minutes" in window.banner.text.text()
    assert window.note == "Frozen" and traced(window)
    window.commands.trigger("last")
    assert newest(window) == pytest.approx(670)
    window.commands.trigger("freeze")
    assert newest(window) == pytest.approx(670)
    assert window.note == ""


def test_timeline_scrolls_a_frozen_sheet_over_held_samples(harness: MonitorHarness) -> None:
    window = harness.window
    harness.play(300, speed=10)
    window.commands.trigger("freeze")
    assert window.note == "Frozen"
    drag(harness, 290, 200, 100)
    window.refresh()
    assert newest(window) == pytest.approx(100 + window.sheet.seconds / 2, abs=1)
    assert harness.shown.first == 0  # nothing jumped
    drag(harness, 800)
    window.refresh()
    assert newest(window) == pytest.approx(300)


def turn_wheel(window: MainWindow, notches: int) -> None:
    """Over the sheet: away from the user, and up, is positive."""
    place, none = QtCore.QPointF(window.sheet.rect().center()), QtCore.QPoint()
    event = QtGui.QWheelEvent(
        place,
        QtCore.QPointF(window.sheet.mapToGlobal(window.sheet.rect().center())),
        none,
        QtCore.QPoint(0, 120 * notches),
        QtCore.Qt.MouseButton.NoButton,
        QtCore.Qt.KeyboardModifier.NoModifier,
        QtCore.Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QtWidgets.QApplication.sendEvent(window.sheet, event)
    window.refresh()


def test_wheel_scrolls_a_frozen_sheet_but_not_a_running_one(harness: MonitorHarness) -> None:
    window = harness.window
    harness.play(60, speed=10)
    turn_wheel(window, 3)
    assert newest(window) == pytest.approx(60)
    window.commands.trigger("freeze")
    turn_wheel(window, 3)
    assert 60 - window.sheet.seconds < newest(window) < 59
    turn_wheel(window, -3)
    assert newest(window) == pytest.approx(60, abs=0.01)


@pytest.mark.parametrize("how", ["jump", "end"])
def test_frozen_sheet_stays_available_when_another_run_begins(
    harness: MonitorHarness, how: str
) -> None:
    window = harness.window
    harness.play(60, speed=10)
    window.commands.trigger("freeze")
    window.worker.jump(500 if how == "jump" else LENGTH - 1)
    harness.gate.allow(0.5)
    harness.qtbot.waitUntil(lambda: harness.shown.first == (500 * FS if how == "jump" else 0))
    harness.qtbot.waitUntil(lambda: harness.shown.run_number > 1)
    window.refresh()
    assert newest(window) == pytest.approx(60)
    window.commands.trigger("back")
    assert newest(window) == pytest.approx(60 - JUMP) and traced(window)
    window.commands.trigger("first")
    assert newest(window) == pytest.approx(window.sheet.seconds, abs=1 / FS) and traced(window)
    window.commands.trigger("freeze")
    drawn = window.drawn
    assert drawn is not None and drawn.run_number == harness.shown.run_number


def test_another_record_ends_the_freeze(harness: MonitorHarness) -> None:
    window = harness.window
    harness.play(30, speed=10)
    window.commands.trigger("freeze")
    window.worker.choose("other")
    harness.gate.allow(0.5)
    harness.qtbot.waitUntil(lambda: harness.shown.run_number == 2)
    window.refresh()
    assert window.navigation.freeze.end is None and window.note != "Frozen"


def test_time_can_be_typed(harness: MonitorHarness) -> None:
    harness.play(5, speed=10)
    harness.window.commands.trigger("go")
    (dialog,) = harness.window.findChildren(QtWidgets.QInputDialog)
    dialog.setTextValue("10:00")
    dialog.accept()
    harness.gate.allow(0.5)
    begin = (600 - harness.window.sheet.seconds) * FS
    harness.qtbot.waitUntil(lambda: harness.shown.first == pytest.approx(begin, abs=1))


def test_invalid_time_is_reported(harness: MonitorHarness) -> None:
    harness.play(5, speed=10)
    harness.window.commands.trigger("go")
    (dialog,) = harness.window.findChildren(QtWidgets.QInputDialog)
    dialog.setTextValue("half past")
    dialog.accept()
    assert "'half past' is no time" in harness.window.banner.text.text()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("62.5", 62.5),
        ("1:02", 62),
        ("1:02:03", 3723),
        (" 0:05,5 ", 5.5),
        ("", None),
        ("1:2:3:4", None),
    ],
)
def test_clock_times_are_parsed(text: str, seconds: float | None) -> None:
    assert parse_clock_time(text) == seconds


@pytest.mark.parametrize(
    ("second", "text"), [(0, "0:00"), (59.96, "0:59"), (60, "1:00"), (3723.4, "1:02:03")]
)
def test_clock_times_are_formatted(second: float, text: str) -> None:
    assert clock_time(second) == text
