"""`ecgstream runs`: trainings side by side, whatever state their folders are in."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ecgstream.model.evaluation.report.tables import Table
from ecgstream.model.training import runs
from ecgstream.tools.cli import main


def write_run(folder: Path, losses: list[float], **training: Any) -> Path:
    folder.mkdir(parents=True)
    settings = {"epochs": 4, "seed": 1, **training}
    config = {"name": folder.name, "network": {"kind": "cdae_bam"}, "training": settings}
    (folder / "config.json").write_text(json.dumps(config))
    lines = ["epoch,loss,val_loss,rate", *(f"{i},0.5,{v},1000" for i, v in enumerate(losses))]
    (folder / "history.csv").write_text("\n".join(lines) + "\n")
    return folder


def texts(table: Table) -> list[list[str]]:
    return [[cell.text for cell in row] for row in table.rows]


def test_only_settings_that_differ_are_shown(tmp_path: Path) -> None:
    write_run(tmp_path / "a", [0.4], floor=[1.0, 0.1])
    write_run(tmp_path / "deep" / "b", [0.3], floor=[1.0, 0.2])
    table = runs.differences(runs.find_runs(tmp_path))
    assert table.headings == ["setting", "a", "deep/b"]
    assert texts(table) == [["training.floor", "1.0 0.1", "1.0 0.2"]]


def test_the_best_epoch_is_that_of_the_phase_whose_weights_were_kept(tmp_path: Path) -> None:
    # Rounding costs something, so that an exact epoch may look better than the model kept.
    write_run(tmp_path / "a", [0.5, 0.2, 0.31, 0.30], rounded=2)
    (run,) = runs.find_runs(tmp_path)
    assert (run.exact, run.best) == (2, {"epoch": 3, "loss": 0.5, "val_loss": 0.3, "rate": 1000})


def test_older_and_unfinished_trainings_are_listed(tmp_path: Path) -> None:
    write_run(tmp_path / "old", [0.5, 0.2], rounded=True)
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "config.json").write_text("{}")
    new, old = runs.find_runs(tmp_path)
    assert (old.exact, new.best, new.problem) == (0, None, "")


def test_a_model_is_shown_with_its_own_validation_figures_alone(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "a", [0.4])
    (folder / "model.tflite").write_bytes(b"model")
    cells = [
        {"method": name, "kind": kind, "level": level, "mean": mean}
        for name, shift in (("shipped", 0), ("mine", 1))
        for kind, level, mean in (("mix", 0, 10.0 + shift), ("clean", None, 30.0 + shift))
    ]
    sha256 = hashlib.sha256(b"model").hexdigest()
    report = {
        "split": "validation",
        "models": {"shipped": {"sha256": "other"}, "mine": {"sha256": sha256}},
        "b2": {"cells": cells},
    }
    (folder / "validation").mkdir()
    (folder / "validation" / "report.json").write_text(json.dumps(report))
    (row,) = texts(runs.results(runs.find_runs(tmp_path)))
    assert row[-4:] == ["5", sha256[:12], "11.00", "31.00"]
    (folder / "model.tflite").write_bytes(b"exported again")
    (row,) = texts(runs.results(runs.find_runs(tmp_path)))
    assert row[-2:] == ["", ""]


def test_the_command_writes_table_and_curves_and_names_what_it_cannot_read(tmp_path: Path) -> None:
    write_run(tmp_path / "runs" / "a", [0.5, 0.4, 0.3, 0.31], rounded=1)
    broken = write_run(tmp_path / "runs" / "b", [0.3])
    (broken / "config.json").write_text('{"name"')
    arguments = ["runs", str(tmp_path / "runs"), "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert "b: config.json cannot be read" in result.output
    assert "| a | 4 of 4 | 0.3100 | 4 |" in (tmp_path / "out" / "runs.md").read_text()
    assert (tmp_path / "out" / "curves.png").stat().st_size > 10_000


def test_a_folder_without_trainings_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no trainings in"):
        runs.find_runs(tmp_path)
