"""`ecgstream evaluate`: the benchmarks, on the user's own copy of the databases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import track
from rich.table import Table

from streamer import SHIPPED_MODEL
from streamer.records import RecordError, find_record, require_data
from tools import options
from tools.device import sha256

_EXAMPLE = "103"


@click.command()
@click.option(
    "--benchmark",
    "benchmarks",
    type=click.Choice(["b0", "b2"]),
    multiple=True,
    help="Which ones; all by default.",
)
@click.option(
    "--model",
    "models",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    help="A .tflite or .keras file beside the shipped model; may be repeated.",
)
@click.option(
    "--split",
    type=click.Choice(["test", "validation"]),
    default="test",
    show_default=True,
    help="B2 on DS2 and unseen noise, or on the validation records to choose between models.",
)
@click.option("--filters/--no-filters", default=True, help="The comparison rows.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("report"),
    show_default=True,
    help="Folder of the report.",
)
@options.runtime
@options.delay
@options.data
def evaluate(
    benchmarks: tuple[str, ...],
    models: tuple[Path, ...],
    split: str,
    filters: bool,
    out: Path,
    runtime: str,
    delay: str | int,
    data: Path | None,
) -> None:
    """Run the benchmarks through the streaming engine.

    B0 is the original experiment on ten seconds of record 100. B2 mixes real noise into 30
    stretches of each test record. Writes report.json, cells.png and strips.png.
    """
    folder = require_data(data)
    from model.evaluation import methods

    files = {"shipped": SHIPPED_MODEL} | {str(path): path for path in models}
    rows = {
        name: methods.streamed(methods.load_network(path, runtime), delay)
        for name, path in files.items()
    }
    report: dict[str, Any] = {
        "models": {name: sha256(path) for name, path in files.items()},
        "runtime": runtime,
        "delay": delay,
    }
    out.mkdir(parents=True, exist_ok=True)
    console = Console()
    if "b0" in benchmarks or not benchmarks:
        from model.evaluation import b0

        report["b0"] = b0.run(folder, rows["shipped"])
        _write(report, out)
        console.print(_b0_table(report["b0"]))
    if "b2" in benchmarks or not benchmarks:
        if filters:
            original = methods.load_network(methods.ORIGINAL_MODEL, runtime)
            rows |= {"original CDAE-BAM": methods.streamed(original, delay)} | methods.filters()
        report["b2"] = _b2(folder, rows, split, out)
        _write(report, out)
        console.print(_b2_table(report["b2"]["cells"]))
    console.print(f"wrote {out}")


def _write(report: dict[str, Any], out: Path) -> None:
    (out / "report.json").write_text(json.dumps(report, indent=2) + "\n")


def _b2(data: Path, methods: dict[str, Any], split: str, out: Path) -> dict[str, Any]:
    from model.evaluation import b2, figures
    from model.splits import DS2, VALIDATION

    test = split == "test"
    records = DS2 if test else VALIDATION
    missing = [name for name in records if find_record(f"mitdb/{name}", data) is None]
    if missing:
        click.echo(f"NOT IN {data}, LEFT OUT: mitdb {', '.join(missing)}", err=True)
    present = [name for name in records if name not in missing]
    if not present:
        raise RecordError(f"none of the records of B2 is in {data}")
    found: list[dict[str, Any]] = []
    for name in track(present, "B2", console=Console(stderr=True)):
        found += b2.run_record(name, data, methods, test=test)
    summary = b2.summary(found)
    figures.save(figures.cells(summary), out / "cells.png")
    example = _EXAMPLE if _EXAMPLE in present else present[0]
    cases = [
        case
        for case in b2.cases(example, data, b2.noise_halves(data, test=test))
        if (case.kind, case.level) in {("em", 0), ("ma", 0), ("bw", -6)}
    ][:3]
    strips = figures.strips(cases, methods["shipped"], example)
    figures.save(strips, out / "strips.png")
    return {
        "split": split,
        "missing": missing,
        "cells": summary,
        "worst_cells": b2.worst_cells(found),
        "stretches": found,
    }


def _b0_table(figures: dict[str, Any]) -> Table:
    table = Table(title="B0: ten seconds of record 100, SNR in dB")
    for column in ("", "in", "out"):
        table.add_column(column)
    before = f"{figures['in']:.2f}"
    published, original = figures["published"], figures["original"]
    table.add_row("original, as published", f"{published['in']}", f"{published['out']}")
    seeds = ", ".join(f"{value:.2f}" for value in original["seeds"])
    table.add_row("original, reproduced", before, f"{original['mean']:.2f} (seeds: {seeds})")
    for name in ("shipped", "shipped, 60 Hz"):
        table.add_row(f"{name}, streamed", before, f"{figures[name]:.2f}")
    return table


def _b2_table(cells: list[dict[str, Any]]) -> Table:
    table = Table(title="B2: mean ΔSNR in dB over records (clean: SNR of the output)")
    methods = list(dict.fromkeys(cell["method"] for cell in cells))
    for heading in ("noise", "input", *methods):
        table.add_column(heading, justify="left" if heading == "noise" else "right")
    for kind, level in dict.fromkeys((cell["kind"], cell["level"]) for cell in cells):
        found = {c["method"]: c for c in cells if (c["kind"], c["level"]) == (kind, level)}
        row = (f"{found[method]['mean']:.1f}" for method in methods)
        table.add_row(kind, "" if level is None else f"{level} dB", *row)
    return table
