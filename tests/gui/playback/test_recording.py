"""A recording of the monitor tells its settings and is denoised to its last sample."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecgstream.gui.settings.monitor_settings import Noise
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.io.base_time import BaseTime
from ecgstream.streamer.io.records import Record
from helpers.fakes import Identity
from helpers.full_disk import Disk
from helpers.worker_harness import FS, WorkerHarness, numbered, running

wfdb = pytest.importorskip("wfdb")
PIECE = FS // 60
PATIENT = "69 M 1085"


def source() -> Record:
    base = BaseTime(time(23, 59, 59), date(1999, 12, 31))
    return replace(numbered(30), comments=(PATIENT,), base=base)


def assert_complete(path: Path) -> Any:
    record = wfdb.rdrecord(str(path))
    written = record.p_signal
    assert len(written) == record.sig_len and np.isfinite(written).all()
    np.testing.assert_allclose(written[:, 2:4], written[:, :2], atol=0.0021)
    return record


def begin(bench: WorkerHarness, path: Path) -> None:
    bench.play(1)
    bench.worker.record_to(path)
    bench.play(2)


@pytest.mark.parametrize("way", ["key", "paused", "jump", "quit", "end", "next"])
def test_every_way_of_ending_leaves_all_samples_denoised(tmp_path: Path, way: str) -> None:
    with running(source()) as bench:
        begin(bench, tmp_path / "rec")
        if way in ("key", "paused"):
            bench.worker.record_to(None)
        if way == "paused":
            bench.worker.set_running(False)
        if way == "key":
            bench.play(1)
        if way == "jump":
            bench.jump(20)
        if way == "next":
            bench.worker.record_to(tmp_path / "next")
            bench.play(2)
        if way == "end":
            bench.gate.allow(40)
            bench.until(lambda snapshot: snapshot.shown and snapshot.shown.run_number >= 2)
    record = assert_complete(tmp_path / "rec")
    least = 2 * FS - 2 * PIECE
    assert record.sig_len >= (29 * FS - 2 * PIECE if way == "end" else least)
    if way in ("key", "next"):
        assert record.sig_len <= 2 * FS + 2 * PIECE
    if way == "next":
        assert assert_complete(tmp_path / "next").sig_len >= least


def test_changed_settings_are_noted_at_their_samples(tmp_path: Path) -> None:
    with running(source()) as bench:
        begin(bench, tmp_path / "rec")
        bench.worker.set_noise(Noise("bw", 3.0))
        bench.play(1)
        bench.worker.set_strength(0.5)
        bench.play(1)
        bench.worker.set_st(True)
        bench.worker.set_delay("best")
        bench.play(1)
    first = round(float(wfdb.rdrecord(str(tmp_path / "rec")).p_signal[0, 0]) * 1000)
    marks = wfdb.rdann(str(tmp_path / "rec"), "atr")
    every = list(zip(marks.sample.tolist(), marks.symbol, marks.aux_note, strict=True))
    notes = [(sample, note) for sample, symbol, note in every if symbol == '"']
    assert notes[0][1].startswith(f"source=numbered; sample={first}; leads=I,II; model=Identity")
    assert notes[1] == (1, "noise=none; delay=balanced; strength=1; st=off")
    said = {text: sample for sample, note in notes[2:] for text in note.split("; ")}
    for text, second in (("noise=bw at 3 dB", 3), ("strength=0.5", 4), ("st=on", 5)):
        assert said[text] == pytest.approx(second * FS - first, abs=2 * PIECE)
    assert said["delay=best"] == pytest.approx(5 * FS - first, abs=2 * PIECE)
    own = [(sample, symbol) for sample, symbol, _ in every if symbol != '"']
    assert own == [(720 - first, "V"), (1080 - first, "+"), (1800 - first, "~")][: len(own)]
    assert len(own) >= 2


@pytest.mark.parametrize("asked", [False, True])
def test_base_time_moves_and_the_patient_is_told_only_when_asked(
    tmp_path: Path, asked: bool
) -> None:
    with running(source(), with_patient=asked) as bench:
        begin(bench, tmp_path / "rec")
    record = wfdb.rdrecord(str(tmp_path / "rec"))
    assert record.base_date == date(2000, 1, 1)
    seconds = float(record.p_signal[0, 0]) * 1000 / FS - 1
    written = record.base_time.second + record.base_time.microsecond / 1e6
    assert written == pytest.approx(seconds, abs=0.001)
    assert (PATIENT in record.comments) == asked


def test_a_full_disk_says_what_was_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(monkeypatch)
    with running(source()) as bench:
        begin(bench, tmp_path / "rec")
        disk.room = 0
        bench.play(2)
        snapshot = bench.until(lambda snapshot: snapshot.recording and snapshot.recording.problem)
        assert snapshot.recording is not None
        problem = snapshot.recording.problem
    length = assert_complete(tmp_path / "rec").sig_len
    assert problem.startswith("The recording ended: No space left on device.")
    assert f"rec.dat holds {length / FS:.2f} s ({length} samples), all denoised" in problem


class Breaks(Identity):
    """A network that fails once it is told to."""

    fails = False

    def __call__(self, window: Floats, context: Floats) -> Floats:
        if self.fails:
            raise KeyError("tensor 7")
        return super().__call__(window, context)


def test_a_failing_model_is_told_with_what_was_kept(tmp_path: Path) -> None:
    network = Breaks()
    with running(source(), model=network) as bench:
        begin(bench, tmp_path / "rec")
        network.fails = True
        bench.gate.allow(1)
        snapshot = bench.until(
            lambda snapshot: snapshot.recording and "holds" in snapshot.recording.problem
        )
        assert snapshot.recording is not None
        problem = snapshot.recording.problem
    record = wfdb.rdrecord(str(tmp_path / "rec"))
    denoised = int(np.isfinite(record.p_signal[:, 2]).sum())
    assert problem.startswith("The recording ended with an error of the engine.")
    assert f"({record.sig_len} samples), denoised up to" in problem
    assert f"({denoised} samples)" in problem and 0 < denoised < record.sig_len
