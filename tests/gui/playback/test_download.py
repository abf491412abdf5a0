"""A record that is fetched from PhysioNet while the monitor goes on."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from ecgstream.gui.playback.record_list import Choice
from ecgstream.gui.playback.snapshot import Download
from ecgstream.streamer.io import physionet
from ecgstream.streamer.io.records import read_record
from helpers.patience import MAX_WAIT_SECONDS
from helpers.physionet_server import PLACE, SIGNALS, StandIn
from helpers.worker_harness import running


@pytest.fixture(autouse=True)
def _here(server: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(physionet, "BASE_URL", server.url)


def test_a_record_that_was_fetched_is_offered_and_shown(tmp_path: Path) -> None:
    with running(data=tmp_path) as bench:
        bench.play(1)
        bench.worker.download("mitdb/208")
        snapshot = bench.until(lambda snapshot: snapshot.source.record == "mitdb/208")
        assert snapshot.download is None
        assert Choice("mitdb/208", "mitdb/208") in snapshot.choices
        assert bench.play(1).record == "208"
        assert [mark.text for mark in bench.shown.beats] == ["N", "V"]
    assert len(read_record("mitdb/208", tmp_path).signals) == len(SIGNALS) // 2


def test_progress_is_seen_in_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, going = threading.Event(), threading.Event()
    fetch = physionet.download_record

    def slow(name: str, folder: Path, url: str, progress: physionet.Progress) -> Path:
        def report(transfer: physionet.Transfer) -> None:
            progress(transfer)
            seen.set()
            assert going.wait(MAX_WAIT_SECONDS)

        return fetch(name, folder, url, report)

    monkeypatch.setattr(physionet, "download_record", slow)
    with running(data=tmp_path) as bench:
        bench.play(1)
        bench.worker.download("208")
        assert seen.wait(MAX_WAIT_SECONDS)
        download = bench.snapshot.download
        assert download is not None and not download.problem
        assert 0 < download.done < download.total == len(SIGNALS)
        bench.play(2)  # meanwhile all goes on
        going.set()
        bench.until(lambda snapshot: snapshot.source.record == "mitdb/208")


def test_a_download_that_is_not_wanted_any_more_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, going, over = threading.Event(), threading.Event(), threading.Event()

    def slow(name: str, folder: Path, url: str, progress: physionet.Progress) -> Path:
        begun.set()
        assert going.wait(MAX_WAIT_SECONDS)
        try:
            progress(physionet.Transfer("mitdb/208.dat", 1, 2, 1, 1))
        finally:
            over.set()
        return folder / "mitdb" / "208"

    monkeypatch.setattr(physionet, "download_record", slow)
    with running(data=tmp_path) as bench:
        bench.play(1)
        bench.worker.download("208")
        assert begun.wait(MAX_WAIT_SECONDS)
        bench.worker.cancel_download()
        going.set()
        assert over.wait(MAX_WAIT_SECONDS)
        assert bench.snapshot.download is None
        assert bench.play(1).record == "208b"


def test_what_came_in_the_way_is_told_and_can_be_dismissed(
    tmp_path: Path,
    server: StandIn,
) -> None:
    with running(data=tmp_path) as bench:
        bench.play(1)
        bench.worker.download("999")
        snapshot = bench.until(lambda snapshot: snapshot.download and snapshot.download.problem)
        assert snapshot.download is not None
        assert "mitdb 1.0.0 has no record '999'" in snapshot.download.problem
        bench.worker.cancel_download()
        assert bench.snapshot.download is None
        server.cut[f"{PLACE}/208.dat"] = 100_000
        bench.worker.download("208")
        snapshot = bench.until(lambda snapshot: snapshot.download and snapshot.download.problem)
        assert "too early" in str(snapshot.download)
        assert "press Download to go on" in str(snapshot.download)
        assert "--mirror" not in str(snapshot.download) and "command" not in str(snapshot.download)
        bench.worker.download("208")  # goes on where it stopped
        bench.until(lambda snapshot: snapshot.source.record == "mitdb/208")
        assert [answer.asked_from for answer in server.answers("208.dat")] == [0, 100_000]


def test_a_download_begins_with_nothing_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    going = threading.Event()
    monkeypatch.setattr(
        physionet, "download_record", lambda *_: going.wait(MAX_WAIT_SECONDS) and tmp_path / "x"
    )
    with running(data=tmp_path) as bench:
        bench.play(1)
        bench.worker.download("208")
        assert bench.snapshot.download == Download("208", 0, 0, "")
        bench.worker.cancel_download()
        going.set()
