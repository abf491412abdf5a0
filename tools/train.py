"""`ecgstream train`: from raw databases to a trained model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from streamer.records import require_data
from tools import options


@click.command()
@click.option(
    "--preset",
    default="float",
    show_default=True,
    help="float, shipped, original, original-mitbih, or a configuration file.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder of the run.  [default: runs/PRESET]"
)
@click.option("--epochs", type=click.IntRange(1), help="Instead of the preset's.")
@click.option("--seed", type=int, help="Instead of the preset's.")
@click.option(
    "--begin",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of a run to begin with the weights of.",
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
    """Train a network on MIT-BIH and NSTDB.

    The run's folder gets the configuration, the history and a checkpoint after every epoch; the
    same command goes on where a killed one stopped. Then: ecgstream export.
    """
    folder = require_data(data)
    import dataclasses

    from model.config import load_config
    from model.training import BEST, train

    config = load_config(preset)
    given: dict[str, Any] = {"epochs": epochs, "seed": seed}
    config = dataclasses.replace(
        config,
        training=dataclasses.replace(
            config.training, **{k: v for k, v in given.items() if v is not None}
        ),
    )
    out = out or Path("runs") / config.name
    train(config, folder, out, begin / BEST if begin else None)
    click.echo(f"wrote {out / BEST}")
