"""Choosing a record: bundled, from a folder, or downloaded, by mouse and by keys."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyqtgraph.Qt import QtCore, QtWidgets

from ecgstream.gui.window.record_dialog import RecordDialog
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.io.physionet import DownloadError, Progress, Transfer
from helpers.monitor_harness import FS, MonitorHarness, write_record


class Server:
    """Stands in for the download: half of it comes at once, the rest when the test says so."""

    def __init__(self, ecg: Floats) -> None:
        self._ecg = ecg
        self.go_on, self.asked = threading.Event(), ""
        self.trouble: Exception | None = None
        self.ended = threading.Event()

    def __call__(self, name: str, folder: Path, base_url: str, progress: Progress) -> Path:
        self.asked = name
        try:
            progress(Transfer(name, 500_000, 1_000_000, 1, 2))
            self.go_on.wait()
            progress(Transfer(name, 1_000_000, 1_000_000, 1, 2))
            if self.trouble is not None:
                raise self.trouble
            database, _, record = name.rpartition("/")
            folder.mkdir(exist_ok=True)
            return Path(write_record(folder / database, record, self._ecg))
        finally:
            self.ended.set()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, ecg: Floats) -> Iterator[Server]:
    server = Server(ecg)
    monkeypatch.setattr("ecgstream.streamer.io.physionet.download_record", server)
    yield server
    server.go_on.set()


@pytest.fixture
def harness(qtbot: Any, tmp_path: Path, ecg: Floats) -> MonitorHarness:
    for name in ("100", "101", "203"):
        write_record(tmp_path / "mitdb", name, ecg)
    harness = MonitorHarness(qtbot)
    harness.open(data=tmp_path)
    harness.play(1)
    harness.click(harness.window.toolbar.record)
    return harness


def labels(record_dialog: RecordDialog) -> list[str]:
    items = [record_dialog.records.item(row) for row in range(record_dialog.records.count())]
    return [item.text() for item in items if not item.isHidden()]


def shows(harness: MonitorHarness, record: str) -> None:
    harness.gate.allow(1)
    harness.qtbot.waitUntil(lambda: harness.received > 0 and harness.shown.record == record)


def test_all_records_are_listed_and_the_present_one_is_chosen(harness: MonitorHarness) -> None:
    record_dialog = harness.window.record_dialog
    assert labels(record_dialog) == ["208 (bundled)", "mitdb/100", "mitdb/101", "mitdb/203"]
    current = record_dialog.records.currentItem()
    assert current is not None and current.text() == "208 (bundled)"
    assert str(harness.window.settings_model.settings.data) in record_dialog.folder.text()


def test_data_folder_of_the_environment_is_shown(
    qtbot: Any, tmp_path: Path, ecg: Floats, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_record(tmp_path / "mitdb", "100", ecg)
    monkeypatch.setenv("ECG_DATA", str(tmp_path))
    harness = MonitorHarness(qtbot)
    record_dialog = harness.open().record_dialog
    harness.play(1)
    assert record_dialog.folder.text() == f"Folder: {tmp_path}"


def test_search_finds_a_record_and_return_opens_it(harness: MonitorHarness) -> None:
    record_dialog = harness.window.record_dialog
    harness.qtbot.keyClicks(record_dialog.search, "10")
    assert labels(record_dialog) == ["mitdb/100", "mitdb/101"]
    harness.qtbot.keyClick(record_dialog.search, QtCore.Qt.Key.Key_Down)
    harness.qtbot.keyClick(record_dialog.search, QtCore.Qt.Key.Key_Return)
    assert not record_dialog.isVisible()
    shows(harness, "101")


def test_search_without_a_match_opens_nothing(harness: MonitorHarness) -> None:
    record_dialog = harness.window.record_dialog
    harness.qtbot.keyClicks(record_dialog.search, "xyz")
    assert labels(record_dialog) == []
    assert not record_dialog.open_it.isEnabled()
    record_dialog.search.clear()
    assert record_dialog.open_it.isEnabled()


def test_double_click_opens_a_record(harness: MonitorHarness) -> None:
    record_dialog = harness.window.record_dialog
    item = record_dialog.records.item(3)
    place = record_dialog.records.visualItemRect(item).center()
    button = QtCore.Qt.MouseButton.LeftButton
    harness.qtbot.mouseClick(record_dialog.records.viewport(), button, pos=place)
    harness.qtbot.mouseDClick(record_dialog.records.viewport(), button, pos=place)
    shows(harness, "203")


def test_closing_without_a_choice_changes_nothing(harness: MonitorHarness) -> None:
    harness.qtbot.keyClick(harness.window.record_dialog, QtCore.Qt.Key.Key_Escape)
    assert not harness.window.record_dialog.isVisible()
    assert harness.play(1).record == "208b"


def test_another_folder_lists_its_records(
    harness: MonitorHarness, tmp_path: Path, ecg: Floats
) -> None:
    write_record(tmp_path / "other", "mine", ecg)
    record_dialog = harness.window.record_dialog
    harness.click(record_dialog.other_folder)
    (dialog,) = harness.window.findChildren(QtWidgets.QFileDialog)
    dialog.fileSelected.emit(str(tmp_path / "other"))
    dialog.reject()

    def listed() -> bool:
        harness.window.refresh()
        return labels(record_dialog) == ["208 (bundled)", "mine"]

    harness.qtbot.waitUntil(listed)
    assert str(tmp_path / "other") in record_dialog.folder.text()
    assert harness.window.settings_model.settings.data == tmp_path / "other"


def test_record_is_downloaded_with_progress_and_opened(
    harness: MonitorHarness, server: Server
) -> None:
    window, record_dialog = harness.window, harness.window.record_dialog
    harness.qtbot.keyClicks(record_dialog.name, "105")
    harness.click(record_dialog.get)
    harness.qtbot.waitUntil(
        lambda: record_dialog.progress.isVisible() and record_dialog.progress.value() > 0
    )
    assert server.asked == "mitdb/105"
    assert record_dialog.progress.value() / record_dialog.progress.maximum() == pytest.approx(
        0.5, abs=0.01
    )
    assert harness.play(2).record == "208b"  # goes on meanwhile
    server.go_on.set()
    shows(harness, "105")
    harness.qtbot.waitUntil(lambda: not record_dialog.isVisible())
    assert "mitdb/105" in [name for name, _ in window.worker.snapshot(0).choices]


def test_download_can_be_cancelled(harness: MonitorHarness, server: Server) -> None:
    record_dialog = harness.window.record_dialog
    harness.qtbot.keyClicks(record_dialog.name, "mitdb/105")
    harness.qtbot.keyClick(record_dialog.name, QtCore.Qt.Key.Key_Return)
    harness.qtbot.waitUntil(record_dialog.cancel.isVisible)
    harness.click(record_dialog.cancel)
    harness.qtbot.waitUntil(record_dialog.get.isVisible)
    server.go_on.set()
    server.ended.wait()
    assert harness.play(1).record == "208b"
    assert record_dialog.isVisible()


def test_failed_download_is_reported_and_can_be_tried_again(
    harness: MonitorHarness, server: Server
) -> None:
    server.trouble = DownloadError("cannot get it: check the network")
    record_dialog = harness.window.record_dialog
    harness.qtbot.keyClicks(record_dialog.name, "mitdb/105")
    harness.click(record_dialog.get)
    server.go_on.set()
    harness.qtbot.waitUntil(lambda: "check the network" in record_dialog.problem.text())
    assert record_dialog.problem.isVisible() and record_dialog.get.isVisible()
    server.trouble = None
    harness.click(record_dialog.get)
    shows(harness, "105")


def test_failed_download_is_reported_in_the_banner_when_the_dialog_is_closed(
    harness: MonitorHarness, server: Server
) -> None:
    server.trouble = DownloadError("cannot get it: check the network")
    harness.qtbot.keyClicks(harness.window.record_dialog.name, "mitdb/105")
    harness.click(harness.window.record_dialog.get)
    harness.window.record_dialog.close()
    server.go_on.set()
    harness.qtbot.waitUntil(lambda: "check the network" in harness.window.banner.text.text())


def test_window_closes_while_a_record_is_downloaded(
    harness: MonitorHarness, server: Server
) -> None:
    harness.qtbot.keyClicks(harness.window.record_dialog.name, "mitdb/105")
    harness.click(harness.window.record_dialog.get)
    harness.gate.allow(np.inf)
    harness.window.close()
    assert not harness.window.worker.alive
    assert not harness.window.record_dialog.isVisible()


def test_record_at_another_rate_can_be_chosen(harness: MonitorHarness, tmp_path: Path) -> None:
    seconds = np.arange(10 * 250) / 250
    path = write_record(tmp_path / "qtdb", "sel1", np.sin(7 * seconds), fs=250)
    harness.window.worker.choose(path)
    harness.gate.allow(2)
    harness.qtbot.waitUntil(lambda: harness.received > 0 and harness.shown.fs != FS)
