"""Every key that the menus and the help overlay name does what they say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pyqtgraph.Qt import QtCore, QtWidgets

from ecgstream.gui.playback.snapshot import State
from ecgstream.gui.settings.action_table import (
    JUMP,
    LEAD_KEYS,
    MENUS,
    NUDGE,
    STEP,
    TABLE,
    Command,
    Setting,
    help_rows,
)
from ecgstream.gui.window.main_window import MainWindow
from helpers.monitor_harness import FS, MonitorHarness
from helpers.worker_harness import numbered

PLAYED = 20
"""Seconds, more than a sheet."""


@pytest.fixture
def harness(qtbot: Any, tmp_path: Path) -> MonitorHarness:
    harness = MonitorHarness(qtbot)
    window = harness.open(read=lambda name, data: numbered(), noise="white", speed=10.0)
    window.folders.recordings = tmp_path
    harness.play(PLAYED, speed=10)
    window.settings_model.set("speed", 1.0)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    return harness


class Effect(NamedTuple):
    """What is looked at, and what it is after the key; a float says by how much it changes."""

    observe: Callable[[MainWindow], Any]
    after: Any
    before: tuple[str, ...] = ()  # commands to do first


def dialog(kind: type[QtWidgets.QDialog]) -> Callable[[MainWindow], bool]:
    return lambda window: any(child.isVisible() for child in window.findChildren(kind))


def end(window: MainWindow) -> float:
    assert window.navigation.freeze.end is not None
    return window.navigation.freeze.end / FS


def caliper(number: int) -> Callable[[MainWindow], float]:
    def second(window: MainWindow) -> float:
        ends = window.sheet.caliper.ends
        assert ends is not None
        return ends[number].second

    return second


def wish(name: str) -> Callable[[MainWindow], Any]:
    return lambda window: window.settings_model.get(name)


def kinds(window: MainWindow) -> list[str]:
    return sorted(window.settings_model.display.kinds)


def received(window: MainWindow) -> float:
    shown = window.worker.snapshot(0).shown
    return shown.received / FS if shown else 0.0


def keeps_st(window: MainWindow) -> bool:
    shown = window.worker.snapshot(0).shown
    return shown is not None and shown.st


def rest(window: MainWindow) -> float:
    """Seconds that one sheet does not show: no page goes beyond the first one."""
    return PLAYED - window.sheet.seconds


EFFECTS = {
    "open": Effect(lambda window: window.record_dialog.isVisible(), True),
    "folder": Effect(dialog(QtWidgets.QFileDialog), True),
    "recording": Effect(lambda window: window.worker.snapshot(0).recording is not None, True),
    "recordings": Effect(dialog(QtWidgets.QFileDialog), True),
    "strip": Effect(dialog(QtWidgets.QFileDialog), True),
    "quit": Effect(lambda window: window.isVisible() or window.worker.alive, False),
    "run": Effect(lambda window: window.worker.snapshot(0).state, State.PAUSED),
    "step": Effect(received, STEP, ("run",)),
    "speed+": Effect(lambda window: window.worker.snapshot(0).speed, 1.0),
    "speed-": Effect(lambda window: window.worker.snapshot(0).speed, -0.5),
    "freeze": Effect(lambda window: window.navigation.freeze.end, PLAYED * FS),
    "caliper": Effect(lambda window: window.sheet.caliper.active, True),
    "end later": Effect(caliper(1), NUDGE, ("caliper",)),
    "end earlier": Effect(caliper(1), -NUDGE, ("caliper",)),
    "start later": Effect(caliper(0), NUDGE, ("caliper",)),
    "start earlier": Effect(caliper(0), -NUDGE, ("caliper",)),
    "back": Effect(end, -JUMP, ("freeze",)),
    "forward": Effect(end, JUMP, ("freeze", "first")),
    "page back": Effect(end, lambda window: -rest(window), ("freeze",)),
    "page forward": Effect(end, rest, ("freeze", "first")),
    "first": Effect(end, lambda window: -rest(window), ("freeze",)),
    "last": Effect(end, rest, ("freeze", "first")),
    "go": Effect(dialog(QtWidgets.QInputDialog), True),
    "noise+": Effect(wish("noise"), "wander"),
    "noise-": Effect(wish("noise"), "pli60"),
    "less noise": Effect(wish("snr"), 1.0),
    "more noise": Effect(wish("snr"), -1.0),
    "delay+": Effect(wish("delay"), "best"),
    "delay-": Effect(wish("delay"), "low"),
    "st": Effect(keeps_st, True),
    "stronger": Effect(wish("strength"), 0.1, ("weaker", "weaker")),
    "weaker": Effect(wish("strength"), -0.1),
    "paper_speed+": Effect(wish("paper_speed"), 25.0),
    "paper_speed-": Effect(wish("paper_speed"), -12.5),
    "gain+": Effect(wish("gain"), 10.0),
    "gain-": Effect(wish("gain"), -5.0),
    "sweep": Effect(wish("sweep"), True),
    "overlaid": Effect(wish("stacked"), True),  # two leads are overlaid at first
    "raw": Effect(kinds, ["denoised"]),
    "denoised": Effect(kinds, ["raw"]),
    "clean": Effect(kinds, ["clean", "denoised", "raw"]),
    "removed": Effect(kinds, ["denoised", "raw", "removed"]),
    "annotations": Effect(wish("annotations"), False),
    "detections": Effect(wish("detections"), False),
    "flags": Effect(wish("flags"), False),
    "theme+": Effect(wish("theme"), "dark"),
    "theme-": Effect(wish("theme"), "dark"),
    "full screen": Effect(lambda window: window.isFullScreen(), True),
    "help": Effect(lambda window: window.help_overlay.isVisible(), True),
    "about": Effect(dialog(QtWidgets.QMessageBox), True),
    "leave": Effect(lambda window: window.navigation.freeze.end, None, ("freeze",)),
}
KEYS = [
    (name, key)
    for row in TABLE
    for name, key in (
        [(row.name, key) for key in row.keys]
        if isinstance(row, Command)
        else zip((f"{row.name}+", f"{row.name}-"), row.keys, strict=True)
    )
]


@pytest.mark.parametrize(("name", "key"), KEYS, ids=[f"{name} {key}" for name, key in KEYS])
def test_key_does_what_it_says(harness: MonitorHarness, name: str, key: str) -> None:
    window, effect = harness.window, EFFECTS[name]
    for command in effect.before:
        window.commands.trigger(command)
    if "run" in effect.before:
        harness.gate.allow(1)
        harness.qtbot.waitUntil(lambda: window.worker.snapshot(0).state is State.PAUSED)
        window.refresh()
    if name == "quit":
        harness.gate.allow(float("inf"))
    before, expected = effect.observe(window), effect.after
    if callable(expected):
        expected = expected(window)
    if type(expected) is float:
        expected = pytest.approx(before + expected, abs=1 / FS)
    assert before != expected
    harness.qtbot.keySequence(window, key)
    harness.gate.allow(0.2)
    harness.qtbot.waitUntil(lambda: effect.observe(window) == expected)


@pytest.mark.parametrize("key", LEAD_KEYS[:2])
def test_leads_are_hidden_and_shown_by_their_number_but_never_the_last(
    harness: MonitorHarness, key: str
) -> None:
    display = harness.window.settings_model
    harness.qtbot.keySequence(harness.window, key)
    lead = LEAD_KEYS.index(key)
    assert display.get("hidden") == {lead}
    other = LEAD_KEYS[1 - LEAD_KEYS.index(key)]
    harness.qtbot.keySequence(harness.window, other)
    assert display.get("hidden") == {lead}
    harness.qtbot.keySequence(harness.window, key)
    assert display.get("hidden") == frozenset()


def test_the_last_kind_of_trace_stays(harness: MonitorHarness) -> None:
    for key in "123412":
        harness.qtbot.keySequence(harness.window, key)
    assert len(kinds(harness.window)) > 0
    for kind in kinds(harness.window)[1:]:
        harness.window.commands.trigger(kind)
    (last,) = kinds(harness.window)
    harness.window.commands.trigger(last)
    assert kinds(harness.window) == [last]
    assert not harness.window.menus.actions[last].isEnabled()


def test_leads_of_the_same_name_are_told_apart(qtbot: Any) -> None:
    harness = MonitorHarness(qtbot)
    record = numbered(leads=("ECG", "ECG"))
    window = harness.open(read=lambda name, data: record)
    harness.play(2)
    window.menus.leads.actions()[1].trigger()
    assert window.settings_model.display.seen(2) == (0,)
    assert [action.isChecked() for action in window.menus.leads.actions()] == [True, False]


def test_no_key_means_two_things() -> None:
    keys = [key for _, key in KEYS] + list(LEAD_KEYS)
    assert len(keys) == len(set(keys))


def test_help_names_every_key_and_everything_that_can_be_done(harness: MonitorHarness) -> None:
    labels = harness.window.help_overlay.findChildren(QtWidgets.QLabel)
    text = "\n".join(label.text() for label in labels)
    for menu in MENUS:
        for keys, what in help_rows(menu):
            assert keys in text and what.replace("'", "&#x27;") in text
    assert sum(len(help_rows(menu)) for menu in MENUS) == len(TABLE) + 1  # the leads


def test_everything_stands_in_a_menu(harness: MonitorHarness) -> None:
    bar = harness.window.menuBar()
    assert [action.text() for action in bar.actions()] == list(MENUS)
    in_menus = {
        action.text() for menu in bar.findChildren(QtWidgets.QMenu) for action in menu.actions()
    }
    assert {row.text for row in TABLE} <= in_menus
    for row in TABLE:
        if isinstance(row, Setting):
            assert set(row.values.values()) <= in_menus


def test_keys_typed_into_a_field_stay_there(harness: MonitorHarness) -> None:
    level = harness.window.toolbar.level
    level.setFocus()
    level.selectAll()
    harness.qtbot.keyClicks(level, "12")
    assert kinds(harness.window) == ["denoised", "raw"]
    harness.qtbot.keySequence(level, "Return")
    assert harness.window.settings_model.settings.snr == 12
    harness.qtbot.keySequence(harness.window, "1")
    assert kinds(harness.window) == ["denoised"]


def test_keys_are_the_windows_after_a_click_on_an_arrow_and_while_a_number_is_typed(
    harness: MonitorHarness,
) -> None:
    window, level = harness.window, harness.window.toolbar.level
    option = QtWidgets.QStyleOptionSpinBox()
    level.initStyleOption(option)
    box, up = QtWidgets.QStyle.ComplexControl.CC_SpinBox, QtWidgets.QStyle.SubControl.SC_SpinBoxUp
    arrow = level.style().subControlRect(box, option, up, level).center()
    before = window.settings_model.settings.snr
    harness.qtbot.mouseClick(level, QtCore.Qt.MouseButton.LeftButton, pos=arrow)
    assert window.settings_model.settings.snr == before + 1
    assert not level.hasFocus()
    harness.qtbot.keySequence(window, "1")
    assert kinds(window) == ["denoised"] and window.settings_model.settings.snr == before + 1
    level.setFocus()
    harness.qtbot.keyClick(level, "F")
    assert window.navigation.freeze.end is not None


def test_levels_are_written_with_a_minus_and_read_with_either(harness: MonitorHarness) -> None:
    level = harness.window.toolbar.level
    for typed in ("-7", "\N{MINUS SIGN}7"):
        level.setValue(3)
        level.setFocus()
        level.selectAll()
        level.lineEdit().insert(typed)
        level.interpretText()
        assert harness.window.settings_model.settings.snr == -7
        assert level.text() == "\N{MINUS SIGN}7 dB"
