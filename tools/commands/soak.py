"""`ecgstream soak`: a day of signal through the live chain, and whether all was kept."""

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
from ecgstream.streamer.live.sinks.callback import Callback
from ecgstream.streamer.live.sources.base import Piece
from ecgstream.streamer.quality import Quality
from ecgstream.tools import options
from ecgstream.tools.system.memory import resident_memory

GROWTH = 4.0
"""MB that resident memory may grow by after the first minute; a byte kept for each
sample would make 31 in a day."""
_LATE = 1e-4  # s


class FastClock:
    """Time that passes only while somebody sleeps, each time a little too long, as in life."""

    def __init__(self) -> None:
        self._now = 0.0

    def now(self) -> float:
        """Seconds since the beginning."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Let that much time have passed."""
        self._now += seconds + _LATE


class Check(NamedTuple):
    """One line of the result."""

    name: str
    value: str
    good: bool


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

    The bundled record, round and round: samples in and out, holes, resident memory and the drift
    of the pacing. Ends with an exit code other than 0 when something is off.
    """
    record = read_record("208b")
    signals = np.stack([np.roll(record.signal(0), -997 * i) for i in range(channels)], axis=1)
    denoiser = StreamingDenoiser(model, channels, record.fs, delay, runtime)
    with Interrupt() as interrupt:
        checks = run(denoiser, signals, hours, speed, resident_memory, lambda: interrupt.wanted)
    table = Table(show_header=False, box=None)
    for check in checks:
        table.add_row(check.name, check.value, "✓" if check.good else "✗")
    Console().print(table)
    bad = [check.name for check in checks if not check.good]
    if bad:
        raise click.ClickException(f"soak: {', '.join(bad)} not as it must be")


def run(
    denoiser: StreamingDenoiser,
    signals: Floats,
    hours: float,
    speed: float,
    memory: Callable[[], float],
    stopped: Callable[[], bool] = lambda: False,
) -> list[Check]:
    """Soak an engine in signals (n, channels) in mV, at the pace of its `fs`."""
    fs, fast = denoiser.fs, math.isinf(speed)
    system = SystemClock()
    pacer = Pacer(fs, FastClock() if fast else system, 1.0 if fast else speed)
    source = Loop(signals, fs, round(hours * 3600 * fs), pacer)
    ledger = Ledger(signals, round(60 * fs), memory)
    chunk = round(10 * fs) if fast else 32
    began = system.now()
    runner = Runner(source, denoiser, {"ledger": Callback(ledger.write)}, system, chunk, not fast)
    report = runner.run(stopped)
    return checks(report, source, ledger, memory(), system.now() - began)


class Loop:
    """Signals (n, channels) round and round, `length` samples in all."""

    def __init__(self, signals: Floats, fs: float, length: int, pacer: Pacer) -> None:
        self.fs, self._signals, self._length, self._pacer = fs, signals, length, pacer
        self.position = 0
        self.late = [math.inf, math.inf]
        """Samples that the pacing was late, at the least: in the first half, in the second."""

    def read(self, n: int) -> Piece | None:
        """The next samples when they are due; see `ecgstream.streamer.live.sources.base.Source`."""
        start, end = self.position, min(self.position + n, self._length)
        if start == end:
            return None
        self._pacer.wait(end)
        half = 2 * start >= self._length
        self.late[half] = min(self.late[half], self._pacer.due() - end)
        self.position = end
        return Piece(start, *[part(self._signals, start, end)] * 2)

    @property
    def ended(self) -> bool:
        """Whether all of it was read."""
        return self.position == self._length

    @property
    def drift(self) -> int:
        """Samples by which the pacing of the second half was later than that of the first."""
        first, second = self.late
        return round(second - first) if math.isfinite(second - first) else 0


class Ledger:
    """What a sink can say about what it received."""

    def __init__(self, signals: Floats, warm: int, memory: Callable[[], float]) -> None:
        self._signals, self._warm, self._measure = signals, warm, memory
        self.received = self.denoised = 0
        self.overlaps = self.wrong = self.gaps = 0
        self.holes = SampleCount()
        """Samples that never came."""
        self.memory = math.nan
        """MB after the first `warm` samples."""

    def write(self, step: Step) -> None:
        """Count, and compare with what was sent."""
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
            sent = part(self._signals, piece.start, self.received)
            self.wrong += int((piece.input != sent).any(axis=1).sum())
        if math.isnan(self.memory) and self.received >= self._warm:
            self.memory = self._measure()


def part(signals: Floats, start: int, end: int) -> Floats:
    """Samples from `start` to `end` of signals (n, channels) that go round and round."""
    return np.take(signals, np.arange(start, end), axis=0, mode="wrap")


def checks(
    report: Report, source: Loop, ledger: Ledger, memory: float, seconds: float
) -> list[Check]:
    """What came of it, line by line."""
    n, fs = source.position, source.fs
    lost = report.undelivered["ledger"]
    taken = report.delivered["ledger"]
    whole = report.received == report.denoised == n
    sink = taken.received + lost.received == taken.denoised + lost.denoised == n
    gaps = report.dropped == report.missing and (
        ledger.gaps <= report.missing if lost.denoised else ledger.gaps == report.missing
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
            gaps and sink,
        ),
        Check(
            "holes or overlaps",
            f"{sum(ledger.holes) - sum(lost)} but for what was dropped, {ledger.overlaps}",
            not ledger.overlaps and ledger.holes == lost,
        ),
        Check("wrong samples", f"{ledger.wrong}", not ledger.wrong),
        Check("drift", f"{source.drift} samples", not source.drift),
        Check(
            "resident memory",
            f"{ledger.memory:.1f} MB after a minute of signal, {memory:.1f} MB at the end",
            memory - ledger.memory <= GROWTH,
        ),
    ]
