"""Export: every precision runs in the engine, and no file is written that fails a check."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner

from ecgstream import StreamingDenoiser
from ecgstream.model.data.mixing import NoisyWindows
from ecgstream.model.export import tflite
from ecgstream.model.export.precision import PRECISIONS
from ecgstream.model.export.shrink import compact
from ecgstream.model.export.tflite import ExportError, export
from ecgstream.model.training import trainer
from ecgstream.model.training.config import Config, as_dict, load_config
from ecgstream.model.training.runs import CONFIG
from ecgstream.model.training.trainer import BEST, RelativeError, build
from ecgstream.streamer.ecg.noise import RECORDED, unit_noise
from ecgstream.streamer.engine.delay import WINDOW
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.io.records import read_record
from ecgstream.streamer.network.tflite import TFLiteNetwork
from ecgstream.tools.cli import main
from helpers.paths import ROOT

Batch = dict[str, Floats]

_OTHER_PYTHON = ROOT / ".venv-tflite" / "bin" / "python"
_ANSWER = """
import sys
import numpy as np
from ecgstream.streamer.network.tflite import TFLiteNetwork
windows = np.load(sys.argv[1])
for path in sys.argv[2:]:
    answer = TFLiteNetwork(path, "tflite-runtime")(windows["window"], windows["context"])
    np.save(path + ".npy", answer)
"""


@pytest.fixture(scope="module")
def config() -> Config:
    shipped = load_config("shipped")
    network = {**shipped.network, "widths": [6, 8, 8, 8], "past": 512, "context_width": 4}
    return dataclasses.replace(
        shipped, network=network, training=dataclasses.replace(shipped.training, batch=32)
    )


def windows(config: Config, data: Path, *, validation: bool, seed: int) -> NoisyWindows:
    """Of the bundled record and noises, in place of whole databases."""
    ecg = read_record("208b").signal(0)
    part = ecg[60_000:90_000] if validation else ecg[:60_000]
    noise = {kind: [unit_noise(kind, 30_000).astype(np.float32)] for kind in RECORDED}
    return NoisyWindows(
        {"mitdb/208": [part.astype(np.float32)]},
        noise,
        output=config.output,
        past=config.network["past"],
        mixing=config.mixing,
        batch=config.training.batch,
        seed=seed,
        floor=1.0,
    )


@pytest.fixture(autouse=True)
def small_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tflite, "training_windows", windows)
    monkeypatch.setattr(tflite, "CALIBRATION_WINDOWS", 128)
    monkeypatch.setattr(tflite, "PARITY_WINDOWS", 256)


@pytest.fixture(scope="module")
def trained(config: Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network that has begun to learn."""
    keras.utils.set_random_seed(0)
    model = build(config)
    model.compile(keras.optimizers.Adam(4e-3), RelativeError())
    batches = windows(config, Path(), validation=False, seed=0)
    for step in range(60):
        model.train_on_batch(*batches[step])
    path = tmp_path_factory.mktemp("run") / "model.keras"
    model.save(path)
    return path


@pytest.fixture(scope="module")
def unseen(config: Config) -> Batch:
    return windows(config, Path(), validation=True, seed=9)[0][0]


@pytest.fixture(scope="module")
def converted(trained: Path, config: Config) -> dict[str, bytes]:
    """The trained network in every precision, as TensorFlow's converter gives it."""
    batches = windows(config, Path(), validation=False, seed=1)
    calibration, _ = tflite._take(batches, 128)
    model = keras.models.load_model(trained)
    return {name: tflite._convert(model, "noise", name, calibration) for name in PRECISIONS}


@pytest.mark.parametrize("precision", PRECISIONS)
def test_every_precision_agrees_with_the_trained_model_and_runs_in_the_engine(
    precision: str,
    trained: Path,
    config: Config,
    converted: dict[str, bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    remark: Callable[[str], None],
) -> None:
    monkeypatch.setattr(tflite, "_convert", lambda *arguments: converted[precision])
    exported = export(trained, tmp_path / "m.tflite", config, Path(), precision)
    remark(
        f"export of a small network to {precision}: {exported.size} bytes, agrees to "
        f"{exported.parity_db:.1f} dB, costs {exported.cost_db:.3f} dB"
    )
    assert exported.size == (tmp_path / "m.tflite").stat().st_size
    assert exported.parity_db >= PRECISIONS[precision].min_parity_db
    assert [path.name for path in tmp_path.iterdir()] == ["m.tflite"]
    denoiser = StreamingDenoiser(tmp_path / "m.tflite")
    ecg = read_record("208b").signal(0)[:1800].astype(np.float32)
    signal = np.concatenate([denoiser.push(ecg).signal, denoiser.flush().signal])
    assert np.isfinite(signal).all() and signal.std() > 0.1 * ecg.std()


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_compact_file_gives_the_same_bits_as_the_converted_one(
    precision: str, converted: dict[str, bytes], unseen: Batch
) -> None:
    whole, small = converted[precision], compact(converted[precision])
    assert len(small) < 0.9 * len(whole)
    for runtime in ("litert", "tensorflow"):
        answers = [
            TFLiteNetwork.unchecked(content, precision, runtime)(
                unseen["window"], unseen["context"]
            )
            for content in (whole, small)
        ]
        assert np.ptp(answers[0]) > 0
        np.testing.assert_array_equal(answers[0], answers[1])


def test_tflite_runtime_gives_the_same_bits_for_a_compact_file_and_nearly_those_of_litert(
    converted: dict[str, bytes], unseen: Batch, tmp_path: Path
) -> None:
    if not _OTHER_PYTHON.exists():
        pytest.skip("no environment with tflite-runtime (Linux, Python 3.10 or 3.11): make test")
    np.savez(tmp_path / "windows.npz", window=unseen["window"], context=unseen["context"])
    paths = []
    for precision, content in converted.items():
        for kind, held in (("whole", content), ("small", compact(content))):
            paths.append(tmp_path / f"{precision}-{kind}.tflite")
            paths[-1].write_bytes(held)
    command = [str(_OTHER_PYTHON), "-c", _ANSWER, str(tmp_path / "windows.npz"), *map(str, paths)]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    subprocess.run(command, check=True, capture_output=True, env=env)
    for whole, small in zip(paths[::2], paths[1::2], strict=True):
        answers = [np.load(f"{path}.npy") for path in (whole, small)]
        np.testing.assert_array_equal(answers[0], answers[1])
        litert = TFLiteNetwork(small)(unseen["window"], unseen["context"])
        difference = np.square(answers[1] - litert).sum()
        assert 10 * np.log10(np.square(litert).sum() / difference) > 20, small.name


@pytest.mark.parametrize("size", [16, 0.25])
def test_int8_calibrated_on_the_wrong_windows_is_refused(
    size: float, trained: Path, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    convert = tflite._convert

    def wrongly(model: keras.Model, output: str, precision: str, calibration: Batch) -> bytes:
        wrong = {name: values * np.float32(size) for name, values in calibration.items()}
        return convert(model, output, precision, wrong)

    monkeypatch.setattr(tflite, "_convert", wrongly)
    with pytest.raises(ExportError, match="not written: "):
        export(trained, tmp_path / "m.tflite", config, Path())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("precision", ["int8", "float32"])
def test_a_file_without_the_trained_weights_is_refused(
    precision: str,
    trained: Path,
    config: Config,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A conversion can lose them and leave those that a network begins with."""
    convert = tflite._convert

    def forgetfully(model: keras.Model, *arguments: Any) -> bytes:
        return convert(build(config), *arguments)

    monkeypatch.setattr(tflite, "_convert", forgetfully)
    with pytest.raises(ExportError, match="not written: its answers agree"):
        export(trained, tmp_path / "m.tflite", config, Path(), precision)
    assert not list(tmp_path.iterdir())


def test_a_precision_that_makes_the_answer_worse_is_refused(
    trained: Path,
    config: Config,
    converted: dict[str, bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tflite, "_convert", lambda *arguments: converted["int8"])
    strict = dataclasses.replace(PRECISIONS["int8"], max_cost_db=-10.0)
    monkeypatch.setitem(PRECISIONS, "int8", strict)
    with pytest.raises(ExportError, match="not written: int8 makes its error"):
        export(trained, tmp_path / "m.tflite", config, Path())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("held", "wanted", "kind"),
    [
        ("float32", "int8", "FLOAT32"),
        ("int16x8", "int8", "INT16"),
        ("float16", "int16x8", "FLOAT16"),
        ("int8", "float32", "INT8"),
    ],
)
def test_numbers_of_another_type_are_found(
    held: str, wanted: str, kind: str, converted: dict[str, bytes]
) -> None:
    assert sum(tflite._operators(converted[held], PRECISIONS[held]).values()) > 20
    with pytest.raises(ExportError, match=f"has a {kind}"):
        tflite._operators(converted[held], PRECISIONS[wanted])


def test_a_model_that_no_runtime_takes_is_refused(
    trained: Path, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = keras.Sequential([keras.Input((128, 1)), keras.layers.Conv1D(1, 3)])
    other = bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())
    monkeypatch.setattr(tflite, "_convert", lambda *arguments: other)
    with pytest.raises(ExportError, match=rf"does not take the model.*needs window \(1, {WINDOW}"):
        export(trained, tmp_path / "m.tflite", config, Path(), "float32")
    assert not list(tmp_path.iterdir())


def test_the_shipped_network_fits_into_100_kb() -> None:
    shipped = load_config("shipped")
    calibration, _ = windows(shipped, Path(), validation=False, seed=0)[0]
    model, rng = build(shipped), np.random.default_rng(0)
    # Equal numbers are kept once: an untrained network has zeros where a trained one has biases.
    model.set_weights([w + rng.uniform(0, 0.01, w.shape) for w in model.get_weights()])
    content = tflite._convert(model, "noise", "int8", calibration)
    assert len(compact(content)) <= 100_000


def test_the_command_writes_beside_the_trained_model(
    trained: Path,
    config: Config,
    tmp_path: Path,
    databases: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tflite, "training_windows", trainer.training_windows)
    monkeypatch.setattr(trainer, "TRAINING_RECORDS", ("mitdb/101", "mitdb/106"))
    (tmp_path / BEST).write_bytes(trained.read_bytes())
    (tmp_path / CONFIG).write_text(json.dumps(as_dict(config)))
    arguments = ["export", str(tmp_path), "--data", str(databases)]
    for more, name in (([], "model.tflite"), (["--precision", "float16"], "model-float16.tflite")):
        result = CliRunner().invoke(main, [*arguments, *more])
        assert result.exit_code == 0, result.output
        assert f"{name}, {(tmp_path / name).stat().st_size} bytes, sha256" in result.output
    assert "DEQUANTIZE" in result.output
