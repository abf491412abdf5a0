"""The export for microcontrollers: the same model, the same engine, in C++."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from click.testing import CliRunner, Result

from ecgstream import StreamingDenoiser
from ecgstream.model.export.tflm import check, source
from ecgstream.model.export.tflm.check import noisy_record
from ecgstream.model.export.tflm.network import Int8Network, Steps, arena_size
from ecgstream.model.export.tflm.source import TOLERANCE, reference_stream, write
from ecgstream.streamer.engine.delay import MODES
from ecgstream.streamer.engine.normalization import Floats, half_widths
from ecgstream.streamer.network.shipped import SHIPPED_MODEL
from ecgstream.tools.cli import main
from helpers.paths import ROOT

_HERE = Path(__file__).parent
_ORIGINAL = ROOT / "model" / "original.tflite"  # predicts the signal, without context
_STRICT = "-std=c++17 -O1 -Wall -Wextra -Wpedantic -Werror".split()


@pytest.fixture(scope="session")
def compiler() -> str:
    """The host's C++ compiler."""
    for name in ("c++", "g++", "clang++"):
        if found := shutil.which(name):
            return found
    pytest.skip("there is no C++ compiler here: install g++")


@pytest.fixture
def no_tflm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tflite_micro", None)


@pytest.fixture(scope="session")
def tflm() -> None:
    pytest.importorskip("tflite_micro", reason="takes TFLM's kernels: pip install tflite-micro")


class Recorder:
    """The network, with all that it was shown and answered."""

    def __init__(self, path: Path) -> None:
        self._network = Int8Network(path)
        self.output, self.past = self._network.output, self._network.past
        self.predicts_error = self._network.predicts_error
        self.shown: list[Steps] = []
        self.answers: list[Steps] = []

    def __call__(self, window: Floats, context: Floats) -> Floats:
        return np.asarray(self._network.tensors["answer"].real(self._stored(window, context)[0]))

    def answer_and_error(self, window: Floats, context: Floats) -> tuple[Floats, Floats]:
        answer, error = self._stored(window, context)
        tensors = self._network.tensors
        return tensors["answer"].real(answer), half_widths(tensors["error"].real(error))

    def _stored(self, window: Floats, context: Floats) -> list[Steps]:
        shown = self._network.shown(window, context)
        self.shown.append(np.concatenate([rows[..., 0] for rows in shown.values()], axis=1))
        stored = self._network.stored_answers(window, context)
        self.answers.append(np.concatenate(stored, axis=1))
        return stored


def compiled(compiler: str, exported: Path, *sources: Path) -> Path:
    program = exported / "program"
    command = [compiler, *_STRICT, f"-I{exported}", *map(str, sources), "-o", str(program)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return program


def steps_of(recorder: Recorder, exported: Path) -> npt.NDArray[np.int64]:
    """How far what the C++ showed the network is from what the engine did, in int8 steps."""
    shown = np.concatenate(recorder.shown).astype(int)
    other = np.fromfile(exported / "shown.bin", np.int8).reshape(len(shown), -1)
    return np.asarray(np.abs(other[:, : shown.shape[1]] - shown))


@pytest.mark.usefixtures("no_tflm")
@pytest.mark.parametrize(
    ("model", "delay", "seconds"),
    [(SHIPPED_MODEL, mode, 30) for mode in ("low", "best")]
    + [(SHIPPED_MODEL, 100, 30), (_ORIGINAL, "balanced", 30), (SHIPPED_MODEL, "balanced", 300)]
    + [(None, mode, 30) for mode in ("low", "balanced", "best")],  # one that tells its error
)
def test_the_step_in_cpp_is_that_of_the_engine(
    model: Path | None,
    delay: str | int,
    seconds: int,
    compiler: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    """The network's answers are played back, so that nothing but rounding may differ."""
    model = model or request.getfixturevalue("error_model_file")
    write(model, tmp_path, delay)
    samples = noisy_record(seconds * 360)
    samples[:5], samples[2000:2400], samples[4000] = np.nan, np.nan, 1e6
    recorder = Recorder(model)
    wanted = StreamingDenoiser(recorder, delay=delay, gaps="hold").push(samples)
    samples.tofile(tmp_path / "samples.bin")
    np.concatenate(recorder.answers).tofile(tmp_path / "answers.bin")
    sources = _HERE / "tflm" / "stream.cc", _HERE / "tflm" / "playback.cc"
    program = compiled(compiler, tmp_path, *sources, tmp_path / "denoiser.cc")
    subprocess.run([program], cwd=tmp_path, check=True)
    denoised = np.fromfile(tmp_path / "denoised.bin", np.float32)
    assert len(denoised) == len(wanted.signal)
    np.testing.assert_allclose(denoised, wanted.signal[:, 0], atol=2e-5)
    band = np.fromfile(tmp_path / "error.bin", np.float32)
    # A chip without flags has a band in gaps, too.
    known = np.isfinite(wanted.error[:, 0])
    assert known.mean() > 0.9 if recorder.predicts_error else np.isnan(band).all()
    np.testing.assert_allclose(band[known], wanted.error[known, 0], rtol=1e-4, atol=2e-5)
    # A value that lies between two steps may be rounded to either.
    steps = steps_of(recorder, tmp_path)
    assert steps.max() <= 1 and np.mean(steps > 0) < 1e-4


@pytest.mark.usefixtures("no_tflm")
def test_the_example_finds_the_reference_where_it_should_be(compiler: str, tmp_path: Path) -> None:
    write(SHIPPED_MODEL, tmp_path, "balanced")
    network, recorder = Int8Network(SHIPPED_MODEL), Recorder(SHIPPED_MODEL)
    StreamingDenoiser(recorder).push(reference_stream(network.past))
    # The example asks for the last window alone and then for the stream.
    answers = np.concatenate([recorder.answers[-1][-1:], *recorder.answers])
    answers.tofile(tmp_path / "answers.bin")
    names = ("denoiser.cc", "example.cc", "reference.cc")
    sources = (_HERE / "tflm" / "playback.cc", *(tmp_path / name for name in names))
    program = compiled(compiler, tmp_path, *sources)
    done = subprocess.run([program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "network: 0 int8 steps" in done.stdout and "engine: 0 uV" in done.stdout
    shown = np.fromfile(tmp_path / "shown.bin", np.int8).reshape(len(answers), -1)
    # What the reference gives the network is what the engine shows it last.
    assert np.mean(shown[0] != shown[-1]) < 0.01
    # And a network that answers otherwise is found.
    (answers + np.int8(20)).tofile(tmp_path / "answers.bin")
    assert subprocess.run([program], cwd=tmp_path, stdout=subprocess.DEVNULL).returncode == 1


@pytest.mark.usefixtures("no_tflm")
@pytest.mark.parametrize("model", [SHIPPED_MODEL, _ORIGINAL, None])
def test_all_of_the_export_compiles_against_the_signatures_of_tflm(
    model: Path | None, compiler: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Linking takes TFLM itself, which no package brings as source."""
    write(model or request.getfixturevalue("error_model_file"), tmp_path, "balanced")
    stub = _HERE / "tflm" / "stub"
    command = [compiler, *_STRICT, "-fsyntax-only", f"-I{tmp_path}", f"-I{stub}"]
    sources = sorted(tmp_path.glob("*.cc"))
    assert {path.name for path in sources} >= {"network.cc", "model.cc", "denoiser.cc"}
    done = subprocess.run([*command, *sources], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def export(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["export", "--target", "tflm", *map(str, arguments)])


@pytest.mark.usefixtures("no_tflm")
def test_the_shipped_model_comes_whole_and_unchecked_where_tflm_is_missing(tmp_path: Path) -> None:
    result = export("--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert "NOT checked on TFLM's kernels" in result.output
    assert "pip install tflite-micro" in result.output
    text = (tmp_path / "model.cc").read_text()
    array = re.search(r"kModel\[\] = \{(.*?)\}", text, re.DOTALL)
    assert array is not None
    content = bytes(map(int, array.group(1).split(",")))
    assert content == SHIPPED_MODEL.read_bytes()
    assert hashlib.sha256(content).hexdigest() in text
    assert "NOT measured" in (tmp_path / "parameters.h").read_text()
    assert "for want of tflite-micro" in (tmp_path / "reference.h").read_text()
    assert "NOT checked" in (tmp_path / "README.md").read_text()
    assert not list(tmp_path.glob("partial-*"))


@pytest.mark.usefixtures("no_tflm")
def test_the_weights_written_are_those_of_the_delay_mode(tmp_path: Path) -> None:
    export("--out", tmp_path, "--delay", "low")
    text = (tmp_path / "parameters.h").read_text()
    mode = MODES["low"]
    assert f"kHop = {mode.hop};" in text and f"kDelay = {mode.samples};" in text
    array = re.search(r"kWeights\[kPart\] = \{(.*?)\}", text, re.DOTALL)
    assert array is not None
    weights = np.array([w.strip().removesuffix("f") for w in array.group(1).split(",")], np.float32)
    np.testing.assert_array_equal(weights, mode.weights.ravel()[: len(weights)])


@pytest.mark.usefixtures("tflm")
def test_tflms_kernels_answer_nearly_as_litert_and_the_reference_is_theirs(
    tmp_path: Path, remark: Callable[[str], None]
) -> None:
    result = export("--out", tmp_path)
    assert result.exit_code == 0, result.output
    (found,) = re.findall(r"Checked: .*", result.output)
    remark(f"shipped model on TFLM: {found}")
    assert "reference kernels" in (tmp_path / "reference.h").read_text()
    reference = (tmp_path / "reference.h").read_text()
    assert f"kReferenceSteps = {TOLERANCE};" in reference


def test_a_model_that_tflm_runs_otherwise_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Backwards(Int8Network):
        def answers(self, window: Floats, context: Floats) -> Steps:
            return super().answers(window, context)[:, ::-1]

    for module in (check, source):
        monkeypatch.setattr(module, "MicroNetwork", Backwards)
    result = export("--out", tmp_path / "out")
    assert result.exit_code == 1
    assert re.search(r"not exported: on TFLM its answers agree .* -?\d\.\d dB only", result.output)
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("tflm")
def test_the_arena_is_the_least_that_the_model_runs_in() -> None:
    from tflite_micro import runtime

    content = SHIPPED_MODEL.read_bytes()
    least = arena_size(content)
    assert least < 40_000
    runtime.Interpreter.from_bytes(content, arena_size=least).invoke()
    with pytest.raises(RuntimeError):
        runtime.Interpreter.from_bytes(content, arena_size=least - 16)


def test_a_model_that_is_not_int8_is_refused(tmp_path: Path, no_tflm: None) -> None:
    import keras
    import tensorflow as tf

    inputs = keras.Input((256, 1), batch_size=1)
    model = keras.Model(inputs, keras.layers.Conv1D(1, 3, padding="same", name="signal")(inputs))

    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint(
        "serving_default",
        lambda window: {"signal": model(window)},
        input_signature=[tf.TensorSpec((1, 256, 1), name="window")],
    )
    archive.write_out(tmp_path / "saved", verbose=False)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path / "saved"))
    (tmp_path / "float.tflite").write_bytes(converter.convert())
    result = export(tmp_path / "float.tflite", "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "is float32: TFLM takes an int8 model here" in result.output
    assert not (tmp_path / "out").exists()


def test_a_run_without_an_exported_model_is_told_what_to_do(tmp_path: Path) -> None:
    result = export(tmp_path, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert f"no model file {tmp_path / 'model.tflite'}" in result.output


def test_training_runs_alone_become_tflite_files() -> None:
    for arguments in (["export"], ["export", str(SHIPPED_MODEL)]):
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 2
        assert "folder of a training" in result.output
    result = export("--precision", "float16")
    assert result.exit_code == 2 and "int8" in result.output
