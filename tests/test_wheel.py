"""The wheel carries all that the program needs, under the one name `ecgstream`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from helpers.paths import ROOT

_FOLDERS = ("streamer", "model", "gui", "tools")


def _build(source: Path, target: str, out: Path) -> Path:
    pytest.importorskip("hatchling", reason="the wheel is built with hatchling: extra dev")
    command = [sys.executable, "-m", "hatchling", "build", "--target", target]
    subprocess.run([*command, "--directory", out], cwd=source, check=True, capture_output=True)
    (built,) = out.glob("ecgstream-*")
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    return ZipFile(_build(ROOT, "wheel", tmp_path_factory.mktemp("wheel")))


def _in_wheel(path: Path) -> str:
    return f"ecgstream/{path.relative_to(ROOT).as_posix()}"


def test_wheel_installs_nothing_but_ecgstream(wheel: ZipFile) -> None:
    top = {name.partition("/")[0] for name in wheel.namelist()}
    (info,) = (name for name in top if name.endswith(".dist-info"))
    assert top == {"ecgstream", info}


def test_wheel_has_every_module(wheel: ZipFile) -> None:
    modules = {_in_wheel(path) for folder in _FOLDERS for path in (ROOT / folder).rglob("*.py")}
    package = (ROOT / "src" / "ecgstream").glob("*.py")
    assert modules | {f"ecgstream/{path.name}" for path in package} <= set(wheel.namelist())


def test_wheel_has_the_files_that_are_no_code_unchanged(wheel: ZipFile) -> None:
    data = [
        path
        for folder in ("streamer/assets", "model/presets", "model/export/tflm/device")
        for path in (ROOT / folder).iterdir()
    ]
    names = {path.name for path in data}
    assert names >= {"standard.tflite", "ATTRIBUTION.md", "shipped.toml"}
    assert names >= {
        f"{record}.{part}" for record in ("208b", "nstdb90") for part in ("hea", "dat")
    }
    for path in (*data, ROOT / "model" / "CARD.md", ROOT / "model" / "original.tflite"):
        assert wheel.read(_in_wheel(path)) == path.read_bytes()
    assert "ecgstream/py.typed" in wheel.namelist()


def test_wheel_has_no_developer_program(wheel: ZipFile) -> None:
    assert not [name for name in wheel.namelist() if "fuzz" in name or "emulation" in name]
    assert "ecgstream/tools/setup.sh" not in wheel.namelist()


def test_wheel_installs_the_command_and_the_licences(wheel: ZipFile) -> None:
    info = next(name for name in wheel.namelist() if name.endswith("/entry_points.txt"))
    assert "ecgstream = ecgstream.tools.cli:main" in wheel.read(info).decode()
    licences = {name for name in wheel.namelist() if "/licenses/" in name}
    assert {Path(name).name for name in licences} == {"LICENSE", "ATTRIBUTION.md"}


def test_source_distribution_builds_the_same_wheel(wheel: ZipFile, tmp_path: Path) -> None:
    archive = _build(ROOT, "sdist", tmp_path / "sdist")
    subprocess.run(["tar", "-xzf", archive, "-C", tmp_path], check=True)
    (source,) = (path for path in tmp_path.iterdir() if path.name.startswith("ecgstream-"))
    again = ZipFile(_build(source, "wheel", tmp_path / "wheel"))
    assert sorted(again.namelist()) == sorted(wheel.namelist())


def test_packages_of_the_same_names_in_the_users_folder_are_no_obstacle(
    wheel: ZipFile, tmp_path: Path
) -> None:
    installed, work = tmp_path / "site", tmp_path / "work"
    wheel.extractall(installed)
    for folder in _FOLDERS:
        (work / folder).mkdir(parents=True)
        (work / folder / "__init__.py").write_text("raise ImportError('that of the user')\n")
    code = (
        f"import sys; sys.path.insert(1, {str(installed)!r})\n"
        "import numpy, ecgstream\n"
        "print(ecgstream.denoise(numpy.zeros(3600)).signal.shape, ecgstream.__file__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=work, capture_output=True, text=True, check=True
    )
    assert done.stdout.split(" /")[0] == "(3600,)" and str(installed) in done.stdout
