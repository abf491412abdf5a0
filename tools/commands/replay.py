"""`ecgstream replay`: run a record through the engine in real time; print and record it."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress, TextColumn
from rich.table import Table

from ecgstream.streamer.denoiser import StreamingDenoiser
from ecgstream.streamer.ecg.metrics import snr as snr_db
from ecgstream.streamer.ecg.noise import unit_noise
from ecgstream.streamer.io.records import read_record
from ecgstream.streamer.live.clock import Pacer, SystemClock
from ecgstream.streamer.live.history import History
from ecgstream.streamer.live.interrupt import Interrupt
from ecgstream.streamer.live.runner import Runner
from ecgstream.streamer.live.sinks.base import Sink, Step
from ecgstream.streamer.live.sinks.callback import Callback
from ecgstream.streamer.live.sinks.collector import Collector, Result
from ecgstream.streamer.live.sinks.recorder import (
    FLAGS_SUFFIX,
    Recorder,
    RecordingError,
    settings_note,
    source_note,
)
from ecgstream.streamer.live.sources.paced import Paced
from ecgstream.streamer.live.sources.record import Replay
from ecgstream.streamer.quality import Quality
from ecgstream.tools import options

EXTRA = "wfdb"
_STEPS_PER_SECOND = 10
"""Approximate steps per second of real time."""


@click.command()
@options.source
@options.noise(None)
@options.strength
@options.st
@click.option(
    "--duration", type=options.Seconds(), help="Seconds; to the end of the record by default."
)
@click.option(
    "--write", type=click.Path(path_type=Path), help="WFDB record to write, e.g. out/208d."
)
@options.with_patient
def replay(
    record: str,
    signal: int,
    start: float,
    duration: float | None,
    noise: str,
    snr: float,
    speed: float,
    data: Path | None,
    model: Path | None,
    runtime: str,
    delay: str | int,
    strength: float,
    st: bool,
    write: Path | None,
    with_patient: bool,
) -> None:
    """Replay a record through the engine, at its own pace or faster.

    Prints rate, delay, real-time factor and, where noise was mixed in and so the clean signal is
    known, ΔSNR. --write records input, denoised and clean signal as WFDB while it runs, so that a
    kill leaves a record, too, with the settings and the record's annotations in .atr and the
    detected beats in .qrs. Age, sex and drugs stay out of it without --with-patient.
    """
    source = Replay(read_record(record, data), [signal], start, duration)
    if noise != "none":
        source.mix(unit_noise(noise, len(source), data=data, fs=source.fs), snr)
    denoiser = StreamingDenoiser(
        model, fs=source.fs, delay=delay, runtime=runtime, strength=strength, st=st
    )
    console = Console(stderr=True)
    progress = Progress(
        *Progress.get_default_columns()[:-1], TextColumn("{task.fields[figures]}"), console=console
    )
    clock = SystemClock()
    history = History(round(10 * source.fs))
    collector = Collector()

    def show(step: Step) -> None:
        history.add(step.piece, step.block)
        gain = history.delta_snr(history.length) if source.noisy else math.nan
        figures = f"ΔSNR {gain:.1f} dB" if math.isfinite(gain) else ""
        progress.update(task, completed=history.received, figures=figures)

    sinks: dict[str, Sink] = {"screen": Callback(show), "summary": collector}
    if write is not None:
        about = f"Replay of {source.record.name} from sample {source.first}, denoised by ecgstream"
        comments = (*(source.record.comments if with_patient else ()), about)
        base = source.record.base and source.record.base.moved(source.first / source.fs)
        recorder = Recorder(write, source.fs, source.leads, source.noisy, comments, base, True)
        if source.record.annotations is not None:
            recorder.copy_annotations(source.record.annotations, source.first)
        mixed = f"{noise} at {snr:g} dB" if source.noisy else "none"
        name, network = source.record.name, denoiser.network
        recorder.note(0, source_note(name, source.first, source.leads, network))
        recorder.note(0, settings_note(noise=mixed, delay=delay, strength=strength, st=st))
        sinks["recorder"] = recorder
    with Interrupt() as interrupt, progress:
        console.print(
            f"record {source.record.name}, signal {signal} ({source.leads[0]}), "
            f"{len(source) / source.fs:g} s at {source.fs:g} Hz, "
            + (f"noise {noise} at {snr:g} dB" if source.noisy else "no noise added")
        )
        if source.record.left_out:
            console.print(f"left out: {', '.join(source.record.left_out)}", markup=False)
        task = progress.add_task("replay", total=len(source), figures="")
        began = clock.now()
        paced = Paced(source, Pacer(source.fs, clock, speed))
        chunk = max(1, round(min(source.fs * speed / _STEPS_PER_SECOND, source.fs)))
        runner = Runner(paced, denoiser, sinks, clock, chunk, live=False)
        report = runner.run(lambda: interrupt.wanted)
    seconds = clock.now() - began
    if report.failures:
        error = report.failures[0].error
        # An error of the recorder says itself what was kept.
        told = write is None or isinstance(error, RecordingError)
        kept = "" if told else f"; {recorder.kept}"
        raise RuntimeError(f"{report}{kept}") from error
    if source.position < len(source):
        console.print("interrupted: what was received is kept")
    Console().print(summary(collector.result(), seconds, source, denoiser))
    if write is not None:
        console.print(f"wrote {write}.hea: {recorder.kept}; flags in {write}{FLAGS_SUFFIX}")
        if recorder.out_of_range:
            console.print(f"{recorder.out_of_range} samples were too large for it and are missing")


def summary(result: Result, seconds: float, source: Replay, denoiser: StreamingDenoiser) -> Table:
    """Return the figures of a run as a table for the terminal."""
    n, fs = len(result.input), source.fs
    gap = (result.quality & Quality.GAP) != 0
    table = Table(show_header=False, box=None)
    table.add_row("replayed", f"{n / fs:.2f} s of signal in {seconds:.2f} s")
    table.add_row("rate", f"{n / seconds:.1f} samples/s")
    table.add_row("delay", f"{denoiser.delay_samples} samples, {denoiser.delay_samples / fs:.3f} s")
    table.add_row("real-time factor", f"{n / fs / max(result.engine_seconds, 1e-9):.0f}")
    if gap.any():
        table.add_row("gaps", f"{gap.sum()} samples without input, marked as NaN")
    if source.noisy and not gap.all():
        before = snr_db(result.clean[~gap], result.input[~gap])
        after = snr_db(result.clean[~gap], result.output[~gap])
        table.add_row(
            "ΔSNR",
            f"{after - before:.2f} dB ({before:.2f} dB in, the record's own wander included, "
            f"{after:.2f} dB out)",
        )
    digest = hashlib.sha256(result.output.tobytes()).hexdigest()
    table.add_row("output", f"{len(result.output)} samples, sha256 {digest[:16]}")
    return table
