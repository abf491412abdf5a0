"""Figures of the status bar: each entry of `FIGURES` is all that the bar knows of one figure."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from ecgstream.gui.playback.snapshot import FIGURE_SECONDS, Excerpt, Recording
from ecgstream.gui.sheet.text import minus
from ecgstream.gui.window.messages import clock_time

UNKNOWN = "—"
"""Shown for a figure that is not known."""


class StatusReading(NamedTuple):
    """Values that figures are read from, at one moment."""

    shown: Excerpt | None  # None while no record is open
    frames_per_second: float = math.nan
    recording: Recording | None = None


class StatusFigure(NamedTuple):
    """One figure of the status bar."""

    name: str
    caption: str
    width: int  # pixels: a longer text shall not move the figures beside it
    tooltip: str
    text: Callable[[StatusReading], str]
    style: str = "value"  # object name in the style sheet
    printed: bool = True  # by the command that replays without a window

    def read(self, reading: StatusReading) -> str:
        """Return the figure's text, `UNKNOWN` where it is not known."""
        return self.text(reading) or UNKNOWN


def figure_texts(shown: Excerpt) -> dict[str, str]:
    """Return the texts of the figures that are printed, by caption."""
    reading = StatusReading(shown)
    return {figure.caption: figure.read(reading) for figure in FIGURES if figure.printed}


def _of_stream(text: Callable[[Excerpt], str]) -> Callable[[StatusReading], str]:
    """Read a figure of the open record only."""
    return lambda reading: "" if reading.shown is None else text(reading.shown)


def _number(value: float, form: str) -> str:
    """Format a number; empty where it is not finite."""
    return minus(form.format(value)) if math.isfinite(value) else ""


def _delay(shown: Excerpt) -> str:
    declared, measured = shown.figures.delay, shown.figures.delay_measured
    return f"{declared / shown.fs:.2f} s · {measured / shown.fs:.2f} s"


def _heart_rate(shown: Excerpt) -> str:
    rate = shown.figures.heart_rate
    return _number(rate.bpm, "{:.0f}") or rate.reason


def _recording(reading: StatusReading) -> str:
    if reading.recording is None:
        return "off"
    return clock_time(reading.recording.seconds) if reading.recording.going else "ended"


FIGURES = (
    StatusFigure(
        "heart_rate",
        "Heart rate, bpm",
        104,
        "From the beats detected in the last ten seconds of the denoised stream, or why it cannot "
        "be told",
        _of_stream(_heart_rate),
        style="heart_rate",
    ),
    StatusFigure(
        "delay",
        "Delay, measured",
        142,
        "The delay mode's algorithmic delay, and the longest time that a sample was seen to wait, "
        "buffering included: a 60th of a second at real-time speed, more at a higher speed",
        _of_stream(_delay),
    ),
    StatusFigure(
        "step",
        "Step p99, of hop",
        142,
        "99 of 100 steps of the engine take no longer; and the hop, the time that a step may take",
        _of_stream(
            lambda shown: _number(
                1000 * shown.figures.step_p99, f"{{:.1f}} of {1000 * shown.figures.hop:.0f} ms"
            )
        ),
    ),
    StatusFigure(
        "queue",
        "Queue",
        62,
        "Fill of the fullest queue between source, engine and file",
        _of_stream(lambda shown: _number(100 * shown.figures.queue, "{:.0f} %")),
    ),
    StatusFigure(
        "dropped",
        "Dropped",
        78,
        "Samples lost since the record was chosen",
        _of_stream(lambda shown: str(shown.figures.dropped)),
    ),
    StatusFigure(
        "frames",
        "Frames/s",
        72,
        "Frames of the traces painted per second",
        lambda reading: _number(reading.frames_per_second, "{:.0f}"),
        printed=False,
    ),
    StatusFigure(
        "delta_snr",
        f"ΔSNR, {FIGURE_SECONDS} s",
        94,
        "Gain of signal-to-noise ratio by denoising, where noise was mixed in",
        _of_stream(lambda shown: _number(shown.figures.delta_snr, "{:+.1f} dB")),
    ),
    StatusFigure(
        "good",
        f"Good, {FIGURE_SECONDS} s",
        84,
        "Share of the denoised samples without a quality flag",
        _of_stream(lambda shown: _number(100 * shown.figures.good, "{:.0f} %")),
    ),
    StatusFigure(
        "recording", "Recording", 96, "Time written to the recording", _recording, printed=False
    ),
)
"""All figures, in the order of the bar."""
