"""`ecgstream evaluate`: the benchmarks, on the user's own copy of the databases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import Console

from ecgstream.model.evaluation.benchmarks import MODULES
from ecgstream.streamer.engine.delay import delay_mode
from ecgstream.streamer.io.records import RecordError, require_data
from ecgstream.streamer.network.shipped import SHIPPED_MODEL
from ecgstream.tools import options
from ecgstream.tools.system.device import package_versions
from ecgstream.tools.tables import rich_table

EXTRA = "train"
_CHOICES = [name for name in MODULES if name != "delay_curve"]
"""Values of --benchmark; the delay curve has a flag of its own."""


@click.command()
@click.option(
    "--benchmark",
    "benchmarks",
    type=click.Choice(_CHOICES),
    multiple=True,
    help="Which ones; all by default.",
)
@click.option(
    "--model",
    "models",
    type=options.ModelFile(path_type=Path, exists=True, dir_okay=False),
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
    "--list",
    "beat_list",
    type=click.Choice(["published", "development"]),
    default="published",
    show_default=True,
    help="Test records of B1.",
)
@click.option(
    "--b1-run",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of the networks trained with --preset b1.",
)
@click.option("--delay-curve", is_flag=True, help="Also the gain over the delay of the engine.")
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
    beat_list: str,
    b1_run: Path | None,
    delay_curve: bool,
    out: Path,
    runtime: str,
    delay: str | int,
    data: Path | None,
) -> None:
    """Run the benchmarks through the streaming engine.

    B0 is the original experiment on ten seconds of record 100. B1 is DeepFilter's on beats of
    QTDB. B2 mixes real noise into three stretches of each test record. B3 is the noise stress test
    of beat detectors. B4 looks for harm to clean ECGs. band (B6.1, B6.3) tells whether the error
    band holds the error; real (B6.2) holds the `uncertain` flag against what people said of
    recordings whose noise is their own; invention (B6.4) looks for beats where there is no heart;
    rate (B6.5) tells how often the heart rate is shown, and how often it is wrong; consistency
    (B6.6) compares the beats of recordings in motion with one another. delineation (B7) holds waves
    against the marks of cardiologists, mixed (B8) is TFCDiff's benchmark.
    Writes index.html, report.md, report.json and the figures; a run that was killed goes on with
    the same command.
    """
    folder = require_data(data)
    from ecgstream.model.evaluation.benchmarks.registry import BENCHMARKS
    from ecgstream.model.evaluation.cache import ResultCache
    from ecgstream.model.evaluation.report import page
    from ecgstream.model.evaluation.report.glance import glance
    from ecgstream.model.evaluation.runner import Evaluation
    from ecgstream.model.evaluation.subjects import Model

    files = {"shipped": SHIPPED_MODEL} | {str(path): path for path in models}
    loaded = {name: Model(path, runtime) for name, path in files.items()}
    evaluation = Evaluation(
        folder,
        ResultCache(out / "pieces"),
        loaded,
        delay,
        test=split == "test",
        with_filters=filters,
        runtime=runtime,
        beat_list=beat_list,
        beat_run=b1_run,
    )
    report: dict[str, Any] = {
        "models": {name: model.facts for name, model in loaded.items()},
        "delay": delay,
        "delay_samples": delay_mode(delay).samples,
        "split": split,
        "versions": package_versions(("ecgstream", "numpy", "scipy", "tensorflow", "neurokit2")),
        "missing": {},
    }
    console, errors = Console(), Console(stderr=True)
    # By default all that the split has records for; the others may be named.
    default = [name for name in _CHOICES if split == "test" or BENCHMARKS[name].validation]
    wanted = [*(benchmarks or default), *["delay_curve"] * delay_curve]
    for name in wanted:
        if missing := BENCHMARKS[name].missing(evaluation):
            report["missing"][name] = missing
            text = f"{name}: NOT IN {folder}, LEFT OUT: {', '.join(missing)}"
            errors.print(text, style="bold red", soft_wrap=True)
        section = BENCHMARKS[name].run(evaluation)
        if section is None:
            errors.print(f"{name}: LEFT OUT, it cannot run without them", style="bold red")
            continue
        report[name] = section
        console.print(rich_table(BENCHMARKS[name].tables(section)[0]))
    if not any(name in report for name in wanted):
        raise RecordError(f"none of the records of {', '.join(wanted)} is in {folder}")
    at_a_glance = glance(report)
    measured = [
        row for row in at_a_glance.rows if any(cell.mark in ("pass", "fail") for cell in row)
    ]
    console.print(rich_table(at_a_glance._replace(rows=measured)))
    page.write(report, evaluation.figures, out)
    console.print(f"wrote {out / page.NAME}")
