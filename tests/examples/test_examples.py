"""Every example runs as it stands and prints what it promises."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ecgstream.io import read_record
from helpers.paths import ROOT

_EXAMPLES = ROOT / "examples"
_PRINTED = {
    "own_source.py": "7100 samples received, 7200 denoised, 0 dropped before the engine",
    "quickstart.py": "aligned with the input",
    "stream.py": "7200 samples in, 7200 out",
}


def run(name: str, *arguments: str) -> str:
    command = [sys.executable, "-W", "error", str(_EXAMPLES / name), *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_example_is_tested() -> None:
    assert {path.name for path in _EXAMPLES.glob("*.py")} == set(_PRINTED)


@pytest.mark.parametrize("name", _PRINTED)
def test_an_example_runs_as_it_stands(name: str, tmp_path: Path) -> None:
    assert _PRINTED[name] in run(name, str(tmp_path))


def test_a_source_of_ones_own_is_recorded_with_its_gap(tmp_path: Path) -> None:
    pytest.importorskip("wfdb")
    assert "100 samples are marked as a gap" in run("own_source.py", str(tmp_path))
    assert len(read_record(str(tmp_path / "device")).signals) == 7200
