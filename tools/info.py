"""`ecgstream info`: versions, model and device, for a bug report."""

from __future__ import annotations

import hashlib

import click

from streamer import MODES, SHIPPED_MODEL
from streamer.records import BUNDLED, data_folder
from tools.device import device, package_versions

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
    content = SHIPPED_MODEL.read_bytes()
    rows = {
        **{key: str(value) for key, value in device().items()},
        **{name: v or "not installed" for name, v in package_versions(_PACKAGES).items()},
        "shipped model": f"{len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()}",
        "delay modes": ", ".join(f"{name} {mode.samples} samples" for name, mode in MODES.items()),
        "bundled records": ", ".join(BUNDLED),
        "data folder": str(data_folder() or "none"),
    }
    width = max(map(len, rows))
    for key, value in rows.items():
        click.echo(f"{key:{width}}  {value}")
