"""Training: the right windows and exact resume."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
import pytest
import wfdb
from click.testing import CliRunner

from ecgstream.model.data import splits
from ecgstream.model.data.mixing import Mixing, NoisyWindows, Stretches, load_clean, place_weights
from ecgstream.model.training import networks, trainer
from ecgstream.model.training.config import FIRST, Config, ConfigError, load_config
from ecgstream.model.training.runs import read_history
from ecgstream.model.training.streamed_errors import STREAMED, USES, StreamedErrors
from ecgstream.model.training.trainer import (
    BEST,
    CHECKPOINT,
    BandQuantile,
    KerasNetwork,
    build,
    noisy_windows,
    train,
)
from ecgstream.streamer.engine.delay import WINDOW
from ecgstream.streamer.engine.normalization import (
    ERROR_STEP,
    half_widths,
    restore,
    standardise,
)
from ecgstream.streamer.io.records import RecordError, read_record
from ecgstream.tools.cli import main
from helpers.fakes import Identity

pytestmark = pytest.mark.usefixtures("eager")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small databases of the real form: two records from the bundled one, and noise."""
    folder = tmp_path_factory.mktemp("data")
    ecg = read_record("208b").signal(0)
    rng = np.random.default_rng(0)
    for name, part in (("mitdb/t1", ecg[:40_000]), ("mitdb/v1", ecg[60_000:90_000])):
        _write(folder, name, part[:, None])
    _write(folder, "qtdb/q1", ecg[40_000:60_000, None], fs=250)
    for name in ("bw", "em", "ma"):
        noise = rng.normal(size=(2 * splits.NOISE_HALF, 2))
        _write(folder, f"nstdb/{name}", noise if name == "ma" else noise.cumsum(axis=0) / 300)
    return folder


def _write(folder: Path, name: str, signals: npt.ArrayLike, fs: float = 360) -> None:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    samples = np.asarray(signals, float)
    names = [f"s{i}" for i in range(samples.shape[1])]
    wfdb.wrsamp(
        path.name, fs, ["mV"] * len(names), names, samples,
        fmt=["16"] * len(names), write_dir=str(path.parent),
    )  # fmt: skip


@pytest.fixture(autouse=True)
def small_splits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer, "TRAINING_RECORDS", ("mitdb/t1", "qtdb/q1"))
    monkeypatch.setattr(trainer, "VALIDATION_RECORDS", ("mitdb/v1",))
    monkeypatch.setattr(trainer, "VALIDATION_STEPS", 2)


@pytest.fixture
def config() -> Config:
    shipped = load_config("shipped")
    network = {**shipped.network, "widths": [4, 4, 6, 8], "past": 512, "context_width": 4}
    small = dataclasses.replace(shipped.training, epochs=2, steps=3, batch=16, rounded=1)
    return dataclasses.replace(shipped, network=network, training=small)


def windows(config: Config, data: Path, mixing: Mixing) -> NoisyWindows:
    changed = dataclasses.replace(config, mixing=mixing)
    return noisy_windows(changed, ("mitdb/t1",), data, seed=3)


def test_patients_never_cross() -> None:
    assert not set(splits.TRAINING) & set(splits.DS2)
    assert not set(splits.TRAINING) & set(splits.VALIDATION)
    assert not set(splits.TRAINING) & {"118", "119", "201", "202"}
    assert not set(splits.QTDB_TRAINING) & {*splits.QTDB_PUBLISHED, *splits.QTDB_DEVELOPMENT}
    assert not set(splits.TRAINING_RECORDS) & set(splits.VALIDATION_RECORDS)
    assert not {r for r in splits.VALIDATION_RECORDS if r.removeprefix("qtdb/sel") in splits.DS2}
    numbers = {int(r.rpartition("/")[2]) for r in splits.LUDB_TRAINING + splits.LUDB_VALIDATION}
    assert not {n for n in numbers if n % 10 in (1, 2, 5)}  # B7 tests on those
    kept = {*splits.DS2, *splits.NOISE_STRESS, *splits.VALIDATION}
    assert not {r.removeprefix("sel") for r in splits.QTDB_TRAINING} & kept
    assert len(set(splits.QTDB)) == 105
    assert len(splits.DS1) == len(splits.DS2) == 22 and not set(splits.DS1) & set(splits.DS2)


def test_no_noise_both_trains_and_tests() -> None:
    samples = np.arange(2 * splits.NOISE_HALF)[:, None]
    for kind in ("bw", "em", "ma"):
        trains = splits.noise_half(kind, samples, test=False)
        tests = splits.noise_half(kind, samples, test=True)
        assert not np.intersect1d(trains, tests).size
        assert len(trains) + len(tests) == len(samples)
    assert splits.noise_half("bw", samples, test=True)[0] == splits.NOISE_HALF
    assert splits.noise_half("em", samples, test=True)[0] == 0


def test_a_perfect_answer_gives_back_the_clean_signal(config: Config, data: Path) -> None:
    batches = windows(config, data, Mixing(short_past=0, pops=0, gain_steps=0, saturation=0))
    rng = np.random.default_rng((3, 0))
    clean, noise, _ = batches.mix(rng)
    inputs, target = batches[0]
    given = standardise(clean + noise)
    np.testing.assert_array_equal(given.window, inputs["window"])
    denoised = restore("noise", given, target[..., 0])
    np.testing.assert_allclose(denoised, clean[:, -WINDOW:], atol=1e-4)


def test_mixed_levels_lie_in_the_range_that_is_asked_for(config: Config, data: Path) -> None:
    mixing = Mixing(snr=(3.0, 3.0), clean=0, gain=(1.0, 1.0))
    clean, noise, _ = windows(config, data, mixing).mix(np.random.default_rng(0))
    ratio = np.median(np.square(clean).mean(axis=1) / np.square(noise).mean(axis=1))
    assert 10 * np.log10(ratio) == pytest.approx(3.0, abs=3.0)
    quiet = windows(config, data, dataclasses.replace(mixing, clean=1.0))
    assert not quiet.mix(np.random.default_rng(0))[1].any()


def test_places_before_the_stream_began_do_not_count(config: Config, data: Path) -> None:
    _, target = windows(config, data, Mixing(short_past=1.0))[0]
    started = target[..., 1] > 0
    assert (~started).any()
    assert (np.diff(started.astype(int), axis=1) >= 0).all()  # once begun, it goes on
    assert place_weights().mean() == pytest.approx(1.0)


def test_the_same_batch_comes_again_after_a_restart(config: Config, data: Path) -> None:
    first, again = (windows(config, data, Mixing()) for _ in range(2))
    np.testing.assert_array_equal(first[2][1], again[2][1])
    assert not np.array_equal(first[2][1], first[1][1])


def test_a_killed_training_goes_on_to_the_same_weights(
    config: Config, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = train(config, data, tmp_path / "whole")
    write_history = trainer._write_history

    def killed(out: Path, history: list[dict[str, float]]) -> None:
        write_history(out, history)
        raise KeyboardInterrupt

    monkeypatch.setattr(trainer, "_write_history", killed)
    with pytest.raises(KeyboardInterrupt):
        train(config, data, tmp_path / "parts")
    assert len(read_history(tmp_path / "parts")) == 1
    monkeypatch.setattr(trainer, "_write_history", write_history)
    parts = train(config, data, tmp_path / "parts")
    for a, b in zip(whole.get_weights(), parts.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert len(read_history(tmp_path / "parts")) == 2
    assert not list((tmp_path / "parts").glob("partial-*"))


def test_missing_noise_is_named(config: Config, tmp_path: Path) -> None:
    _write(tmp_path, "mitdb/t1", np.zeros((40_000, 1)))
    with pytest.raises(RecordError, match="no noise record nstdb/bw"):
        noisy_windows(config, ("mitdb/t1",), tmp_path, seed=0)


def test_rounding_is_felt_in_the_last_epochs_and_gone_from_the_result(
    config: Config, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    felt = []
    set_rounding = networks.set_rounding

    def watched(model: keras.Model, on: bool) -> None:
        felt.append(on)
        set_rounding(model, on)

    monkeypatch.setattr(networks, "set_rounding", watched)
    result = train(config, data, tmp_path / "run")
    assert felt == [False, False, True, False]  # every other one is for the file that is kept
    inputs, _ = windows(config, data, Mixing())[0]
    wanted = result.predict_on_batch(inputs)
    set_rounding(result, True)
    result.make_predict_function(force=True)
    rounded = result.predict_on_batch(inputs)
    assert 0 < np.abs(rounded - wanted).max() < 0.5


def test_a_training_that_gains_no_more_goes_on_to_the_rounded_epochs(
    config: Config, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = dataclasses.replace(config.training, epochs=9, steps=1, rounded=3, patience=1)
    monkeypatch.setattr(trainer, "_epochs_since_best", len)  # as if none after the first gained
    train(dataclasses.replace(config, training=settings), data, tmp_path)
    assert [row["epoch"] for row in read_history(tmp_path)] == [0, 1, 6, 7]


def test_one_command_trains_a_preset_and_what_it_begins_with(
    config: Config, data: Path, tmp_path: Path
) -> None:
    options = {"network": config.network, "training": {"epochs": 1, "steps": 2, "batch": 8}}
    first = tmp_path / "before.json"
    first.write_text(json.dumps(options))
    options["training"] |= {"learning_rate": 0.0, "rounded": 1}
    second = tmp_path / "mine.json"
    second.write_text(json.dumps({**options, "begin": str(first)}))
    arguments = ["train", "--preset", second, "--out", tmp_path / "run", "--data", data]
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    before, after = (
        keras.models.load_model(tmp_path / "run" / folder / BEST) for folder in (FIRST, "")
    )
    for a, b in zip(before.trainable_weights, after.trainable_weights, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-6)  # averaging rounds


def test_the_size_of_the_error_is_learnt_while_the_answer_stays(
    config: Config, data: Path, tmp_path: Path
) -> None:
    answer = train(config, data, tmp_path / "answer")
    with_error = dataclasses.replace(config, network={**config.network, "error": True})
    begin = tmp_path / "answer" / BEST
    both = train(with_error, data, tmp_path / "error", begin)
    inputs, _ = windows(config, data, Mixing())[0]
    given = inputs["window"], inputs["context"]
    noise, log2 = networks.answer_and_error(both).predict_on_batch(list(given))
    np.testing.assert_allclose(noise, answer.predict_on_batch(inputs), atol=1e-6)
    assert log2.shape == (len(noise), WINDOW // ERROR_STEP, 1) and np.ptp(log2) > 0
    network, alone = (KerasNetwork(tmp_path / run / BEST) for run in ("error", "answer"))
    np.testing.assert_allclose(network(*given), alone(*given), atol=1e-6)
    assert network.predicts_error and not alone.predicts_error
    np.testing.assert_allclose(network.answer_and_error(*given)[1], half_widths(log2[..., 0]))
    networks.widen_error(both, 4.0)
    _, widened = networks.answer_and_error(both).predict_on_batch(list(given))
    np.testing.assert_allclose(widened, log2 + 2, atol=1e-5)


def test_the_size_that_holds_the_share_of_the_errors_has_the_least_loss() -> None:
    errors = np.random.default_rng(0).laplace(size=(64, WINDOW)).astype(np.float32)
    target = np.stack([np.abs(errors), np.ones_like(errors)], axis=-1)
    target[:, :100] = 1e3, 0  # before the stream began

    def loss(size: float) -> float:
        told = np.stack([np.zeros_like(errors), np.full_like(errors, np.log2(size))], axis=-1)
        return float(BandQuantile()(target, told))

    right = float(np.quantile(np.abs(errors[:, 100:]), 0.9))
    assert loss(right) < min(loss(0.9 * right), loss(1.1 * right))


def test_errors_are_those_of_the_engines_output(config: Config, data: Path) -> None:
    long = dataclasses.replace(config, network={**config.network, "past": 512})
    stretches = trainer.training_windows(long, data, validation=False, seed=1, more=STREAMED)
    assert isinstance(stretches, NoisyWindows)
    errors = StreamedErrors(stretches, Identity(512), seed=1)
    for index in (0, USES):
        inputs, target = errors[index]
        rows = stretches.rows(np.random.default_rng((1, index // USES, USES)))
        noise = np.abs(rows.noisy - rows.clean)
        assert inputs["window"].shape == (len(noise), WINDOW, 1)
        for row, (window, wanted) in enumerate(zip(inputs["window"], target, strict=True)):
            every = np.lib.stride_tricks.sliding_window_view(rows.noisy[row], WINDOW)
            scaled = (every - every.mean(1, keepdims=True)) / (every.std(1, keepdims=True) + 1e-9)
            at = int(np.abs(scaled - window[:, 0]).max(1).argmin())
            error = noise[row, at : at + WINDOW] / (every[at].std() + 1e-9)
            counts = wanted[:, 1] > 0
            np.testing.assert_allclose(wanted[counts, 0], error[counts], rtol=1e-2, atol=1e-3)
            np.testing.assert_array_equal(wanted[:, 1], rows.counts[row, at : at + WINDOW])


def test_records_of_databases_without_a_share_are_not_needed(config: Config, data: Path) -> None:
    mixing = dataclasses.replace(config.mixing, qtdb=0.0)
    assert mixing.draws_from("mitdb") and not mixing.draws_from("qtdb")
    alone = dataclasses.replace(config, mixing=mixing)
    trainer.training_windows(alone, data, validation=False, seed=1)[0]


def test_signals_are_drawn_as_often_as_asked() -> None:
    steps = [np.tile([0.0, size], 2500).astype(np.float32) for size in (1, 2, 4)]
    stretches = Stretches(steps, 10, chances=[6, 3, 1])
    _, power = stretches.draw(np.random.default_rng(0), 4000)
    sizes = np.rint(2 * np.sqrt(power[:, 0]))
    shares = [(sizes == size).mean() for size in (1, 2, 4)]
    np.testing.assert_allclose(shares, [0.6, 0.3, 0.1], atol=0.03)


def test_records_of_another_rate_are_brought_to_the_networks(data: Path) -> None:
    (resampled,) = load_clean("qtdb/q1", data)
    assert len(resampled) == 20_000 * 36 // 25


def test_a_run_with_other_settings_is_not_mixed_up(
    config: Config, data: Path, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ValueError, match="other settings: choose another --out"):
        train(config, data, tmp_path)
    assert not (tmp_path / CHECKPOINT).exists()


def test_original_network_has_the_published_size() -> None:
    assert build(load_config("original")).count_params() == 18_049


@pytest.mark.parametrize("past", [256, 1000])
def test_a_past_that_windows_do_not_fit_into_is_refused(config: Config, past: int) -> None:
    wrong = dataclasses.replace(config, network={**config.network, "past": past})
    with pytest.raises(ValueError, match=f"past is {past}; it takes a multiple of 256"):
        build(wrong)


def test_saved_settings_can_be_read_back(config: Config, data: Path, tmp_path: Path) -> None:
    train(config, data, tmp_path / "run")
    assert load_config(str(tmp_path / "run" / "config.json")) == config


def test_a_mistake_in_a_configuration_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[network]\nkind = "original"\n[training]\nepoch = 5\n')
    with pytest.raises(ConfigError, match=r"mine\.toml.*epoch"):
        load_config(str(path))


@pytest.mark.parametrize(
    "text",
    ["", '[network]\nkind = "foo"\n', '[network]\nkind = "original"\n[training]\nepochs = "x"'],
)
def test_a_configuration_that_cannot_work_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"mine\.toml"):
        load_config(str(path))
