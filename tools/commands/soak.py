"""`ecgstream soak`: run a day of signal through the live chain and check every count."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from ecgstream.streamer.denoiser import StreamingDenoiser
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.io.records import read_record
from ecgstream.streamer.live.clock import Pacer, SystemClock
from ecgstream.streamer.live.interrupt import Interrupt
from ecgstream.streamer.live.queues import SampleCount
from ecgstream.streamer.live.report import Report
from ecgstream.streamer.live.runner import Runner
from ecgstream.streamer.live.sinks.base import Step
from ecgstream.streamer.live.sources.base import Piece
from ecgstream.streamer.quality import Quality
from ecgstream.tools import options
from ecgstream.tools.system.memory import resident_memory

MAX_MEMORY_GROWTH_MB = 4.0
"""Allowed growth of resident memory after the first minute, in MB; one byte kept per sample would
make 31 in a day."""
_WAKE_UP_SECONDS = 1e-4
"""Time by which `FastClock` returns late from a sleep, as a real system does."""
_SINK = "audit"
"""Name of the sink in the run's report."""


class FastClock:
    """A `Clock` that is set forward by each sleep, and a little more."""

    def __init__(self) -> None:
        self._now = 0.0

    def now(self) -> float:
        """Return seconds since the beginning."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Set the clock forward."""
        self._now += seconds + _WAKE_UP_SECONDS


class Check(NamedTuple):
    """A line of the result."""

    name: str
    value: str
    passed: bool


@click.command()
@click.option(
    "--hours",
    type=options.Number(min=0.02),
    default=24.0,
    show_default=True,
    help="Hours of signal.",
)
@click.option(
    "--speed",
    type=options.Speed(),
    default="max",
    show_default=True,
    help="Times real time, or max, for which a clock is set forward.",
)
@click.option("--channels", type=click.IntRange(1), default=1, show_default=True, help="Signals.")
@options.delay
@options.model
@options.runtime
def soak(
    hours: float, speed: float, channels: int, delay: str | int, model: Path | None, runtime: str
) -> None:
    """Run hours of signal through the live chain and check that nothing was lost.

    Repeats the bundled record and checks samples in and out, holes, resident memory and the drift
    of the pacing. Ends with an exit code other than 0 when a check fails.
    """
    record = read_record("208b")
    signals = np.stack([np.roll(record.signal(0), -997 * i) for i in range(channels)], axis=1)
    denoiser = StreamingDenoiser(model, channels, record.fs, delay, runtime)
    with Interrupt() as interrupt:
        checks = run(denoiser, signals, hours, speed, resident_memory, lambda: interrupt.wanted)
    table = Table(show_header=False, box=None)
    for check in checks:
        table.add_row(check.name, check.value, "✓" if check.passed else "✗")
    Console().print(table)
    failed = [check.name for check in checks if not check.passed]
    if failed:
        raise click.ClickException(f"soak failed: {', '.join(failed)}")


def run(
    denoiser: StreamingDenoiser,
    signals: Floats,
    hours: float,
    speed: float,
    memory: Callable[[], float],
    should_stop: Callable[[], bool] = lambda: False,
) -> list[Check]:
    """Run `hours` of repeated signals through an engine and return the checks.

    Parameters
    ----------
    denoiser : the engine.
    signals : (n, channels) in mV, at its sampling rate.
    hours : length of the run in hours of signal.
    speed : multiple of real time; infinite for a clock that is set forward.
    memory : returns the resident memory of this process in MB.
    should_stop : asked after each piece.
    """
    fs, fast = denoiser.fs, math.isinf(speed)
    system = SystemClock()
    pacer = Pacer(fs, FastClock() if fast else system, 1.0 if fast else speed)
    source = RepeatedSignal(signals, fs, round(hours * 3600 * fs), pacer)
    audit = Audit(signals, round(60 * fs), memory)
    chunk = round(10 * fs) if fast else 32
    began = system.now()
    runner = Runner(source, denoiser, {_SINK: audit}, system, chunk, not fast)
    report = runner.run(should_stop)
    return checks(report, source, audit, memory(), system.now() - began)


class RepeatedSignal:
    """A paced source that repeats signals (n, channels) up to `length` samples."""

    def __init__(self, signals: Floats, fs: float, length: int, pacer: Pacer) -> None:
        self.fs, self._signals, self._length, self._pacer = fs, signals, length, pacer
        self.position = 0
        self.min_late = [math.inf, math.inf]
        """Least lateness of the pacing in samples, in the first and second half of the run."""

    def read(self, n: int) -> Piece | None:
        """Return the next samples when they are due; see `Source.read`."""
        start, end = self.position, min(self.position + n, self._length)
        if start == end:
            return None
        self._pacer.wait(end)
        half = 2 * start >= self._length
        self.min_late[half] = min(self.min_late[half], self._pacer.due() - end)
        self.position = end
        return Piece(start, *[_repeated(self._signals, start, end)] * 2)

    @property
    def ended(self) -> bool:
        """Whether all samples were read."""
        return self.position == self._length

    @property
    def drift(self) -> int:
        """Growth of the least lateness from the first half to the second, in samples."""
        first, second = self.min_late
        return round(second - first) if math.isfinite(second - first) else 0


class Audit:
    """A sink that compares every sample with the one that was sent, and counts."""

    def __init__(self, signals: Floats, warm_up: int, memory: Callable[[], float]) -> None:
        self._signals, self._warm_up, self._measure = signals, warm_up, memory
        self.received = self.denoised = 0
        self.overlaps = self.wrong = self.gaps = 0
        self.holes = SampleCount()
        """Samples that were skipped."""
        self.memory = math.nan
        """Resident memory in MB after the first `warm_up` samples."""

    def write(self, step: Step) -> None:
        """Check a step."""
        piece, block = step.piece, step.block
        missed = SampleCount(piece.start - self.received, block.start - self.denoised)
        self.holes = self.holes.plus(missed)
        self.overlaps += sum(n < 0 for n in missed)
        self.received = piece.start + len(piece.input)
        self.denoised = block.start + len(block.signal)
        gap = (block.quality & Quality.GAP) != 0
        self.gaps += int(gap.any(axis=1).sum())
        self.wrong += int((~np.isfinite(block.signal) & ~gap).any(axis=1).sum())
        if not step.dropped:
            sent = _repeated(self._signals, piece.start, self.received)
            self.wrong += int((piece.input != sent).any(axis=1).sum())
        if math.isnan(self.memory) and self.received >= self._warm_up:
            self.memory = self._measure()

    def close(self) -> None:
        """Do nothing."""


def _repeated(signals: Floats, start: int, end: int) -> Floats:
    """Return the samples from `start` to `end` of endlessly repeated signals (n, channels)."""
    return np.take(signals, np.arange(start, end), axis=0, mode="wrap")


def checks(
    report: Report, source: RepeatedSignal, audit: Audit, memory: float, seconds: float
) -> list[Check]:
    """Return the lines of the result."""
    n, fs = source.position, source.fs
    lost, delivered = report.undelivered[_SINK], report.delivered[_SINK]
    whole = report.received == report.denoised == n
    accounted = delivered.plus(lost) == SampleCount(n, n)
    gaps = report.dropped == report.missing and (
        audit.gaps <= report.missing if lost.denoised else audit.gaps == report.missing
    )
    return [
        Check(
            "soaked",
            f"{n / fs / 3600:.2f} h in {seconds:.1f} s, {n / fs / seconds:.0f} times real time",
            source.ended,
        ),
        Check("failures", "; ".join(map(str, report.failures)) or "none", not report.failures),
        Check("samples in", f"{n}", True),
        Check("samples out", f"{report.denoised}, {report.missing} of them gaps", whole),
        Check(
            "dropped",
            f"{report.dropped} before the engine, {lost.received} in and {lost.denoised} out after",
            gaps and accounted,
        ),
        Check(
            "holes or overlaps",
            f"{sum(audit.holes) - sum(lost)} but for what was dropped, {audit.overlaps}",
            not audit.overlaps and audit.holes == lost,
        ),
        Check("wrong samples", f"{audit.wrong}", not audit.wrong),
        Check("drift", f"{source.drift} samples", not source.drift),
        Check(
            "resident memory",
            f"{audit.memory:.1f} MB after a minute of signal, {memory:.1f} MB at the end",
            memory - audit.memory <= MAX_MEMORY_GROWTH_MB,
        ),
    ]
