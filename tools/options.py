"""Options that several subcommands share."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ecgstream.streamer.ecg.noise import NOISE_KINDS
from ecgstream.streamer.engine.delay import MODES
from ecgstream.streamer.io.records import DATA_VARIABLE
from ecgstream.streamer.network.runtimes import RUNTIMES
from ecgstream.streamer.network.shipped import SHIPPED

Function = TypeVar("Function", bound=Callable[..., Any])


class Delay(click.ParamType):
    """A delay mode or a number of samples."""

    name = "delay"

    def convert(self, value: Any, param: Any, ctx: Any) -> str | int:
        """Return the mode's name, or the number as an integer."""
        if value in MODES or isinstance(value, int):
            return value
        if str(value).isdigit():
            return int(value)
        self.fail(f"{value!r} is neither {', '.join(MODES)} nor a number of samples", param, ctx)


class Number(click.FloatRange):
    """A finite number within limits."""

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        """Return the number."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number", param, ctx)
        return number


class Seconds(Number):
    """A duration greater than 0 s."""

    def __init__(self) -> None:
        super().__init__(min=0, min_open=True)


class Speed(click.ParamType):
    """A multiple of real time, or `max`."""

    name = "speed"

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        """Return the multiple; infinite for `max`."""
        try:
            speed = float("inf") if value == "max" else float(value)
        except ValueError:
            speed = 0.0
        if not speed > 0:
            self.fail(f"{value!r} is neither a factor greater than 0 nor max", param, ctx)
        return speed


class ModelFile(click.Path):
    """Name of a shipped model, or a path as `click.Path` takes it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Path of the model."""
        if value in SHIPPED:
            return SHIPPED[value].path
        return super().convert(value, param, ctx)


data = click.option(
    "--data",
    type=click.Path(path_type=Path),
    help=f"Folder of databases (mitdb, nstdb, ...).  [default: ${DATA_VARIABLE}]",
)
model = click.option(
    "--model",
    type=ModelFile(path_type=Path),
    help=f"{', '.join(SHIPPED)}, or a .tflite file.  [default: standard]",
)
runtime = click.option(
    "--runtime",
    type=click.Choice(["auto", *RUNTIMES]),
    default="auto",
    show_default=True,
    help="What runs the model.",
)


def delay_or(default: str) -> Callable[[Function], Function]:
    """Make the option for the delay with a default of its own."""
    return click.option(
        "--delay",
        type=Delay(),
        default=default,
        show_default=True,
        help=f"{', '.join(MODES)}, or a number of samples.",
    )


delay = delay_or("balanced")

strength = click.option(
    "--strength",
    type=Number(0, 1),
    default=1.0,
    show_default=True,
    help="How much of the noise is taken away, 0 (none) to 1 (all).",
)
st = click.option(
    "--st",
    is_flag=True,
    help="Keep the ST segment: take away only what is fast, no baseline wander.",
)
with_patient = click.option(
    "--with-patient",
    is_flag=True,
    help="Copy the comments of the record's header, which tell age, sex and drugs, to recordings.",
)


def source(function: Function) -> Function:
    """Add the options of a replay: record, signal, start, level of the noise, speed and engine."""
    options = [
        click.option(
            "--record",
            default="208b",
            show_default=True,
            help="Path or name of a WFDB record; 208b is the bundled excerpt of 208.",
        ),
        click.option("--signal", default=0, show_default=True, help="Number of the signal."),
        click.option(
            "--start",
            type=Number(min=0),
            default=0.0,
            show_default=True,
            help="Seconds into the record.",
        ),
        click.option(
            "--snr",
            type=Number(-100, 100),
            default=6.0,
            show_default=True,
            help="Level of the noise in dB.",
        ),
        click.option("--speed", type=Speed(), default="1", help="Times real time, or max."),
        data,
        model,
        runtime,
        delay,
    ]
    for option in reversed(options):
        function = option(function)
    return function


def noise(default: str | None) -> Callable[[Function], Function]:
    """Add the option for the kind of noise to mix in."""
    return click.option(
        "--noise",
        type=click.Choice(["none", *NOISE_KINDS]),
        default=default or "none",
        show_default=True,
        help="Noise to mix in: recorded (bw, em, ma, their sum mix) or synthetic.",
    )
