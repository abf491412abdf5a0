"""`make arm`: compare the shipped model and the whole engine on emulated ARM with x86."""

from __future__ import annotations

import json
import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.table import Table

import ecgstream
from ecgstream.model.export.tflm.check import noisy_record, windows_of
from ecgstream.streamer.engine.delay import FS
from ecgstream.streamer.network.shipped import SHIPPED_MODEL
from ecgstream.streamer.network.tflite import TFLiteNetwork
from ecgstream.tools import options
from emulation import probe
from emulation.emulation import ARM, WHEELS, X86, Architecture, Emulation

CACHE = "~/.cache/ecgstream-arm"
MAX_RMS_MV = 0.02
"""Largest RMS difference that comes from int8 kernels which round differently."""
_IMPORTED_FROM = (Path(ecgstream.__file__).parents[1], Path(__file__).parents[1])
"""Folders that hold `ecgstream` and `emulation`."""
_UV_PER_MV = 1e3


@dataclass(frozen=True)
class Difference:
    """Difference of an output of two machines, in int8 steps of the network, else in mV."""

    values: int
    different: float  # share of the values
    rms: float
    largest: float


@click.command()
@click.option(
    "--seconds",
    type=options.Number(min=10, max=300),
    default=60.0,
    show_default=True,
    help="How much of the bundled record.",
)
@click.option(
    "--cache",
    type=click.Path(path_type=Path, file_okay=False),
    default=CACHE,
    show_default=True,
    help="Folder for what is downloaded, 500 MB.",
)
def arm(seconds: float, cache: Path) -> None:
    """Run the shipped model and the whole engine on ARM (aarch64), emulated, beside x86.

    The real aarch64 Python of Debian and the real aarch64 wheels of numpy, scipy and
    tflite-runtime run under QEMU's user-mode emulation; the same versions run natively on x86.
    The noisy bundled record goes through both and what comes out is compared. Nothing is
    installed and no root is needed: all is downloaded with apt-get and pip into a folder, once.

    Times under emulation say nothing about a real device: run ecgstream bench there.
    """
    if platform.machine() != "x86_64":
        raise click.ClickException(
            f"this machine is {platform.machine()}, and the comparison takes x86_64 Linux; on an "
            "ARM device run ecgstream bench"
        )
    emulation = Emulation(cache.expanduser().absolute(), _say)
    try:
        outputs = _outputs(emulation, round(seconds * FS))
        found = compare(*outputs)
    except RuntimeError as error:
        raise click.ClickException(str(error)) from error
    Console().print(_table(found, *(json.loads(str(output["about"])) for output in outputs)))
    worst = np.max([found[name].rms for name in probe.ENGINES])  # NaN, too
    if not worst <= MAX_RMS_MV:
        raise click.ClickException(
            f"the engine's output on ARM is {worst * _UV_PER_MV:.0f} µV RMS off that on x86; at "
            f"most {MAX_RMS_MV * _UV_PER_MV:.0f} µV come from rounding"
        )


def _say(text: str) -> None:
    click.echo(text, err=True)


def _outputs(emulation: Emulation, samples: int) -> list[dict[str, Any]]:
    """Outputs of `emulation.probe` on ARM and on x86."""
    with TemporaryDirectory() as folder:
        given = Path(folder, "given.npz")
        np.savez(given, **_given(samples))
        return [_run(emulation, machine, given) for machine in (ARM, X86)]


def _given(samples: int) -> dict[str, Any]:
    """The noisy bundled record (n,) in mV, and its windows as inputs of the network."""
    record = noisy_record(samples)
    windows = windows_of(record, TFLiteNetwork(SHIPPED_MODEL).past)
    return {"record": record, "window": windows.window, "context": windows.context}


def _run(emulation: Emulation, machine: Architecture, given: Path) -> dict[str, Any]:
    """Outputs of `emulation.probe` on a machine."""
    out = given.with_name(f"{machine.wheels}.npz")
    command, environment = emulation.command(machine, *_IMPORTED_FROM)
    done = subprocess.run(
        [*command, "-m", "emulation.probe", str(given), str(out)],
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        words = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise RuntimeError(f"the engine failed on {machine.wheels}: {words[-1]}")
    with np.load(out) as results:
        return dict(results)


def compare(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Difference]:
    """Difference of two machines in each of the outputs of `emulation.probe`.

    Raises
    ------
    RuntimeError : they differ in the number of samples.
    """
    found = {}
    for name in (probe.NETWORK, probe.REST, *probe.ENGINES):
        a, b = one[name].astype(float), other[name].astype(float)
        if len(a) != len(b):
            raise RuntimeError(f"{name}: {len(a)} samples on one machine and {len(b)} on the other")
        apart = np.abs(a - b)
        rms = float(np.sqrt(np.mean(np.square(apart))))
        found[name] = Difference(len(a), float(np.mean(apart != 0)), rms, float(apart.max()))
    return found


def _table(found: dict[str, Difference], arm: dict[str, Any], x86: dict[str, Any]) -> Table:
    times = [sum(about["seconds"].values()) for about in (arm, x86)]
    table = Table(
        title=f"{arm['machine']} (emulated) beside {x86['machine']}: Python {arm['python']}, "
        + ", ".join(wheel.replace("==", " ") for wheel in WHEELS),
        caption=f"{times[0]:.1f} s emulated and {times[1]:.1f} s on this machine: the times say "
        "nothing about a real ARM device",
    )
    table.add_column("")
    for column in ("values", "differ", "RMS", "largest"):
        table.add_column(column, justify="right")
    for name, difference in found.items():
        if not difference.different:
            table.add_row(name, f"{difference.values:,}", "identical")
            continue
        steps = name == probe.NETWORK
        unit, by = ("int8 steps", 1.0) if steps else ("µV", _UV_PER_MV)
        sizes = (f"{size * by:.3g} {unit}" for size in (difference.rms, difference.largest))
        table.add_row(name, f"{difference.values:,}", f"{difference.different:.2%}", *sizes)
    return table


if __name__ == "__main__":
    arm(prog_name="make arm")
