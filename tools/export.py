"""`ecgstream export`: from a trained model to a checked int8 file."""

from __future__ import annotations

from pathlib import Path

import click

from streamer.records import require_data
from tools import options


@click.command()
@click.argument("run", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--out", type=click.Path(path_type=Path), help=".tflite file.  [default: in RUN]")
@options.data
def export(run: Path, out: Path | None, data: Path | None) -> None:
    """Quantize the model of a training RUN to int8.

    Calibrated on real noisy windows. The file is written only if all operators are integer ones
    and its answers on windows it has not seen agree with the float model's.
    """
    folder = require_data(data)
    from model.config import load_config
    from model.export import export
    from model.training import BEST, CONFIG

    result = export(run / BEST, out or run / "model.tflite", load_config(str(run / CONFIG)), folder)
    operators = ", ".join(f"{n} {name}" for name, n in sorted(result.operators.items()))
    click.echo(f"operators: {operators}")
    click.echo(f"agreement with the float model: {result.parity_db:.1f} dB")
    click.echo(f"growth of the error through quantization: {result.cost_db:.2f} dB")
    click.echo(f"wrote {result.path}, {result.size} bytes, sha256 {result.sha256}")
