"""The beats of QTDB and the windows that train on them: cut, scaled and shown as they should be."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest

from ecgstream import StreamingDenoiser
from ecgstream.model.data import qtdb_beats, splits
from ecgstream.model.data.qtdb_beats import (
    LEAD_IN,
    SAMPLES,
    STRETCH,
    Beats,
    BeatWindows,
    record_beats,
    window_shares,
)
from ecgstream.model.training import trainer
from ecgstream.model.training.config import ConfigError, load_config, runs
from ecgstream.model.training.runs import read_history
from ecgstream.streamer.engine.delay import WINDOW
from ecgstream.streamer.engine.normalization import Floats, restore, standardise
from ecgstream.streamer.io.records import RecordError
from helpers.beat_records import R, write_beats, write_noise


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_beats(folder, "sel1", [200] * 12)
    return folder


class Recorder:
    """A network that keeps what it is shown and gives every window another answer."""

    output = "noise"

    def __init__(self, past: int) -> None:
        self.past = past
        self.windows: list[Floats] = []
        self.contexts: list[Floats] = []

    def __call__(self, window: Floats, context: Floats) -> Floats:
        self.windows += list(window)
        self.contexts += list(context)
        return answer(window)


def answer(window: Floats) -> Floats:
    return np.asarray(np.sin(window[..., 0].cumsum(axis=1)), np.float32)


def test_the_training_part_holds_no_record_of_either_list() -> None:
    tested = {*splits.QTDB_PUBLISHED, *splits.QTDB_DEVELOPMENT}
    assert not tested & {*qtdb_beats.TRAINING, *qtdb_beats.VALIDATION}
    assert not set(qtdb_beats.TRAINING) & set(qtdb_beats.VALIDATION)
    assert tested | {*qtdb_beats.TRAINING, *qtdb_beats.VALIDATION} == set(splits.QTDB)


def test_a_beat_keeps_its_length_in_seconds_and_ends_at_zero(data: Path) -> None:
    found = record_beats("sel1", data)
    n = math.ceil(200 * 360 / 250)
    assert (found.lengths == n).all()
    np.testing.assert_allclose(np.diff(found.starts), 200 / 250)
    assert found.signals.shape == (11, SAMPLES)
    assert not found.signals[:, :LEAD_IN].any()
    assert not found.signals[:, LEAD_IN + n :].any()
    ends = found.signals[:, LEAD_IN] + found.signals[:, LEAD_IN + n - 1]
    np.testing.assert_allclose(ends, 0, atol=1e-6)


def test_a_beat_begins_40_ms_before_its_p_wave(data: Path) -> None:
    peaks = record_beats("sel1", data).signals.argmax(axis=1) - LEAD_IN
    np.testing.assert_allclose(peaks, R * 360 / 250, atol=1.5)


@pytest.mark.parametrize(
    ("lengths", "kept"),
    [
        ([200, 344, 200, 345, 200], 4),  # 345 samples are 497 at 360 Hz
        ([200, 200, 200], 3),
    ],
)
def test_beats_that_do_not_fit_are_left_out(tmp_path: Path, lengths: list[int], kept: int) -> None:
    write_beats(tmp_path, "sel2", [*lengths, 200])
    assert len(record_beats("sel2", tmp_path).signals) == kept


def test_what_holds_two_normal_beats_is_no_beat(tmp_path: Path) -> None:
    write_beats(tmp_path, "sel3", [200] * 6, without_p=2)
    found = record_beats("sel3", tmp_path)
    assert len(found.signals) == 3
    assert (found.lengths == 288).all()


def test_missing_marks_are_named(data: Path, tmp_path: Path) -> None:
    write_beats(tmp_path, "sel4", [200] * 3)
    (tmp_path / "qtdb" / "sel4.pu1").unlink()
    with pytest.raises(RecordError, match=r"qtdb/sel4 .*pu1"):
        record_beats("sel4", tmp_path)


def test_noise_is_as_high_as_drawn(data: Path) -> None:
    clean = record_beats("sel1", data).signals
    noise = np.random.default_rng(0).normal(size=5 * SAMPLES + 100)
    added = qtdb_beats.with_noise(clean, noise) - clean
    ratios = qtdb_beats.noise_ratios(len(clean))
    np.testing.assert_allclose(np.ptp(added, axis=1) / np.ptp(clean, axis=1), ratios)
    assert ratios.min() >= 0.2 and ratios.max() < 2.0
    pieces = added / np.ptp(added, axis=1, keepdims=True)
    np.testing.assert_allclose(pieces[5:10], pieces[:5])  # the noise begins anew
    assert not np.allclose(pieces[0], pieces[1])


def test_versions_swap_the_channels_and_no_noise_both_trains_and_tests(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    numbered = np.arange(4.0 * splits.NOISE_HALF).reshape(-1, 2)  # every sample its own value
    monkeypatch.setattr(qtdb_beats, "recorded_noise", lambda kind, data: numbered)
    used = {
        (version, test): qtdb_beats.version_noise(version, tmp_path, test=test)
        for version in qtdb_beats.VERSIONS
        for test in (False, True)
    }
    assert used[1, False][0] == 0 and used[2, False][0] == 1
    assert used[1, True][0] % 2 == 1 and used[2, True][0] % 2 == 0
    tests = {*used[1, True], *used[2, True]}
    assert not tests & {*used[1, False], *used[2, False]}


def some_windows(past: int) -> BeatWindows:
    rng = np.random.default_rng(0)
    signals = np.zeros((3, SAMPLES))
    signals[:, LEAD_IN:300] = rng.normal(size=(3, 300 - LEAD_IN)).cumsum(axis=1)
    some = Beats(signals, np.arange(3.0), np.full(3, 300 - LEAD_IN))
    noise = rng.normal(size=5 * SAMPLES).cumsum()
    return BeatWindows([some], noise, output="noise", past=past, batch=64, seed=7, floor=1.0)


@pytest.mark.parametrize("past", [WINDOW, 512, 2048])
def test_training_shows_the_windows_that_the_engine_shows(past: int) -> None:
    batches = some_windows(past)
    inputs, _ = batches[5]
    _, noisy = batches.mix(np.random.default_rng((7, 5)))
    recorder = Recorder(past)
    denoiser = StreamingDenoiser(recorder, delay=qtdb_beats.DELAY)
    for row, beat in enumerate(noisy):
        recorder.windows, recorder.contexts = [], []
        denoiser.reset()
        denoiser.push(beat)
        denoiser.flush()
        (same,) = np.nonzero((recorder.windows == inputs["window"][row]).all(axis=(1, 2)))
        assert same.size
        if past > WINDOW:
            np.testing.assert_array_equal(recorder.contexts[same[0]], inputs["context"][row])


def test_windows_count_by_their_share_of_what_comes_out_of_the_engine() -> None:
    beat = np.random.default_rng(0).normal(size=SAMPLES).astype(np.float32)
    denoiser = StreamingDenoiser(Recorder(WINDOW), delay=qtdb_beats.DELAY)
    out = np.concatenate([denoiser.push(beat).signal, denoiser.flush().signal])[:, 0]
    shares = window_shares(denoiser.mode)
    padded = np.concatenate([np.full(WINDOW, beat[0]), beat])
    expected = np.zeros(len(padded))
    for share, end in zip(shares, range(64, SAMPLES + 1, 64), strict=True):
        windows = standardise(padded[None, end : end + WINDOW])
        denoised = restore("noise", windows, answer(windows.window))[0]
        expected[end : end + WINDOW] += share * denoised
    np.testing.assert_allclose(out, expected[WINDOW:], atol=1e-5)


def test_a_perfect_answer_gives_back_the_beat() -> None:
    batches = some_windows(WINDOW)
    inputs, target = batches[0]
    clean, noisy = batches.mix(np.random.default_rng((7, 0)))
    found = 0
    for end in range(64, SAMPLES + 1, 64):
        at = np.maximum(np.arange(end - WINDOW, end), 0)
        windows = standardise(np.take(noisy, at, axis=1))
        rows = (windows.window == inputs["window"]).all(axis=(1, 2))
        denoised = restore("noise", windows, target[..., 0])
        np.testing.assert_allclose(denoised[rows], clean[rows][:, at], atol=1e-3)
        assert not target[rows, : max(0, WINDOW - end), 1].any()  # before the stream
        found += rows.sum()
    assert found == len(noisy)


def test_training_stretches_beats_and_keeps_their_padding() -> None:
    clean, _ = some_windows(512).mix(np.random.default_rng(0))
    lengths = SAMPLES - (clean[:, ::-1] != 0).argmax(axis=1) - LEAD_IN
    longest = (300 - LEAD_IN) * STRETCH
    assert not clean[:, :LEAD_IN].any()
    assert lengths.max() <= longest + 2 and lengths.min() >= (300 - LEAD_IN) / STRETCH - 2
    assert np.ptp(lengths) > 0.3 * longest


def test_the_same_batch_comes_again_after_a_restart() -> None:
    np.testing.assert_array_equal(some_windows(512)[3][1], some_windows(512)[3][1])


def test_the_preset_trains_the_shipped_network_in_both_versions(tmp_path: Path) -> None:
    config = load_config("b1")
    assert config.network == load_config("shipped").network
    parts = runs(config, tmp_path)
    assert [part.version for part in parts.values()] == [1, 2]
    assert list(parts) == [tmp_path / "1", tmp_path / "2"]
    shipped = load_config("shipped")
    assert runs(shipped, tmp_path) == {tmp_path / "first": load_config("base"), tmp_path: shipped}


def test_an_unknown_experiment_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('experiment = "beat"\n[network]\nkind = "original"\n')
    with pytest.raises(ConfigError, match="experiment is one of original, records, beats"):
        load_config(str(path))


@pytest.mark.usefixtures("eager")
def test_a_training_on_beats_goes_on_where_it_stopped(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qtdb_beats, "TRAINING", ("sel1",))
    monkeypatch.setattr(qtdb_beats, "VALIDATION", ("sel1",))
    monkeypatch.setattr(trainer, "VALIDATION_STEPS", 1)
    write_noise(data, splits.NOISE_HALF)
    config = load_config("b1")
    short = dataclasses.replace(config.training, epochs=1, steps=2, batch=8, rounded=0)
    network = {**config.network, "widths": [4, 4, 6, 8], "past": 512, "context_width": 4}
    config = dataclasses.replace(config, version=2, training=short, network=network)
    first = trainer.train(config, data, tmp_path / "run")
    again = trainer.train(config, data, tmp_path / "run")
    assert len(read_history(tmp_path / "run")) == 1
    for a, b in zip(first.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
