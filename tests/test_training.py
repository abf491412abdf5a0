"""Training and export: the right windows, exact resume, and no file that fails a check."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf
import wfdb

from model import export as export_module
from model import splits, training
from model.config import Config, ConfigError, load_config
from model.dataset import Mixing, NoisyWindows, place_weights
from model.export import ExportError, export
from model.network import Rounded, copy_weights
from model.training import BEST, CHECKPOINT, build, noisy_windows, read_history, train
from streamer import WINDOW, TFLiteNetwork
from streamer.records import RecordError, read_record
from streamer.windows import Floats, restore, standardise


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small databases of the real form: two records from the bundled one, and noise."""
    folder = tmp_path_factory.mktemp("data")
    ecg = read_record("208b").signal(0)
    rng = np.random.default_rng(0)
    for name, part in (("mitdb/t1", ecg[:40_000]), ("mitdb/v1", ecg[60_000:90_000])):
        _write(folder, name, part[:, None])
    for name in ("bw", "em", "ma"):
        noise = rng.normal(size=(2 * splits.NOISE_HALF, 2))
        _write(folder, f"nstdb/{name}", noise if name == "ma" else noise.cumsum(axis=0) / 300)
    return folder


def _write(folder: Path, name: str, signals: npt.ArrayLike) -> None:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    samples = np.asarray(signals, float)
    names = [f"s{i}" for i in range(samples.shape[1])]
    wfdb.wrsamp(
        path.name, 360, ["mV"] * len(names), names, samples,
        fmt=["16"] * len(names), write_dir=str(path.parent),
    )  # fmt: skip


@pytest.fixture(autouse=True)
def small_splits(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (training, export_module):
        monkeypatch.setattr(module, "TRAINING", ("t1",))
        monkeypatch.setattr(module, "VALIDATION", ("v1",))
    monkeypatch.setattr(training, "VALIDATION_STEPS", 2)


@pytest.fixture
def config() -> Config:
    shipped = load_config("float")
    network = {**shipped.network, "widths": [4, 4, 6, 8], "past": 512, "context_width": 4}
    small = dataclasses.replace(shipped.training, epochs=2, steps=3, batch=16)
    return dataclasses.replace(shipped, network=network, training=small)


def windows(config: Config, data: Path, mixing: Mixing) -> NoisyWindows:
    changed = dataclasses.replace(config, mixing=mixing)
    return noisy_windows(changed, ("t1",), data, seed=3)


def test_patients_never_cross() -> None:
    assert not set(splits.TRAINING) & set(splits.DS2)
    assert not set(splits.TRAINING) & set(splits.VALIDATION)
    assert not set(splits.TRAINING) & {"118", "119", "201", "202"}
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
    write_history = training._write_history

    def killed(out: Path, history: list[dict[str, float]]) -> None:
        write_history(out, history)
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "_write_history", killed)
    with pytest.raises(KeyboardInterrupt):
        train(config, data, tmp_path / "parts")
    assert len(read_history(tmp_path / "parts")) == 1
    monkeypatch.setattr(training, "_write_history", write_history)
    parts = train(config, data, tmp_path / "parts")
    for a, b in zip(whole.get_weights(), parts.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert len(read_history(tmp_path / "parts")) == 2
    assert not list((tmp_path / "parts").glob("half-*"))


def test_missing_noise_is_named(config: Config, tmp_path: Path) -> None:
    _write(tmp_path, "mitdb/t1", np.zeros((40_000, 1)))
    with pytest.raises(RecordError, match="no noise record nstdb/bw"):
        noisy_windows(config, ("t1",), tmp_path, seed=0)


def rounding(config: Config) -> Config:
    return dataclasses.replace(
        config, training=dataclasses.replace(config.training, rounded=True, learning_rate=0.0)
    )


def test_rounding_is_felt_in_training_and_gone_from_the_result(
    config: Config, data: Path, tmp_path: Path
) -> None:
    exact = train(config, data, tmp_path / "exact")
    rounded = build(rounding(config))
    copy_weights(exact, rounded)
    inputs, _ = windows(config, data, Mixing())[0]
    wanted, felt = exact.predict_on_batch(inputs), rounded.predict_on_batch(inputs)
    assert 0 < np.abs(felt - wanted).max() < 0.5
    begin = tmp_path / "exact" / BEST
    result = train(rounding(config), data, tmp_path / "rounded", begin)
    # Without a learning rate only the statistics of the batches moved.
    assert not any(isinstance(layer, Rounded) for layer in result.layers)
    for a, b in zip(exact.trainable_weights, result.trainable_weights, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_a_run_with_other_settings_is_not_mixed_up(
    config: Config, data: Path, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ValueError, match="other settings: choose another --out"):
        train(config, data, tmp_path)
    assert not (tmp_path / CHECKPOINT).exists()


def test_original_network_has_the_published_size() -> None:
    assert build(load_config("original")).count_params() == 18_049


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


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained network, saved as a training saves its result."""
    folder = tmp_path_factory.mktemp("run")
    build(load_config("float")).save(folder / BEST)
    return folder


def test_export_writes_an_integer_file_that_agrees_with_the_float_model(
    run: Path, data: Path, tmp_path: Path
) -> None:
    exported = export(run / BEST, tmp_path / "m.tflite", load_config("shipped"), data)
    assert exported.size == (tmp_path / "m.tflite").stat().st_size <= 100_000
    assert exported.parity_db >= export_module.MIN_PARITY_DB
    network = TFLiteNetwork(tmp_path / "m.tflite")
    assert (network.output, network.past) == ("noise", load_config("shipped").network["past"])


def test_export_refuses_a_model_that_lost_its_way(
    run: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calibrated on windows a thousand times too small, everything saturates."""

    take = export_module._take
    calls = []

    def first_tiny(batches: NoisyWindows, n: int) -> tuple[dict[str, Floats], Floats]:
        taken, target = take(batches, n)
        calls.append(n)
        if len(calls) == 1:
            taken = {name: values / np.float32(1000) for name, values in taken.items()}
        return taken, target

    monkeypatch.setattr(export_module, "_take", first_tiny)
    with pytest.raises(ExportError, match="not written: its answers agree"):
        export(run / BEST, tmp_path / "m.tflite", load_config("shipped"), data)
    assert not list(tmp_path.iterdir())


def test_export_refuses_a_model_that_quantization_makes_worse(
    run: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_module, "MAX_COST_DB", -10.0)
    with pytest.raises(ExportError, match="not written: quantization makes its error"):
        export(run / BEST, tmp_path / "m.tflite", load_config("shipped"), data)
    assert not list(tmp_path.iterdir())


def test_export_refuses_an_operator_that_is_not_an_integer_one() -> None:
    model = keras.Sequential([keras.Input((WINDOW, 1)), keras.layers.Conv1D(1, 3)])
    content = tf.lite.TFLiteConverter.from_keras_model(model).convert()
    with pytest.raises(ExportError, match="has a FLOAT32 tensor"):
        export_module._integer_operators(content)
