"""Replay: on time to the millisecond, the same samples at any speed, nothing dropped uncounted."""

from __future__ import annotations

import numpy as np
import pytest

from ecgstream import StreamingDenoiser
from ecgstream.streamer.ecg.metrics import snr
from ecgstream.streamer.ecg.noise import NOISE_KINDS, noise_gain, unit_noise
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.io.records import Record, RecordError, read_record
from ecgstream.streamer.live.clock import Pacer
from ecgstream.streamer.live.history import History
from ecgstream.streamer.live.runner import Runner
from ecgstream.streamer.live.sinks.base import Step
from ecgstream.streamer.live.sinks.callback import Callback
from ecgstream.streamer.live.sources.base import Piece
from ecgstream.streamer.live.sources.paced import Paced
from ecgstream.streamer.live.sources.record import Replay
from helpers.fakes import FakeClock, Identity


def numbered(n: int = 20_000) -> Record:
    """A record whose samples are their own numbers, in thousandths of a mV."""
    samples = np.arange(n, dtype=np.float32) / np.float32(1000)
    return Record("numbered", samples[:, None], 360.0, ("I",))


def read(source: Replay, n: int) -> Piece:
    """The next samples, of which there are some."""
    piece = source.read(n)
    assert piece is not None
    return piece


def outputs(steps: list[Step]) -> Floats:
    return np.concatenate([step.block.signal for step in steps])[:, 0]


def replayed(
    source: Replay, denoiser: StreamingDenoiser, clock: FakeClock, speed: float = 1.0
) -> list[Step]:
    """The steps of a whole run."""
    steps: list[Step] = []
    paced = Paced(source, Pacer(source.fs, clock, speed))
    Runner(paced, denoiser, {"steps": Callback(steps.append)}, clock, live=False).run()
    return steps


def test_a_minute_of_signal_takes_a_minute(clock: FakeClock) -> None:
    source = Replay(read_record("208"), duration=60)
    replayed(source, StreamingDenoiser(Identity()), clock)
    assert clock.time == pytest.approx(60, abs=1e-6)


def test_output_is_the_same_at_any_speed(clock: FakeClock) -> None:
    runs = []
    for speed in (1.0, 7.5, float("inf")):
        source = Replay(read_record("208"), duration=20)
        source.mix(unit_noise("em", len(source)), 0)
        runs.append(outputs(replayed(source, StreamingDenoiser(), clock, speed)))
    np.testing.assert_array_equal(runs[0], runs[1])
    np.testing.assert_array_equal(runs[0], runs[2])


@pytest.mark.parametrize("delay", ["low", "balanced", "best"])
def test_output_is_aligned_with_input(clock: FakeClock, delay: str) -> None:
    source = Replay(numbered())
    steps = replayed(source, StreamingDenoiser(Identity(), delay=delay), clock)
    np.testing.assert_allclose(outputs(steps) * 1000, np.arange(20_000), atol=0.05)
    starts = [step.block.start for step in steps]
    assert starts == sorted(starts)


def test_mixed_noise_has_the_requested_snr() -> None:
    source = Replay(read_record("208"), duration=60)
    before = read(source, len(source)).input
    for level in (-6.0, 0.0, 12.0):
        source.position = 0
        source.mix(unit_noise("em", len(source)), level)
        piece = read(source, len(source))
        ratio = np.mean(piece.clean**2) / np.mean((piece.input - before) ** 2)
        assert 10 * np.log10(ratio) == pytest.approx(level, abs=0.01)


def test_noise_can_change_while_the_replay_runs() -> None:
    source = Replay(numbered(1000))
    quiet = read(source, 500).input
    source.mix(np.tile([1.0, -1.0], 500), -20)
    loud = read(source, 500).input
    np.testing.assert_array_equal(quiet[:, 0], np.arange(500, dtype=np.float32) / 1000)
    assert np.abs(np.diff(loud[:, 0])).max() > 0.05
    source.position = 0
    source.mix(None)
    np.testing.assert_array_equal(read(source, 500).input, quiet)


@pytest.mark.parametrize("kind", NOISE_KINDS)
def test_every_kind_of_noise_works_out_of_the_box(kind: str) -> None:
    noise = unit_noise(kind, 100_000)
    assert noise.mean() == pytest.approx(0, abs=1e-9)
    assert noise.std() == pytest.approx(1)
    np.testing.assert_array_equal(noise, unit_noise(kind, 100_000))
    assert noise_gain(np.ones(10), 2 * np.ones(10), 0) == pytest.approx(0.5)


@pytest.mark.parametrize("kind", ["bw", "em", "ma"])
def test_recorded_noise_repeats_without_a_jump(kind: str) -> None:
    steps = np.abs(np.diff(unit_noise(kind, 200_000)))  # more than there and back
    excerpt = np.abs(np.diff(unit_noise(kind, 30_000)))
    assert steps.max() <= 1.5 * excerpt.max()


def test_unknown_noise_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="unknown noise 'hiss': choose from bw, em, ma"):
        unit_noise("hiss", 100)


@pytest.mark.parametrize(("start", "duration"), [(-1, None), (0, 56), (56, None), (50, 10)])
def test_a_stretch_outside_the_record_is_refused(start: float, duration: float | None) -> None:
    with pytest.raises(RecordError, match=r"record numbered lasts 55\.5556 s; there is no"):
        Replay(numbered(), start=start, duration=duration)


def test_history_is_aligned_during_a_replay(clock: FakeClock) -> None:
    history = History(3600)
    source = Replay(numbered())
    for step in replayed(source, StreamingDenoiser(Identity()), clock):
        history.add(step.piece, step.block)
        last = history.last(3600)
        assert last.start + len(last.input) == step.piece.start + len(step.piece.input)
        number = np.arange(last.start, last.start + len(last.input))
        np.testing.assert_allclose(last.input[:, 0] * 1000, number, atol=0.05)
        there = ~np.isnan(last.output[:, 0])
        np.testing.assert_allclose(last.output[there, 0] * 1000, number[there], atol=0.05)
        assert history.received - history.denoised <= 122
    assert history.denoised == history.received == 20_000


def test_history_measures_delta_snr(clock: FakeClock) -> None:
    source = Replay(read_record("208"), duration=30)
    source.mix(unit_noise("ma", len(source)), 0)
    history = History(3600)
    for step in replayed(source, StreamingDenoiser(), clock, float("inf")):
        history.add(step.piece, step.block)
    last = history.last(3600)
    expected = snr(last.clean, last.output) - snr(last.clean, last.input)
    assert history.delta_snr(3600) == pytest.approx(expected, abs=1e-6)


def test_speed_must_be_positive(clock: FakeClock) -> None:
    with pytest.raises(ValueError, match="speed must be greater than 0"):
        Pacer(360, clock, 0)


@pytest.mark.parametrize("samples", [np.full(5000, np.nan), np.zeros(5)])
def test_a_signal_without_valid_samples_is_refused(samples: Floats) -> None:
    record = Record("empty", samples.astype(np.float32)[:, None], 360.0, ("II",))
    with pytest.raises(RecordError, match="record empty holds less than a second"):
        Replay(record)


def two_leads(n: int = 20_000) -> Record:
    """The numbered record, and its negative with a hole in it."""
    samples = numbered(n).signals
    second = -samples
    second[500:600] = np.nan
    return Record("numbered", np.concatenate([samples, second], axis=1), 360.0, ("I", "II"))


def test_all_signals_or_the_selected_ones_are_replayed() -> None:
    source = Replay(two_leads())
    assert source.leads == ("I", "II")
    piece = read(source, 1000)
    np.testing.assert_array_equal(piece.input, two_leads().signals[:1000])
    other = Replay(two_leads(), [1])
    assert other.leads == ("II",)
    np.testing.assert_array_equal(read(other, 1000).input[:, 0], piece.input[:, 1])


def test_each_signal_has_noise_at_the_requested_snr() -> None:
    source = Replay(two_leads())
    before = read(source, 20_000).input
    source.mix(np.random.default_rng(1).standard_normal((20_000, 2)), 6)
    source.seek(0)
    piece = read(source, 20_000)
    noise = piece.input - before
    for i in range(2):
        there = ~np.isnan(noise[:, i])
        ratio = np.mean(piece.clean[there, i] ** 2) / np.mean(noise[there, i] ** 2)
        assert 10 * np.log10(ratio) == pytest.approx(6, abs=0.1)
    assert abs(np.corrcoef(noise[600:].T)[0, 1]) < 0.05


def test_the_reference_is_known_only_where_noise_is_mixed_in() -> None:
    source = Replay(two_leads())
    assert not source.noisy and np.isnan(read(source, 1000).clean).all()
    source.mix(np.ones(20_000) - np.arange(20_000) % 2 * 2, 0)
    source.seek(0)
    clean = read(source, 1000).clean
    np.testing.assert_array_equal(np.isnan(clean), np.isnan(two_leads().signals[:1000]))


def test_seek_restarts_the_count_anywhere_in_the_stretch() -> None:
    source = Replay(numbered(), start=10, duration=20)
    read(source, 100)
    source.seek(5000)
    assert (source.first, source.position, len(source)) == (5000, 0, 30 * 360 - 5000)
    piece = read(source, 10**6)
    assert piece.start == 0
    np.testing.assert_allclose(piece.input[:, 0] * 1000, np.arange(5000, 30 * 360), atol=0.01)
    for outside in (3599, 30 * 360):
        with pytest.raises(ValueError, match="not in 3600 to 10799"):
            source.seek(outside)


def test_one_dead_lead_does_not_hide_the_others() -> None:
    record = two_leads()
    record.signals[:, 1] = np.nan
    source = Replay(record)
    source.mix(np.ones(20_000), 0)
    piece = read(source, 100)
    assert np.isfinite(piece.input[:, 0]).all() and np.isnan(piece.input[:, 1]).all()
    with pytest.raises(RecordError, match="signal 1 of record numbered holds less than a second"):
        Replay(record, [1])


@pytest.mark.parametrize("kind", ["em", "ma"])
def test_recorded_noise_keeps_its_spectrum_at_another_rate(kind: str) -> None:
    def middle(fs: float) -> float:
        """The frequency below which half of the power lies."""
        power = np.abs(np.fft.rfft(unit_noise(kind, round(60 * fs), fs=fs))) ** 2
        return float(np.searchsorted(np.cumsum(power), power.sum() / 2) / 60)

    for fs in (250.0, 720.0):
        assert middle(fs) == pytest.approx(middle(360.0), rel=0.25)
