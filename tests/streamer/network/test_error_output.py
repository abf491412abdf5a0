"""A file that answers its error, too, beside one that does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import ecgstream
from ecgstream.streamer.engine.delay import WINDOW
from ecgstream.streamer.engine.normalization import Floats, standardise
from ecgstream.streamer.network.sandbox import ModelError
from ecgstream.streamer.network.tflite import TFLiteNetwork
from helpers.error_model import error_model
from helpers.paths import ROOT


def test_a_file_with_an_error_output_gives_every_sample_a_band(
    error_model_file: Path, ecg: Floats
) -> None:
    whole = ecgstream.denoise(ecg, model=error_model_file)
    assert whole.error.shape == ecg.shape and (whole.error > 0).all()


def test_errors_of_windows_in_one_call_are_those_of_one_by_one(error_model_file: Path) -> None:
    network = TFLiteNetwork(error_model_file)
    assert network.predicts_error and network.output == "noise"
    past = np.random.default_rng(0).normal(size=(45, network.past)).astype(np.float32)
    shown = standardise(past)
    together = network.answer_and_error(shown.window, shown.context)
    assert together[0].shape == (45, WINDOW) and together[1].shape == (45, WINDOW // 4)
    np.testing.assert_array_equal(together[0], network(shown.window, shown.context))
    for i in range(45):
        one = slice(i, i + 1)
        alone = network.answer_and_error(shown.window[one], shown.context[one])
        for part, whole in zip(alone, together, strict=True):
            np.testing.assert_array_equal(part, whole[one])


def test_the_error_is_two_to_the_power_of_what_the_file_stores(error_model_file: Path) -> None:
    network = TFLiteNetwork(error_model_file)
    shown = standardise(np.random.default_rng(1).normal(size=(1, network.past)).astype(np.float32))
    (_, error) = network.answer_and_error(shown.window, shown.context)
    interpreter = network.interpreter
    details = interpreter.get_signature_runner().get_output_details()["error"]
    network.bare_call(shown.window, shown.context)()
    stored = interpreter.get_tensor(details["index"])[..., 0].astype(float)
    scale, zero = details["quantization"]
    np.testing.assert_allclose(error, 2 ** ((stored - zero) * scale), rtol=1e-5)


def test_a_file_without_one_says_so(ecg: Floats) -> None:
    network = TFLiteNetwork(ROOT / "model" / "original.tflite")
    assert not network.predicts_error
    assert np.isnan(ecgstream.denoise(ecg, model=network).error).all()
    shown = standardise(ecg[None, : network.past])
    with pytest.raises(ValueError, match="has no output 'error'"):
        network.answer_and_error(shown.window, shown.context)


@pytest.mark.usefixtures("error_model_file")
def test_an_error_of_another_length_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "short.tflite"
    path.write_bytes(error_model(error_values=32))
    with pytest.raises(ModelError, match=r"short.tflite has .* and optionally error \(1, 64, 1\)"):
        TFLiteNetwork(path)
