"""`ecgstream runs`: the trainings so far, side by side."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from ecgstream.tools.tables import rich_table

EXTRA = "train"


@click.command()
@click.argument(
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path("runs"),
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the tables, runs.md, and the learning curves, curves.png.",
)
def runs(folder: Path, out: Path | None) -> None:
    """Compare the trainings in FOLDER (runs by default).

    Shows the settings in which they differ, the epochs, the best validation loss, and the exported
    model. A validation gain is shown for runs that were evaluated with ecgstream evaluate
    --split validation --model RUN/model.tflite --out RUN/validation.
    """
    from ecgstream.model.evaluation.report.tables import markdown
    from ecgstream.model.training.runs import differences, find_runs, results

    found = find_runs(folder)
    tables = [results(found), differences(found)]
    for table in tables:
        Console().print(rich_table(table))
    for run in found:
        if run.problem:
            click.echo(f"{run.name}: {run.problem}", err=True)
    if out is not None:
        from ecgstream.model.training.curves import curves

        out.mkdir(parents=True, exist_ok=True)
        (out / "runs.md").write_text("\n".join(map(markdown, tables)))
        curves(found).savefig(out / "curves.png", dpi=110)
        click.echo(f"wrote {out}")
