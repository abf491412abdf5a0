"""`ecgstream bench`: what a model holds and gains, and every way to run it."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from click.testing import CliRunner

from ecgstream.streamer.engine.normalization import standardise
from ecgstream.streamer.io.records import DATA_VARIABLE
from ecgstream.streamer.network.sandbox import ModelError
from ecgstream.streamer.network.shipped import SHIPPED_MODEL
from ecgstream.streamer.network.tflite import TFLiteNetwork
from ecgstream.tools.bench import (
    accuracy,
    configurations,
    latency,
    measure,
    model_stats,
    subprocesses,
)
from ecgstream.tools.bench.configurations import Models
from ecgstream.tools.commands import bench as command
from helpers.bench_schema import SCHEMA
from helpers.fakes import Identity


def test_operators_and_multiplications_of_the_shipped_model_are_counted() -> None:
    counted = model_stats.operators(SHIPPED_MODEL)
    assert counted is not None
    assert (counted["CONV_2D"], counted["FULLY_CONNECTED"]) == (19, 8)
    assert model_stats.precision(TFLiteNetwork(SHIPPED_MODEL).interpreter) == "int8"
    macs = model_stats.macs(SHIPPED_MODEL)
    assert macs is not None and 1e6 < macs < 3e6


@pytest.mark.parametrize(
    ("operator", "inputs", "output", "macs"),
    [
        ("CONV_2D", [[1, 1, 64, 4], [24, 1, 9, 4], [24]], [1, 1, 64, 24], 64 * 24 * 9 * 4),
        ("DEPTHWISE_CONV_2D", [[1, 1, 64, 8], [1, 1, 9, 8], [8]], [1, 1, 64, 8], 64 * 8 * 9),
        ("FULLY_CONNECTED", [[1, 24], [6, 24], [6]], [1, 6], 24 * 6),
        ("TRANSPOSE_CONV", [[4], [8, 1, 2, 16], [1, 1, 32, 16]], [1, 1, 64, 8], 32 * 16 * 2 * 8),
        ("BATCH_MATMUL", [[1, 5, 7], [1, 7, 3]], [1, 5, 3], 5 * 7 * 3),
        ("ADD", [[1, 64], [1, 64]], [1, 64], 0),
    ],
)
def test_multiplications_are_those_of_the_textbook(
    operator: str, inputs: list[list[int]], output: list[int], macs: int
) -> None:
    assert model_stats.operator_macs(operator, inputs, output) == macs


def test_nothing_is_counted_where_the_format_of_models_is_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    assert model_stats.operators(SHIPPED_MODEL) is None
    assert model_stats.macs(SHIPPED_MODEL) is None


def test_without_xnnpack_the_answers_are_the_same_but_for_rounding() -> None:
    networks = [TFLiteNetwork(SHIPPED_MODEL, "litert", 2, xnnpack) for xnnpack in (True, False)]
    assert [model_stats.delegated(network.interpreter) for network in networks] == [True, False]
    past = np.stack([accuracy.noisy_record()[i * 720 :][: networks[0].past] for i in range(20)])
    shown = standardise(past)
    one, other = (network(shown.window, shown.context) for network in networks)
    agreement_db = 10 * np.log10(np.square(one).sum() / np.square(one - other).sum())
    assert agreement_db > 20  # as an export to another runtime must reach


@pytest.mark.parametrize("threads", [0, -1, 1000, 1.5])
def test_an_impossible_number_of_threads_is_refused(threads: Any) -> None:
    with pytest.raises(ValueError, match="threads must be 1 to 256, not"):
        TFLiteNetwork(SHIPPED_MODEL, threads=threads)


def test_a_runtime_that_cannot_do_without_xnnpack_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    network = TFLiteNetwork(SHIPPED_MODEL, "litert")
    module = sys.modules[type(network.interpreter).__module__]
    monkeypatch.delattr(module, "OpResolverType")
    with pytest.raises(RuntimeError, match="cannot do without XNNPACK"):
        TFLiteNetwork(SHIPPED_MODEL, "litert", xnnpack=False)


def test_a_network_that_changes_nothing_gains_nothing() -> None:
    found = accuracy.gain(Identity(), "low")
    assert found == {"mean_db": pytest.approx(0, abs=1e-3), "stretches": 29} | {
        "median_db": pytest.approx(0, abs=1e-3)
    }


def test_the_gain_is_the_same_wherever_the_databases_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = next(accuracy.cases())
    for name in ("bw", "em", "ma"):  # that would be read, and is not there to be read
        (tmp_path / "nstdb").mkdir(exist_ok=True)
        (tmp_path / "nstdb" / f"{name}.hea").write_text(f"{name} 1 360 10\n")
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    np.testing.assert_array_equal(next(accuracy.cases()).noisy, first.noisy)
    power = np.mean(np.square(first.clean)) / np.mean(np.square(first.noisy - first.clean))
    assert 10 * math.log10(power) == pytest.approx(0, abs=1e-3)


def test_a_training_folder_stands_for_all_its_models(tmp_path: Path) -> None:
    for name in ("model-float32.tflite", "model.tflite", "model.keras", "partial-model.tflite"):
        (tmp_path / name).touch()
    found = configurations.models([tmp_path])
    assert [file.name for file in found.files] == ["model.tflite", "model-float32.tflite"]
    assert found.reference == tmp_path / "model.keras"


def test_models_that_cannot_be_timed_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no model\*\.tflite in .*ecgstream export"):
        configurations.models([tmp_path])
    with pytest.raises(ValueError, match=r"only a \.tflite file can be timed"):
        configurations.models([tmp_path / "model.keras"])
    keras = [tmp_path / "a.keras", tmp_path / "b.keras"]
    with pytest.raises(ValueError, match=r"more than one \.keras model"):
        configurations.models([SHIPPED_MODEL, *keras])


def test_all_combinations_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "installed_runtimes", lambda: ["litert", "tensorflow"])
    two = Models([Path("a.tflite"), Path("b.tflite")], None)
    assert len(command._requested(two, "auto", 2, True)) == 2 * 2 * 2 * 2
    assert len(command._requested(two, "tensorflow", 2, True)) == 2 * 2 * 2
    ways = [one[1:] for one in command._requested(Models(two.files[:1], None), "auto", 2, False)]
    assert ways == [("litert", 1, True), ("litert", 2, True)]
    assert command._requested(Models(two.files[:1], None), "auto", 1, False) == []


def test_what_precision_costs_is_measured_against_the_model_in_float(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(accuracy, "gain", lambda *_: {"mean_db": 9.0, "median_db": 8.5})
    monkeypatch.setattr(subprocesses, "keras_gain", lambda *_: {"mean_db": 9.25, "median_db": 8.0})
    (tmp_path / "model.keras").touch()
    network = TFLiteNetwork(SHIPPED_MODEL)
    both = measure.gains(Models([SHIPPED_MODEL], tmp_path / "model.keras"), network, "low")
    assert [row["minus_float_db"] for row in both["models"]] == [-0.25, 0]
    assert both["float"] == "model.keras"

    def none(*_: object) -> None:
        said = "Traceback ...\nModuleNotFoundError: No module named 'keras'\n"
        raise subprocesses.ProcessError(["python"], 1, said)

    monkeypatch.setattr(subprocesses, "keras_gain", none)
    alone = measure.gains(Models([SHIPPED_MODEL], tmp_path / "model.keras"), network, "low")
    assert alone["models"][0]["minus_float_db"] is None and alone["float"] is None
    assert alone["problem"] == "model.keras: ModuleNotFoundError: No module named 'keras'"


def test_configurations_are_measured_and_failures_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(latency, "WARM_UP_CALLS", 2)
    monkeypatch.setattr(command, "installed_runtimes", lambda: ["litert", "tflite-runtime"])
    run = subprocesses.configuration

    def only_litert(model: Path, runtime: str, *rest: Any) -> dict[str, Any]:
        if runtime != "litert":
            raise subprocesses.ProcessError(["python"], -6, "abort\n")
        return run(model, runtime, *rest)

    monkeypatch.setattr(subprocesses, "configuration", only_litert)
    monkeypatch.setattr(subprocesses, "other_filters", lambda *_: {})
    monkeypatch.setattr(
        subprocesses, "import_and_load_seconds", lambda *_: {"import_s": 1.0, "load_s": 1.0}
    )
    path = tmp_path / "bench.json"
    asked = ["--full", "--threads", "1", "--seconds", "0.1", "--streams", "1", "--json", str(path)]
    result = CliRunner(env={"COLUMNS": "200"}).invoke(command.bench, asked, catch_exceptions=False)
    kept = json.loads(path.read_text())
    jsonschema.validate(kept, SCHEMA)
    rows = kept["configurations"]
    ways = [
        ("litert", True),
        ("litert", False),
        ("tflite-runtime", True),
        ("tflite-runtime", False),
    ]
    assert [(row["runtime"], row["xnnpack"]) for row in rows] == ways
    assert [row["not_available"] for row in rows[2:]] == ["its process ended with code -6"] * 2
    assert [row["delegated"] for row in rows[:2]] == [True, False]
    assert rows[0]["gain"]["mean_db"] == pytest.approx(rows[1]["gain"]["mean_db"], abs=0.5)
    output = " ".join(result.output.split())
    assert "4 configurations, about" in output
    said = "standard.tflite on tflite-runtime, threads 1, XNNPACK off: its process ended with"
    assert f"Not available: {said} code -6." in output


def test_a_model_that_cannot_be_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.tflite").write_bytes(b"no model")
    result = CliRunner().invoke(command.bench, ["--model", str(tmp_path / "bad.tflite")])
    assert result.exit_code != 0 and isinstance(result.exception, ModelError)
