"""`ecgstream monitor` as a user runs it where no window can be opened."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pyqtgraph.Qt import QT_LIB
from pyqtgraph.Qt.QtGui import QImage

from ecgstream.tools.cli import main
from helpers.paths import ROOT

_LAUNCH = "from ecgstream.tools.cli import main; main(prog_name='ecgstream')"


def start(
    folder: Path, *arguments: str, before: str = "", **variables: str
) -> subprocess.Popen[str]:
    """The monitor on a machine without a display, in `folder`."""
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "XDG_RUNTIME_DIR")
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    return subprocess.Popen(
        [sys.executable, "-c", f"{before}\n{_LAUNCH}", "monitor", *arguments],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT), **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def assert_pictured(path: Path) -> None:
    """A picture of the window's size with traces on paper."""
    image = QImage(str(path))
    assert (image.width(), image.height()) == (1280, 720)
    assert len({image.pixel(x, y) for x in range(0, 1280, 3) for y in range(0, 720, 3)}) > 50


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({}, "there is no display"),
        ({"QT_QPA_PLATFORM": "xcb"}, ""),  # no server, or a system library is missing
        ({"QT_QPA_PLATFORM": "offscreen"}, "QT_QPA_PLATFORM asks for offscreen"),
    ],
    ids=["nothing", "xcb", "offscreen"],
)
def test_without_a_display_a_screenshot_is_taken(
    tmp_path: Path, variables: dict[str, str], reason: str
) -> None:
    process = start(tmp_path, **variables)
    output, errors = process.communicate()
    assert process.returncode == 0, errors
    assert output.startswith(f"No window can be opened ({reason}")
    for row in (
        "208b, MLII",
        "em at 6 dB",
        "Heart rate, bpm ",
        "Delay, measured",
        "Step p99",
        "ΔSNR",
        " dB",
        "Good",
    ):
        assert row in output
    assert "wrote monitor.png after 20 s of signal; not a medical device" in output
    assert "QStandardPaths" not in errors
    assert_pictured(tmp_path / "monitor.png")


def test_snapshot_works_on_every_qt_platform(tmp_path: Path) -> None:
    arguments = ("--noise", "none", "--snapshot", "new/picture.png")
    process = start(tmp_path, *arguments, QT_QPA_PLATFORM="xcb")
    output, errors = process.communicate()
    assert process.returncode == 0, errors
    assert "No window" not in output
    (gain,) = [line for line in output.splitlines() if line.startswith("ΔSNR")]
    assert gain.endswith(" —")  # there is no noise to compare with
    assert_pictured(tmp_path / "new" / "picture.png")


def test_snapshot_into_a_folder_takes_every_screenshot(tmp_path: Path) -> None:
    process = start(tmp_path, "--snapshot", "pictures")
    output, errors = process.communicate()
    assert process.returncode == 0, errors
    names = ["paper", "dark", "gap", "caliper", "overlaid"]
    assert output.splitlines() == [f"wrote pictures/{name}.png" for name in names]
    for name in names:
        assert_pictured(tmp_path / "pictures" / f"{name}.png")


@pytest.mark.parametrize(
    ("arguments", "settings", "display", "given"),
    [
        ((), {"signal": None, "noise": "em", "speed": 1.0}, {"theme": "paper"}, set()),
        (
            ("--noise", "none", "--theme", "dark", "--strength", "0.5", "--st", "--delay", "40"),
            {"noise": None, "strength": 0.5, "st": True, "delay": 40},
            {"theme": "dark"},
            {"noise", "theme", "strength", "st", "delay"},
        ),
        (("--signal", "0", "--snr", "6"), {"signal": 0, "snr": 6.0}, {}, {"signal", "snr"}),
    ],
    ids=["nothing", "much", "defaults named"],
)
def test_options_reach_the_window_and_override_preferences(
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    settings: dict[str, object],
    display: dict[str, object],
    given: set[str],
) -> None:
    shown: list[Any] = []
    monkeypatch.setattr("ecgstream.gui.app.display_problem", lambda: None)
    monkeypatch.setattr("ecgstream.gui.app.show", lambda *args: shown.extend(args))
    result = CliRunner().invoke(main, ["monitor", *arguments])
    assert result.exit_code == 0, result.output
    assert settings.items() <= vars(shown[0]).items()
    assert display.items() <= vars(shown[1]).items()
    assert shown[4] == given


def test_missing_record_is_named(tmp_path: Path) -> None:
    process = start(tmp_path, "--record", "nowhere")
    _, errors = process.communicate()
    assert process.returncode == 1
    assert "Error: no record 'nowhere'" in errors
    assert "Traceback" not in errors
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("before", "advice"),
    [
        (
            "import sys; sys.modules['pyqtgraph'] = None",
            "a package that is not installed (pyqtgraph): run pip install 'ecgstream[monitor]', "
            "or in a clone .venv/bin/pip install -e '.[monitor]'",
        ),
        (
            "import sys\n"
            "class Finder:\n"
            "    def find_spec(self, name, *_):\n"
            f"        if name == '{QT_LIB}.QtGui':\n"
            "            raise ImportError('libGL.so.1: cannot open', name=name)\n"
            "sys.meta_path.insert(0, Finder())",
            "a system library is missing (libGL.so.1: cannot open): install it, or in a clone "
            "run make monitor",
        ),
    ],
    ids=["package", "system library"],
)
def test_missing_package_is_named_with_the_install_command(
    tmp_path: Path, before: str, advice: str
) -> None:
    process = start(tmp_path, before=before)
    _, errors = process.communicate()
    assert process.returncode == 1
    assert advice in errors
    assert "Traceback" not in errors


def test_closed_pipe_ends_the_command_quietly(tmp_path: Path) -> None:
    process = start(tmp_path)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    with process.stderr:
        assert process.stderr.read() == ""
    process.wait()


def test_bug_is_reported_in_one_sentence_and_in_full_on_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail() -> None:
        raise KeyError("strip 3")

    monkeypatch.setattr("ecgstream.gui.app.display_problem", fail)
    result = CliRunner().invoke(main, ["monitor"])
    assert result.exit_code == 1
    assert "this is a bug in ecgstream: KeyError: 'strip 3'; please report it" in result.output
    assert "ECGSTREAM_DEBUG=1" in result.output
    assert isinstance(result.exception, SystemExit)
    monkeypatch.setenv("ECGSTREAM_DEBUG", "1")
    assert isinstance(CliRunner().invoke(main, ["monitor"]).exception, KeyError)
