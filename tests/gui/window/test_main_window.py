"""The main window: settings while it runs, reported problems, recordings, strips and closing."""

from __future__ import annotations

import errno
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyqtgraph.Qt import QtCore, QtGui, QtWidgets

from ecgstream.gui.app import display_problem, show
from ecgstream.gui.playback.snapshot import State
from ecgstream.gui.playback.worker import Worker
from ecgstream.gui.screenshots import SCREENSHOTS, take_screenshot, take_screenshots
from ecgstream.gui.settings.action_table import NOISES
from ecgstream.gui.settings.display_settings import DisplaySettings
from ecgstream.gui.settings.monitor_settings import MonitorSettings, Noise
from ecgstream.gui.settings.preferences import Preferences
from ecgstream.gui.settings.theme import THEMES
from ecgstream.gui.sheet.sheet import Sheet
from ecgstream.gui.window.frame_rate import FrameRate
from ecgstream.gui.window.main_window import MainWindow
from ecgstream.streamer.ecg.noise import NOISE_KINDS
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.io.records import Record, RecordError, read_record
from helpers.fakes import FakeClock, Identity
from helpers.monitor_harness import FS, MonitorHarness, write_pulses, write_record
from helpers.sheet_harness import image_pixels, like
from helpers.worker_harness import numbered


@pytest.fixture
def harness(qtbot: Any) -> MonitorHarness:
    return MonitorHarness(qtbot)


def pick(box: QtWidgets.QComboBox, text: str) -> None:
    """Choose as a user does: the list sends `activated` too, unlike `setCurrentIndex`."""
    box.setCurrentIndex(box.findText(text))
    box.activated.emit(box.currentIndex())


def test_noise_can_be_changed_while_it_runs_without_losing_samples(harness: MonitorHarness) -> None:
    window = harness.open()
    recorded = read_record("208").signal(0)
    harness.play(2)
    pick(window.toolbar.noise, "White noise")
    assert harness.play(2).noise == Noise("white", 6.0)
    window.toolbar.level.setValue(-6)
    shown = harness.play(2)
    noise = shown.segment.input[:, 0] - recorded[: 6 * FS]
    step = FS // 30  # what is under way when the user acts
    quiet, loud = noise[2 * FS + step : 4 * FS], noise[4 * FS + step :]
    assert not noise[: 2 * FS].any()
    assert 20 * np.log10(loud.std() / quiet.std()) == pytest.approx(12, abs=1)
    assert (shown.segment.start, len(shown.segment.input)) == (0, 6 * FS)
    assert shown.figures.dropped == 0


def test_delay_strength_and_st_mode_reach_the_engine_while_it_runs(harness: MonitorHarness) -> None:
    window = harness.open(noise="white")
    harness.play(1)
    pick(window.toolbar.delay, "Low, 0.13 s")
    window.toolbar.strength.setValue(40)
    harness.click(window.toolbar.st)
    shown = harness.play(2)
    assert (shown.delay, shown.strength, shown.st) == ("low", 0.4, True)
    assert (shown.received, shown.figures.dropped) == (3 * FS, 0)
    assert window.toolbar.st.isChecked()


def test_speed_can_be_changed_while_it_runs(harness: MonitorHarness) -> None:
    window = harness.open()
    harness.play(1)
    pick(window.toolbar.speed, "5 \N{MULTIPLICATION SIGN}")
    harness.gate.allow(1)
    harness.qtbot.waitUntil(lambda: harness.received >= 5.5 * FS)


def test_pause_and_run_lose_no_samples(harness: MonitorHarness) -> None:
    window = harness.open()
    harness.play(2)
    run = window.toolbar.buttons["run"]
    harness.click(run)
    harness.gate.allow(1)
    harness.qtbot.waitUntil(lambda: run.text() == "Run")
    count = harness.received
    harness.gate.skip(3)
    window.refresh()
    assert harness.received == count
    assert window.note == "Paused"
    harness.click(run)
    harness.gate.allow(1)
    harness.qtbot.waitUntil(lambda: harness.received >= count + FS and window.worker.settled)
    shown = harness.shown
    recorded = read_record("208").signal(0)
    assert np.array_equal(shown.segment.input[:, 0], recorded[: len(shown.segment.input)])
    assert shown.figures.dropped == 0
    assert run.text() == "Pause"


def test_closing_while_running_ends_the_thread(harness: MonitorHarness) -> None:
    window = harness.open()
    harness.gate.allow(np.inf)
    assert window.worker.alive
    window.close()
    assert not window.worker.alive


def test_failing_model_is_reported_and_can_be_tried_again(
    harness: MonitorHarness,
) -> None:
    class Failing(Identity):
        mended = False

        def __call__(self, window: Floats, context: Floats) -> Floats:
            if not self.mended:
                raise KeyError("tensor 7")
            return super().__call__(window, context)

    network = Failing()
    window = harness.open(model=network)
    harness.gate.allow(5)
    harness.qtbot.waitUntil(window.message_card.isVisible)
    harness.qtbot.waitUntil(lambda: "KeyError: 'tensor 7'" in window.message_card.text.text())
    run = window.toolbar.buttons["run"]
    assert run.text() == "Try again"
    network.mended = True
    harness.click(run)
    harness.gate.allow(5)
    harness.qtbot.waitUntil(lambda: harness.received > FS)
    harness.qtbot.waitUntil(window.message_card.isHidden)


def test_missing_record_is_reported_and_another_can_be_chosen(
    harness: MonitorHarness, tmp_path: Path, ecg: Floats
) -> None:
    write_record(tmp_path / "mine", "beats", ecg)
    window = harness.open(record="nowhere", data=tmp_path)
    harness.qtbot.waitUntil(lambda: "no record 'nowhere'" in window.message_card.text.text())
    window.refresh()
    assert window.toolbar.record.text() == "nowhere"
    harness.click(window.toolbar.record)
    harness.qtbot.keyClicks(window.record_dialog.search, "mine")
    harness.qtbot.keySequence(window.record_dialog.search, "Return")
    shown = harness.play(2)
    assert shown.record == "beats"
    assert window.message_card.isHidden()
    assert np.allclose(shown.segment.input[:, 0], ecg[: 2 * FS], atol=0.003)


def test_record_whose_files_are_gone_plays_on_and_is_reported_when_opened_again(
    harness: MonitorHarness, tmp_path: Path, ecg: Floats
) -> None:
    path = Path(write_record(tmp_path / "mine", "beats", ecg))
    window = harness.open(record=str(path))
    harness.play(2)
    for file in path.parent.glob("beats.*"):
        file.unlink()
    assert harness.play(2).received == 4 * FS
    window.worker.choose(str(path))
    harness.gate.allow(1)
    harness.qtbot.waitUntil(lambda: "no record" in window.message_card.text.text())
    window.worker.choose("208b")
    harness.gate.allow(1)
    harness.qtbot.waitUntil(lambda: harness.received > 0 and harness.shown.record == "208b")
    harness.qtbot.waitUntil(window.message_card.isHidden)


def test_missing_model_is_reported_with_a_remedy(harness: MonitorHarness, tmp_path: Path) -> None:
    window = harness.open(model=tmp_path / "gone.tflite")
    harness.qtbot.waitUntil(lambda: "no model file" in window.message_card.text.text())
    assert window.message_card.title.text() == "The model cannot be loaded"
    assert "--model" in window.message_card.text.text()
    assert "another record" not in window.message_card.text.text()


def test_disk_error_is_reported_without_its_number(harness: MonitorHarness) -> None:
    def broken(name: str, data: Path | None) -> Record:
        raise OSError(errno.EIO, "Input/output error", "208.dat")

    window = harness.open(read=broken)
    harness.qtbot.waitUntil(
        lambda: window.message_card.text.text().startswith("Input/output error: 208.dat\n")
    )


def test_values_from_the_command_line_have_units(harness: MonitorHarness) -> None:
    toolbar = harness.open(delay=40, speed=3.0).toolbar
    assert toolbar.delay.currentText() == "0.11 s"
    assert toolbar.speed.currentText() == "3 \N{MULTIPLICATION SIGN}"


def test_frame_rate_counts_painted_frames_only(harness: MonitorHarness) -> None:
    window = harness.open()
    harness.play(1)
    window.hide()
    before = window.sheet.painted
    harness.play(2)
    window.refresh()
    assert window.sheet.painted == before
    rate = FrameRate()
    assert np.isnan(rate.per_second(100, 7.0))
    assert rate.per_second(130, 7.5) == 60
    assert rate.per_second(130, 8.5) == 0


def test_missing_data_folder_is_reported(harness: MonitorHarness, tmp_path: Path) -> None:
    window = harness.open(data=tmp_path / "gone")
    harness.qtbot.waitUntil(lambda: "check --data" in window.message_card.text.text())


def test_status_bar_shows_the_figures_of_the_stream(harness: MonitorHarness) -> None:
    window = harness.open(noise="white", delay="low")
    shown = harness.play(12)
    values = {name: label.text() for name, label in window.status_bar.values.items()}
    assert values["delay"].startswith("0.13 s · 0.1")
    assert values["step"] == "0.0 of 44 ms"  # the clock stands still meanwhile
    assert values["queue"].endswith(" %")
    assert values["dropped"] == "0"
    assert float(values["heart_rate"]) == pytest.approx(shown.figures.heart_rate.bpm, abs=0.5)
    assert values["delta_snr"] in ("+0.0 dB", "\N{MINUS SIGN}0.0 dB")  # an identity
    assert values["good"] == f"{100 * shown.figures.good:.0f} %"
    assert values["recording"] == "off"


def test_recording_is_written_while_it_runs_and_completed_when_the_window_is_closed(
    harness: MonitorHarness, tmp_path: Path
) -> None:
    window = harness.open()
    window.folders.recordings = tmp_path / "new"
    harness.play(1)
    button = window.toolbar.buttons["recording"]
    harness.click(button)
    harness.play(3)
    assert button.isChecked()
    assert "Recording to" in window.banner.text.text()
    assert window.status_bar.values["recording"].text() in ("0:02", "0:03")
    harness.gate.allow(np.inf)
    window.close()
    (header,) = [p for p in (tmp_path / "new").glob("*.hea") if "_flags" not in p.name]
    written = read_record(str(header.with_suffix("")))
    assert len(written.signals) >= 2.9 * FS


def test_recording_can_be_ended(harness: MonitorHarness, tmp_path: Path) -> None:
    window = harness.open()
    window.folders.recordings = tmp_path
    harness.play(1)
    harness.click(window.toolbar.buttons["recording"])
    harness.play(1)
    harness.click(window.toolbar.buttons["recording"])
    harness.play(1)
    assert not window.toolbar.buttons["recording"].isChecked()
    assert "Recorded" in window.banner.text.text()
    assert window.status_bar.values["recording"].text() == "off"


def test_full_disk_is_reported_and_the_traces_go_on(
    harness: MonitorHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = harness.open()
    window.folders.recordings = tmp_path
    harness.play(1)
    harness.click(window.toolbar.buttons["recording"])
    harness.play(1)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    harness.play(3)
    harness.qtbot.waitUntil(lambda: "No space left" in window.banner.text.text())
    assert "another folder" in window.banner.text.text()
    assert window.banner.isVisible()
    window.refresh()
    assert window.status_bar.values["recording"].text() == "ended"
    assert not window.toolbar.buttons["recording"].isChecked()
    assert harness.play(1).received == 6 * FS


def test_unwritable_folder_is_reported(harness: MonitorHarness, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    window = harness.open()
    window.folders.recordings = tmp_path / "file"
    harness.play(1)
    harness.click(window.toolbar.buttons["recording"])
    harness.play(1)
    harness.qtbot.waitUntil(lambda: "The recording" in window.banner.text.text())
    assert window.worker.snapshot(0).state is State.PLAYING


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_strip_is_named_after_record_and_time(
    harness: MonitorHarness, tmp_path: Path, suffix: str
) -> None:
    window = harness.open()
    window.folders.pictures = tmp_path
    harness.play(3)
    harness.click(window.toolbar.buttons["strip"])
    (dialog,) = window.findChildren(QtWidgets.QFileDialog)
    assert dialog.selectedFiles() == [str(tmp_path / "208b_0-03.png")]
    dialog.selectFile(str(tmp_path / f"strip.{suffix}"))
    dialog.accept()
    harness.qtbot.waitUntil(lambda: "saved" in window.banner.text.text())
    written = (tmp_path / f"strip.{suffix}").read_bytes()
    denoised = THEMES["paper"].denoised
    if suffix == "png":
        pixels = image_pixels(QtGui.QImage.fromData(written))
        assert like(pixels, denoised, within=45).sum() > 1000
    elif suffix == "svg":
        assert denoised.lower() in written.decode().lower()
        assert written.rstrip().endswith(b"</svg>")
    else:
        assert written.startswith(b"%PDF") and written.rstrip().endswith(b"%%EOF")


def test_failed_strip_is_reported(harness: MonitorHarness, tmp_path: Path) -> None:
    window = harness.open()
    harness.play(2)
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "strip.png", tmp_path / "strip.xyz"):
        window.commands.save_strip(path)
        assert "was not saved" in window.banner.text.text()


def test_record_begins_again_at_its_end_with_a_note(
    harness: MonitorHarness, tmp_path: Path
) -> None:
    window = harness.open(record=write_pulses(tmp_path))
    harness.gate.allow(11)
    harness.qtbot.waitUntil(lambda: harness.received == FS and harness.shown.run_number == 2)
    window.refresh()
    assert "begins again" in window.note
    window.worker.choose(str(tmp_path / "pulses"))
    harness.gate.allow(1)
    harness.qtbot.waitUntil(lambda: harness.shown.run_number == 3 and harness.received > 0)
    window.refresh()
    assert window.note == ""  # it was chosen anew


def test_record_is_named_in_the_title(harness: MonitorHarness) -> None:
    window = harness.open()
    harness.play(1)
    assert window.windowTitle() == "208b · ecgstream"
    assert window.toolbar.record.text() == "208 (bundled)"


def test_screenshot_is_saved_and_its_excerpt_returned(
    qapp: Any, clock: FakeClock, tmp_path: Path
) -> None:
    settings = MonitorSettings(model=Identity())
    pictures = []
    for path in (tmp_path / "new" / "a.png", tmp_path / "b.png"):
        shown = take_screenshot(settings, DisplaySettings(), clock, path)
        assert (shown.record, shown.leads, shown.received) == ("208b", ("MLII",), 20 * FS)
        assert (shown.noise, shown.figures.delay) == (Noise("em", 6.0), 122)
        assert shown.figures.heart_rate.bpm == pytest.approx(121, abs=5)
        assert shown.figures.delta_snr == pytest.approx(0, abs=1e-4)
        assert shown.figures.dropped == 0
        pictures.append(path.read_bytes())
    image = QtGui.QImage(str(path))
    assert (image.width(), image.height()) == (1280, 720)


def test_screenshots_are_small_and_all_different(
    qapp: Any, clock: FakeClock, tmp_path: Path
) -> None:
    shown = take_screenshots(
        MonitorSettings(model=Identity()), DisplaySettings(), clock, tmp_path / "new"
    )
    assert [path.stem for path in shown] == list(SCREENSHOTS)
    pictures = [path.read_bytes() for path in shown]
    assert len(set(pictures)) == len(SCREENSHOTS)
    assert max(map(len, pictures)) < 300_000
    gap = shown[tmp_path / "new" / "gap.png"].segment.input
    assert np.isnan(gap).sum() == 2 * FS


def test_failed_screenshot_saves_nothing(qapp: Any, clock: FakeClock, tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="no record 'nowhere'"):
        take_screenshot(
            MonitorSettings(record="nowhere"), DisplaySettings(), clock, tmp_path / "a.png"
        )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("interrupted", [False, True], ids=["closed", "ctrl-c"])
def test_monitor_ends_when_it_is_closed(
    qapp: Any, clock: FakeClock, tmp_path: Path, interrupted: bool
) -> None:
    preferences = Preferences(tmp_path / "monitor.ini")

    def end(window: MainWindow) -> None:
        if interrupted:
            signal.raise_signal(signal.SIGINT)
        else:
            window.close()

    assert (
        show(MonitorSettings(model=Identity()), DisplaySettings(), clock, preferences, painted=end)
        == 0
    )
    assert "ecgstream engine" not in [thread.name for thread in threading.enumerate()]


def test_window_is_painted_before_the_worker_loads(
    qapp: Any, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[str] = []
    paint = Sheet.paintEvent

    def drawn(*args: Any) -> None:
        happened.append("drawn")
        paint(*args)

    monkeypatch.setattr(Sheet, "paintEvent", drawn)
    monkeypatch.setattr(Worker, "start", lambda worker: happened.append("loading"))
    preferences = Preferences(tmp_path / "monitor.ini")
    show(
        MonitorSettings(),
        DisplaySettings(),
        clock,
        preferences,
        painted=lambda window: window.close(),
    )
    assert happened[0] == "drawn" and "loading" in happened


def test_preferences_are_restored_in_the_next_window(
    qapp: Any, clock: FakeClock, tmp_path: Path
) -> None:
    path = tmp_path / "monitor.ini"

    def change(window: MainWindow) -> None:
        for name, value in (("noise", "ma"), ("snr", 3.0), ("theme", "dark"), ("gain", 20.0)):
            window.settings_model.set(name, value)
        window.resize(1300, 640)
        window.close()

    seen: list[Any] = []

    def look(window: MainWindow) -> None:
        seen.extend((window.settings_model.settings, window.settings_model.display, window.size()))
        window.close()

    begin = MonitorSettings(model=Identity(), snr=9.0)
    show(begin, DisplaySettings(), clock, Preferences(path), painted=change)
    show(begin, DisplaySettings(), clock, Preferences(path), {"snr"}, painted=look)
    settings, display, size = seen
    assert (settings.noise, settings.snr) == ("ma", 9.0)
    assert (display.theme, display.gain) == ("dark", 20.0)
    assert size.height() == 640  # Qt 6 cuts the width to the offscreen screen's 800 pixels


def test_uncaught_exceptions_are_logged_and_reported(
    qapp: Any, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []

    def stumble(window: MainWindow) -> None:
        monkeypatch.setattr(window.sheet, "draw", broken)
        QtCore.QTimer.singleShot(0, fail)
        threading.Thread(target=fail).start()
        wait = QtCore.QTimer(window, interval=5)

        def look() -> None:
            texts = window.banner.text.text()
            if texts and texts not in said:
                said.append(texts)
            if sum("strip 3" in text for text in said) and any("frame" in text for text in said):
                wait.stop()
                window.close()

        wait.timeout.connect(look)
        wait.start()

    def broken(*_: object) -> None:
        raise RuntimeError("frame 7")

    def fail() -> None:
        raise KeyError("strip 3")

    preferences = Preferences(tmp_path / "monitor.ini")
    settings = MonitorSettings(model=Identity())
    assert show(settings, DisplaySettings(), clock, preferences, painted=stumble) == 0
    log = (tmp_path / "monitor.log").read_text()
    assert log.count("RuntimeError: frame 7") == 1  # not once for every picture
    assert "KeyError: 'strip 3'" in log and "Traceback" in log
    assert any("monitor.log" in text and "ecgstream info" in text for text in said)


def test_every_kind_of_noise_can_be_chosen() -> None:
    assert set(NOISES) == {None, *NOISE_KINDS}


def test_display_problem_names_the_reason(
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
def test_display_problem_is_none_with_a_display(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_all_leads_of_a_record_are_shown(harness: MonitorHarness) -> None:
    harness.open(read=lambda name, data: numbered())
    assert harness.play(1).leads == ("I", "II")
