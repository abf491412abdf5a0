"""`replay --write` leaves a record that says what is in it, to an independent reader."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import ecgstream
from ecgstream.streamer.io.records import read_record
from ecgstream.tools.commands.replay import replay
from helpers.full_disk import Disk
from helpers.recordings import FS, ecg, write_wfdb

wfdb = pytest.importorskip("wfdb")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_wfdb(tmp_path, "src", ecg(20)).with_suffix("")


def run(source: Path, *options: Any, fails: bool = False) -> str:
    arguments = ["--record", str(source), "--speed", "max", *map(str, options)]
    result = CliRunner().invoke(replay, arguments)
    assert bool(result.exit_code) == fails, result.output
    return str(result.exception) if fails else " ".join(result.output.split())


def test_settings_and_annotations_are_recorded_at_their_samples(source: Path) -> None:
    out = source.with_name("out")
    said = run(source, "--start", 5, "--noise", "bw", "--snr", 3, "--st", "--write", out)
    assert "out.dat holds 15.00 s (5400 samples), all denoised" in said
    marks = wfdb.rdann(str(out), "atr")
    notes = [i for i, symbol in enumerate(marks.symbol) if symbol == '"']
    first, second = (marks.aux_note[i] for i in notes)
    assert first.startswith("source=src; sample=1800; leads=lead 0; model=standard.tflite")
    assert second == "noise=bw at 3 dB; delay=balanced; strength=1; st=on"
    assert [marks.sample[i] for i in notes] == [1, 1]  # readers drop notes on sample 0
    copied = [s for s, symbol in zip(marks.sample, marks.symbol, strict=True) if symbol == "N"]
    assert copied == [b - 1800 for b in range(20, 7200, 300) if b >= 1800]


def test_the_beats_of_the_denoised_signal_have_an_annotator_of_their_own(tmp_path: Path) -> None:
    run(Path("208b"), "--start", 10, "--duration", 30, "--write", tmp_path / "out")
    x = read_record("208b").signals[3600:14400]
    clean = ecgstream.denoise(x, delay="balanced")
    detector = ecgstream.BeatDetector(FS)
    beats = detector.push(clean.signal, clean.quality) + detector.flush()
    marks = wfdb.rdann(str(tmp_path / "out"), "qrs")
    assert marks.sample.tolist() == [beat.sample for beat in beats] and len(beats) > 40
    assert set(marks.symbol) == {"N"}


def test_the_base_time_moves_with_the_start(source: Path) -> None:
    out = source.with_name("out")
    run(source, "--start", 4.25, "--write", out)
    for name in ("out", "out_flags"):
        header = wfdb.rdheader(str(source.with_name(name)))
        assert header.base_time == time(12, 35, 1, 39000)
        assert header.base_date == date(1999, 2, 3)


@pytest.mark.parametrize("asked", [False, True])
def test_age_sex_and_drugs_are_recorded_only_when_asked(source: Path, asked: bool) -> None:
    out = source.with_name("out")
    run(source, "--write", out, *["--with-patient"] * asked)
    comments = wfdb.rdheader(str(out)).comments
    assert ("69 M 1085" in comments) == ("Aldomet" in comments) == asked
    assert comments[-1] == "Replay of src from sample 0, denoised by ecgstream"


def test_a_full_disk_ends_the_command_with_what_was_kept(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = source.with_name("out")
    Disk(monkeypatch, 20_000)
    said = run(source, "--write", out, fails=True)
    kept = wfdb.rdrecord(str(out)).p_signal
    assert np.isfinite(kept).all() and len(kept)
    assert f"out.dat holds {len(kept) / FS:.2f} s ({len(kept)} samples), all denoised" in said
    assert "wrote" not in said


@pytest.mark.parametrize("offset", [5.0, 300.0, 1650.0])
def test_electrode_offsets_are_not_cut(tmp_path: Path, offset: float) -> None:
    x = ecg(10) + np.float32(offset)
    fields: dict[str, Any] = {"fmt": ["32"] * 2, "adc_gain": [1000.0] * 2, "baseline": [0] * 2}
    source = write_wfdb(tmp_path, "src", x, **fields).with_suffix("")
    run(source, "--write", tmp_path / "out")
    written = wfdb.rdrecord(str(tmp_path / "out")).p_signal
    np.testing.assert_allclose(written[:, 0], x[:, 0], atol=0.0011)
    assert np.ptp(written[360:-360, 1]) > 0.5
