"""`ecgstream bench --compare`: two results side by side, and what they do not have in common."""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ecgstream.tools.bench import compare
from ecgstream.tools.bench.measure import SCHEMA
from ecgstream.tools.cli import main
from ecgstream.tools.commands.bench import bench

_TIMES = {"p50": 100.0, "p95": 120.0, "p99": 150.0, "max": 900.0, "calls": 5}


def old() -> dict[str, Any]:
    """A result of the first version."""
    ways = {"back to back": dict(_TIMES), "paced": dict(_TIMES)}
    return {
        "schema": 1,
        "device": {"processor": "Cortex-A72", "machine": "aarch64", "cores": 4},
        "runtime": {"name": "litert", "version": "2.1.0"},
        "model": {"file": "cdae_bam.tflite", "bytes": 87_000, "sha256": "a" * 64},
        "hop_samples": 16,
        "delay_samples": 122,
        "latency_us": {
            "interpreter call": copy.deepcopy(ways),
            "engine step": copy.deepcopy(ways),
        },
        "real_time_factor": {"hop by hop": 400.0, "whole record": 1600.0},
        "peak_memory_mb": 90.0,
    }


def new() -> dict[str, Any]:
    """A result of this version on another device, twice as fast."""
    figures = old()
    for ways in figures["latency_us"].values():
        for values in ways.values():
            values.update({key: value / 2 for key, value in values.items() if key != "calls"})
    figures["device"]["processor"] = "Cortex-A76"
    state = {"governor": "performance", "temperature_c": 50.0, "load": 0.1}
    model = {"file": "cdae_bam.tflite", "sha256": "a" * 64}
    row = {**model, "runtime": "litert", "threads": 2, "xnnpack": False}
    gain = {"mean_db": 9.1, "median_db": 9.0, "stretches": 29, "minus_float_db": None}
    return {
        **figures,
        "schema": SCHEMA,
        "versions": {"ecgstream": "0.2.0", "numpy": "2.0", "scipy": None},
        "pacing": {"late_us": {**_TIMES, "p99": 42.0}},
        "deadlines": {"missed": 3, "steps": 225, "late_us": _TIMES},
        "real_time_factor": {"hop by hop": 800.0, "whole record": 3200.0, "others": None},
        "accuracy": {"models": [{**model, "precision": "int8", **gain}]},
        "state": {"before": state, "after": state, "warnings": ["it became hot"]},
        "configurations": [
            {**row, "not_available": None, "latency_us": figures["latency_us"]},
            {**row, "runtime": "tflite-runtime", "not_available": "it is broken"},
        ],
    }


def written(tmp_path: Path, *results: dict[str, Any]) -> list[str]:
    """Paths of files with these results."""
    paths = [tmp_path / f"{name}.json" for name in ("pi4", "pi5")]
    for path, result in zip(paths, results, strict=True):
        path.write_text(json.dumps(result))
    return [str(path) for path in paths]


def lines(tmp_path: Path, *results: dict[str, Any]) -> list[str]:
    """What the command prints, without frames."""
    runner = CliRunner(env={"COLUMNS": "200"})
    asked = ["--compare", *written(tmp_path, *results)]
    output = runner.invoke(bench, asked, catch_exceptions=False).output
    return [" ".join(line.replace("│", "|").split()).strip("| ") for line in output.splitlines()]


def test_two_devices_stand_side_by_side_with_their_ratio(tmp_path: Path) -> None:
    printed = lines(tmp_path, new(), {**new(), **{"latency_us": old()["latency_us"]}})
    assert "engine step, paced, p99 | 75 | 150 | 2.00" in printed
    assert "times real time, hop by hop | 800 | 800 | 1.00" in printed
    assert "idle pacing late by p99, µs | 42 | 42 | 1.00" in printed
    assert "cdae_bam.tflite (int8) | 9.10 | 9.10 | +0.00" in printed
    assert not any("What differs" in line for line in printed)


def test_differences_of_devices_and_versions_are_named(tmp_path: Path) -> None:
    other = new()
    other["runtime"]["version"] = "2.3.0"
    other["versions"]["ecgstream"] = "0.3.0"
    other["device"]["processor"] = "Xeon"
    other["model"]["sha256"] = "b" * 64
    other["hop_samples"] = 64
    printed = lines(tmp_path, new(), other)
    assert "processor | Cortex-A76 | Xeon" in printed
    assert "its version | 2.1.0 | 2.3.0" in printed
    assert "ecgstream | 0.2.0 | 0.3.0" in printed
    said = " ".join(printed)
    assert "These are two models" in said and "The hops differ" in said


def test_a_result_of_an_older_version_is_read_and_what_it_lacks_is_named(tmp_path: Path) -> None:
    printed = lines(tmp_path, old(), new())
    assert "engine step, back to back, p50 | 100 | 50 | 0.50" in printed
    assert "paced steps late | — | 3 |" in [line + " |" for line in printed]
    said = " ".join(printed)
    assert "pi4.json is of schema 1, which had no step_over_call, streams, start, gui," in said
    assert "Warning of pi5.json: it became hot." in said


def test_configurations_that_ran_are_compared(tmp_path: Path) -> None:
    printed = lines(tmp_path, new(), new())
    name = "cdae_bam.tflite, litert, 2 threads, no XNNPACK: step"
    assert f"{name} p50 | 50 | 50 | 1.00" in printed
    assert not any("tflite-runtime" in line for line in printed)


def test_a_model_is_the_same_under_another_name(tmp_path: Path) -> None:
    other = json.loads(json.dumps(new()).replace("cdae_bam.tflite", "model.tflite"))
    printed = lines(tmp_path, new(), other)
    assert "cdae_bam.tflite, litert, 2 threads, no XNNPACK: step p50 | 50 | 50 | 1.00" in printed
    assert "cdae_bam.tflite (int8) | 9.10 | 9.10 | +0.00" in printed


def test_results_of_the_same_name_keep_their_folders(tmp_path: Path) -> None:
    names = ("a/bench.json", "b/bench.json")
    assert compare.compare((names[0], new()), (names[1], new())).names == names


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": "x"}', '{"schema": 4, "device": 3}'])
def test_what_is_no_result_is_refused(text: str, tmp_path: Path) -> None:
    first, second = written(tmp_path, new(), new())
    Path(second).write_text(text)
    result = CliRunner().invoke(main, ["bench", "--compare", first, second])
    assert result.exit_code == 1
    assert "pi5.json was not written by ecgstream bench --json" in " ".join(result.output.split())


def test_a_result_of_a_later_version_is_refused(tmp_path: Path) -> None:
    paths = written(tmp_path, new(), {**new(), "schema": SCHEMA + 1})
    result = CliRunner().invoke(main, ["bench", "--compare", *paths])
    assert result.exit_code == 1 and "update ecgstream" in result.output


def test_the_plot_shows_both_and_is_written_whole(tmp_path: Path) -> None:
    from ecgstream.tools.bench.plot import figure

    path = tmp_path / "deep" / "compare.png"
    paths = written(tmp_path, old(), new())
    result = CliRunner().invoke(bench, ["--compare", *paths, "--plot", str(path)])
    assert result.exit_code == 0 and f"wrote {path}" in result.output
    assert path.read_bytes().startswith(b"\x89PNG")
    assert [file.name for file in path.parent.iterdir()] == ["compare.png"]
    slow = new()
    slow["latency_us"] = slow["configurations"][0]["latency_us"] = old()["latency_us"]
    shown = figure(compare.compare(("a.json", slow), ("b.json", new())))
    (axes,) = shown.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "interpreter call, back to back",
        "interpreter call, paced",
        "engine step, back to back",
        "engine step, paced",
        "cdae_bam.tflite, litert, 2 threads, no XNNPACK: step",
    ]
    assert {"100", "50", "150", "75", "0.50"} <= {text.get_text() for text in axes.texts}


def test_without_matplotlib_one_sentence_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "ecgstream.tools.bench.plot", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    paths = written(tmp_path, new(), new())
    asked = ["bench", "--compare", *paths, "--plot", str(tmp_path / "compare.png")]
    result = CliRunner().invoke(main, asked)
    assert result.exit_code == 1
    assert "Error: this needs a package that is not installed (matplotlib" in result.output


def test_a_plot_of_nothing_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(bench, ["--plot", str(tmp_path / "x.png")])
    assert result.exit_code == 2 and "--plot goes with --compare" in result.output
