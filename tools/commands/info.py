"""`ecgstream info`: versions, model and device, for a bug report."""

from __future__ import annotations

import click

from ecgstream.streamer.engine.delay import MODES
from ecgstream.streamer.io.records import BUNDLED, RecordError, data_folder
from ecgstream.streamer.network.shipped import SHIPPED_MODEL
from ecgstream.tools.bench.subprocesses import denoising_memory
from ecgstream.tools.system.device import device, package_versions, sha256
from ecgstream.tools.system.footprint import installed_sizes

_PACKAGES = (
    "ecgstream",
    "numpy",
    "scipy",
    "ai-edge-litert",
    "tflite-runtime",
    "tflite-micro",
    "tensorflow",
    "keras",
    "wfdb",
    "pyqtgraph",
    "PyQt5",
)
_MAX_NAMED_PACKAGES = 4


@click.command()
def info() -> None:
    """Show versions, the shipped model, this device, and what the program takes of it."""
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
        "installed size": _installed(),
        "peak memory": f"{denoising_memory():.0f} MB, to denoise the bundled record",
    }
    width = max(map(len, rows))
    for key, value in rows.items():
        click.echo(f"{key:{width}}  {value}")


def _installed() -> str:
    """Disk space of the program with the packages it requires, without extras."""
    sizes = installed_sizes()
    largest = sorted(sizes, key=sizes.__getitem__, reverse=True)[:_MAX_NAMED_PACKAGES]
    named = ", ".join(f"{name} {sizes[name] / 1e6:.0f}" for name in largest)
    return f"{sum(sizes.values()) / 1e6:.0f} MB in {len(sizes)} packages: {named}, ..."
