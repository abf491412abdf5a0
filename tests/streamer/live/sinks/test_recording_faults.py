"""A disk that is full or gone ends a recording, which says what was kept, and only that."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecgstream import StreamingDenoiser
from ecgstream.streamer.io.records import Annotations
from ecgstream.streamer.live.report import Report
from ecgstream.streamer.live.runner import Runner
from ecgstream.streamer.live.sinks.base import Step
from ecgstream.streamer.live.sinks.recorder import FLAGS_SUFFIX, Recorder, RecordingError
from ecgstream.streamer.live.sources.base import Piece
from helpers.fakes import FakeClock, Identity
from helpers.full_disk import Disk
from helpers.numbered_source import CHUNK, FS, Numbers, samples

wfdb = pytest.importorskip("wfdb")
N = 20 * FS


class Watched(Recorder):
    """A recorder that tells the test each of its steps."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.before: Any = lambda received: None

    def write(self, step: Step) -> None:
        self.before(self.received)
        super().write(step)


class Breaks(Numbers):
    """A source that fails in its middle."""

    def read(self, n: int) -> Piece | None:
        if self.position >= self.n // 2:
            raise ConnectionError("the device was unplugged")
        return super().read(n)


def recorded(tmp_path: Path, source: Numbers, before: Any = None) -> tuple[Recorder, Report]:
    recorder = Watched(tmp_path / "rec", FS, ["I", "II"])
    recorder.before = before or recorder.before
    beats = np.arange(0, N, 300)
    recorder.copy_annotations(Annotations(beats, ["N"] * len(beats), [""] * len(beats)))
    denoiser = StreamingDenoiser(Identity(), channels=2)
    return recorder, Runner(
        source, denoiser, {"recorder": recorder}, FakeClock(), CHUNK, live=False
    ).run()


def on_file(tmp_path: Path) -> Any:
    written = wfdb.rdrecord(str(tmp_path / "rec")).p_signal
    n = len(written)
    np.testing.assert_allclose(written[:, :2], samples(0, n), atol=0.0006)
    return written


@pytest.mark.parametrize("room", [100_001, 60_000, 77_777, 33])
def test_a_full_disk_keeps_what_fits_denoised_to_its_last_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    Disk(monkeypatch, room)
    recorder, report = recorded(tmp_path, Numbers(N))
    (failure,) = report.failures
    assert isinstance(failure.error, RecordingError)
    kept = recorder.kept
    if room < 100:
        assert kept.samples <= CHUNK
        return
    written = on_file(tmp_path)
    # 12 bytes of signal, 4 of flags; annotations and one chunk in parts are the rest
    assert (room - 300) // 16 - CHUNK <= len(written) == kept.samples == kept.denoised < N
    np.testing.assert_allclose(written[:, 2:], written[:, :2], atol=0.0021)
    flags = wfdb.rdrecord(str(tmp_path / f"rec{FLAGS_SUFFIX}"))
    assert flags.p_signal.shape == (len(written), 2) and np.isfinite(flags.p_signal).all()
    header = wfdb.rdrecord(str(tmp_path / "rec"), physical=False)
    assert header.checksum == header.calc_checksum()
    message = str(failure.error)
    seconds = f"{len(written) / FS:.2f} s ({len(written)} samples), all denoised"
    assert f"No space left on device; {tmp_path / 'rec.dat'} holds {seconds}" in message
    marks = wfdb.rdann(str(tmp_path / "rec"), "atr")
    lost = int((re.findall(r"without (\d+) annotations", message) or [0])[0])
    assert len(marks.sample) + lost >= len(range(0, len(written), 300)) > 0


def test_a_disk_that_goes_is_trusted_with_what_was_synced_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)

    def go(received: int) -> None:
        disk.gone = received >= 4 * FS + 50

    recorder, report = recorded(tmp_path, Numbers(N), go)
    kept = recorder.kept
    assert kept.samples == recorder.synced and 3 * FS <= kept.samples <= 4 * FS + CHUNK
    assert kept.samples - 130 - CHUNK < kept.denoised < kept.samples
    written = on_file(tmp_path)
    assert len(written) >= kept.samples
    assert np.isfinite(written[: kept.denoised, 2:]).all()
    assert f"denoised up to {kept.denoised / FS:.2f} s" in str(report.failures[0].error)


def test_a_source_that_fails_leaves_all_it_sent_denoised(tmp_path: Path) -> None:
    recorder, report = recorded(tmp_path, Breaks(N))
    assert report.failures[0].part == "source"
    written = on_file(tmp_path)
    assert len(written) == N // 2 == recorder.kept.samples == recorder.kept.denoised
    np.testing.assert_allclose(written[:, 2:], written[:, :2], atol=0.0021)


def test_what_cannot_begin_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        Recorder(tmp_path / "rec", FS, ["I"])
    assert list(tmp_path.iterdir()) == []


def test_a_header_that_cannot_be_completed_is_no_complete_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder(tmp_path / "rec", FS, ["I", "II"])
    x = samples(0, 100)
    denoiser = StreamingDenoiser(Identity(), channels=2)
    recorder.write(Step(Piece(0, x, x), denoiser.push(x), 0, 0.0))
    none = x[:0]
    recorder.write(Step(Piece(100, none, none), denoiser.flush(), 0, 0.0))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(RecordingError, match=r"rec.dat holds 0.28 s \(100 samples\), all denoised"):
        recorder.close()
    assert len(on_file(tmp_path)) == 100
    assert not list(tmp_path.glob("*.half"))
