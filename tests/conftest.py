"""What several tests share."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PYTEST_QT_API", "pyqt5")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.io.records import DATA_VARIABLE, find_record
from helpers.error_model import error_model
from helpers.fakes import FakeClock
from helpers.physionet_server import no_proxy, server  # noqa: F401 - fixtures for all tests

# A busy machine is slow, and not broken.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

_NEEDED = ("mitdb/100", "mitdb/114", "nstdb/bw", "nstdb/em", "nstdb/ma")


_REMARKS: list[str] = []


@pytest.fixture
def remark() -> Callable[[str], None]:
    """Takes a measured figure that people should see although the test passed."""
    return _REMARKS.append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in _REMARKS:
        terminalreporter.write_line(line)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def ecg() -> Floats:
    """Ten seconds of an ECG-like signal, mV: (3600,)."""
    t = np.arange(3600) / 360
    beats = np.exp(-(((t % 0.8) - 0.4) ** 2) / 0.0004)
    return (beats + 0.3 * np.sin(2 * np.pi * 0.2 * t)).astype(np.float32)


@pytest.fixture(scope="session")
def error_model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small int8 model that answers its error, too."""
    for package in ("keras", "tensorflow"):
        pytest.importorskip(package, reason="makes a model: pip install 'ecgstream[train]'")
    path = tmp_path_factory.mktemp("error") / "error.tflite"
    path.write_bytes(error_model())
    return path


@pytest.fixture(scope="session")
def databases() -> Path:
    """Folder of MIT-BIH and NSTDB; tests that take whole databases skip where there are none."""
    folder = _GIVEN_DATA
    if folder is None or any(find_record(name, folder) is None for name in _NEEDED):
        pytest.skip(f"takes MIT-BIH and NSTDB: point {DATA_VARIABLE} to a folder that has them")
    return Path(folder)


@pytest.fixture(scope="session")
def motion() -> Path:
    """Folder of the recordings of a wearable with motion noise, which are nowhere to download."""
    folder = None if _GIVEN_DATA is None else Path(_GIVEN_DATA, "dpmotion")
    if folder is None or not folder.is_dir():
        pytest.skip(f"takes dpmotion: point {DATA_VARIABLE} to a folder that has it")
    return folder


_GIVEN_DATA = os.environ.pop(DATA_VARIABLE, None)
"""Only tests that ask for `databases` see the user's data; all others run as on a new machine."""


@pytest.fixture(autouse=True)
def new_machine(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No data folder named and nothing downloaded."""
    monkeypatch.setenv("HOME", str(tmp_path_factory.getbasetemp()))
