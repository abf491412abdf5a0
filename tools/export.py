"""`ecgstream export`: from a trained model to a checked `.tflite` file."""

from __future__ import annotations

from pathlib import Path

import click

from model.precision import PRECISIONS
from streamer.records import require_data
from tools import options


@click.command()
@click.argument("run", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--precision",
    type=click.Choice(list(PRECISIONS)),
    default="int8",
    show_default=True,
    help="Number format; all run in the engine. int16x8 has activations of 16 bits.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help=".tflite file.  [default: model.tflite in RUN, or model-PRECISION.tflite]",
)
@options.data
def export(run: Path, precision: str, out: Path | None, data: Path | None) -> None:
    """Convert the model of a training RUN to a .tflite file.

    Quantization is calibrated on real noisy windows. The file is written only if it holds no
    other types of numbers than it should, and its answers on records it has not seen agree with
    the trained model's.
    """
    folder = require_data(data)
    from model.config import load_config
    from model.export import export
    from model.runs import CONFIG
    from model.training import BEST

    name = "model.tflite" if precision == "int8" else f"model-{precision}.tflite"
    config = load_config(str(run / CONFIG))
    result = export(run / BEST, out or run / name, config, folder, precision)
    operators = ", ".join(f"{n} {name}" for name, n in sorted(result.operators.items()))
    click.echo(f"operators: {operators}")
    click.echo(f"agreement with the trained model: {result.parity_db:.1f} dB")
    click.echo(f"growth of the error through {precision}: {result.cost_db:.3f} dB")
    click.echo(f"wrote {result.path}, {result.size} bytes, sha256 {result.sha256}")
