"""The frame benchmark: painted frames are counted, measured, printed and written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ecgstream.gui.benchmark import PaintCounter
from ecgstream.streamer.live.clock import SystemClock
from ecgstream.tools.bench import latency, monitor_frames
from ecgstream.tools.bench.tables import tables
from ecgstream.tools.commands.bench import bench
from helpers.sheet_harness import ReplayedSignal, draw, pulses, sheet

QUIET = ("monitor", "pyqtgraph", "pyqtgraph, smooth")
_GROWTH = 25
"""MB that ten seconds more may take: what is held of them is a tenth of one."""


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    """Of a short measurement; the QApplication of the other tests serves it."""
    return monitor_frames.measure(0.3, SystemClock(), hour=20)


def test_frame_is_counted_when_it_is_painted_and_not_when_it_is_requested(qtbot: Any) -> None:
    a_sheet = sheet(qtbot)
    paints = PaintCounter(a_sheet)
    qtbot.waitUntil(lambda: paints.count > 0)
    before = paints.count
    for _ in range(3):
        draw(a_sheet, ReplayedSignal(pulses()))
    assert paints.count == before
    a_sheet.repaint()
    assert paints.count == before + 1


@pytest.mark.usefixtures("qapp")
def test_frames_of_the_monitor_and_of_bare_curves_are_measured_in_one_run(
    figures: dict[str, Any],
) -> None:
    assert figures["traces"] == 4 and figures["size"] == [1200, 800]
    assert tuple(figures["frame_ms"]) == QUIET
    for values in figures["frame_ms"].values():
        assert 0 < values["p50"] <= values["p95"] <= values["max"]
    frames = {values["frames"] for values in figures["frame_ms"].values()}
    assert len(frames) == 1 and frames.pop() >= 60
    assert figures["live"]["core_share"] > 0
    assert figures["live"]["frames_per_second"] > 0
    assert figures["memory"]["seconds"] == 20
    full, end = (figures["memory"][key] for key in ("full_mb", "end_mb"))
    assert full > 0
    assert end < full + _GROWTH
    assert figures["first_paint_s"] > 0


@pytest.mark.usefixtures("qapp")
def test_bench_prints_and_writes_frame_times_on_request(
    figures: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latency, "WARM_UP_CALLS", 2)
    monkeypatch.setattr(monitor_frames, "measure", lambda *_: figures)
    path = tmp_path / "bench.json"
    asked = ["--seconds", "0.05", "--streams", "1", "--json", str(path)]
    result = CliRunner().invoke(bench, [*asked, "--gui"], catch_exceptions=False)
    kept = json.loads(path.read_text())
    assert kept["gui"] == figures
    printed = " ".join(result.output.split())
    for words in (
        "A frame with 4 traces",
        "pyqtgraph, smooth",
        "of one core",
        "at the end",
        "first paint",
    ):
        assert words in printed
    assert len(tables(kept)) == len(tables({**kept, "gui": None})) + 1
