"""Replay of the monitor: settings change while it runs, no sample is lost, failures are shown."""

from __future__ import annotations

import errno
import threading
from pathlib import Path

import numpy as np
import pytest

from ecgstream.gui.playback.session import HISTORY_SECONDS
from ecgstream.gui.playback.snapshot import Excerpt, Mark, State
from ecgstream.gui.playback.worker import Worker
from ecgstream.gui.settings.monitor_settings import MonitorSettings, Noise
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.io.records import Record, RecordError, read_record
from ecgstream.streamer.live.sinks.base import Step
from ecgstream.streamer.live.sinks.recorder import FLAGS_SUFFIX, Recorder
from ecgstream.streamer.quality import Quality
from helpers.fakes import FakeClock, Identity
from helpers.patience import MAX_WAIT_SECONDS
from helpers.worker_harness import FS, numbered, running

PIECE = FS // 60


def assert_aligned(shown: Excerpt) -> None:
    """Check that every sample present stands at its own number, in both leads."""
    segment = shown.segment
    number = shown.first + segment.start + np.arange(len(segment.input))
    for signal in (segment.input, segment.output):
        there = ~np.isnan(signal)
        expected = np.stack([number, -number], axis=1)
        np.testing.assert_allclose(signal[there] * 1000, expected[there], atol=0.3)
    out = shown.denoised - segment.start
    assert np.isnan(segment.output[out:]).all() and not segment.quality[out:].any()
    gap = (segment.quality[:out] & Quality.GAP) != 0
    np.testing.assert_array_equal(np.isnan(segment.output[:out]), gap)


def test_all_signals_are_replayed_and_denoised_under_their_numbers() -> None:
    with running(numbered()) as bench:
        shown = bench.play(5)
        assert (shown.record, shown.leads, shown.fs) == ("numbered", ("I", "II"), FS)
        assert (shown.first, shown.length, shown.received) == (0, 60 * FS, 5 * FS)
        assert shown.segment.input.shape == (5 * FS, 2)
        assert shown.denoised >= shown.received - 122 - PIECE
        assert_aligned(shown)
        assert shown.figures.dropped == 0


def test_a_single_signal_can_be_replayed() -> None:
    with running(numbered(), signal=1) as bench:
        shown = bench.play(1)
        assert shown.leads == ("II",)
        np.testing.assert_allclose(shown.segment.input[:, 0] * -1000, np.arange(FS), atol=0.01)


@pytest.mark.parametrize("fs", [100.0, 250.0, 1000.0])
def test_records_of_other_rates_are_replayed_in_real_time(fs: float) -> None:
    with running(numbered(20, fs=fs)) as bench:
        bench.gate.allow(10)
        count = 10 * fs
        bench.until(lambda snapshot: snapshot.shown and snapshot.shown.received > count - fs / 50)
        shown = bench.shown
        assert shown.received <= count and shown.fs == fs
        assert shown.figures.dropped == 0


def test_pause_and_run_lose_no_sample() -> None:
    with running(numbered()) as bench:
        bench.play(2)
        bench.worker.set_running(False)
        bench.gate.allow(1 / 60)  # the piece under way
        bench.until(lambda snapshot: snapshot.state is State.PAUSED)
        count = bench.shown.received
        bench.gate.allow(3)
        assert bench.shown.received == count
        bench.worker.set_running(True)
        shown = bench.play()
        assert shown.received == count + 3 * FS
        assert bench.snapshot.state is State.PLAYING
        assert_aligned(shown)
        assert shown.figures.dropped == 0


def test_a_step_plays_its_seconds_and_stays_paused() -> None:
    with running(numbered()) as bench:
        bench.worker.set_running(False)
        bench.until(lambda snapshot: snapshot.state is State.PAUSED)
        for count in (0.5, 1, 6):  # more than a queue holds
            bench.worker.step(0.5 if count < 6 else 5)
            shown = bench.received(round(count * FS))
            assert bench.snapshot.state is State.PAUSED
        assert_aligned(shown)
        assert shown.figures.dropped == 0
        bench.worker.set_running(True)
        assert_aligned(bench.play(2))


def test_running_during_a_step_completes_the_step_and_keeps_pace() -> None:
    with running(numbered()) as bench:
        bench.worker.set_running(False)
        bench.until(lambda snapshot: snapshot.state is State.PAUSED)
        bench.gate.allow(2)
        bench.worker.step(5)
        bench.worker.set_running(True)
        assert bench.play().received == 7 * FS
        assert bench.play(1).received == 8 * FS


@pytest.mark.parametrize("speed", [0.5, 10.0])
def test_speed_changes_while_it_runs(speed: float) -> None:
    with running(numbered()) as bench:
        bench.play(1)
        bench.worker.set_speed(speed)
        shown = bench.play(2)
        under_way = 1 / 60
        assert shown.received == round(FS * (1 + under_way + (2 - under_way) * speed))
        assert bench.snapshot.speed == speed
        assert_aligned(shown)


def test_speed_must_be_positive() -> None:
    with running(numbered()) as bench, pytest.raises(ValueError, match="greater than 0"):
        bench.worker.set_speed(0)


def test_a_jump_counts_samples_from_0_at_that_second() -> None:
    with running(numbered()) as bench:
        run_number = bench.play(2).run_number
        bench.jump(30)
        shown = bench.play(2)
        assert shown.first == 30 * FS and shown.length == 60 * FS
        assert shown.segment.start == 0
        assert_aligned(shown)
        assert shown.run_number == run_number + 1


@pytest.mark.parametrize(("second", "last"), [(30, 30 * FS), (60, 60 * FS - 1), (3, 3 * FS)])
def test_a_jump_while_paused_shows_the_seconds_before_the_place(second: float, last: int) -> None:
    with running(numbered()) as bench:
        bench.play(1)
        bench.worker.set_running(False)
        bench.gate.allow(1 / 60)
        bench.until(lambda snapshot: snapshot.state is State.PAUSED)
        bench.worker.jump(second, before=10)
        bench.until(lambda snapshot: snapshot.shown and snapshot.shown.run_number == 2)
        bench.until(
            lambda snapshot: (
                snapshot.shown and snapshot.shown.first + snapshot.shown.received == last
            )
        )
        shown = bench.shown
        assert shown.received == pytest.approx(min(10 * FS, last), abs=1)
        assert bench.snapshot.state is State.PAUSED and not shown.again
        assert_aligned(shown)


def test_a_jump_while_running_plays_the_seconds_before_the_place_at_once() -> None:
    with running(numbered()) as bench:
        bench.play(1)
        bench.worker.jump(30, before=10)
        bench.gate.allow(1 / 60)  # the piece under way
        bench.until(lambda snapshot: snapshot.shown and snapshot.shown.received >= 10 * FS)
        shown = bench.play(2)
        assert shown.first == 20 * FS
        assert shown.received == pytest.approx(12 * FS, abs=PIECE)
        assert_aligned(shown)
        assert shown.figures.dropped == 0


def test_an_earlier_run_can_be_looked_back_at() -> None:
    with running(numbered(5)) as bench:
        old = bench.play(4)
        excerpt_source = bench.snapshot.excerpt_source
        bench.gate.allow(3)
        bench.until(
            lambda snapshot: (
                snapshot.shown and snapshot.shown.run_number == 2 and snapshot.shown.received
            )
        )
        assert bench.shown.again
        shown = bench.worker.snapshot(2, 3 * FS, excerpt_source).shown
        assert shown is not None and not shown.again
        assert (shown.run_number, shown.received, shown.first) == (old.run_number, 5 * FS, 0)
        assert (shown.segment.start, len(shown.segment.input)) == (FS, 2 * FS)
        assert shown.beats == (Mark(720, "V"),)
        assert_aligned(shown)
        bench.worker.choose("numbered")
        bench.gate.allow(1 / 30)
        bench.until(lambda snapshot: snapshot.shown and snapshot.shown.run_number == 3)
        shown = bench.worker.snapshot(2, 3 * FS, excerpt_source).shown
        assert shown is not None and shown.run_number == 3  # another record: the newest


def test_every_segment_carries_the_settings_applied_to_it() -> None:
    with running(numbered()) as bench:
        bench.play(2)
        bench.worker.set_noise(Noise("white", 0.0))
        bench.play(2)
        bench.worker.set_delay("low")
        shown = bench.play(2)
        states = [(x.noise, x.delay) for x in shown.applied_settings]
        white = Noise("white", 0.0)
        assert [kind for (kind, _), _ in states] == [None, "white", "white"]
        assert [delay for _, delay in states] == ["balanced", "balanced", "low"]
        samples = [x.sample for x in shown.applied_settings]
        assert samples == pytest.approx([0, 2 * FS, 4 * FS], abs=2 * PIECE)
        noisy = np.flatnonzero(~np.isnan(shown.segment.clean[:, 0]))
        assert noisy[0] == samples[1]
        for end, noise, delay, count in (
            (1.5, Noise(None, 6.0), "balanced", 1),
            (3, white, "balanced", 2),
        ):
            then = bench.worker.snapshot(2, round(end * FS)).shown
            assert then is not None
            assert (then.noise, then.delay, len(then.applied_settings)) == (noise, delay, count)
        late = bench.worker.snapshot(1).shown
        assert late is not None and [x.noise for x in late.applied_settings] == [white]


def test_a_jump_beyond_the_record_stays_in_it() -> None:
    with running(numbered(), noise="white") as bench:
        bench.play(1)
        bench.worker.jump(1e6)
        bench.gate.allow(1)
        bench.until(
            lambda snapshot: snapshot.shown and snapshot.shown.run_number == 3
        )  # a sample, and anew
        assert bench.shown.first == 0


def test_a_record_at_its_end_begins_again_with_nothing_lost() -> None:
    with running(numbered(3), start=1.0) as bench:
        assert bench.play(1.5).first == FS
        bench.gate.allow(1.5)
        shown = bench.until(
            lambda snapshot: (
                snapshot.shown and snapshot.shown.run_number == 2 and snapshot.shown.received == FS
            )
        ).shown
        assert shown is not None
        assert shown.first == 0
        assert_aligned(shown)
        assert shown.figures.dropped == 0


def test_noise_is_mixed_in_and_taken_out_while_it_runs() -> None:
    with running(read_record("208")) as bench:
        recorded = read_record("208").signals
        assert np.isnan(bench.play(2).segment.clean).all()
        bench.worker.set_noise(Noise("white", 0.0))
        bench.play(2)
        bench.worker.set_noise(Noise("white", -6.0))
        assert bench.play(2).noise == Noise("white", -6.0)
        bench.worker.set_noise(Noise(None, 0.0))
        shown = bench.play(2)
        noise = shown.segment.input - recorded[: shown.received]
        parts = [noise[i * FS + PIECE : (i + 2) * FS] for i in (0, 2, 4, 6)]
        assert not parts[0].any() and not parts[3].any()
        assert 20 * np.log10(parts[2].std() / parts[1].std()) == pytest.approx(6, abs=0.5)
        known = ~np.isnan(shown.segment.clean[:, 0])
        np.testing.assert_array_equal(known, noise[:, 0] != 0)
        assert shown.figures.dropped == 0


def test_a_hum_has_its_frequency_at_any_rate() -> None:
    with running(numbered(20, ("I",), 1000.0), noise="pli50", snr=-20.0) as bench:
        bench.gate.allow(5)
        bench.until(lambda snapshot: snapshot.shown and snapshot.shown.received > 4900)
        hum = np.diff(bench.shown.segment.input[:4000, 0])
        assert np.argmax(np.abs(np.fft.rfft(hum - hum.mean()))) == 200  # of 0.25 Hz


def test_each_signal_has_noise_of_its_own() -> None:
    with running(numbered(), noise="em", snr=-30.0) as bench:
        first, second = bench.play(3).segment.input.T
        assert abs(np.corrcoef(np.diff(first), np.diff(second))[0, 1]) < 0.5


def test_delay_strength_and_st_change_while_it_runs_without_losing_count() -> None:
    with running(numbered()) as bench:
        assert bench.play(2).figures.delay == 122
        bench.worker.set_delay("low")
        bench.worker.set_strength(0.5)
        bench.worker.set_st(True)
        shown = bench.play(4)
        assert (shown.delay, shown.strength, shown.st) == ("low", 0.5, True)
        bench.worker.set_st(False)
        bench.worker.set_delay("best")
        shown = bench.play(4)
        assert shown.figures.delay == 255 <= shown.figures.delay_measured < 255 + PIECE
        assert_aligned(shown)
        assert shown.figures.dropped == 0


def test_settings_persist_after_a_jump() -> None:
    with running(numbered()) as bench:
        bench.play(1)
        bench.worker.set_delay("low")
        bench.worker.set_noise(Noise("white", 0.0))
        bench.play(1)
        bench.jump(10)
        shown = bench.play(2)
        assert shown.delay == "low" and shown.figures.delay == 47
        assert shown.noise == Noise("white", 0.0)
        assert np.isfinite(shown.segment.clean).all()


def test_ten_minutes_can_be_looked_back_at_while_playing() -> None:
    with running(numbered(1000, ("I",)), speed=10.0) as bench:
        shown = bench.play(66)
        assert shown.received == 660 * FS
        assert shown.held == (660 - HISTORY_SECONDS) * FS
        back = bench.worker.snapshot(10, end=100 * FS).shown
        assert back is not None
        assert (back.segment.start, len(back.segment.input)) == (90 * FS, 10 * FS)
        np.testing.assert_allclose(
            back.segment.input[:, 0] * 1000, np.arange(90, 100, 1 / FS) * FS, rtol=1e-6
        )
        oldest = bench.worker.snapshot(10, end=0).shown
        assert oldest is not None
        assert (oldest.segment.start, len(oldest.segment.input)) == (60 * FS, 0)


def test_beats_and_rhythms_lie_where_they_were_marked() -> None:
    with running(numbered()) as bench:
        shown = bench.play(6)
        assert shown.beats == (Mark(30, "N"), Mark(720, "V"))
        assert shown.rhythms == (Mark(1, "(N"), Mark(1080, "(AFIB"))
        late = bench.worker.snapshot(1, end=5 * FS).shown
        assert late is not None
        assert late.beats == () and late.rhythms == (Mark(1080, "(AFIB"),)
        bench.jump(2)
        shown = bench.play(2)
        assert shown.beats == (Mark(0, "V"),)
        assert shown.rhythms == (Mark(1 - 2 * FS, "(N"), Mark(FS, "(AFIB"))


class Stalling(Identity):
    """A network that blocks until the test lets it go on."""

    def __init__(self) -> None:
        super().__init__()
        self.going = threading.Event()
        self.going.set()

    def __call__(self, window: Floats, context: Floats) -> Floats:
        assert self.going.wait(MAX_WAIT_SECONDS)
        return super().__call__(window, context)


def test_a_slow_engine_leaves_counted_gaps_and_keeps_samples_aligned() -> None:
    network = Stalling()
    with running(numbered(), model=network) as bench:
        count = bench.play(2).received
        bench.gate.idle = lambda: True
        network.going.clear()
        bench.gate.allow(5)
        bench.until(
            lambda snapshot: (
                snapshot.shown and snapshot.shown.figures.queue > 0.9 and bench.gate.time > 6.98
            )
        )
        network.going.set()
        shown = bench.play()
        assert shown.received == count + 5 * FS
        gaps = int(np.isnan(shown.segment.input[:, 0]).sum())
        assert gaps == shown.figures.dropped == pytest.approx(4 * FS, abs=4 * PIECE)
        assert_aligned(shown)


def test_a_delayed_acquisition_drops_and_counts_late_samples() -> None:
    with running(numbered()) as bench:
        count = bench.play(2).received
        bench.gate.skip(3)
        shown = bench.play()
        assert shown.received == count + 3 * FS + PIECE  # that under way comes later, too
        gaps = np.flatnonzero(np.isnan(shown.segment.input[:, 0]))
        assert len(gaps) == shown.figures.dropped == pytest.approx(2 * FS, abs=2 * PIECE)
        assert gaps[0] == pytest.approx(count, abs=PIECE)
        assert_aligned(shown)


def test_another_record_resets_the_dropped_count() -> None:
    with running() as bench:
        bench.play(1)
        bench.gate.skip(3)
        assert bench.play().figures.dropped
        bench.worker.choose("208b")
        bench.gate.allow(2 / 60)
        bench.until(lambda snapshot: snapshot.shown and snapshot.shown.run_number == 2)
        assert bench.play(1).figures.dropped == 0


def test_figures_cover_the_last_seconds() -> None:
    network = Stalling()
    with running(read_record("208"), model=network, noise="em") as bench:
        figures = bench.play(12).figures
        assert figures.heart_rate.bpm == pytest.approx(114, abs=8)
        assert figures.delta_snr == pytest.approx(0, abs=1e-3)
        assert figures.good == 1
        assert figures.delay == 122 <= figures.delay_measured < 122 + PIECE
        assert figures.hop == pytest.approx(16 / FS)
        assert figures.step_p99 == 0
        bench.worker.set_speed(2)
        assert bench.shown.figures.hop == pytest.approx(8 / FS)


def test_step_time_shows_a_slow_engine() -> None:
    class Slow(Identity):
        def __call__(self, window: Floats, context: Floats) -> Floats:
            bench.gate.skip(0.002)
            return super().__call__(window, context)

    with running(read_record("208"), model=Slow()) as bench:
        bench.gate.allow(5)
        bench.until(lambda snapshot: snapshot.shown and snapshot.shown.received > 3 * FS)
        assert bench.shown.figures.step_p99 == pytest.approx(0.002)


def test_recording_can_begin_at_any_moment(tmp_path: Path) -> None:
    with running(numbered()) as bench:
        begun = bench.play(2).received
        bench.worker.record_to(tmp_path / "new" / "rec")
        recording = bench.snapshot.recording
        assert recording is not None and recording.path == tmp_path / "new" / "rec"
        bench.play(3)
        snapshot = bench.until(
            lambda snapshot: snapshot.recording and snapshot.recording.seconds > 2.9
        )
        assert snapshot.recording is not None and not snapshot.recording.problem
        bench.worker.record_to(None)
        assert bench.snapshot.recording is None
        bench.play(1)
    written = read_record(str(tmp_path / "new" / "rec"))
    assert written.leads == ("I input", "II input", "I denoised", "II denoised")
    assert (tmp_path / "new" / f"rec{FLAGS_SUFFIX}.hea").is_file()
    number = (begun + np.arange(len(written.signals))) / 1000
    begin = round(float(written.signals[0, 0]) * 1000) - begun
    assert 0 <= begin <= PIECE and len(number) == pytest.approx(3 * FS, abs=2 * PIECE)
    for i, sign in enumerate((1, -1, 1, -1)):
        there = ~np.isnan(written.signals[:, i])
        assert there.sum() >= len(number) - (0 if i < 2 else 122 + 2 * PIECE)
        expected = sign * (number + begin / 1000)
        np.testing.assert_allclose(written.signals[there, i], expected[there], atol=0.002)


def test_a_recording_ends_with_the_record_and_says_so(tmp_path: Path) -> None:
    with running(numbered(4)) as bench:
        bench.play(1)
        bench.worker.record_to(tmp_path / "rec")
        bench.gate.allow(4)
        bench.until(lambda snapshot: snapshot.shown and snapshot.shown.run_number == 2)
        snapshot = bench.until(lambda snapshot: snapshot.recording and snapshot.recording.problem)
        assert snapshot.recording is not None
        assert snapshot.recording.problem == "The recording ended with the record."
        bench.worker.record_to(None)
        bench.worker.record_to(tmp_path / "next")
        bench.play()
        snapshot = bench.snapshot
        assert snapshot.recording is not None and not snapshot.recording.problem
    whole = read_record(str(tmp_path / "rec")).signals
    assert np.isfinite(whole).all() and len(whole) >= 3 * FS - PIECE
    assert (tmp_path / "next.hea").is_file()


def test_a_recording_ends_at_a_jump_and_says_so(tmp_path: Path) -> None:
    with running(numbered()) as bench:
        bench.play(1)
        bench.worker.record_to(tmp_path / "rec")
        bench.play(1)
        bench.jump(30)
        recording = bench.snapshot.recording
        assert recording is not None and not recording.going
        assert recording.problem.endswith("ended when another place or record was chosen.")


def test_a_full_disk_ends_the_recording_and_not_the_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with running(numbered()) as bench:
        bench.play(1)
        bench.worker.record_to(tmp_path / "rec")
        bench.play(1)
        bench.until(lambda snapshot: snapshot.recording and snapshot.recording.seconds > 0.95)
        monkeypatch.setattr(Recorder, "write", full)
        assert_aligned(bench.play(3))
        snapshot = bench.snapshot
        assert snapshot.state is State.PLAYING and snapshot.recording is not None
        problem = "The recording ended: No space left on device."
        assert snapshot.recording.problem.startswith(problem)
        assert "another folder" in snapshot.recording.problem
        bench.worker.record_to(None)
        assert bench.snapshot.recording is None
    assert len(read_record(str(tmp_path / "rec")).signals) >= FS - 2 * PIECE


@pytest.mark.parametrize("name", ["rec", "no name"])
def test_a_path_that_cannot_be_recorded_to_is_reported(tmp_path: Path, name: str) -> None:
    (tmp_path / "rec.hea").write_text("precious")
    with running(numbered()) as bench:
        bench.play(1)
        bench.worker.record_to(tmp_path / name)
        bench.play(1)
        recording = bench.snapshot.recording
        assert recording is not None
        assert "exists already" in recording.problem or "letters, digits" in recording.problem
    assert (tmp_path / "rec.hea").read_text() == "precious"


def test_a_slow_disk_does_not_hold_up_the_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    going = threading.Event()

    def slow(*_: object) -> None:
        assert going.wait(MAX_WAIT_SECONDS)

    monkeypatch.setattr(Recorder, "write", slow)
    with running(numbered()) as bench:
        bench.play(1)
        bench.worker.record_to(tmp_path / "rec")
        assert_aligned(bench.play(5))
        bench.jump(20)
        assert_aligned(bench.play(1))
        assert bench.shown.figures.dropped == 0
        going.set()


def test_a_recording_reports_samples_lost_to_a_slow_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    going, write = threading.Event(), Recorder.write

    def slow(self: Recorder, step: Step) -> None:
        assert going.wait(MAX_WAIT_SECONDS)
        write(self, step)

    monkeypatch.setattr(Recorder, "write", slow)
    with running(numbered()) as bench:
        bench.play(1)
        bench.worker.record_to(tmp_path / "rec")
        bench.play(5)
        going.set()
        snapshot = bench.until(
            lambda snapshot: snapshot.recording and snapshot.recording.seconds > 4.9
        )
        assert snapshot.recording is not None
        missing = int(snapshot.recording.problem.split()[0])
        assert snapshot.recording.problem.endswith("missing in it: the disk is too slow.")
    written = read_record(str(tmp_path / "rec")).signals
    assert np.isnan(written[:, 0]).sum() == missing == pytest.approx(4 * FS, abs=2 * PIECE)


class Failing(Identity):
    """A network that fails until the test repairs it."""

    mended = False

    def __call__(self, window: Floats, context: Floats) -> Floats:
        if not self.mended:
            raise KeyError("tensor 7")
        return super().__call__(window, context)


def test_a_failing_model_is_reported_and_can_be_tried_again() -> None:
    network = Failing()
    with running(numbered(), model=network) as bench:
        bench.gate.allow(1)
        snapshot = bench.until(lambda snapshot: snapshot.state is State.FAILED)
        assert isinstance(snapshot.problem, KeyError)
        network.mended = True
        bench.worker.set_running(True)
        bench.until(lambda snapshot: snapshot.state is State.PLAYING)
        assert_aligned(bench.play(1))


def test_a_missing_record_is_reported_and_another_can_be_chosen() -> None:
    with running(record="nowhere") as bench:
        snapshot = bench.until(lambda snapshot: snapshot.state is State.FAILED)
        assert isinstance(snapshot.problem, RecordError) and snapshot.shown is None
        assert snapshot.source.record == "nowhere"
        bench.worker.choose("208b")
        assert bench.play(1).record == "208b"


def test_a_start_beyond_the_record_is_reported() -> None:
    with running(numbered(), start=60.0) as bench:
        snapshot = bench.until(lambda snapshot: snapshot.state is State.FAILED)
        assert "lasts 60 s; there is nothing from 60 s on" in str(snapshot.problem)


@pytest.mark.parametrize("setter", ["set_delay", "set_noise", "set_strength"])
def test_an_invalid_setting_is_reported_and_can_be_corrected(setter: str) -> None:
    bad, good = {
        "set_delay": ("never", "low"),
        "set_noise": (Noise("hiss", 0.0), Noise(None, 0.0)),
        "set_strength": (2.0, 1.0),
    }[setter]
    with running(numbered()) as bench:
        bench.play(1)
        getattr(bench.worker, setter)(bad)
        bench.gate.allow(0.1)
        snapshot = bench.until(lambda snapshot: snapshot.state is State.FAILED)
        assert isinstance(snapshot.problem, ValueError)
        getattr(bench.worker, setter)(good)
        bench.until(lambda snapshot: snapshot.state is State.PLAYING)
        assert_aligned(bench.play(1))


def test_a_source_that_hangs_does_not_keep_the_program_from_ending(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    going, asked = threading.Event(), threading.Event()

    def hang(name: str, data: Path | None) -> Record:
        asked.set()
        going.wait()
        return numbered()

    monkeypatch.setattr("ecgstream.gui.playback.worker._CLOSE_TIMEOUT", 0.05)
    worker = Worker(MonitorSettings(model=Identity()), FakeClock(), read=hang)
    worker.start()
    assert asked.wait(MAX_WAIT_SECONDS)
    worker.close()
    assert worker.alive  # and given up
    going.set()


@pytest.mark.parametrize("moment", ["loading", "playing", "paused", "failed"])
def test_closing_ends_the_thread_at_any_moment(moment: str) -> None:
    with running(numbered(), model=Failing() if moment == "failed" else Identity()) as bench:
        if moment == "failed":
            bench.gate.allow(1)
            bench.until(lambda snapshot: snapshot.state is State.FAILED)
        elif moment != "loading":
            bench.play(1)
        if moment == "paused":
            bench.worker.set_running(False)


def test_screenshots_show_the_same_seconds_every_time(clock: FakeClock) -> None:
    settings = MonitorSettings(model=Identity(), speed=np.inf, start=20.0)
    snapshots = []
    for _ in range(2):
        worker = Worker(settings, clock, hold_after=12)
        worker.start()
        worker.wait()
        snapshots.append(worker.snapshot(600))
        worker.close()
    (first, second) = (snapshot.shown for snapshot in snapshots)
    assert first is not None and second is not None
    assert first.received == second.received == 12 * FS
    assert first.figures == second.figures and first.figures.dropped == 0
    np.testing.assert_array_equal(first.segment.output, second.segment.output)
    np.testing.assert_array_equal(first.peaks, second.peaks)
