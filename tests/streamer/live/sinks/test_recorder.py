"""A recording is readable at any moment, aligned, and survives kill -9."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ecgstream import Block, Quality, StreamingDenoiser
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.io.records import read_record
from ecgstream.streamer.live.runner import Runner
from ecgstream.streamer.live.sinks.base import Step
from ecgstream.streamer.live.sinks.recorder import FLAGS_SUFFIX, Recorder
from ecgstream.streamer.live.sources.base import Piece
from helpers.fakes import FakeClock, Identity
from helpers.numbered_source import CHUNK, FS, Numbers, samples
from helpers.paths import ROOT

wfdb = pytest.importorskip("wfdb")


class Fails(Identity):
    """A network that gives up at its 20th call."""

    calls = 0

    def __call__(self, window: Floats, context: Floats) -> Floats:
        self.calls += 1
        if self.calls == 20:
            raise RuntimeError("tensor is gone")
        return super().__call__(window, context)


def record(path: Path, n: int, network: Identity | None = None, clean: bool = False) -> Recorder:
    recorder = Recorder(path, FS, ["I", "II"], clean)
    denoiser = StreamingDenoiser(network or Identity(), channels=2)
    runner = Runner(Numbers(n), denoiser, {"recorder": recorder}, FakeClock(), CHUNK, live=False)
    assert bool(runner.run().failures) == isinstance(network, Fails)
    return recorder


def step(start: int, x: Floats, out: int, y: Floats, quality: int = 0) -> Step:
    flags = np.full(y.shape, quality, np.uint8)
    return Step(Piece(start, x, x), Block(y, out, flags), 0, 0.0)


def test_raw_signal_denoised_signal_and_flags_are_recorded_aligned(tmp_path: Path) -> None:
    recorder = record(tmp_path / "deep" / "rec", 3600)
    written = read_record(str(tmp_path / "deep" / "rec"))
    assert written.leads == ("I input", "II input", "I denoised", "II denoised")
    np.testing.assert_array_equal(written.signals[:, :2], samples(0, 3600))
    np.testing.assert_allclose(written.signals[:, 2:], samples(0, 3600), atol=0.0011)
    flags = wfdb.rdrecord(str(tmp_path / "deep" / f"rec{FLAGS_SUFFIX}"))
    assert flags.sig_name == ["I", "II"] and flags.units == ["flags"] * 2
    expected = np.where(np.arange(3600) < 256, int(Quality.SETTLING), 0)
    np.testing.assert_array_equal(flags.p_signal[:, 0], expected)
    assert recorder.received == recorder.synced == 3600 and recorder.out_of_range == 0


def test_the_reference_is_recorded_on_request(tmp_path: Path) -> None:
    record(tmp_path / "rec", 720, clean=True)
    written = read_record(str(tmp_path / "rec"))
    assert written.leads[-2:] == ("I clean", "II clean")
    np.testing.assert_array_equal(written.signals[:, 4:], samples(0, 720))


def test_a_recording_is_readable_after_every_step(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "rec", FS, ["I", "II"])
    denoiser = StreamingDenoiser(Identity(), channels=2)
    denoised = 0
    for start in range(0, 1080, 90):
        x = samples(start, start + 90)
        block = denoiser.push(x)
        recorder.write(Step(Piece(start, x, x), block, 0, 0.0))
        denoised = block.start + len(block.signal)
        seen = read_record(str(tmp_path / "rec")).signals
        np.testing.assert_array_equal(seen[:, :2], samples(0, start + 90))
        np.testing.assert_allclose(seen[:denoised, 2:], samples(0, denoised), atol=0.0011)
        assert np.isnan(seen[denoised:, 2:]).all()
        assert recorder.received - recorder.synced < FS
    assert denoised > 900
    recorder.close()
    assert np.isnan(read_record(str(tmp_path / "rec")).signals[denoised:, 2:]).all()


def test_dropped_samples_are_missing_and_all_others_in_place(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "rec", FS, ["I", "II"])
    recorder.write(step(0, samples(0, 50), 0, samples(0, 10)))
    recorder.write(step(100, samples(100, 150), 60, samples(60, 110)))
    recorder.write(step(150, samples(0, 0), 110, samples(110, 150)))
    recorder.close()
    written = read_record(str(tmp_path / "rec")).signals
    expected = np.concatenate([samples(0, 150)] * 2, axis=1)
    expected[50:100, :2] = np.nan
    expected[10:60, 2:] = np.nan
    np.testing.assert_array_equal(written, expected)
    flags = wfdb.rdrecord(str(tmp_path / f"rec{FLAGS_SUFFIX}")).p_signal[:, 0]
    np.testing.assert_array_equal(np.isnan(flags), np.isnan(expected[:, 2]))


@pytest.mark.parametrize("offset", [0.0, 5.0, -300.0, 1650.0])
def test_electrode_offsets_are_recorded_to_the_microvolt(tmp_path: Path, offset: float) -> None:
    recorder = Recorder(tmp_path / "rec", FS, ["I"])
    x = (offset + np.array([[0.5], [-2.0], [0.001], [100.0]])).astype(np.float32)
    recorder.write(step(0, x, 0, x))
    recorder.close()
    written = wfdb.rdrecord(str(tmp_path / "rec")).p_signal
    np.testing.assert_allclose(written, np.concatenate([x, x], axis=1), atol=0.00051)
    assert recorder.out_of_range == 0


def test_what_no_electrode_measures_is_missing_and_counted(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "rec", FS, ["I"])
    x = np.array([[0.5], [np.nan], [8000.0], [-1e38], [9000.0], [np.inf]], np.float32)
    recorder.write(step(0, x, 0, x, int(Quality.SATURATED)))
    recorder.close()
    written = read_record(str(tmp_path / "rec"))
    expected = np.array([0.5, np.nan, 8000, np.nan, np.nan, np.nan], np.float32)
    np.testing.assert_array_equal(written.signals, np.stack([expected] * 2, axis=1))
    assert recorder.out_of_range == 4
    assert "4 samples beyond 8388.61 mV are missing" in written.comments


def test_headers_carry_the_checksums_that_wfdb_computes(tmp_path: Path) -> None:
    record(tmp_path / "rec", 1000)
    for name in ("rec", f"rec{FLAGS_SUFFIX}"):
        written = wfdb.rdrecord(str(tmp_path / name), physical=False)
        assert written.checksum == written.calc_checksum()
        assert written.init_value == written.d_signal[0].tolist()


def test_a_failing_model_leaves_all_raw_samples(tmp_path: Path) -> None:
    recorder = record(tmp_path / "rec", 3600, Fails())
    written = read_record(str(tmp_path / "rec")).signals
    n = recorder.received
    assert len(written) == n >= 20 * 32
    np.testing.assert_array_equal(written[:, :2], samples(0, n))
    denoised = int((~np.isnan(written[:, 2])).sum())
    assert 0 < denoised < n
    np.testing.assert_allclose(written[:denoised, 2:], samples(0, denoised), atol=0.0011)


def test_no_file_is_overwritten(tmp_path: Path) -> None:
    for taken in ("rec.hea", "rec.atr", f"rec{FLAGS_SUFFIX}.dat"):
        (tmp_path / taken).write_text("precious")
        with pytest.raises(ValueError, match=f"{taken} exists already"):
            Recorder(tmp_path / "rec", FS, ["I"])
        assert [p.name for p in tmp_path.iterdir()] == [taken]
        (tmp_path / taken).unlink()


def test_a_name_that_wfdb_does_not_allow_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="letters, digits, - and _ only"):
        Recorder(tmp_path / "my record.1", FS, ["I"])


_LIVE = """
import sys, threading
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from helpers.fakes import Identity
from helpers.numbered_source import CHUNK, FS, Numbers
from ecgstream import StreamingDenoiser
from ecgstream.streamer.live.clock import SystemClock
from ecgstream.streamer.live.sinks.recorder import Recorder
from ecgstream.streamer.live.runner import Runner
from ecgstream.streamer.live.sinks.callback import Callback

recorder = Recorder(Path(sys.argv[1]), FS, ["I", "II"])

def write(step):
    recorder.write(step)
    print(recorder.received, step.block.start + len(step.block.signal), flush=True)
    if recorder.received >= 20_000:
        threading.Event().wait()  # until the kill, however late that comes

denoiser = StreamingDenoiser(Identity(), channels=2)
sinks = {"recorder": Callback(write)}
Runner(Numbers(30_000), denoiser, sinks, SystemClock(), CHUNK, live=False).run()
"""


def test_kill_9_loses_at_most_a_second_of_what_was_acknowledged(tmp_path: Path) -> None:
    target = tmp_path / "live"
    command = [sys.executable, "-c", _LIVE, str(target), str(ROOT / "tests")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line.split()[0]) >= 4500:
                break
        process.kill()
        # The kill may have cut the last line in half.
        complete = [each for each in [line, *process.stdout] if each.endswith("\n")]
    received, denoised = map(int, complete[-1].split())
    assert process.returncode == -signal.SIGKILL
    written = read_record(str(target)).signals
    assert 4500 <= received <= len(written) + FS < 30_000
    np.testing.assert_array_equal(written[:, :2], samples(0, len(written)))
    there = ~np.isnan(written[:, 2])
    assert there.sum() >= denoised - FS
    expected = samples(0, len(written))[there]
    np.testing.assert_allclose(written[there, 2:], expected, atol=0.0011)
    flags = wfdb.rdrecord(str(target) + FLAGS_SUFFIX).p_signal
    assert len(flags) >= denoised - FS


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_replay_that_is_stopped_leaves_a_readable_record(tmp_path: Path, number: int) -> None:
    target = tmp_path / "part"
    command = [sys.executable, "-m", "ecgstream", "replay"]
    command += ["--noise", "em", "--write", str(target)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        while "record 208b" not in process.stderr.readline():
            assert process.poll() is None
        while not target.with_suffix(".dat").stat().st_size:
            assert process.poll() is None
        process.send_signal(number)
        rest = process.stderr.read()
    soft = number == signal.SIGTERM
    assert process.returncode == (0 if soft else -number), rest
    assert ("interrupted: what was received is kept" in rest) == soft
    written = read_record(str(target))
    assert written.leads == ("MLII input", "MLII denoised", "MLII clean")
    assert len(written.signals) >= 36 and np.isfinite(written.signals[:, 0]).all()
    if soft:
        assert np.isfinite(written.signals).all()
