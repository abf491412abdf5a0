"""The shipped model on every runtime, and models that are none."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from streamer import SHIPPED_MODEL, WINDOW, ModelError, StreamingDenoiser, TFLiteNetwork
from streamer.interpreter import BATCH
from streamer.noise import noise_gain, unit_noise
from streamer.records import read_record
from streamer.windows import Floats, standardise

_OTHER_PYTHON = Path(__file__).parents[1] / ".venv-tflite" / "bin" / "python"
_DENOISE = """
import sys
import numpy as np
from streamer import StreamingDenoiser
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
        subprocess.run(command, check=True, capture_output=True)
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


def test_a_missing_file_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"no model file nowhere\.tflite"):
        TFLiteNetwork("nowhere.tflite")


def test_a_model_of_another_shape_is_refused_with_its_shapes(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((128, 1)), keras.layers.Conv1D(1, 3)])
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    path = tmp_path / "short.tflite"
    path.write_bytes(converter.convert())
    with pytest.raises(ModelError, match=r"short\.tflite has"):
        TFLiteNetwork(path)
