"""Where in the record the monitor is: jumping, and looking back at a frozen sheet."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pyqtgraph.Qt import QtCore, QtGui, QtWidgets

from ecgstream.gui.playback.snapshot import State
from ecgstream.gui.settings.action_table import JUMP
from ecgstream.gui.settings.theme import THEMES
from ecgstream.gui.window.actions import parsed_time
from ecgstream.gui.window.main_window import Monitor
from ecgstream.gui.window.messages import clock_time
from helpers.monitor_stand import FS, Stand
from helpers.worker_stand import numbered

LENGTH = 900
"""Seconds of the record: more than what is held."""


@pytest.fixture
def stand(qtbot: Any) -> Stand:
    stand = Stand(qtbot)
    stand.open(read=lambda name, data: numbered(LENGTH), speed=10.0)
    return stand


def drag(stand: Stand, begin: float, *seconds: float) -> None:
    """Hold the handle at a second of the record, and let it go at the last one."""
    track, button = stand.window.position.track, QtCore.Qt.MouseButton.LeftButton

    def at(second: float) -> QtCore.QPoint:
        return QtCore.QPoint(round(track.x_of(second)), track.height() // 2)

    stand.qtbot.mousePress(track, button, pos=at(begin))
    for second in seconds:
        # QTest's move says nothing of the button that is held.
        point = QtCore.QPointF(at(second))
        kind, none = QtCore.QEvent.Type.MouseMove, QtCore.Qt.KeyboardModifier.NoModifier
        event = QtGui.QMouseEvent(kind, point, button, button, none)
        QtWidgets.QApplication.sendEvent(track, event)
    stand.qtbot.mouseRelease(track, button, pos=at(seconds[-1] if seconds else begin))


def newest(window: Monitor) -> float:
    """Second of the record at the right edge of the sheet."""
    shown = window.drawn
    assert shown is not None
    return (shown.first + shown.stretch.start + len(shown.stretch.input)) / shown.fs


def full(window: Monitor) -> bool:
    """Whether there are samples all over the sheet."""
    shown = window.drawn
    return shown is not None and len(shown.stretch.input) / FS > window.sheet.seconds - 0.1


def traced(window: Monitor) -> bool:
    """Whether the sheet is full, with the record's own samples at their places."""
    shown = window.drawn
    assert shown is not None
    n = shown.first + shown.stretch.start + np.arange(len(shown.stretch.input))
    image = window.sheet.grab().toImage()
    ratio = image.devicePixelRatio()
    layout = window.sheet.arranged
    colour = QtGui.QColor(THEMES[window.wishes.display.theme].denoised).rgb()
    columns = range(round(layout.left * ratio) + 5, round(layout.right * ratio) - 5)
    inked = sum(any(image.pixel(x, y) == colour for y in range(image.height())) for x in columns)
    return np.allclose(shown.stretch.input[:, 0], n / 1000) and inked > 0


def test_click_on_the_bar_goes_there(stand: Stand) -> None:
    stand.play(5, speed=10)
    drag(stand, 600)
    stand.gate.allow(0.5)
    before = stand.window.sheet.seconds
    stand.qtbot.waitUntil(
        lambda: stand.shown.first > 500 * FS and stand.received >= round(before * FS)
    )
    shown = stand.shown
    assert shown.first / FS == pytest.approx(600 - before, abs=1)  # a sheet of what came before
    value = shown.stretch.input[0, 0]
    assert value == pytest.approx(shown.first / 1000)  # the samples are those of that place
    assert shown.figures.dropped == 0


def test_dragging_shows_the_time_and_jumps_only_when_let_go(stand: Stand) -> None:
    stand.play(5, speed=10)
    window = stand.window
    jumps: list[float] = []
    window.position.track.dropped.connect(jumps.append)
    texts: list[str] = []

    def look(_: float) -> None:
        window.refresh()
        texts.append(window.position.time.text())

    window.position.track.dragged.connect(look)
    drag(stand, 5, 100, 200, 300)
    assert [parsed_time(text) for text in texts] == pytest.approx([5, 100, 200, 300], abs=1)
    assert jumps == [pytest.approx(300, abs=1)]
    stand.gate.allow(0.5)
    begin = (300 - window.sheet.seconds) * FS
    stand.qtbot.waitUntil(lambda: stand.shown.first == pytest.approx(begin, abs=FS))


def test_paused_stays_paused_when_somewhere_else_is_gone_to(stand: Stand) -> None:
    window = stand.window
    stand.play(5, speed=10)
    window.commands.do("run")
    stand.gate.allow(0.1)
    stand.qtbot.waitUntil(lambda: window.worker.view(0).state is State.PAUSED)
    for second in (450, LENGTH):  # the record's end, too: it does not begin again
        drag(stand, second)
        stand.qtbot.waitUntil(lambda second=second: newest(window) == pytest.approx(second, abs=1))
        stand.qtbot.waitUntil(lambda: full(window))
        assert newest(window) == pytest.approx(second, abs=1)
        assert window.worker.view(0).state is State.PAUSED


def test_arrows_go_through_the_record(stand: Stand) -> None:
    window = stand.window
    stand.play(30, speed=10)
    window.commands.do("back")
    stand.gate.allow(0.1)
    second = (30 - JUMP) - window.sheet.seconds
    stand.qtbot.waitUntil(lambda: stand.shown.first == pytest.approx(second * FS, abs=1))
    window.commands.do("first")
    stand.gate.allow(0.1)
    stand.qtbot.waitUntil(lambda: stand.shown.first == 0)


def test_ten_minutes_can_be_looked_back_at_while_the_stream_goes_on(stand: Stand) -> None:
    window = stand.window
    stand.play(650, speed=10)
    window.commands.do("freeze")
    end = newest(window)
    window.commands.do("first")
    oldest = newest(window) - window.sheet.seconds
    assert end - oldest > 599.9
    assert traced(window)
    stand.play(20, speed=10)
    window.resize(1400, 640)  # what is on the sheet is held nowhere else any more
    stand.qtbot.waitUntil(lambda: window.width() == 1400)
    window.refresh()
    assert traced(window)
    held = newest(window)
    window.commands.do("back")
    assert newest(window) == held  # never forward
    assert "older than ten minutes" in window.banner.text.text()
    assert window.note == "Frozen" and traced(window)
    window.commands.do("last")
    assert newest(window) == pytest.approx(670)
    window.commands.do("freeze")
    assert newest(window) == pytest.approx(670)
    assert window.note == ""


def test_bar_scrolls_a_frozen_sheet_over_what_is_held(stand: Stand) -> None:
    window = stand.window
    stand.play(300, speed=10)
    window.commands.do("freeze")
    assert window.note == "Frozen"
    drag(stand, 290, 200, 100)
    window.refresh()
    assert newest(window) == pytest.approx(100 + window.sheet.seconds / 2, abs=1)
    assert stand.shown.first == 0  # nothing jumped
    drag(stand, 800)
    window.refresh()
    assert newest(window) == pytest.approx(300)


def turn_wheel(window: Monitor, notches: int) -> None:
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


def test_wheel_scrolls_a_frozen_sheet_and_leaves_a_running_one(stand: Stand) -> None:
    window = stand.window
    stand.play(60, speed=10)
    turn_wheel(window, 3)
    assert newest(window) == pytest.approx(60)
    window.commands.do("freeze")
    turn_wheel(window, 3)
    assert 60 - window.sheet.seconds < newest(window) < 59
    turn_wheel(window, -3)
    assert newest(window) == pytest.approx(60, abs=0.01)


@pytest.mark.parametrize("how", ["jump", "end"])
def test_frozen_sheet_can_be_looked_back_over_when_the_count_begins_anew(
    stand: Stand, how: str
) -> None:
    window = stand.window
    stand.play(60, speed=10)
    window.commands.do("freeze")
    window.worker.jump(500 if how == "jump" else LENGTH - 1)
    stand.gate.allow(0.5)
    stand.qtbot.waitUntil(lambda: stand.shown.first == (500 * FS if how == "jump" else 0))
    stand.qtbot.waitUntil(lambda: stand.shown.passes > 1)
    window.refresh()
    assert newest(window) == pytest.approx(60)
    window.commands.do("back")
    assert newest(window) == pytest.approx(60 - JUMP) and traced(window)
    window.commands.do("first")
    assert newest(window) == pytest.approx(window.sheet.seconds, abs=1 / FS) and traced(window)
    window.commands.do("freeze")
    drawn = window.drawn
    assert drawn is not None and drawn.passes == stand.shown.passes


def test_another_record_ends_the_looking_back(stand: Stand) -> None:
    window = stand.window
    stand.play(30, speed=10)
    window.commands.do("freeze")
    window.worker.choose("other")
    stand.gate.allow(0.5)
    stand.qtbot.waitUntil(lambda: stand.shown.passes == 2)
    window.refresh()
    assert window.freeze.end is None and window.note != "Frozen"


def test_time_can_be_typed(stand: Stand) -> None:
    stand.play(5, speed=10)
    stand.window.commands.do("go")
    (dialog,) = stand.window.findChildren(QtWidgets.QInputDialog)
    dialog.setTextValue("10:00")
    dialog.accept()
    stand.gate.allow(0.5)
    begin = (600 - stand.window.sheet.seconds) * FS
    stand.qtbot.waitUntil(lambda: stand.shown.first == pytest.approx(begin, abs=1))


def test_nonsense_typed_for_a_time_is_told(stand: Stand) -> None:
    stand.play(5, speed=10)
    stand.window.commands.do("go")
    (dialog,) = stand.window.findChildren(QtWidgets.QInputDialog)
    dialog.setTextValue("half past")
    dialog.accept()
    assert "'half past' is no time" in stand.window.banner.text.text()


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
def test_times_are_read_as_people_write_them(text: str, seconds: float | None) -> None:
    assert parsed_time(text) == seconds


@pytest.mark.parametrize(
    ("second", "text"), [(0, "0:00"), (59.96, "0:59"), (60, "1:00"), (3723.4, "1:02:03")]
)
def test_times_are_written_as_clocks_do(second: float, text: str) -> None:
    assert clock_time(second) == text
