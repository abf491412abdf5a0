"""The trainings under a folder, compared: what differs between them and how far each came."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecgstream.model.evaluation.report.tables import Cell, Table, number

CONFIG, HISTORY, EXPORTED = "config.json", "history.csv", "model.tflite"
EVALUATED = Path("validation", "report.json")
"""Where `ecgstream evaluate --split validation --out RUN/validation` leaves its figures."""
_JUDGED_BY = {"ΔSNR of mix at 0 dB": ("mix", 0), "SNR of clean": ("clean", None)}
"""Cells of B2 that stand for the rest of an evaluation."""


@dataclass(frozen=True)
class Run:
    """One training as its folder tells it.

    Attributes
    ----------
    settings : by dotted name; empty when `problem` says why they cannot be read.
    history : a row for each epoch, with `epoch`, `loss` and mostly `val_loss` and `rate`.
    size, sha256 : of the exported model; 0 and empty when there is none.
    gains : validation ΔSNR in dB by the names of `_JUDGED_BY`, for the exported model.
    """

    name: str
    settings: dict[str, Any]
    problem: str
    history: list[dict[str, float]]
    size: int
    sha256: str
    gains: dict[str, float]

    @property
    def planned(self) -> int:
        """Epochs that it is to have."""
        return int(self.settings.get("training.epochs", 0))

    @property
    def exact(self) -> int:
        """Epochs before those that round as int8 will; older trainings rounded all or none."""
        rounded = self.settings.get("training.rounded", 0)
        return 0 if rounded is True else self.planned - int(rounded)

    @property
    def best(self) -> dict[str, float] | None:
        """The epoch whose weights were kept: the best one of the last phase, rounded or not."""
        rows = [row for row in self.history if "val_loss" in row]
        phase = [r for r in rows if (r["epoch"] >= self.exact) == (rows[-1]["epoch"] >= self.exact)]
        return min(phase, key=lambda row: row["val_loss"], default=None)


def read_history(folder: Path) -> list[dict[str, float]]:
    """The epochs that a run has finished."""
    path = folder / HISTORY
    if not path.is_file():
        return []
    with path.open() as file:
        return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]


def find_runs(folder: Path) -> list[Run]:
    """All trainings under a folder, by name.

    Raises
    ------
    ValueError : there is none.
    """
    paths = sorted({path.parent for name in (CONFIG, HISTORY) for path in folder.rglob(name)})
    if not paths:
        raise ValueError(f"no trainings in {folder}: ecgstream train begins one")
    return [_read(path, _name(path, folder)) for path in paths]


def _name(path: Path, folder: Path) -> str:
    return path.name if path == folder else path.relative_to(folder).as_posix()


def _read(path: Path, name: str) -> Run:
    settings: dict[str, Any] = {}
    problem = ""
    history: list[dict[str, float]] = []
    try:
        settings = _flat(json.loads((path / CONFIG).read_text()))
    except (OSError, ValueError, AttributeError) as error:
        problem = f"{CONFIG} cannot be read: {error}"
    try:
        history = read_history(path)
    except (OSError, ValueError, TypeError) as error:
        problem = problem or f"{HISTORY} cannot be read: {error}"
    content = (path / EXPORTED).read_bytes() if (path / EXPORTED).is_file() else b""
    sha256 = hashlib.sha256(content).hexdigest() if content else ""
    gains = _gains(path / EVALUATED, sha256)
    return Run(name, settings, problem, history, len(content), sha256, gains)


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, value in values.items():
        out |= _flat(value, f"{name}.") if isinstance(value, dict) else {prefix + name: value}
    return out


def _gains(path: Path, sha256: str) -> dict[str, float]:
    """What a report says of the model with that hash; nothing of one exported since."""
    try:
        report = json.loads(path.read_text())
        if report["split"] != "validation":
            return {}
        names = [n for n, model in report["models"].items() if model["sha256"] == sha256]
        means = {(c["method"], c["kind"], c["level"]): c["mean"] for c in report["b2"]["cells"]}
        return {what: means[names[-1], kind, level] for what, (kind, level) in _JUDGED_BY.items()}
    except (OSError, ValueError, LookupError, TypeError):
        return {}


def results(runs: Sequence[Run]) -> Table:
    """A row for each run: how far it came, and what became of it."""
    rows = []
    for run in runs:
        best = run.best
        rates = [row["rate"] for row in run.history if "rate" in row]
        texts = [
            run.name,
            f"{len(run.history)} of {run.planned or '?'}",
            number(best["val_loss"], 4) if best else "",
            f"{best['epoch'] + 1:.0f}" if best else "",
            f"{sum(rates) / len(rates):,.0f}" if rates else "",
            f"{run.size:,}" if run.size else "",
            run.sha256[:12],
            *(number(run.gains[what], 2) if run.gains else "" for what in _JUDGED_BY),
        ]
        rows.append([Cell(text) for text in texts])
    figures = ("epochs", "best loss", "in epoch", "windows/s", "bytes", "sha256", *_JUDGED_BY)
    return Table("Trainings; loss and dB are those of validation", ["run", *figures], rows)


def differences(runs: Sequence[Run]) -> Table:
    """A row for each setting that is not the same in all runs, a column for each run."""
    readable = [run for run in runs if run.settings]
    names = dict.fromkeys(name for run in readable for name in run.settings if name != "name")
    differing = [
        name for name in names if len({json.dumps(run.settings.get(name)) for run in readable}) > 1
    ]
    rows = [[Cell(n), *(Cell(_setting(run.settings, n)) for run in readable)] for n in differing]
    return Table("What differs between them", ["setting", *(run.name for run in readable)], rows)


def _setting(settings: Mapping[str, Any], name: str) -> str:
    if name not in settings:
        return ""
    value = settings[name]
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
