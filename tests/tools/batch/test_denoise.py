"""`ecgstream denoise`: many files, any number of processes, nothing half done, nothing twice."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from ecgstream import StreamingDenoiser
from ecgstream.streamer.io.base import Frames, OpenFiles, Reader, Signal, Writer
from ecgstream.streamer.io.formats import csv as csv_format
from ecgstream.streamer.io.records import DATA_VARIABLE
from ecgstream.tools.batch.discovery import gather
from ecgstream.tools.batch.flag_files import FlagAnnotations
from ecgstream.tools.batch.folder_lock import locked
from ecgstream.tools.batch.job import Outcome, Settings, Task, attempt
from ecgstream.tools.batch.pipeline import Pipeline
from ecgstream.tools.batch.processes import Event, on_processes
from ecgstream.tools.cli import main
from ecgstream.tools.commands import denoise as command
from helpers.fakes import Identity
from helpers.killed import KillingTask
from helpers.paths import ROOT
from helpers.recordings import ENGINE, FS, content, ecg, failure, plain, run, write_wfdb


def cli(*arguments: object) -> Result:
    """Run with the command's own defaults, of which the delay is `best`."""
    return CliRunner().invoke(main, ["denoise", *map(str, arguments)])


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """Three arrays of different lengths, one of them in a folder below."""
    folder = tmp_path / "in"
    (folder / "ward").mkdir(parents=True)
    for i, name in enumerate(["a.npy", "b.npy", "ward/a.npy"]):
        np.save(folder / name, ecg(4 + i, seed=i))
    return folder


def test_every_number_of_processes_gives_the_bytes_of_a_plain_run(recordings: Path) -> None:
    before = content(recordings)
    made = []
    for jobs in (1, 2):
        out = recordings.parent / str(jobs)
        result = cli(recordings, "--out", out, "--fs", FS, "--jobs", jobs)
        assert result.exit_code == 0, result.output
        assert "3 denoised, 0 done before, 0 failed" in result.output
        made.append(content(out))
    assert made[0] == made[1]
    assert [name for name in made[0] if name.endswith("npy")] == ["a.npy", "b.npy", "ward/a.npy"]
    for name in before:
        expected, _ = plain(np.load(recordings / name), delay="best")
        assert np.array_equal(np.load(recordings.parent / "1" / name), expected)
    assert content(recordings) == before


def states(folder: Path) -> dict[str, int]:
    return {str(p): p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()}


def test_what_is_finished_is_not_done_again(recordings: Path) -> None:
    out = recordings.parent / "out"
    run(out, recordings, fs=FS, delay="best")
    before = states(out)
    assert all(o.done_before for o in run(out, recordings, fs=FS, delay="best"))
    assert states(out) == before
    result = cli(recordings, "--out", out, "--fs", FS)
    assert "0 denoised, 3 done before, 0 failed" in result.output
    assert states(out) == before


def test_what_changed_is_done_again(recordings: Path) -> None:
    out = recordings.parent / "out"

    def again(**options: Any) -> list[bool]:
        return [not outcome.done_before for outcome in run(out, recordings, fs=FS, **options)]

    assert again() == [True, True, True]
    assert again(delay="low") == [True, True, True]
    assert again(delay="low") == [False, False, False]
    np.save(recordings / "b.npy", ecg(5))
    assert again(delay="low") == [False, True, False]
    (out / "a.npy").write_bytes(b"")
    assert again(delay="low") == [True, False, False]
    (out / "ward" / "a.npy.flags.csv").unlink()
    assert again(delay="low") == [False, False, True]


_KILLED = """
import os, signal, sys
from pathlib import Path
import numpy as np
sys.path.insert(0, {tests!r})
from helpers.recordings import run
import {module} as module

calls, before = 0, {function}

def killed(*arguments, **options):
    global calls
    calls += 1
    if calls == {call}:
        os.kill(os.getpid(), signal.SIGKILL)
    return before(*arguments, **options)

{function} = killed
run(Path({out!r}), {source!r}, fs=360.0, **{options!r})
"""


@pytest.mark.parametrize(
    ("module", "function", "call"),
    [
        ("ecgstream.streamer.io.formats.numpy", "module.ArrayCopy.write", 1),
        ("ecgstream.streamer.io.formats.numpy", "module.ArrayCopy.close", 1),
        *(("ecgstream.tools.batch.output", "os.replace", call) for call in (1, 2, 3)),
    ],
)
@pytest.mark.parametrize("old", [False, True])
def test_a_kill_leaves_nothing_that_counts_as_done(
    tmp_path: Path, module: str, function: str, call: int, old: bool
) -> None:
    """At any moment, on an empty place or over the result of other settings."""
    source, out = tmp_path / "x.npy", tmp_path / "out"
    np.save(source, ecg(4))
    if old:
        run(out, source, fs=FS, delay="low")
    script = _KILLED.format(
        tests=str(ROOT / "tests"), module=module, function=function, call=call,
        out=str(out), source=str(source), options={},
    )  # fmt: skip
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert (out / "x.npy").exists() == old
    result = cli(source, "--out", out, "--fs", FS)
    assert "1 denoised, 0 done before" in result.output
    assert np.array_equal(np.load(out / "x.npy"), plain(ecg(4), delay="best")[0])
    assert not [path for path in out.rglob("*") if path.name.startswith(".")]


def test_a_process_that_dies_takes_one_recording_with_it(recordings: Path) -> None:
    tasks = gather([str(recordings)], recordings.parent / "out").tasks
    tasks[1] = KillingTask(**vars(tasks[1]))
    news = list(on_processes(1, tasks, Settings(engine=ENGINE, fs=FS)))
    outcomes = [item for item in news if isinstance(item, Outcome)]
    assert [outcome.failure is None for outcome in outcomes] == [True, False, True]
    assert "its process died (exit code -9)" in str(outcomes[1].failure)


def test_ctrl_c_keeps_what_is_finished(recordings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(jobs: int, tasks: Sequence[Task], settings: Settings) -> Iterator[Event]:
        for item in on_processes(jobs, tasks, settings):
            if isinstance(item, Outcome):
                signal.raise_signal(signal.SIGINT)
            yield item

    monkeypatch.setattr(command, "on_processes", interrupted)
    out = recordings.parent / "out"
    result = cli(recordings, "--out", out, "--fs", FS)
    assert result.exit_code == 1
    assert "1 denoised" in result.output
    assert "interrupted: 2 are left, what is finished stays" in result.output
    assert [path for path in content(out) if path.endswith("npy")] == ["a.npy"]
    monkeypatch.undo()
    assert "2 denoised, 1 done before" in cli(recordings, "--out", out, "--fs", FS).output


def test_a_broken_file_does_not_stop_the_rest(recordings: Path) -> None:
    (recordings / "b.npy").write_bytes(b"\x93NUMPY")
    (recordings / "c.csv").write_text("II\n1\nno\n")
    result = cli(
        recordings, recordings / "none.edf", "--out", recordings.parent / "out", "--fs", FS
    )
    assert result.exit_code == 1
    lines = [line for line in result.output.splitlines() if line.startswith("failed: ")]
    assert len(lines) == 3
    for name, why in [("none.edf", "no such file"), ("b.npy", "NumPy"), ("c.csv", "line 3: 'no'")]:
        assert any(name in line and why in line for line in lines)
    assert "Error: 3 of 5 failed, as listed above" in result.output
    assert "2 denoised" in result.output


def test_a_folder_that_cannot_be_read_is_a_failure(
    recordings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = os.scandir

    def scandir(path: Any) -> Any:
        if Path(path).name == "ward":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found = gather([str(recordings)], recordings.parent / "out")
    assert [task.source.name for task in found.tasks] == ["a.npy", "b.npy"]
    (outcome,) = found.failures
    assert outcome.task.source == recordings / "ward" and "Permission denied" in str(
        outcome.failure
    )


def test_originals_are_never_overwritten(recordings: Path) -> None:
    before = content(recordings)
    for inputs, out in [
        ([recordings], recordings),
        ([recordings / "a.npy"], recordings / "ward" / ".."),
    ]:
        result = cli(*inputs, "--out", out, "--fs", FS)
        assert result.exit_code == 1 and "take the place of an original" in result.output
    other = recordings / "ward"
    assert "ward/a.npy exists and was not made by ecgstream denoise" in str(
        run(other, recordings / "a.npy", fs=FS)[0].failure
    )
    assert content(recordings) == before


def test_two_inputs_with_one_name_are_refused(recordings: Path) -> None:
    (recordings / "a.csv").write_text("II\n1\n")
    out = recordings.parent / "out"
    result = cli(recordings / "a.npy", recordings / "ward" / "a.npy", "--out", out)
    assert result.exit_code == 1 and "would both become" in result.output
    result = cli(recordings, "--out", out, "--format", "edf")
    assert result.exit_code == 1 and "would both become" in result.output
    assert "is named twice" in cli(recordings / "b.npy", recordings / "b.npy", "--out", out).output


def test_two_commands_do_not_write_to_one_folder(recordings: Path) -> None:
    out = recordings.parent / "out"
    with locked(out):
        result = cli(recordings, "--out", out, "--fs", FS)
    assert result.exit_code == 1 and "another ecgstream denoise writes to" in result.output


def test_what_this_command_made_is_no_input(recordings: Path) -> None:
    (recordings / ".hidden.npy").touch()
    (recordings / "notes.txt").touch()
    run(recordings / "out", recordings, fs=FS)
    found = gather([str(recordings)], recordings.parent / "other")
    assert len(found.tasks) == 3 and found.own_outputs == 6  # arrays and their flags


def test_a_full_disk_fails_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(number: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    np.save(tmp_path / "x.npy", ecg())
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        assert "No space left on device" in failure(tmp_path / "out", tmp_path / "x.npy", fs=FS)
    assert run(tmp_path / "out", tmp_path / "x.npy", fs=FS)[0].failure is None


def test_a_file_that_may_not_grow_fails_and_leaves_nothing(tmp_path: Path) -> None:
    """The system's own refusal, in the worker's writes."""
    np.save(tmp_path / "x.npy", ecg(60))
    np.save(tmp_path / "y.npy", ecg(1))
    done = subprocess.run(
        [sys.executable, "-m", "ecgstream", "denoise", str(tmp_path / "x.npy"),
         str(tmp_path / "y.npy"), "--fs", "360", "--out", str(tmp_path / "out")],
        cwd=ROOT, capture_output=True, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)),
    )  # fmt: skip
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "x.npy: [Errno 27] File too large" in done.stdout and "1 denoised" in done.stdout
    assert sorted(content(tmp_path / "out")) == ["y.npy", "y.npy.flags.csv"]


def test_records_are_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wfdb")
    write_wfdb(tmp_path / "data" / "mitdb", "100", ecg(2))
    for name in ("mitdb/100", tmp_path / "data" / "mitdb" / "100.dat"):
        found = gather([str(name)], tmp_path / "out", data=tmp_path / "data")
        assert [task.target for task in found.tasks] == [tmp_path / "out" / "100.hea"]
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "data"))
    assert len(gather(["100"], tmp_path / "out").tasks) == 1


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--delay", "3"], "delay"),
        (["--units", "mmHg"], "neither mV, uV, V nor a number of adu per mV"),
        (["--units", "0"], "neither mV"),
        (["--fs", "50"], "range"),
        (["--model", "none.tflite"], "none.tflite"),
    ],
)
def test_bad_options_are_refused_before_anything_is_done(
    recordings: Path, arguments: list[str], why: str
) -> None:
    result = cli(recordings, "--out", recordings.parent / "out", *arguments)
    assert result.exit_code != 0 and why in result.output
    assert not (recordings.parent / "out").exists()


def test_another_version_or_model_refuses_to_work(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", ecg())
    (task,) = gather([str(tmp_path / "x.npy")], tmp_path / "out").tasks

    why = attempt(task, Settings(engine="ecgstream 0.0.1, model abc", fs=FS)).failure
    assert f"this worker has {ENGINE}, the command ecgstream 0.0.1, model abc" in str(why)


class Endless(Reader):
    """An ECG of any length that nobody holds."""

    signals = (Signal("II", FS, "mV", 200.0, 0),)
    files = ()

    def __init__(self, pieces: int) -> None:
        self._pieces, self._piece = pieces, ecg(10, signals=1)[:, 0].astype(float)

    def pieces(self) -> Iterator[Frames]:
        for _ in range(self._pieces):
            yield [self._piece]


class Nowhere(Writer):
    """Counts what comes."""

    files = ()
    received = 0

    def write(self, frames: Frames) -> None:
        self.received += len(frames[0])

    def close(self) -> None:
        pass


def test_memory_does_not_grow_with_the_length(tmp_path: Path) -> None:
    def peak(pieces: int) -> int:
        reader, writer = Endless(pieces), Nowhere()
        flags = FlagAnnotations(tmp_path / f"{pieces}.qual", reader.signals, [0])
        tracemalloc.start()
        try:
            new = lambda n, fs: StreamingDenoiser(Identity(), n, fs)  # noqa: E731
            Pipeline(reader, writer, flags, new).run([0], lambda fraction: None)
            assert writer.received == pieces * 3600
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(2)  # tables that are made once
    assert peak(80) <= peak(8) * 1.05


def test_empty_lines_are_allowed_at_the_end_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where one piece of the file ends and the next begins."""
    monkeypatch.setattr(csv_format, "MAX_PIECE_SAMPLES", 10)
    (tmp_path / "x.csv").write_text("II,V\n" + "1,2\n" * 4 + "\n" + "1,2\n" * 4)
    assert "line 6 is empty" in failure(tmp_path / "out", tmp_path / "x.csv", fs=FS)
    (tmp_path / "x.csv").write_text("II,V\n" + "1,2\n" * 4 + "\n" * 9)
    assert run(tmp_path / "out", tmp_path / "x.csv", fs=FS)[0].failure is None


def test_a_file_that_changes_while_it_is_read_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "x.npy", ecg())
    create = OpenFiles.text

    def touched(self: OpenFiles, path: Path) -> Any:
        os.utime(tmp_path / "x.npy", ns=(1, 1))
        return create(self, path)

    monkeypatch.setattr(OpenFiles, "text", touched)
    assert "changed while it was read" in failure(tmp_path / "out", tmp_path / "x.npy", fs=FS)
