"""Two results of `ecgstream bench` side by side: devices, runtimes, models or versions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from rich.table import Table

from ecgstream.tools.bench.latency import STEP
from ecgstream.tools.bench.measure import SCHEMA

_PERCENTILES = ("p50", "p95", "p99", "max")
_FACTS = {
    "schema": ("schema",),
    "processor": ("device", "processor"),
    "machine": ("device", "machine"),
    "cores": ("device", "cores"),
    "system": ("device", "system"),
    "Python": ("device", "python"),
    "governor": ("state", "before", "governor"),
    "runtime": ("runtime", "name"),
    "its version": ("runtime", "version"),
    "XNNPACK": ("runtime", "delegated"),
    "ecgstream": ("versions", "ecgstream"),
    "numpy": ("versions", "numpy"),
    "scipy": ("versions", "scipy"),
    "model": ("model", "file"),
    "model's bytes": ("model", "bytes"),
    "model's sha256": ("model", "sha256"),
    "precision": ("model", "precision"),
    "hop, samples": ("hop_samples",),
    "delay, samples": ("delay_samples",),
    "seconds of a window": ("windows", "seconds"),
    "seconds of a trial of streams": ("streams", "seconds"),
}
"""Conditions in which two results may differ, and their places in the JSON."""
_SINGLE_FIGURES = {
    "a step over a call": ("step_over_call",),
    "paced steps late": ("deadlines", "missed"),
    "idle pacing late by p99, µs": ("pacing", "late_us", "p99"),
    "power when busy, W": ("energy", "busy_w"),
    "energy of a step, µJ": ("energy", "step_uj"),
    "live streams": ("streams", "count"),
    "delay added by batching p99, ms": ("streams", "added_delay_ms", "p99"),
    "import of the engine, s": ("start", "import_s"),
    "model load, s": ("start", "load_s"),
    "peak memory, MB": ("peak_memory_mb",),
    "frame of the monitor p50, ms": ("gui", "frame_ms", "monitor", "p50"),
}
_FIRST_SCHEMA = {
    **{"step_over_call": 2, "streams": 2, "start": 2, "gui": 3},
    **{"versions": 4, "windows": 4, "deadlines": 4, "pacing": 4, "energy": 4},
    **{"accuracy": 4, "state": 4, "configurations": 4},
}
"""Version of the schema that introduced a part, unless it was the first."""

Figures = dict[str, Any]


class Row(NamedTuple):
    """A figure of both results; None where a result lacks it."""

    name: str
    first: float | None
    second: float | None

    @property
    def ratio(self) -> float | None:
        """The second over the first."""
        if self.first is None or self.second is None or not self.first:
            return None
        return self.second / self.first


class Comparison(NamedTuple):
    """Two results side by side."""

    names: tuple[str, str]
    latency: list[Row]
    others: list[Row]
    gains: list[Row]
    differences: dict[str, tuple[str, str]]
    sentences: list[str]


def read(path: Path) -> tuple[str, Figures]:
    """Read a result and name it after its file.

    Raises
    ------
    ValueError : the file is no result of `ecgstream bench`, or one of a later version.
    """
    try:
        figures = json.loads(path.read_text())
        version = int(figures["schema"])
        known = isinstance(figures["device"], dict) and isinstance(figures["latency_us"], dict)
    except (ValueError, KeyError, TypeError):
        known = False
    if not known:
        raise ValueError(f"{path} was not written by ecgstream bench --json")
    if version > SCHEMA:
        raise ValueError(
            f"{path} is of a later version of ecgstream (schema {version}, this one knows "
            f"{SCHEMA}): update ecgstream"
        )
    return str(path), figures


def compare(first: tuple[str, Figures], second: tuple[str, Figures]) -> Comparison:
    """Put two results side by side."""
    names = (first[0], second[0])
    if Path(names[0]).name != Path(names[1]).name:
        names = (Path(names[0]).name, Path(names[1]).name)
    both = (first[1], second[1])
    files = _files(both)
    differences = {}
    for what, place in _FACTS.items():
        one, other = (_text(_find(figures, place)) for figures in both)
        if one != other and all(place[0] in figures for figures in both):
            differences[what] = (one, other)
    return Comparison(
        names,
        list(_rows(*(_latencies(figures, files) for figures in both))),
        list(_rows(*(_others(figures) for figures in both))),
        list(_rows(*(_gains(figures, files) for figures in both))),
        differences,
        [
            *(
                sentence
                for name, figures in zip(names, both, strict=True)
                for sentence in _remarks(name, figures)
            ),
            *_cautions(both),
        ],
    )


def _find(figures: Figures, place: tuple[str, ...]) -> Any:
    found: Any = figures
    for key in place:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _files(both: tuple[Figures, Figures]) -> dict[str, str]:
    """Names of the models by their hash, as a file may have another name in the other result."""
    names: dict[str, str] = {}
    for figures in both:
        gains = _find(figures, ("accuracy", "models")) or ()
        for row in (*(figures.get("configurations") or ()), *gains):
            names.setdefault(row["sha256"], row["file"])
    return names


def _text(value: Any) -> str:
    return "—" if value is None else str(value)


def _rows(first: dict[str, float], second: dict[str, float]) -> Iterator[Row]:
    for name in dict.fromkeys([*first, *second]):
        yield Row(name, first.get(name), second.get(name))


def _latencies(figures: Figures, files: dict[str, str]) -> dict[str, float]:
    found = {}
    for what, ways in figures["latency_us"].items():
        for way, values in ways.items():
            for key in _PERCENTILES:
                found[f"{what}, {way}, {key}"] = float(values[key])
    for row in figures.get("configurations") or ():
        if row["not_available"] is None:
            threads = f"{row['threads']} thread{'s' * (row['threads'] > 1)}"
            delegate = "XNNPACK" if row["xnnpack"] else "no XNNPACK"
            name = f"{files[row['sha256']]}, {row['runtime']}, {threads}, {delegate}: step"
            for key in ("p50", "p99"):
                found[f"{name} {key}"] = float(row["latency_us"][STEP]["back to back"][key])
    return found


def _others(figures: Figures) -> dict[str, float]:
    factors = figures.get("real_time_factor") or {}
    found = {
        f"times real time, {name}": float(value)
        for name, value in factors.items()
        if value is not None
    }
    for name, place in _SINGLE_FIGURES.items():
        if (value := _find(figures, place)) is not None:
            found[name] = float(value)
    return found


def _gains(figures: Figures, files: dict[str, str]) -> dict[str, float]:
    rows = _find(figures, ("accuracy", "models")) or ()
    return {f"{files[row['sha256']]} ({row['precision']})": float(row["mean_db"]) for row in rows}


def _remarks(name: str, figures: Figures) -> Iterator[str]:
    version = figures["schema"]
    missing = [part for part, since in _FIRST_SCHEMA.items() if since > version]
    if missing:
        yield f"{name} is of schema {version}, which had no {', '.join(missing)}."
    for warning in _find(figures, ("state", "warnings")) or ():
        yield f"Warning of {name}: {warning}."


def _cautions(both: tuple[Figures, Figures]) -> Iterator[str]:
    hashes = {_find(figures, ("model", "sha256")) for figures in both}
    if len(hashes) > 1:
        yield "These are two models: the ratios are not those of the devices or versions alone."
    if len({figures.get("hop_samples") for figures in both}) > 1:
        yield "The hops differ: steps come more often in one of them, and streams cost more."


def tables(compared: Comparison) -> list[Table]:
    """Tables of two results side by side."""
    shown = []
    if compared.differences:
        table = Table(title="What differs", show_lines=False)
        for heading in ("", *compared.names):
            table.add_column(heading, overflow="fold")
        for what, (first, second) in compared.differences.items():
            table.add_row(what, first, second)
        shown.append(table)
    for title, rows in (("Latency, µs", compared.latency), ("The rest", compared.others)):
        table = Table(title=title)
        table.add_column("", no_wrap=True)
        for heading in (*compared.names, "second / first"):
            table.add_column(heading, justify="right", overflow="fold")
        for row in rows:
            table.add_row(
                row.name,
                *("—" if value is None else _number(value) for value in row[1:]),
                "" if row.ratio is None else f"{row.ratio:.2f}",
            )
        shown.append(table)
    if compared.gains:
        table = Table(title="Gain on the bundled record, dB")
        for heading in ("", *compared.names, "difference"):
            table.add_column(heading, justify="right" if heading else "left", overflow="fold")
        for name, *values in compared.gains:
            known = [value for value in values if value is not None]
            difference = f"{known[1] - known[0]:+.2f}" if len(known) == len(values) else ""
            cells = ("—" if value is None else f"{value:.2f}" for value in values)
            table.add_row(name, *cells, difference)
        shown.append(table)
    return shown


def _number(value: float) -> str:
    """Format to three significant digits."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
