"""`ecgstream info`: versions, model and device, for a bug report."""

from __future__ import annotations

import click

from streamer import MODES, SHIPPED_MODEL
from streamer.records import BUNDLED, RecordError, data_folder
from tools.device import device, package_versions, sha256

_PACKAGES = (
    "ecgstream",
    "numpy",
    "scipy",
    "ai-edge-litert",
    "tflite-runtime",
    "tensorflow",
    "keras",
    "wfdb",
    "pyqtgraph",
    "PyQt5",
)


@click.command()
def info() -> None:
    """Show versions, the shipped model and this device."""
    try:
        folder = str(data_folder() or "none")
    except RecordError as error:
        folder = str(error)
    rows = {
        **{key: str(value) for key, value in device().items()},
        **{name: v or "not installed" for name, v in package_versions(_PACKAGES).items()},
        "shipped model": f"{SHIPPED_MODEL.stat().st_size} bytes, sha256 {sha256(SHIPPED_MODEL)}",
        "delay modes": ", ".join(f"{name} {mode.samples} samples" for name, mode in MODES.items()),
        "bundled records": ", ".join(BUNDLED),
        "data folder": folder,
    }
    width = max(map(len, rows))
    for key, value in rows.items():
        click.echo(f"{key:{width}}  {value}")
