"""`ecgstream train`: from raw databases to a trained model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ecgstream.streamer.io.records import require_data
from ecgstream.tools import options

EXTRA = "train"


@click.command()
@click.option(
    "--preset",
    default="shipped",
    show_default=True,
    help="shipped, b1, original, original-mitbih, or a configuration file.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder of the run.  [default: runs/PRESET]"
)
@click.option(
    "--epochs", type=click.IntRange(1), help="Instead of the preset's, for its last part."
)
@click.option("--seed", type=int, help="Instead of the preset's, for its last part.")
@click.option(
    "--begin",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of a run to begin with the weights of, instead of the preset's.",
)
@options.data
def train(
    preset: str,
    out: Path | None,
    epochs: int | None,
    seed: int | None,
    begin: Path | None,
    data: Path | None,
) -> None:
    """Train a network on MIT-BIH, QTDB and NSTDB.

    The run's folder gets the configuration, the history and a checkpoint after every epoch; the
    same command goes on where a killed one stopped. Then: ecgstream export.
    """
    folder = require_data(data)
    import dataclasses

    from ecgstream.model.training.config import FIRST, load_config, runs
    from ecgstream.model.training.trainer import BEST, train

    config = load_config(preset)
    given: dict[str, Any] = {"epochs": epochs, "seed": seed}
    config = dataclasses.replace(
        config,
        training=dataclasses.replace(
            config.training, **{k: v for k, v in given.items() if v is not None}
        ),
    )
    if begin is not None:
        config = dataclasses.replace(config, begin="")
    for run, part in runs(config, out or Path("runs") / config.name).items():
        first = run / FIRST if part.begin else begin
        train(part, folder, run, first / BEST if first else None)
        click.echo(f"wrote {run / BEST}")
