"""`ecgstream evaluate`: goes on where it was killed, hides nothing, and writes one page."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from matplotlib.figure import Figure

from ecgstream import streamer
from ecgstream.model.evaluation.benchmarks import (
    b0_original,
    b1_qtdb,
    b2_noise,
    b3_beat_detection,
    b4_fidelity,
    b6_consistency,
    b6_error_band,
    b6_heart_rate,
    b6_invention,
    b6_real_noise,
    b7_delineation,
    b8_mixed_noise,
    delay_curve,
    error_by_position,
    worst_cases,
)
from ecgstream.model.evaluation.benchmarks.registry import BENCHMARKS
from ecgstream.model.evaluation.cache import ResultCache
from ecgstream.model.evaluation.methods import Method, streamed
from ecgstream.model.evaluation.report import glance, page
from ecgstream.model.evaluation.runner import RECORD_PARTS, Evaluation
from ecgstream.model.evaluation.subjects import (
    ENGINE_PARTS,
    Model,
    Subject,
    fingerprint,
    streamer_sources,
)
from ecgstream.streamer.network.shipped import SHIPPED_MODEL
from ecgstream.tools.cli import main
from helpers.fakes import Identity


def nothing(x: Any) -> Any:
    return x


def subjects(**fingerprints: str) -> dict[str, Subject[Method]]:
    return {name: Subject(nothing, text) for name, text in fingerprints.items()}


class Counting:
    """Scores a method on a unit, keeps what it was asked for, and may be killed at a unit."""

    def __init__(self, killed_at: str = "") -> None:
        self.asked: list[tuple[str, str]] = []
        self.killed_at = killed_at

    def __call__(self, unit: str, methods: Mapping[str, Method]) -> list[dict[str, Any]]:
        if unit == self.killed_at:
            raise KeyboardInterrupt
        self.asked += [(unit, name) for name in methods]
        return [{"method": name, "unit": unit} for name in methods]


@pytest.fixture
def evaluation(tmp_path: Path) -> Evaluation:
    return Evaluation(tmp_path, ResultCache(tmp_path / "cache"), {}, with_filters=False)


def test_a_run_that_was_killed_goes_on_with_what_is_left(evaluation: Evaluation) -> None:
    both = subjects(a="1", b="2")
    killed, again = Counting(killed_at="y"), Counting()
    with pytest.raises(KeyboardInterrupt):
        evaluation.score("b", ["x", "y"], both, "code", killed)
    rows = evaluation.score("b", ["x", "y"], both, "code", again)
    assert again.asked == [("y", "a"), ("y", "b")]
    assert [(row["unit"], row["method"]) for row in rows] == [*killed.asked, *again.asked]


def test_another_model_is_run_alone_and_filters_are_kept(evaluation: Evaluation) -> None:
    evaluation.score("b", ["x"], subjects(shipped="1", filter="f"), "code", Counting())
    run = Counting()
    rows = evaluation.score("b", ["x"], subjects(shipped="2", filter="f"), "code", run)
    assert run.asked == [("x", "shipped")]
    assert [row["method"] for row in rows] == ["shipped", "filter"]


def test_a_file_that_was_renamed_is_not_run_again(evaluation: Evaluation) -> None:
    evaluation.score("b", ["x"], subjects(old="1"), "code", Counting())
    run = Counting()
    (row,) = evaluation.score("b", ["x"], subjects(new="1"), "code", run)
    assert (run.asked, row["method"]) == ([], "new")


def test_a_changed_protocol_runs_everything_again(evaluation: Evaluation) -> None:
    evaluation.score("b", ["x"], subjects(a="1"), "code", Counting())
    run = Counting()
    evaluation.score("b", ["x"], subjects(a="1"), "changed code", run)
    assert run.asked == [("x", "a")]


def test_fingerprints_tell_models_delays_and_sources_apart() -> None:
    model = Model(SHIPPED_MODEL)
    prints = [model.streamed(delay).fingerprint for delay in ("low", "best", 122)]
    prints += [model.network.fingerprint, fingerprint(b2_noise), fingerprint(worst_cases)]
    assert len(set(prints)) == len(prints)
    assert prints[0] == Model(SHIPPED_MODEL).streamed("low").fingerprint


@pytest.mark.parametrize("package", ["ecg", "engine", "network"])
def test_results_depend_on_every_sub_package_of_the_engine(package: str) -> None:
    folder = Path(streamer.__file__).parent / package
    expected = {path for path in folder.glob("**/*") if path.suffix == ".py"}
    assert len(expected) > 1
    assert expected <= set(streamer_sources(*ENGINE_PARTS))


def test_results_depend_on_no_other_module_than_denoiser_pool_and_quality() -> None:
    root = Path(streamer.__file__).parent
    found = {path.name for path in streamer_sources(*ENGINE_PARTS) if path.parent == root}
    assert found == {"denoiser.py", "pool.py", "quality.py"}


def test_all_parts_that_results_depend_on_are_there() -> None:
    found = streamer_sources(*ENGINE_PARTS, *RECORD_PARTS)
    assert all(path.is_file() for path in found)


def test_a_changed_source_file_changes_the_fingerprint(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text("x = 1")
    before = fingerprint(path)
    path.write_text("x = 2")
    assert fingerprint(path) != before


def test_a_damaged_result_is_made_again(tmp_path: Path) -> None:
    cache = ResultCache(tmp_path)
    cache.keep({"unit": "x"}, [1, 2])
    assert cache.find({"unit": "x"}) == [1, 2]
    assert cache.find({"unit": "y"}) is None
    (path,) = tmp_path.iterdir()
    path.write_text(path.read_text()[:10])
    assert cache.find({"unit": "x"}) is None


def cell(method: str, kind: str, level: int | None, mean: float) -> dict[str, Any]:
    figures = {"mean": mean, "median": mean, "low": mean - 1, "high": mean + 1, "worst": mean - 2}
    return {"method": method, "kind": kind, "level": level, "worst_record": "222", **figures}


def small_report(gain: float = 9.0) -> dict[str, Any]:
    """Of a run of two cells with a filter that is better in one of them."""
    facts = {"bytes": 1, "sha256": "ab", "runtime": "r 1", "quantized": True}
    rows = [("shipped", gain, 33.0), ("causal", 10.0, 5.0), ("float", gain + 0.05, 34.0)]
    return {
        "models": {
            "shipped": {"file": "a.tflite", **facts},
            "float": {"file": "a.keras", **facts, "quantized": False},
        },
        "delay": "balanced",
        "delay_samples": 122,
        "split": "test",
        "versions": {"numpy": "2", "scipy": None},
        "missing": {"b2": ["mitdb/105"], "b3": ["mitdb/118", "mitdb/119"]},
        "b2": {
            "records": 21,
            "models": ["shipped", "float"],
            "cells": [
                made
                for name, em, clean in rows
                for made in (cell(name, "em", 0, em), cell(name, "clean", None, clean))
            ],
            "keeping_st": [cell("shipped, st", "em", 0, 1.0)],
        },
    }


def test_targets_are_judged_and_what_was_not_measured_stays_open() -> None:
    def met(report: Mapping[str, Any]) -> dict[str, bool | None]:
        return {v.target.what: v.met for v in glance.verdicts(report, "shipped")}

    good, bad = met(small_report(gain=9.0)), met(small_report(gain=8.4))
    assert good["gain in em at 0 dB"] is True
    assert bad["gain in em at 0 dB"] is False
    assert good["int8 beside float, clean"] is True
    assert good["gain in bw at 0 dB"] is None
    assert good["ST change, median"] is None


def test_a_cell_where_a_filter_is_better_is_named_with_the_difference() -> None:
    *_, better = BENCHMARKS["b2"].tables(small_report()["b2"])
    assert better.title == "B2: where a filter is better than shipped"
    assert [[c.text for c in row] for row in better.rows] == [["em", "0 dB", "causal", "+1.0"]]


def test_what_keeping_the_st_segment_costs_is_beside_its_gain() -> None:
    (kept,) = (
        t
        for t in BENCHMARKS["b2"].tables(small_report()["b2"])
        if "keeps the ST segment" in t.title
    )
    assert [[c.text for c in row] for row in kept.rows] == [["em", "0 dB", "1.0", "-8.0"]]


def delineated() -> dict[str, Any]:
    """Section of B7 of a clean and a noisy cell; the model finds one mark more."""

    def marks(errors: list[float]) -> dict[str, Any]:
        return {b.name: {"marks": 4, "errors": errors} for b in b7_delineation.BOUNDARIES}

    rows = [
        {
            **{"record": "1", "method": method, "kind": kind, "level": level},
            **{"leads": {"ii": marks(errors)}, "heights": {w: [[1.0], [0.9]] for w in "PRT"}},
        }
        for method, errors in (("input", [-9.0, 9.0]), ("shipped", [-3.0, 0.0, 3.0]))
        for kind, level in (("clean", None), ("em", 0))
    ]
    cells, heights = b7_delineation.summary(rows), b7_delineation.height_summary(rows)
    return {"cells": cells, "heights": heights}


def sections() -> dict[str, dict[str, Any]]:
    """Sections of a report with two methods each, one beat and one level."""
    beats = [
        {"method": m, "beats": 1, **{metric: [1.0, 0.5] for metric in b1_qtdb.METRICS}}
        for m in ("trained for B1", "IIR")
    ]
    counts = {"record": "118", "level": 12, "detector": "xqrs", "tp": 9, "fp": 1}
    cells = b3_beat_detection.summary(
        [{"method": m, "fn": n, **counts} for m, n in (("raw", 3), ("shipped", 1))]
    )
    compared: dict[str, Any] = {"shift": [0, 2], "st": [5.0, -50.0], "amplitude": [1.0, 0.9]}
    harm = b4_fidelity.summary(
        [
            {"record": "100", "method": m, "db": 30.0, **compared}
            for m in ("shipped, low", "shipped, balanced")
        ]
    )
    flags = {"method": "shipped", "score": "band", "seconds": 4.0, "flagged_time": 0.5}
    flags |= {"ratios": [0.1, 0.3], "flagged": [0.0, 1.0]}
    after = {"offset": 0.1, "slope": 0.2, "later_offset": 0.0, "later_slope": 0.0}
    return {
        "b0": {
            "published": b0_original.PUBLISHED,
            "reproduced": [13.0, 14.0],
            "rows": [{"method": "shipped", "powerline": 6, "in": 6.4, "out": 15.5}],
            "raw": [{"method": "shipped, st", "powerline": 6, "in": 6.4, "out": 9.5}],
        },
        "b1": {"list": "published", "published": b1_qtdb.PUBLISHED, "beats": beats, "live": beats},
        "b2": small_report()["b2"],
        "b3": {"cells": cells, "lost": b3_beat_detection.lost_sensitivity(cells)},
        "b4": {"mitdb": harm, "qtdb": [], "pulse": [{"method": "shipped, st", **after}]},
        "band": {
            "cells": b6_error_band.summary(
                [
                    {
                        **{"record": "100", "method": "shipped", "kind": "em", "level": 0},
                        **{"cover": dict.fromkeys(b6_error_band.FACTORS, 0.9)},
                        **{"half_width": 0.1, "error": 0.05, "uncertain": 0.01},
                    }
                ]
            )
        },
        "rate": {
            "cells": b6_heart_rate.summary(
                [
                    {
                        **{"record": "100", "method": "shipped", "condition": "clean"},
                        **{"seconds": 291, "known": 290, "wrong": 1, "reasons": {"gap": 1}},
                    }
                ]
            )
        },
        "real": {
            "dpmotion": b6_real_noise.summarize_grades([{**flags, "grades": [1, 4]}]),
            "cinc2017": b6_real_noise.summarize_classes([{**flags, "class": "N"}]),
            "thresholds": b6_real_noise.THRESHOLDS,
        },
        "invention": {
            "cells": b6_invention.summary(
                [
                    {
                        **{"scene": scene, "case": "em, 1 mV", "unit": "100", "method": "shipped"},
                        **{"seconds": 60, "input": 1.0, "output": 0.1, "peaks": 3, "unflagged": 2},
                        **{"flagged": 0.5, "uncertain": 0.4},
                    }
                    for scene in (b6_invention.NO_HEART, b6_invention.ASYSTOLE)
                ]
            )
        },
        "consistency": {
            "cells": b6_consistency.summary(
                [
                    {
                        **{"record": "d01_01_klud", "method": "shipped", "height": 0.99},
                        "grades": [{"grade": 1, "beats": 80, "db": 32.0}],
                    }
                ]
            ),
            "left_out": {},
        },
        "delineation": delineated(),
        "mixed": {
            "list": "published",
            "published": b8_mixed_noise.PUBLISHED,
            "rows": [
                {
                    **{"method": "shipped", "reference": name, "crops": 1},
                    **{metric: [1.0, 0.5] for metric in b8_mixed_noise.METRICS},
                }
                for name in b8_mixed_noise.REFERENCES
            ],
        },
        "delay_curve": {
            "curve": [{"delay": 47, "hop": 16, "kind": k, "mean": 9.0} for k in ("mix", "em")]
        },
    }


@pytest.mark.parametrize("benchmark", list(BENCHMARKS))
def test_every_row_of_a_table_has_a_cell_for_every_heading(benchmark: str) -> None:
    made = BENCHMARKS[benchmark].tables(sections()[benchmark])
    assert made
    for table in made:
        assert table.rows
        assert {len(row) for row in table.rows} == {len(table.headings)}


def test_figures_of_all_benchmarks_are_held_against_their_targets() -> None:
    found = {
        verdict.target.what: (verdict.found, verdict.met)
        for verdict in glance.verdicts({**small_report(), **sections()}, "shipped")
    }
    assert found["ten seconds of record 100, SNR of the output"] == (15.5, True)
    assert found["SSD beside the IIR filter's"] == (1.0, False)
    assert found["CosSim"] == (1.0, True)
    assert found["F1 of xqrs at 12 dB"] == (90.0, False)
    assert found["sensitivity lost at 12 dB and better"] == (-15.0, True)
    assert found["R peaks within one sample"] == (50.0, False)
    assert found["ST change, median"] == (27.5, False)
    assert found["after a pulse, ST kept: slope"] == (0.2, True)
    assert found["motion: flagged of grade 4"] == (100.0, True)
    assert found["motion: AUC for grade 4"] == (1.0, True)
    assert found["CinC 2017: AUC of ~ against N"] == (None, None)
    assert found["no heart: unflagged peaks in the worst noise"] == (2.0, False)
    assert found["beats at grade 1"] == (32.0, True)
    assert found["beats at grade 2"] == (None, None)


def test_worst_strips_show_each_stretch_once_noisy_before_clean() -> None:
    rng = np.random.default_rng(0)
    rows: list[dict[str, Any]] = [
        {"method": method, "record": r, "stretch": j, "kind": k, "level": level, "db": rng.normal()}
        for method in ("shipped", "filter")
        for r in ("100", "103", "105", "222")
        for j in range(3)
        for k, level in (("em", -6), ("em", 0), ("bw", 12), ("clean", None))
    ]
    found = worst_cases.worst(rows, "shipped")
    assert [row["level"] is None for row in found] == [False] * 7 + [True] * 3
    noisy = [row for row in rows if row["method"] == "shipped" and row["level"] in (0, 12)]
    assert found[0]["db"] == min(row["db"] for row in noisy)
    shown = [(row["record"], row["stretch"]) for row in found[:7]]
    assert len(set(shown)) == len(shown)
    assert all(row["method"] == "shipped" and row["level"] != -6 for row in found)


def test_the_page_needs_no_other_file_and_names_what_is_missing(tmp_path: Path) -> None:
    figures = {name: Figure() for name in ("cells", "worst")}
    for figure in figures.values():
        figure.subplots().plot([1, 2])
    report = small_report()
    report["b2"]["cells"][0]["low"] = float("nan")
    page.write(report, figures, tmp_path)
    html = (tmp_path / "index.html").read_text()
    assert "This is not a medical device." in html
    assert "mitdb/105" in html and "mitdb/118, mitdb/119" in html
    assert html.count("<svg") == 1 and html.count("data:image/png;base64,") == 1
    assert not re.findall(r'(?:src|href)="(?!#|data:)', html.replace("xlink:href", "href"))
    assert "currentColor" in html
    kept = json.loads((tmp_path / "report.json").read_text())
    assert kept["b2"]["cells"][0]["low"] is None
    assert {path.name for path in tmp_path.iterdir()} == {
        *("index.html", "report.md", "report.json", "cells.png", "worst.png")
    }


def test_a_network_that_does_nothing_leaves_all_noise_everywhere(databases: Path) -> None:
    rows = error_by_position.run_record("114", databases, {"nothing": Identity()}, test=False)
    for row in error_by_position.summary(rows):
        np.testing.assert_allclose(row["relative_error"], 1, atol=1e-4)


def test_the_delay_curve_of_nothing_is_flat(databases: Path) -> None:
    methods = {str(d): streamed(Identity(), d) for d in delay_curve.DELAYS}
    rows = delay_curve.run_record("114", databases, methods, test=False)
    found = delay_curve.summary(rows)
    assert [row["delay"] for row in found[::2]] == [24, 31, 47, 64, 90, 122, 160, 200, 255]
    np.testing.assert_allclose([row["mean"] for row in found], 0, atol=0.01)


def test_evaluate_writes_a_page_and_does_nothing_twice(
    databases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ecgstream.model.evaluation.runner.VALIDATION", ("114", "999"))
    arguments = ["evaluate", "--benchmark", "b2", "--split", "validation", "--no-filters"]
    arguments += ["--out", str(tmp_path / "report"), "--data", str(databases)]
    # Models of the same file name, as two runs leave them, must not hide one another.
    models = [tmp_path / "a" / "model.tflite", tmp_path / "b" / "model.tflite"]
    for path in models:
        path.parent.mkdir()
        path.write_bytes(SHIPPED_MODEL.read_bytes())
        arguments += ["--model", str(path)]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert "LEFT OUT: mitdb/999" in result.output
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert report["missing"] == {"b2": ["mitdb/999"]}
    assert {c["method"] for c in report["b2"]["cells"]} == {"shipped", *map(str, models)}
    assert len(report["b2"]["cells"]) == 3 * (6 * 4 + 1)
    for name in ("cells", "strips", "worst", "positions"):
        assert (tmp_path / "report" / f"{name}.png").stat().st_size > 10_000
    assert "mitdb/999" in (tmp_path / "report" / "index.html").read_text()

    def again(*_: Any, **__: Any) -> None:
        raise AssertionError("this was done already")

    monkeypatch.setattr(b2_noise, "run_record", again)
    assert CliRunner().invoke(main, arguments).exit_code == 0
    assert json.loads((tmp_path / "report" / "report.json").read_text()) == report


def test_evaluate_says_so_when_it_has_nothing_to_score(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        main, ["evaluate", "--data", str(tmp_path), "--out", str(tmp_path / "o"), "--no-filters"]
    )
    assert result.exit_code == 1
    names = ", ".join(name for name in BENCHMARKS if name != "delay_curve")
    assert f"none of the records of {names} is in" in result.output
    assert not (tmp_path / "o").exists()
