"""What the monitor remembers, and what it makes of a settings file that is damaged."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st
from pyqtgraph.Qt import QtCore

from ecgstream.gui.settings.display_settings import DisplaySettings
from ecgstream.gui.settings.monitor_settings import MonitorSettings
from ecgstream.gui.settings.preferences import Preferences

OTHERS = MonitorSettings(speed=2.0, noise=None, snr=-3.5, delay="low", strength=0.4, st=True)
DISPLAY = DisplaySettings(50.0, 20.0, True, False, frozenset({"raw"}), theme="dark", flags=False)
GEOMETRY = QtCore.QByteArray(b"\x01\xd9\xd0\xcb")


def keep(path: Path, folder: Path) -> None:
    Preferences(path).keep(replace(OTHERS, data=folder), DISPLAY, GEOMETRY, folder / "recordings")


def test_everything_is_as_it_was_left(tmp_path: Path) -> None:
    keep(tmp_path / "s.ini", tmp_path)
    preferences = Preferences(tmp_path / "s.ini")
    settings, display = preferences.recall(MonitorSettings(record="x"), DisplaySettings())
    assert settings == replace(OTHERS, record="x", data=tmp_path)
    assert display == DISPLAY
    assert preferences.geometry() == GEOMETRY
    assert preferences.recordings() == tmp_path / "recordings"


def test_what_was_given_this_time_counts_more(tmp_path: Path) -> None:
    keep(tmp_path / "s.ini", tmp_path)
    wanted = MonitorSettings(noise="ma", speed=5.0)
    found = Preferences(tmp_path / "s.ini").recall(wanted, DisplaySettings(), {"noise", "theme"})
    assert (found[0].noise, found[0].speed, found[1].theme) == ("ma", 2.0, "paper")


def test_first_time_nothing_is_remembered(tmp_path: Path) -> None:
    preferences = Preferences(tmp_path / "s.ini")
    assert preferences.recall(OTHERS, DISPLAY) == (OTHERS, DISPLAY)
    assert preferences.geometry().isEmpty()
    assert preferences.recordings().name == "ecgstream"


def test_data_folder_that_is_gone_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    keep(tmp_path / "s.ini", tmp_path / "data")
    (tmp_path / "data").rmdir()
    assert (
        Preferences(tmp_path / "s.ini").recall(MonitorSettings(), DisplaySettings())[0].data is None
    )


IMPOSSIBLE = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=3,
)


@given(st.data())
@how(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_value_is_the_window_gets_one_that_it_can_use(
    tmp_path: Path, data: st.DataObject
) -> None:
    path = tmp_path / "s.ini"
    file = QtCore.QSettings(str(path), QtCore.QSettings.Format.IniFormat)
    for group, names in (("settings", asdict(OTHERS)), ("display", asdict(DISPLAY))):
        for name in names:
            file.setValue(f"{group}/{name}", json.dumps(data.draw(IMPOSSIBLE)))
    for name in ("geometry", "recordings"):
        file.setValue(f"window/{name}", json.dumps(data.draw(IMPOSSIBLE)))
    file.sync()
    preferences = Preferences(path)
    settings, display = preferences.recall(MonitorSettings(), DisplaySettings())
    assert 0.5 <= settings.speed <= 10
    assert settings.noise is None or isinstance(settings.noise, str)
    assert -30 <= settings.snr <= 60
    assert 0 <= settings.strength <= 1
    assert settings.delay in ("low", "balanced", "best")
    assert settings.st in (False, True)
    assert display.gain in (2.5, 5, 10, 20)
    assert isinstance(display.kinds, frozenset)
    assert display.theme in ("paper", "dark")
    assert isinstance(preferences.geometry(), QtCore.QByteArray)
    assert isinstance(preferences.recordings(), Path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff\xfe" * 50,
        b"[settings",
        b"[settings]\nspeed=@Variant(\\0\\0\\0\\x7f)\nsnr=@ByteArray(\x01)\ndelay=[[[[\n",
        b"[settings]\nspeed=1, 2, 3\nnoise=@Invalid()\n[display]\nkinds={\n[window]\ngeometry=7\n",
    ],
)
def test_damaged_file_counts_as_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "s.ini"
    path.write_bytes(content)
    preferences = Preferences(path)
    assert preferences.recall(MonitorSettings(), DisplaySettings()) == (
        MonitorSettings(),
        DisplaySettings(),
    )
    assert preferences.geometry().isEmpty()
    keep(path, tmp_path)
    assert Preferences(path).recall(MonitorSettings(), DisplaySettings())[1] == DISPLAY
