"""What the program takes of a small device: disk, memory, and no package it has no use for."""

from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from ecgstream.tools.bench.subprocesses import denoising_memory
from ecgstream.tools.cli import main
from ecgstream.tools.system.footprint import installed_sizes

_MAX_MEMORY = 100.0
"""MB."""
_HEAVY = "wfdb pandas matplotlib PyQt5 pyqtgraph tensorflow keras sklearn neurokit2 tflite_micro"


def test_info_tells_disk_space_and_memory() -> None:
    result = CliRunner().invoke(main, ["info"])
    assert result.exit_code == 0, result.output
    assert re.search(r"installed size +\d+ MB in \d+ packages: \w+", result.output)
    assert re.search(r"peak memory +\d+ MB", result.output)


def test_installed_are_the_packages_that_the_base_requires_and_those_they_require() -> None:
    sizes = installed_sizes()
    assert {"ecgstream", "numpy", "click", "rich", "pygments"} <= sizes.keys()
    assert not {"wfdb", "pandas", "tensorflow", "pyqt5", "pytest"} & sizes.keys()
    assert 10e6 < sizes["numpy"] < 500e6
    assert all(size > 0 for size in sizes.values())


def test_a_package_that_is_not_installed_takes_nothing() -> None:
    assert installed_sizes("no-such-package") == {}


def test_memory_is_that_of_the_engine_and_not_of_the_caller() -> None:
    held = np.ones(40_000_000)  # 320 MB
    assert 10 < denoising_memory() < _MAX_MEMORY < held.nbytes / 1e6


@pytest.mark.parametrize(
    "arguments",
    [
        "replay --noise em --snr 0 --duration 10 --speed max",
        "replay --duration 10 --speed max --st --delay low",
        "records list",
    ],
)
def test_a_replay_loads_no_package_of_the_extras(arguments: str) -> None:
    """For bench and info see `test_cli`."""
    script = (
        "import sys\nfrom ecgstream.tools.cli import main\n"
        f"main({arguments.split()!r}, standalone_mode=False)\n"
        f"heavy = set({_HEAVY.split()!r}) & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
