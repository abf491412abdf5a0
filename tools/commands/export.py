"""`ecgstream export`: from a trained model to a checked `.tflite` file, or to C++ source."""

from __future__ import annotations

from pathlib import Path

import click

from ecgstream.model.export.precision import PRECISIONS
from ecgstream.streamer.io.records import require_data
from ecgstream.streamer.network.shipped import SHIPPED_MODEL
from ecgstream.tools import options

EXTRA = "train"


@click.command()
@click.argument("run", type=options.ModelFile(path_type=Path, exists=True), required=False)
@click.option(
    "--target",
    type=click.Choice(["tflite", "tflm"]),
    default="tflite",
    show_default=True,
    help="A .tflite file, or C++ source for TensorFlow Lite Micro.",
)
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
    help=".tflite file, or folder for tflm.  [default: model.tflite in RUN, or "
    "model-PRECISION.tflite; tflm]",
)
@options.delay
@options.data
def export(
    run: Path | None,
    target: str,
    precision: str,
    out: Path | None,
    delay: str | int,
    data: Path | None,
) -> None:
    """Convert the model of a training RUN to a .tflite file, or a .tflite file to C++.

    Quantization is calibrated on real noisy windows. The file is written only if it holds no
    other types of numbers than it should, and its answers on records it has not seen agree with
    the trained model's.

    --target tflm takes a .tflite file, a RUN that has one, or else the shipped model. It writes the
    model, its constants, the engine step with the hop and weights of --delay, a reference and an
    example, and checks the model on TFLM's kernels where the package tflite-micro is installed.
    """
    if target == "tflm":
        if precision != "int8":
            raise click.UsageError("--target tflm takes --precision int8 alone")
        _microcontroller(run or SHIPPED_MODEL, out or Path("tflm"), delay)
        return
    if run is None or not run.is_dir():
        raise click.UsageError("name the folder of a training, or ask for --target tflm")
    _tflite(run, precision, out, require_data(data))


def _tflite(run: Path, precision: str, out: Path | None, folder: Path) -> None:
    from ecgstream.model.export.tflite import export
    from ecgstream.model.training.config import load_config
    from ecgstream.model.training.runs import CONFIG
    from ecgstream.model.training.trainer import BEST

    name = "model.tflite" if precision == "int8" else f"model-{precision}.tflite"
    config = load_config(str(run / CONFIG))
    result = export(run / BEST, out or run / name, config, folder, precision)
    click.echo(f"operators: {_counted(result.operators)}")
    click.echo(f"agreement with the trained model: {result.parity_db:.1f} dB")
    click.echo(f"growth of the error through {precision}: {result.cost_db:.3f} dB")
    if result.widening is not None:
        click.echo(f"error band widened by {result.widening:.2f} to hold 90 % of validation")
    click.echo(f"wrote {result.path}, {result.size} bytes, sha256 {result.sha256}")


def _microcontroller(model: Path, out: Path, delay: str | int) -> None:
    from ecgstream.model.export.tflm.source import write

    written = write(model / "model.tflite" if model.is_dir() else model, out, delay)
    click.echo(f"operators: {_counted(written.operators)}")
    click.echo(written.checked)
    for name, size in written.files.items():
        click.echo(f"wrote {out / name}, {size} bytes")


def _counted(operators: dict[str, int]) -> str:
    return ", ".join(f"{n} {name}" for name, n in sorted(operators.items()))
