"""The wheel carries everything that the program needs once installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from helpers.paths import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    pytest.importorskip("hatchling", reason="the wheel is built with hatchling: extra dev")
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    subprocess.run([*command, "--directory", folder], cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("ecgstream-*-py3-none-any.whl")
    return ZipFile(path)


def test_wheel_has_the_files_that_are_no_code_unchanged(wheel: ZipFile) -> None:
    data = [
        path
        for folder in ("streamer/assets", "model/presets", "model/tflm/device")
        for path in (ROOT / folder).iterdir()
    ]
    names = {path.name for path in data}
    assert names >= {"cdae_bam.tflite", "ATTRIBUTION.md", "shipped.toml"}
    assert names >= {
        f"{record}.{part}" for record in ("208b", "nstdb90") for part in ("hea", "dat")
    }
    for path in (*data, ROOT / "model" / "CARD.md", ROOT / "streamer" / "py.typed"):
        assert wheel.read(path.relative_to(ROOT).as_posix()) == path.read_bytes()


def test_wheel_has_every_package_and_nothing_else(wheel: ZipFile) -> None:
    names = set(wheel.namelist())
    packages = ("streamer", "model", "gui", "tools")
    modules = {
        path.relative_to(ROOT).as_posix()
        for package in packages
        for path in (ROOT / package).rglob("*.py")
    }
    assert modules <= names
    assert {name.partition("/")[0] for name in names} - set(packages) == {
        name.partition("/")[0] for name in names if ".dist-info/" in name
    }


def test_wheel_installs_the_command_and_the_licences(wheel: ZipFile) -> None:
    info = next(name for name in wheel.namelist() if name.endswith("/entry_points.txt"))
    assert "ecgstream = ecgstream.tools.cli:main" in wheel.read(info).decode()
    licences = {name for name in wheel.namelist() if "/licenses/" in name}
    assert {Path(name).name for name in licences} == {"LICENSE", "ATTRIBUTION.md"}
