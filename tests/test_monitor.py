"""The monitor: changeable while it runs, never silent about trouble, and over when it is closed."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import FakeClock, Identity
from monitor_stand import FS, Stand, write_pulses, write_record
from pyqtgraph.Qt import QtCore, QtGui

from gui.app import display_problem, show, snapshot
from gui.catalogue import folder_choices
from gui.controls import NOISES
from gui.monitor import Monitor
from gui.settings import MonitorSettings, Noise
from gui.status import DELAY, DROPPED
from streamer.noise import KINDS
from streamer.records import RecordError, read_record
from streamer.windows import Floats


@pytest.fixture
def stand(qtbot: Any) -> Stand:
    return Stand(qtbot)


def test_noise_changes_from_then_on_without_losing_count(stand: Stand) -> None:
    window = stand.open()
    recorded = read_record("208").signal(0)
    stand.play(2)
    stand.qtbot.keyClicks(window.controls.noise, "w")
    assert stand.play(2).noise == Noise("white", 6.0)
    window.controls.level.setValue(-6)
    shown = stand.play(2)
    noise = shown.stretch.input - recorded[: 6 * FS]
    step = FS // 60  # what is under way when the user acts
    quiet, loud = noise[2 * FS + step : 4 * FS], noise[4 * FS + step :]
    assert not noise[: 2 * FS].any()
    assert 20 * np.log10(loud.std() / quiet.std()) == pytest.approx(12, abs=1)
    assert (shown.stretch.start, len(shown.stretch.input)) == (0, 6 * FS)
    assert shown.figures.dropped == 0


def test_pause_stops_and_start_goes_on_without_losing_samples(stand: Stand) -> None:
    window = stand.open()
    stand.play(2)
    stand.click(window.controls.run)
    stand.gate.allow(1 / 60)  # the step under way
    stand.qtbot.waitUntil(lambda: window.controls.run.text() == "Start")
    count = stand.received
    stand.gate.allow(3)
    window.refresh()
    assert stand.received == count
    assert window.sheet.note.textItem.toPlainText() == "Paused"
    stand.click(window.controls.run)
    shown = stand.play(1)
    recorded = read_record("208").signal(0)
    assert np.array_equal(shown.stretch.input, recorded[: len(shown.stretch.input)])
    assert shown.figures.dropped == 0
    assert window.controls.run.text() == "Pause"


def test_closing_while_running_ends_the_thread(stand: Stand) -> None:
    window = stand.open()
    stand.gate.allow(np.inf)
    assert window.worker.alive
    window.close()
    assert not window.worker.alive


def test_model_that_fails_is_told_in_the_window_and_can_be_tried_again(stand: Stand) -> None:
    class Failing(Identity):
        mended = False

        def __call__(self, window: Floats, context: Floats) -> Floats:
            if not self.mended:
                raise KeyError("tensor 7")
            return super().__call__(window, context)

    network = Failing()
    window = stand.open(model=network)
    stand.gate.allow(5)
    stand.qtbot.waitUntil(window.notice.isVisible)
    stand.qtbot.waitUntil(lambda: "KeyError: 'tensor 7'" in window.notice.text.text())
    assert window.controls.run.text() == "Try again"
    network.mended = True
    stand.click(window.controls.run)
    stand.qtbot.waitUntil(lambda: stand.received > FS)
    stand.qtbot.waitUntil(window.notice.isHidden)


def test_missing_record_is_told_and_another_can_be_chosen(
    stand: Stand, tmp_path: Path, ecg: Floats
) -> None:
    write_record(tmp_path / "mine", "beats", ecg)
    window = stand.open(record="nowhere", data=tmp_path)
    stand.qtbot.waitUntil(lambda: "no record 'nowhere'" in window.notice.text.text())
    assert window.controls.record.currentText() == "nowhere"
    stand.qtbot.keyClicks(window.controls.record, "mine")
    shown = stand.play(2)
    assert shown.record == "beats"
    assert window.notice.isHidden()
    assert np.allclose(shown.stretch.input, ecg[: 2 * FS], atol=0.003)


def test_signal_without_a_name_is_shown_by_its_number(
    stand: Stand, tmp_path: Path, ecg: Floats
) -> None:
    record = write_record(tmp_path, "nameless", ecg, lead="")
    window = stand.open(record=record)
    stand.play(1)
    assert window.windowTitle().startswith("nameless signal 0")
    assert "signal 0" in window.sheet.labels[0].textItem.toPlainText()


def test_data_folder_that_is_gone_is_told(stand: Stand, tmp_path: Path) -> None:
    window = stand.open(data=tmp_path / "gone")
    stand.qtbot.waitUntil(lambda: "check --data" in window.notice.text.text())


def test_samples_that_come_too_late_are_left_out_and_counted(stand: Stand) -> None:
    class Stalling(Identity):
        calls = 0

        def __call__(self, window: Floats, context: Floats) -> Floats:
            self.calls += 1
            stand.gate.time += 3.0 if self.calls == 40 else 0.0
            return super().__call__(window, context)

    window = stand.open(model=Stalling())
    shown = stand.play(10)
    lost = int(np.isnan(shown.stretch.input).sum())
    assert lost == shown.figures.dropped == pytest.approx(2 * FS, abs=12)  # 1 s is caught up
    assert window.status.values[DROPPED].text() == str(lost)


def test_declared_delay_is_shown(stand: Stand) -> None:
    window = stand.open(delay="low")
    stand.play(1)
    assert window.status.values[DELAY].text() == "0.13 s · 47 samples"


def test_traces_keep_to_scale_on_another_screen(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = stand.open()
    monkeypatch.setattr("gui.sheet.pixels_per_mm", lambda _: 8.0)
    window.windowHandle().screenChanged.emit(window.screen())
    assert window.sheet.labels[0].y() == pytest.approx(window.sheet.height() / 8.0 - 1)


def test_record_at_its_end_begins_again_and_says_so(stand: Stand, tmp_path: Path) -> None:
    window = stand.open(record=write_pulses(tmp_path))
    stand.gate.allow(11)
    stand.qtbot.waitUntil(lambda: stand.received == FS and stand.shown.passes == 2)
    window.refresh()
    assert "begins again" in window.sheet.note.textItem.toPlainText()


def test_snapshot_saves_a_picture_and_tells_what_is_in_it(
    qapp: Any, clock: FakeClock, tmp_path: Path
) -> None:
    settings = MonitorSettings(model=Identity())
    pictures = []
    for path in (tmp_path / "new" / "a.png", tmp_path / "b.png"):
        shown = snapshot(settings, clock, path)
        assert (shown.record, shown.lead, shown.received) == ("208b", "MLII", 20 * FS)
        assert (shown.noise, shown.delay) == (Noise("em", 6.0), 122)
        assert shown.figures.heart_rate == pytest.approx(121, abs=5)
        assert shown.figures.delta_snr == pytest.approx(0, abs=1e-4)
        assert shown.figures.dropped == 0
        pictures.append(path.read_bytes())
    assert pictures[0] == pictures[1]
    image = QtGui.QImage(str(path))
    assert (image.width(), image.height()) == (1280, 720)


def test_snapshot_of_what_cannot_be_shown_fails_and_saves_nothing(
    qapp: Any, clock: FakeClock, tmp_path: Path
) -> None:
    with pytest.raises(RecordError, match="no record 'nowhere'"):
        snapshot(MonitorSettings(record="nowhere"), clock, tmp_path / "a.png")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("interrupted", [False, True], ids=["closed", "ctrl-c"])
def test_monitor_ends_when_it_is_closed(qapp: Any, clock: FakeClock, interrupted: bool) -> None:
    def end() -> None:
        if interrupted:
            signal.raise_signal(signal.SIGINT)
        for window in qapp.topLevelWidgets():
            if isinstance(window, Monitor) and not interrupted:
                window.close()

    QtCore.QTimer.singleShot(0, end)
    assert show(MonitorSettings(model=Identity()), clock) == 0
    assert "ecgstream engine" not in [thread.name for thread in threading.enumerate()]


def test_records_to_choose_are_those_that_the_engine_takes(tmp_path: Path, ecg: Floats) -> None:
    write_record(tmp_path, "b", ecg)
    write_record(tmp_path / "mitdb", "100", ecg)
    write_record(tmp_path / "qtdb", "sel100", ecg, fs=250)
    write_record(tmp_path / "nstdb", "em", ecg)
    (tmp_path / "mitdb" / "broken.hea").write_text("")
    assert [choice.name for choice in folder_choices(tmp_path)] == ["b", "mitdb/100"]


def test_every_kind_of_noise_can_be_chosen() -> None:
    assert set(NOISES) == {None, *KINDS}


def test_it_is_known_beforehand_whether_a_window_can_be_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for platform in ("offscreen", "minimal"):
        monkeypatch.setenv("QT_QPA_PLATFORM", platform)
        assert display_problem() == f"QT_QPA_PLATFORM asks for {platform}"
    monkeypatch.setenv("QT_QPA_PLATFORM", "nonsense")
    assert "nonsense" in str(display_problem())
    for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert display_problem() == "there is no display"


@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="takes Xvfb, a display without a screen")
def test_window_can_be_opened_where_there_is_a_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    command = ["Xvfb", "-displayfd", "1", "-nolisten", "tcp"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout is not None
        monkeypatch.setenv("DISPLAY", f":{server.stdout.readline().strip()}")
        try:
            assert display_problem() is None
        finally:
            server.terminate()
