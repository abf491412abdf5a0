"""`ecgstream bench`: figures that can be believed, and named gaps where there are none."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from click.testing import CliRunner

from ecgstream.streamer.engine import delay
from ecgstream.streamer.engine.delay import FS
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.network.shipped import SHIPPED_MODEL
from ecgstream.tools.bench import latency, measure, subprocesses
from ecgstream.tools.bench.capacity import TICK_SECONDS, capacity, trial
from ecgstream.tools.bench.configurations import Models
from ecgstream.tools.bench.tables import tables
from ecgstream.tools.commands.bench import bench
from helpers.bench_schema import SCHEMA
from helpers.fakes import FakeClock, Identity

_COST = 0.0005
"""Seconds per window, of the network below."""
_HOP = delay.MODES["balanced"].hop / FS


class Costly(Identity):
    """A network that takes its time, on the clock given."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self.clock = clock

    def __call__(self, window: Floats, context: Floats) -> Floats:
        self.clock.sleep(_COST * len(window))
        return super().__call__(window, context)


def test_a_lone_stream_waits_for_the_tick_and_its_own_window(clock: FakeClock, ecg: Floats) -> None:
    run = trial(Costly(clock), ecg, "balanced", 1, 10, clock)
    assert (run.streams, run.missed) == (1, 0)
    assert len(run.delays) == round(10 / _HOP)
    assert run.delays.min() >= _COST and run.delays.max() <= TICK_SECONDS + _COST + 1e-9
    assert run.load == pytest.approx(_COST / _HOP, rel=0.02)


def test_an_overloaded_core_misses_deadlines(clock: FakeClock, ecg: Floats) -> None:
    run = trial(Costly(clock), ecg, "balanced", round(1.2 * _HOP / _COST), 5, clock)
    assert run.missed > 0
    assert run.load == pytest.approx(1, abs=0.02)


def test_the_capacity_is_nearly_all_that_the_time_allows(clock: FakeClock, ecg: Floats) -> None:
    found = capacity(Costly(clock), ecg, "balanced", 2, clock)
    assert found.missed == 0
    # A short trial lets a queue that grows slowly pass.
    assert 0.85 < found.streams * _COST / _HOP < 1.05


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No warm-up to wait for."""
    monkeypatch.setattr(latency, "WARM_UP_CALLS", 2)


class Ticking(FakeClock):
    """A microsecond passes whenever somebody looks."""

    def now(self) -> float:
        self.time += 1e-6
        return self.time


def invoke(*arguments: str | Path) -> str:
    """What the command prints, in one line."""
    given = list(map(str, arguments))
    runner = CliRunner(env={"COLUMNS": "200"})
    return " ".join(runner.invoke(bench, given, catch_exceptions=False).output.split())


@pytest.mark.usefixtures("quick")
def test_every_figure_is_printed_and_written_as_documented(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "bench.json"
    output = invoke("--seconds", "0.1", "--streams", "3", "--json", path)
    figures = json.loads(path.read_text())
    jsonschema.validate(figures, SCHEMA)
    assert [file.name for file in path.parent.iterdir()] == ["bench.json"]
    assert figures["hop_samples"] == delay.MODES["balanced"].hop
    assert figures["delay_samples"] == delay.MODES["balanced"].samples
    for ways in figures["latency_us"].values():
        for values in ways.values():
            assert 0 < values["p50"] <= values["p95"] <= values["p99"] <= values["max"]
    p50 = {name: ways["back to back"]["p50"] for name, ways in figures["latency_us"].items()}
    assert figures["step_over_call"] == p50["engine step"] / p50["interpreter call"] > 1
    assert figures["real_time_factor"]["scipy sosfilt"] > 1
    assert figures["real_time_factor"]["whole record"] > 1
    assert figures["streams"]["count"] == 3 and not figures["streams"]["searched"]
    delays = figures["streams"]["added_delay_ms"]
    assert 0 < delays["p50"] <= delays["p99"] <= delays["max"]
    assert all(seconds > 0 for seconds in figures["start"].values())
    assert figures["peak_memory_mb"] > 0
    assert figures["configurations"] == [] and figures["gui"] is None
    words = ("times as long as the bare call", "NeuroKit2 ecg_clean", "live streams", "MB")
    for said in (*words, "5 of 0.02 s each, shorter than the 10 s of B5", "with an idle engine"):
        assert said in output
    assert "What the precision costs is not known without a model in float" in output


def test_an_undocumented_field_breaks_the_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    with pytest.raises(jsonschema.ValidationError, match="unheard_of"):
        jsonschema.validate({"schema": 4, "unheard_of": 1}, SCHEMA)
    assert SCHEMA["properties"]["schema"]["const"] == measure.SCHEMA


@pytest.mark.usefixtures("quick")
def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocesses, "other_filters", lambda *_: {"NeuroKit2 ecg_clean": None})
    models = Models([SHIPPED_MODEL], None)
    figures = measure.measure(models, "auto", "low", 0.01, 2, Ticking())
    assert figures["real_time_factor"]["NeuroKit2 ecg_clean"] is None
    factors = tables({**figures, "configurations": [], "gui": None})[1]
    assert "not installed" in list(factors.columns[1].cells)


def test_a_measurement_has_five_windows_of_equal_length(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latency, "_CALLS_PER_TURN", 1)
    costs = {"a": 0.125, "b": 0.25}
    calls = {name: partial(clock.sleep, cost) for name, cost in costs.items()}
    times = latency.back_to_back(calls, 7.5, clock)
    assert clock.time == 15  # both calls, in turns
    found_times = {name: [list(window) for window in windows] for name, windows in times.items()}
    assert found_times == {name: [[cost] * 8] * 5 for name, cost in costs.items()}
    found = latency.percentiles([[1.0, 2.0, 3.0], [9.0]])
    assert (found["p50"], found["max"], found["calls"]) == (2.5e6, 9e6, 4)
    assert found["p50_of_windows"] == [2e6, 9e6]


def test_a_step_is_late_when_the_next_one_is_due(clock: FakeClock) -> None:
    hop = 36  # a tenth of a second
    costs = iter([0.03, 0.25, 0.03, 0.03, 0.03])
    run = latency.paced(lambda: clock.sleep(next(costs)), hop, 0.5, clock)
    assert run.times == pytest.approx([0.03, 0.25, 0.03, 0.03, 0.03])
    assert run.late == pytest.approx([0, 0, 0.15, 0.08, 0.01], abs=1e-9)
    assert run.missed(hop / FS) == 3  # the long one, and two that had to wait for it


def test_pacing_of_an_idle_engine_shows_late_wake_ups(clock: FakeClock) -> None:
    class Sleepy(FakeClock):
        """Wakes up two milliseconds late."""

        def sleep(self, seconds: float) -> None:
            self.time += seconds + 0.002

    run = latency.paced(lambda: None, 36, 1, Sleepy())
    assert run.late == pytest.approx([0.002] * 10) and run.times == [0] * 10


def test_filters_of_other_libraries_are_timed() -> None:
    seconds = subprocesses.other_filters(np.zeros(3600, np.float32), FS)
    assert list(seconds) == ["scipy sosfilt", "NeuroKit2 ecg_clean"]
    assert seconds["scipy sosfilt"] and seconds["scipy sosfilt"] > 0


@pytest.mark.parametrize("streams", ["0", "-3", "many"])
def test_an_impossible_number_of_streams_is_refused(streams: str) -> None:
    result = CliRunner().invoke(bench, ["--streams", streams])
    assert result.exit_code == 2
    assert "neither auto nor a number of streams" in result.output


_NOTE_IMPORTS = """
import sys, time
real = time.perf_counter
def perf_counter():
    names = ("ecgstream", "numpy", "ecgstream.streamer.engine.stream")
    with open({path!r}, "a") as file:
        print(*(name in sys.modules for name in names), file=file)
    return real()
time.perf_counter = perf_counter
"""


def test_the_timed_import_includes_numpy_and_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "imported"
    (tmp_path / "sitecustomize.py").write_text(_NOTE_IMPORTS.format(path=str(path)))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    seconds = subprocesses.import_and_load_seconds(SHIPPED_MODEL, "auto")
    first, second, *_ = path.read_text().splitlines()
    assert (first, second) == ("False False False", "True True True")
    assert seconds["import_s"] > 0.01
