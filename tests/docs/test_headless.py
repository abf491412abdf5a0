"""The recorder of docs/raspberry-pi.md writes lines of text to disk, raw and denoised."""

from __future__ import annotations

import configparser
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ecgstream import StreamingDenoiser
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.io.records import read_record
from helpers.paths import ROOT

_DOCS = ROOT / "docs"
_UNIT = _DOCS / "ecg-recorder.service"


def recorded(folder: Path) -> tuple[Floats, Floats]:
    """Input and denoised signal of the one record in a folder, mV."""
    (header,) = [path for path in folder.glob("*.hea") if "_flags" not in path.name]
    record = read_record(str(header.with_suffix("")))
    return np.asarray(record.signal(0)), np.asarray(record.signal(1))


def lines(signal: Floats) -> bytes:
    return b"".join(f"{sample * 1000:.0f}\n".encode() for sample in signal)


def start(folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(_DOCS / "recorder.py"), "--gain", "1000", str(folder)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)


def test_every_line_is_recorded_and_denoised_and_a_lost_one_is_a_gap(tmp_path: Path) -> None:
    ecg = read_record("208b").signal(0)[:3600]
    text = lines(ecg[:1000]) + b"lost\n" * 50 + lines(ecg[1050:])
    said, _ = start(tmp_path).communicate(text)
    assert b"3600 samples received, 3600 denoised" in said
    given, denoised = recorded(tmp_path)
    there = np.r_[0:1000, 1050:3600]
    np.testing.assert_allclose(given[there], ecg[there], atol=6e-4)
    assert np.isnan(given[1000:1050]).all()
    held = np.round(ecg, 3).astype(np.float32)
    held[1000:1050] = np.nan
    denoiser = StreamingDenoiser()
    wanted = np.concatenate([denoiser.push(held).signal, denoiser.flush().signal])[:, 0]
    np.testing.assert_allclose(denoised, wanted, atol=6e-4)


def test_sigterm_completes_the_record(tmp_path: Path) -> None:
    with start(tmp_path) as process:
        assert process.stdin is not None and process.stdout is not None
        # Less than a pipe takes whole.
        process.stdin.write(lines(read_record("208b").signal(0)[:600]))
        process.stdin.flush()
        while not any(path.stat().st_size for path in tmp_path.glob("*.dat")):
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        said = process.stdout.read()
    assert process.returncode == 0
    assert b"600 samples received, 600 denoised" in said
    given, denoised = recorded(tmp_path)
    assert len(given) == len(denoised) == 600


def test_the_systemd_unit_passes_options_that_the_recorder_has() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(_UNIT)
    words = unit["Service"]["ExecStart"].split()
    assert words[1] == f"/opt/ecgstream/{(_DOCS / 'recorder.py').name}"
    help_text = subprocess.run(
        [sys.executable, _DOCS / "recorder.py", "--help"], capture_output=True, text=True
    ).stdout
    options = [word for word in words if word.startswith("--")]
    assert options and all(option in help_text for option in options)
    named = {word.split("=")[0] for word in unit["Service"]["Environment"].split()}
    assert named == {word[2:-1] for word in words if word.startswith("${")} | {"BAUD"}


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze here")
    # The program is not installed here; all else must be in order.
    text = _UNIT.read_text().replace("/opt/ecgstream/bin/python", sys.executable)
    (tmp_path / _UNIT.name).write_text(text)
    command = ["systemd-analyze", "verify", "--man=no", str(tmp_path / _UNIT.name)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert _UNIT.name not in done.stderr, done.stderr
