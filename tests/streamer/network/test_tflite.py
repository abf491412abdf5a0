"""Run the shipped model on every runtime; refuse damaged and foreign files."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from ecgstream import StreamingDenoiser, load_network
from ecgstream.streamer.ecg.noise import noise_gain, unit_noise
from ecgstream.streamer.engine.delay import WINDOW
from ecgstream.streamer.engine.normalization import Floats, standardise
from ecgstream.streamer.io.records import read_record
from ecgstream.streamer.network import sandbox
from ecgstream.streamer.network.sandbox import ModelError
from ecgstream.streamer.network.shipped import SHIPPED, SHIPPED_MODEL
from ecgstream.streamer.network.tflite import BATCH, TFLiteNetwork
from helpers.paths import ROOT

_OTHER_PYTHON = ROOT / ".venv-tflite" / "bin" / "python"
_THIS_SOURCE = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
_DENOISE = """
import sys
import numpy as np
from ecgstream import StreamingDenoiser, load_network
denoiser = StreamingDenoiser(runtime=sys.argv[1])
x = np.load(sys.argv[2])
np.save(sys.argv[3], np.concatenate([denoiser.push(x).signal, denoiser.flush().signal]))
"""
_MAX_RMS = 0.02
"""mV. The int8 kernels of two runtimes round differently, layer after layer; how far that goes is
printed, and must stay well below what the noise leaves."""


@pytest.fixture(scope="module")
def noisy() -> Floats:
    clean = read_record("208b").signal(0)[:7200]
    noise = unit_noise("mix", len(clean))
    return (clean + noise * noise_gain(clean, noise, 0)).astype(np.float32)


def test_shipped_model_fits_into_100_kb() -> None:
    assert SHIPPED_MODEL.stat().st_size <= 100_000


def test_shipped_model_runs_on_tflite_runtime_as_on_litert(
    noisy: Floats, tmp_path: Path, remark: Callable[[str], None]
) -> None:
    if not _OTHER_PYTHON.exists():
        pytest.skip("no environment with tflite-runtime (Linux, Python 3.10 or 3.11): make test")
    np.save(tmp_path / "x.npy", noisy)
    outputs = []
    for python, runtime in ((sys.executable, "litert"), (_OTHER_PYTHON, "tflite-runtime")):
        out = tmp_path / f"{runtime}.npy"
        command = [python, "-c", _DENOISE, runtime, str(tmp_path / "x.npy"), str(out)]
        subprocess.run(command, check=True, capture_output=True, env=_THIS_SOURCE)
        outputs.append(np.load(out))
    difference = np.abs(outputs[0] - outputs[1])
    rms = float(np.sqrt(np.mean(difference**2)))
    remark(
        "shipped model, 20 s of noisy ECG: LiteRT and tflite-runtime differ in "
        f"{np.mean(difference > 0):.1%} of samples, by {rms * 1e3:.1f} µV RMS and "
        f"{difference.max() * 1e3:.0f} µV at most"
    )
    assert rms <= _MAX_RMS


def test_windows_in_one_call_give_the_same_bits_as_one_by_one(noisy: Floats) -> None:
    network = TFLiteNetwork(SHIPPED_MODEL)
    pasts = np.lib.stride_tricks.sliding_window_view(noisy, network.past)[: 80 * 16 : 16]
    windows = standardise(np.ascontiguousarray(pasts))
    assert len(windows.window) > 2 * BATCH
    together = network(windows.window, windows.context)
    alone = [
        network(windows.window[i : i + 1], windows.context[i : i + 1]) for i in range(len(pasts))
    ]
    np.testing.assert_array_equal(together, np.concatenate(alone))


def test_a_runtime_can_be_named(noisy: Floats) -> None:
    first = TFLiteNetwork(SHIPPED_MODEL, "litert")
    assert first.runtime == "litert" and first.output == "noise" and first.past >= WINDOW
    assert StreamingDenoiser(runtime="litert").push(noisy).signal.shape[1] == 1


def test_a_runtime_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tflite_runtime.interpreter", None)
    with pytest.raises(RuntimeError, match="is not installed: pip install tflite-runtime"):
        TFLiteNetwork(SHIPPED_MODEL, "tflite-runtime")


def test_an_unknown_runtime_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match="choose from auto, litert, tflite-runtime, tensorflow"):
        TFLiteNetwork(SHIPPED_MODEL, "onnx")


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "noise.tflite"
    path.write_bytes(np.random.default_rng(0).bytes(5000))
    with pytest.raises(ModelError, match=r"noise\.tflite is no TFLite model"):
        TFLiteNetwork(path)


def test_a_model_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "half.tflite"
    path.write_bytes(SHIPPED_MODEL.read_bytes()[:2000])
    with pytest.raises(ModelError, match=r"half\.tflite"):
        TFLiteNetwork(path)


@pytest.fixture
def other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model that works, is not the shipped one and has not run in the sandbox yet."""
    monkeypatch.setattr(sandbox, "_passed", set())
    path = tmp_path / "other.tflite"
    path.write_bytes(SHIPPED_MODEL.read_bytes() + b"\0")
    return path


def test_shipped_models_are_the_files_that_run_without_the_sandbox() -> None:
    for model in SHIPPED.values():
        assert hashlib.sha256(model.path.read_bytes()).hexdigest() == model.sha256


@pytest.mark.parametrize("name", list(SHIPPED))
def test_a_shipped_model_is_taken_by_its_name_everywhere(name: str) -> None:
    expected = SHIPPED[name].path
    for network in (TFLiteNetwork(name), load_network(name), StreamingDenoiser(name).network):
        assert isinstance(network, TFLiteNetwork) and network.path == expected


def test_a_model_of_the_user_runs_in_the_sandbox_once(
    other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def run(*arguments: Any, **options: Any) -> Any:
        tried.append(arguments)
        return subprocess_run(*arguments, **options)

    subprocess_run = subprocess.run
    monkeypatch.setattr(subprocess, "run", run)
    assert TFLiteNetwork(other).past == TFLiteNetwork(other).past
    assert len(tried) == 1
    TFLiteNetwork(SHIPPED_MODEL)
    assert len(tried) == 1


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ("os.abort()", "is damaged: it crashed the runtime"),
        ("os.kill(os.getpid(), 11)", "is damaged: it crashed the runtime"),
        ("print('it is odd'); sys.exit(3)", "it is odd"),
        ("signal.pause()", "did not answer within 0.5 s"),
    ],
)
def test_a_model_that_ends_the_sandbox_is_refused(
    end: str, words: str, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "_WORKER", f"import os, signal, sys; sys.stdin.read(0); {end}")
    monkeypatch.setattr(sandbox, "TIMEOUT_SECONDS", 0.5 if "pause" in end else 60.0)
    with pytest.raises(ModelError, match=words):
        TFLiteNetwork(other)


def test_the_sandbox_imports_nothing_from_the_current_folder(
    other: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "numpy.py").write_text("raise SystemExit(1)")
    monkeypatch.chdir(tmp_path)
    assert TFLiteNetwork(other).past >= WINDOW


@pytest.mark.parametrize(
    ("number", "words"), [(32, "CUSTOM"), (51, "DELEGATE"), (119, "WHILE"), (200, "STABLEHLO")]
)
def test_a_model_with_more_than_arithmetic_is_never_run(
    number: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = schema.ModelT.InitFromPackedBuf(SHIPPED_MODEL.read_bytes(), 0)
    model.operatorCodes[0].builtinCode = number
    model.operatorCodes[0].deprecatedBuiltinCode = min(number, 127)
    model.operatorCodes[0].customCode = "FlexWriteFile" if number == 32 else None
    refuse_to_run(model, words, tmp_path, monkeypatch)


def test_a_model_with_weights_in_another_file_is_never_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = schema.ModelT.InitFromPackedBuf(SHIPPED_MODEL.read_bytes(), 0)
    group = schema.ExternalBufferGroupT()
    group.name = "/etc/passwd"
    model.externalBufferGroups = [group]
    refuse_to_run(model, "weights in other files", tmp_path, monkeypatch)


def refuse_to_run(model: Any, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    builder = schema.flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    path = tmp_path / "custom.tflite"
    path.write_bytes(builder.Output())
    monkeypatch.setattr(sandbox, "_WORKER", "import sys; sys.exit(0)")
    with pytest.raises(ModelError, match=words):
        TFLiteNetwork(path)


def test_what_is_no_file_is_no_model(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", "/dev/zero", "a\0b", ""):
        with pytest.raises(FileNotFoundError, match="no model file"):
            TFLiteNetwork(path)
    (tmp_path / "huge").touch()
    os.truncate(tmp_path / "huge", sandbox.MAX_FILE_BYTES + 1)
    with pytest.raises(ModelError, match="larger than 64 MB"):
        TFLiteNetwork(tmp_path / "huge")
    with pytest.raises(ModelError, match="cannot be read: File name too long"):
        TFLiteNetwork("x" * 5000)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"no model file nowhere\.tflite"):
        TFLiteNetwork("nowhere.tflite")


def test_a_model_of_another_shape_is_refused_with_its_shapes(tmp_path: Path) -> None:
    keras = pytest.importorskip("keras", reason="builds a model: pip install 'ecgstream[train]'")
    tf = pytest.importorskip("tensorflow", reason="converts it: pip install 'ecgstream[train]'")
    model = keras.Sequential([keras.Input((128, 1)), keras.layers.Conv1D(1, 3)])
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    path = tmp_path / "short.tflite"
    path.write_bytes(converter.convert())
    with pytest.raises(ModelError, match=r"short\.tflite has"):
        TFLiteNetwork(path)


def test_all_windows_that_are_due_are_one_call_of_the_interpreter() -> None:
    network = TFLiteNetwork(SHIPPED_MODEL)
    ran: list[int] = []
    call = network._call

    def counted(calls: Any, batch: int) -> Any:
        ran.append(batch)
        return call(calls, batch)

    network._call = counted  # type: ignore[method-assign]
    rng = np.random.default_rng(0)
    for n, expected in ((3, {3}), (12, {12}), (32, {32}), (42, {32, 10}), (20, {12, 8})):
        ran.clear()
        past = rng.normal(size=(n, network.past)).astype(np.float32)
        shown = standardise(past)
        together = network(shown.window, shown.context)
        assert set(ran) == expected
        one = [network(shown.window[i : i + 1], shown.context[i : i + 1]) for i in range(n)]
        np.testing.assert_array_equal(together, np.concatenate(one))
