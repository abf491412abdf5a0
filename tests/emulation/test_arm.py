"""The comparison with emulated ARM, and its errors where it cannot run."""

from __future__ import annotations

import platform
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from emulation import probe
from emulation.__main__ import CACHE, compare
from emulation.__main__ import arm as arm_command
from emulation.emulation import ARM, Emulation

_KEPT = Path(CACHE).expanduser()
"""Cache of the user, as tests run with another home."""


def arm(*arguments: str | Path) -> Result:
    return CliRunner().invoke(arm_command, list(map(str, arguments)))


def outputs(**changes: Any) -> dict[str, Any]:
    """Outputs of a machine."""
    n = np.arange(100)
    results: dict[str, Any] = {
        name: (n / 50).astype(np.float32) for name in (probe.REST, *probe.ENGINES)
    }
    return {**results, probe.NETWORK: n.astype(np.int8), **changes}


@pytest.fixture
def x86(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")


def program(folder: Path, name: str, script: str) -> None:
    """Write a program to find in place of the system's."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_the_engine_on_arm_does_what_it_does_on_x86(remark: Callable[[str], None]) -> None:
    if not Emulation(_KEPT, print).ready():
        pytest.skip("no ARM Python and emulator here: make arm fetches them once")
    result = arm("--seconds", "10", "--cache", _KEPT)
    assert result.exit_code == 0, result.output
    assert "aarch64 (emulated) beside x86_64" in result.output
    assert "the times say nothing" in " ".join(result.output.split())
    for name in (probe.NETWORK, probe.REST, *probe.ENGINES):
        (row,) = [line for line in result.output.splitlines() if name in line]
        remark(f"aarch64 beside x86: {' '.join(re.split(r'[│ ]+', row))}")


def test_equal_outputs_are_called_identical() -> None:
    found = compare(outputs(), outputs())
    assert found.keys() == {probe.NETWORK, probe.REST, *probe.ENGINES}
    assert all(d.different == d.rms == d.largest == 0 for d in found.values())


def test_the_network_is_compared_in_int8_steps_without_wrapping_around() -> None:
    steps = np.full(100, 127, np.int8), np.full(100, -128, np.int8)
    found = compare(outputs(**{probe.NETWORK: steps[0]}), outputs(**{probe.NETWORK: steps[1]}))
    assert found[probe.NETWORK].largest == 255 and found[probe.NETWORK].different == 1


def test_one_sample_that_differs_is_found() -> None:
    name = next(iter(probe.ENGINES))
    changed = outputs()[name].copy()
    changed[7] += np.float32(0.5)
    found = compare(outputs(), outputs(**{name: changed}))[name]
    assert found.different == 0.01 and found.largest == pytest.approx(0.5)
    assert found.rms == pytest.approx(0.05)


def test_an_output_of_another_length_is_an_error() -> None:
    name = next(iter(probe.ENGINES))
    with pytest.raises(RuntimeError, match="100 samples on one machine and 99 on the other"):
        compare(outputs(), outputs(**{name: outputs()[name][1:]}))


def test_on_an_arm_device_the_benchmark_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    result = arm()
    assert result.exit_code == 1
    assert "this machine is aarch64" in result.output and "ecgstream bench" in result.output


@pytest.mark.usefixtures("x86")
def test_a_system_without_apt_is_told_what_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = arm("--cache", tmp_path / "cache", "--seconds", "10")
    assert result.exit_code == 1
    assert "there is no apt-get here: this takes Debian 12" in result.output


@pytest.mark.usefixtures("x86")
def test_a_failed_download_is_reported_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "bin", "apt-get", "echo 'E: no network' >&2; exit 100")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    result = arm("--cache", tmp_path / "cache", "--seconds", "10")
    assert result.exit_code == 1
    assert "apt-get failed (E: no network)" in result.output
    assert not list((tmp_path / "cache").iterdir())
    assert not Emulation(tmp_path / "cache", print).ready()


@pytest.mark.usefixtures("x86")
def test_the_cache_is_not_downloaded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "bin", "qemu-aarch64-static", "")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    said: list[str] = []
    emulation = Emulation(tmp_path / "cache", said.append)
    with pytest.raises(RuntimeError, match="no apt-get"):
        emulation.command(ARM, tmp_path)
    assert len(said) == 1
    (folder,) = re.findall(r" to (.*)", said[0])
    Path(folder).mkdir(parents=True)
    command, environment = emulation.command(ARM, tmp_path)
    assert len(said) == 1
    assert command[0] == str(tmp_path / "bin" / "qemu-aarch64-static")
    assert str(tmp_path) in environment["PYTHONPATH"].split(":")
