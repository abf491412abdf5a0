"""`ecgstream bench`: figures that can be believed, and named gaps where there are none."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import FakeClock, Identity

from streamer import FS, SHIPPED_MODEL, delay
from streamer.windows import Floats
from tools import bench as bench_module
from tools import fresh
from tools.bench import bench
from tools.capacity import TICK, capacity, trial

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
    assert run.delays.min() >= _COST and run.delays.max() <= TICK + _COST + 1e-9
    assert run.load == pytest.approx(_COST / _HOP, rel=0.02)


def test_more_streams_than_there_is_time_for_miss_deadlines(clock: FakeClock, ecg: Floats) -> None:
    run = trial(Costly(clock), ecg, "balanced", round(1.2 * _HOP / _COST), 5, clock)
    assert run.missed > 0
    assert run.load == pytest.approx(1, abs=0.02)


def test_the_capacity_is_nearly_all_that_the_time_allows(clock: FakeClock, ecg: Floats) -> None:
    found = capacity(Costly(clock), ecg, "balanced", 2, clock)
    assert found.missed == 0
    # A short trial lets a queue that grows slowly pass.
    assert 0.85 < found.streams * _COST / _HOP < 1.05


def test_every_figure_is_written_and_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_module, "_WARM_UP", 2)
    path = tmp_path / "deep" / "bench.json"
    result = CliRunner().invoke(
        bench, ["--seconds", "0.1", "--streams", "3", "--json", str(path)], catch_exceptions=False
    )
    figures = json.loads(path.read_text())
    assert figures["schema"] == 2
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
    for words in ("times as long as the bare call", "NeuroKit2 ecg_clean", "live streams", "MB"):
        assert words in " ".join(result.output.split())


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    class Ticking(FakeClock):
        """A microsecond passes whenever somebody looks."""

        def now(self) -> float:
            self.time += 1e-6
            return self.time

    monkeypatch.setattr(fresh, "others", lambda *_: {"NeuroKit2 ecg_clean": None})
    figures = bench_module.measure(SHIPPED_MODEL, "auto", "low", 0.01, 2, Ticking())
    assert figures["real_time_factor"]["NeuroKit2 ecg_clean"] is None
    factors = bench_module.tables(figures)[1]
    assert "not installed" in list(factors.columns[1].cells)


def test_others_are_timed_on_the_same_signal() -> None:
    seconds = fresh.others(np.zeros(3600, np.float32), FS)
    assert list(seconds) == ["scipy sosfilt", "NeuroKit2 ecg_clean"]
    assert seconds["scipy sosfilt"] and seconds["scipy sosfilt"] > 0


@pytest.mark.parametrize("streams", ["0", "-3", "many"])
def test_an_impossible_number_of_streams_is_refused(streams: str) -> None:
    result = CliRunner().invoke(bench, ["--streams", streams])
    assert result.exit_code == 2
    assert "neither auto nor a number of streams" in result.output
