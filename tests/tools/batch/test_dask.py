"""On a Dask cluster, of which any process may die: nothing lost, nothing twice, the same bytes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from helpers.paths import ROOT
from helpers.patience import MAX_WAIT_SECONDS
from helpers.recordings import FS, content, ecg, run

pytest.importorskip("distributed")
_CLUSTER = """
import logging
import sys
import dask
from distributed import LocalCluster
from ecgstream.tools.cli import main

if __name__ == "__main__":
    preload, inputs, out, lives = sys.argv[1:]
    dask.config.set({"distributed.scheduler.allowed-failures": int(lives)})
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None,
        silence_logs=logging.CRITICAL, preload=[preload],
    ) as cluster:
        main(["denoise", inputs, "--fs", "360", "--out", out, "--dask", cluster.scheduler_address])
"""
_KILLER = """
import os, signal
from pathlib import Path
from ecgstream.tools.batch import pipeline

write = getattr(pipeline, "_write", pipeline._FrameBuffer.frames)
pipeline._write = write  # Dask loads this file twice

def dies(self):
    frames = write(self)
    if {condition}:
        os.kill(os.getpid(), signal.SIGKILL)
    return frames

def first():
    try:
        Path({marker!r}).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True

pipeline._FrameBuffer.frames = dies
"""


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """Five arrays, the third of which has three signals."""
    (tmp_path / "in").mkdir()
    for i in range(5):
        np.save(tmp_path / "in" / f"{i}.npy", ecg(4 + i, signals=3 if i == 2 else 1, seed=i))
    run(tmp_path / "expected", tmp_path / "in", fs=FS, delay="best")
    return tmp_path / "in"


def on_cluster(recordings: Path, condition: str, lives: int) -> subprocess.CompletedProcess[str]:
    """Denoise on a scheduler and two workers, processes of their own that die on a condition."""
    folder = recordings.parent
    (folder / "cluster.py").write_text(_CLUSTER)
    killer = _KILLER.format(condition=condition, marker=str(folder / "killed"))
    (folder / "killer.py").write_text(killer)
    arguments = [folder / "cluster.py", folder / "killer.py", recordings, folder / "out", lives]
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=ROOT, env={"PYTHONPATH": str(ROOT), "HOME": str(folder)},
        capture_output=True, text=True, timeout=MAX_WAIT_SECONDS,
    )  # fmt: skip


def counts(said: str) -> tuple[int, int]:
    """Files done and failed. A worker may have written one and died before it said so."""
    found = re.search(r"(\d) denoised, (\d) done before, (\d) failed", said)
    assert found, said
    return int(found[1]) + int(found[2]), int(found[3])


def test_a_worker_killed_within_a_recording_loses_nothing(recordings: Path) -> None:
    done = on_cluster(recordings, "first()", 3)
    folder = recordings.parent
    assert (folder / "killed").exists(), done.stderr
    assert done.returncode == 0, done.stdout + done.stderr
    assert counts(done.stdout) == (5, 0)
    assert content(folder / "out") == content(folder / "expected")
    assert not [path for path in (folder / "out").iterdir() if path.name.startswith(".")]
    assert "Traceback" not in done.stderr


def test_a_recording_that_kills_every_worker_is_one_failure(recordings: Path) -> None:
    done = on_cluster(recordings, "len(self._per_frame) == 3", 1)
    assert done.returncode == 1, done.stdout + done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("failed: ")]
    assert "2.npy: every worker that had it died" in line
    assert counts(done.stdout) == (4, 1)
    made, expected = content(recordings.parent / "out"), content(recordings.parent / "expected")
    assert made == {name: b for name, b in expected.items() if not name.startswith("2.")}


def command(
    recordings: Path, *arguments: str, before: str = ""
) -> subprocess.CompletedProcess[str]:
    start = "from ecgstream.tools.cli import main\nif __name__ == '__main__':\n    main()"
    script = f"import sys\n{before}\n{start}"
    (recordings.parent / "command.py").write_text(script)
    return subprocess.run(
        [sys.executable, str(recordings.parent / "command.py"), "denoise", str(recordings),
         "--fs", "360", "--out", str(recordings.parent / "out"), *arguments],
        cwd=ROOT, env={"PYTHONPATH": str(ROOT), "HOME": str(recordings.parent)},
        capture_output=True, text=True, timeout=MAX_WAIT_SECONDS,
    )  # fmt: skip


def test_a_cluster_of_this_machine_gives_the_same_bytes_and_lists_failures(
    recordings: Path,
) -> None:
    (recordings / "9.npy").write_bytes(b"nothing")
    done = command(recordings, "--dask", "local", "--jobs", "2")
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
    assert "9.npy: it is no NumPy array" in done.stdout
    assert "5 denoised, 0 done before, 1 failed" in done.stdout
    assert content(recordings.parent / "out") == content(recordings.parent / "expected")


def test_without_dask_one_sentence_says_what_to_install(recordings: Path) -> None:
    done = command(recordings, "--dask", "local", before="sys.modules['distributed'] = None")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "Error: --dask takes Dask: pip install 'ecgstream[cluster]'"
    )


def test_a_scheduler_that_is_not_there_is_one_sentence(recordings: Path) -> None:
    before = "import ecgstream.tools.batch.dask as cluster\ncluster._CONNECT_SECONDS = 0.3"
    done = command(recordings, "--dask", "tcp://127.0.0.1:9", before=before)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("Error: no Dask scheduler at tcp://127.0.0.1:9")
    assert "Traceback" not in done.stderr
