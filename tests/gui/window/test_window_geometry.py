"""The window keeps its shape: small, large, scaled, dark, and on a real display server."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from typing import Any

import pytest
from pyqtgraph.Qt import QT_LIB, QtCore, QtWidgets

from ecgstream.gui.settings.display_settings import DisplaySettings
from ecgstream.gui.settings.theme import THEMES
from ecgstream.gui.window.main_window import MainWindow
from helpers.monitor_harness import MonitorHarness
from helpers.paths import ROOT
from helpers.worker_harness import numbered

_SMOOTH = QtCore.Qt.TransformationMode.SmoothTransformation


@pytest.fixture
def harness(qtbot: Any) -> MonitorHarness:
    return MonitorHarness(qtbot)


def texts_cut_off(window: MainWindow) -> list[str]:
    """Labels, buttons and boxes that are smaller than what is written on them."""
    QtWidgets.QApplication.processEvents()  # what has changed is laid out by now
    kinds = (QtWidgets.QLabel, QtWidgets.QAbstractButton, QtWidgets.QComboBox)
    seen = [w for kind in kinds for w in window.findChildren(kind) if w.isVisibleTo(window)]
    cut = []
    for widget in seen:
        if isinstance(widget, QtWidgets.QComboBox):
            option = QtWidgets.QStyleOptionComboBox()
            widget.initStyleOption(option)
            field = QtWidgets.QStyle.SubControl.SC_ComboBoxEditField
            kind = QtWidgets.QStyle.ComplexControl.CC_ComboBox
            room = widget.style().subControlRect(kind, option, field, widget).width()
            needed = widget.fontMetrics().horizontalAdvance(widget.currentText())
        elif isinstance(widget, QtWidgets.QLabel) and widget.wordWrap():
            room, needed = widget.height(), widget.heightForWidth(widget.width())
        else:
            room = widget.width()
            needed = widget.fontMetrics().horizontalAdvance(getattr(widget, "text", str)())
        if needed > room:
            what = widget.accessibleName() or widget.objectName()
            cut.append(f"{what}: {needed} in {room} pixels")
    return cut


def overlapping(frame: QtWidgets.QWidget) -> list[str]:
    """Pairs of visible children that lie over each other or beyond the frame."""
    none = QtCore.Qt.FindChildOption.FindDirectChildrenOnly
    children = [
        w for w in frame.findChildren(QtWidgets.QWidget, options=none) if w.isVisibleTo(frame)
    ]
    wrong = [f"{w.objectName()} sticks out" for w in children if w.geometry() not in frame.rect()]
    for i, one in enumerate(children):
        for other in children[i + 1 :]:
            if one.geometry().intersects(other.geometry()):
                wrong.append(f"{one.objectName()} over {other.objectName()}")
    return wrong


@pytest.mark.parametrize("theme", list(THEMES))
@pytest.mark.parametrize("size", [(1280, 720), (1920, 1040)], ids=str)
def test_nothing_is_cut_off_or_overlaps(
    harness: MonitorHarness, size: tuple[int, int], theme: str
) -> None:
    window = harness.open(
        DisplaySettings(theme=theme, paper_speed=12.5, gain=2.5),
        read=lambda name, data: numbered(),
        noise="em",
        snr=-30,
        delay="balanced",
    )
    harness.play(12)
    window.resize(*size)
    harness.qtbot.waitUntil(lambda: (window.width(), window.height()) == size)
    window.refresh()
    window.grab()
    central = window.centralWidget()
    for frame in (central, window.toolbar, window.timeline, window.status_bar):
        assert overlapping(frame) == []
    assert texts_cut_off(window) == []
    assert window.sheet.height() > 0.7 * size[1]


@pytest.mark.parametrize("setting", ["speed", "noise", "delay"])
def test_every_value_of_a_box_can_be_read_in_it(harness: MonitorHarness, setting: str) -> None:
    window = harness.open()
    harness.play(1)
    box = getattr(window.toolbar, setting)
    for row in range(box.count()):
        box.setCurrentIndex(row)
        assert texts_cut_off(window) == []


def test_window_fits_a_small_screen(harness: MonitorHarness) -> None:
    window = harness.open()
    harness.play(1)
    least = window.minimumSizeHint()
    # 1280 x 720 at 100 instead of 96 dpi, less the desktop's own bars
    assert least.width() <= 1280 * 96 / 100 and least.height() < 480


def test_help_fits_into_the_smallest_window(harness: MonitorHarness) -> None:
    window = harness.open()
    harness.play(1)
    window.commands.trigger("help")
    assert window.help_overlay.geometry() in window.sheet.rect()


def test_messages_stay_within_the_window_when_it_is_resized(harness: MonitorHarness) -> None:
    window = harness.open(record="nowhere")
    harness.qtbot.waitUntil(window.message_card.isVisible)
    window.banner.show_warning("Trouble " * 40)
    for size in ((1280, 720), (1700, 900), (1280, 560)):
        window.resize(*size)
        harness.qtbot.waitUntil(lambda size=size: (window.width(), window.height()) == size)
        assert window.message_card.geometry() in window.sheet.rect()
        assert window.banner.width() == window.sheet.width()
        assert window.banner.geometry().bottom() == window.sheet.rect().bottom()
        assert texts_cut_off(window) == []


def test_theme_changes_the_whole_window_at_once(harness: MonitorHarness) -> None:
    window = harness.open()
    harness.play(2)

    def brightness(widget: QtWidgets.QWidget) -> float:
        image = widget.grab().toImage().scaled(1, 1, transformMode=_SMOOTH)
        return float(image.pixelColor(0, 0).lightnessF())

    parts = window.sheet, window.toolbar, window.timeline, window.status_bar, window.menuBar()
    assert min(map(brightness, parts)) > 0.7
    window.settings_model.set("theme", "dark")
    assert max(map(brightness, parts)) < 0.3


_PLAYS = """
import numpy as np
from pyqtgraph.Qt import QT_LIB, QtTest, QtWidgets
from helpers.fakes import Identity
from helpers.worker_harness import ManualClock, numbered
from ecgstream.gui.window.main_window import MainWindow
from ecgstream.gui.settings.monitor_settings import MonitorSettings
from ecgstream.gui.playback.worker import Worker
app = QtWidgets.QApplication(["test"])
gate, settings = ManualClock(), MonitorSettings(model=Identity(), noise=None)
worker = Worker(settings, gate, read=lambda name, data: numbered())
gate.idle = lambda: worker.settled
window = MainWindow(settings, worker)
window.show()
worker.start()
gate.allow(3)
for _ in range(20_000):
    QtTest.QTest.qWait(5)
    shown = worker.snapshot(0).shown
    if shown is not None and shown.received == 3 * 360:
        break
for command in ("caliper", "overlaid", "help", "leave", "strip", "go"):
    window.commands.trigger(command)
window.settings_model.set("theme", "dark")
window.refresh()
pictures = window.sheet.painted
window.grab()
assert window.sheet.painted > pictures
assert window.drawn is not None and window.drawn.received == 3 * 360, window.drawn
gate.allow(np.inf)
window.close()
assert not worker.alive
print("played with", QT_LIB)
"""


def test_monitor_plays_with_the_other_qt_binding() -> None:
    other = "PyQt6" if QT_LIB == "PyQt5" else "PyQt5"
    if importlib.util.find_spec(other) is None:
        pytest.skip(f"takes {other}")
    program = subprocess.run(
        [sys.executable, "-W", "error", "-c", _PLAYS],
        env={**os.environ, "PYQTGRAPH_QT_LIB": other, "QT_QPA_PLATFORM": "offscreen"},
        cwd=ROOT / "tests",
        capture_output=True,
        text=True,
    )
    assert program.returncode == 0, program.stderr
    assert program.stdout == f"played with {other}\n"


def run_tests_in_a_process(*tests: str, **variables: str) -> None:
    """Run tests of the monitor in a process with those environment variables."""
    process = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests],
        env={**os.environ, **variables},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stdout + process.stderr


@pytest.mark.parametrize("factor", ["1.5", "2"])
def test_window_keeps_its_shape_on_a_screen_with_scaling(factor: str) -> None:
    chosen = "cut_off or value_of_a_box or small_screen or help_fits"
    path = "tests/gui/window/test_window_geometry.py"
    run_tests_in_a_process(path, "-k", chosen, QT_SCALE_FACTOR=factor)


_ON_A_DISPLAY_SERVER = (
    "tests/gui/window/test_timeline.py",
    "tests/gui/settings/test_keys.py",
    "tests/gui/window/test_window_geometry.py"
    "::test_messages_stay_within_the_window_when_it_is_resized",
    "tests/gui/window/test_main_window.py::test_closing_while_running_ends_the_thread",
    "tests/gui/window/test_main_window.py"
    "::test_record_whose_files_are_gone_plays_on_and_is_reported_when_opened_again",
)


@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="needs Xvfb, a display without a screen")
def test_keys_and_mouse_work_on_a_display_server() -> None:
    command = ["Xvfb", "-displayfd", "1", "-nolisten", "tcp", "-screen", "0", "1600x900x24"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout is not None
        display = f":{server.stdout.readline().strip()}"
        try:
            run_tests_in_a_process(*_ON_A_DISPLAY_SERVER, DISPLAY=display, QT_QPA_PLATFORM="xcb")
        finally:
            server.terminate()
