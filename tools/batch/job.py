"""Denoise one recording into another file; runs in worker processes and on clusters."""

from __future__ import annotations

import csv
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ecgstream.streamer.denoiser import StreamingDenoiser
from ecgstream.streamer.io.base import Annotation, FormatError, OpenFiles, Reader
from ecgstream.streamer.io.ecg_signals import reasons_to_copy
from ecgstream.streamer.io.formats import FORMATS
from ecgstream.streamer.io.formats.wfdb_writer import resolution
from ecgstream.streamer.network.shipped import SHIPPED_MODEL
from ecgstream.streamer.network.tflite import TFLiteNetwork
from ecgstream.tools.batch.flag_files import FlagAnnotations, FlagSink, FlagTable
from ecgstream.tools.batch.output import (
    ANNOTATIONS_SUFFIX,
    FLAGS_SUFFIX,
    Output,
    read_stamp,
    state,
    unchanged,
)
from ecgstream.tools.batch.pipeline import Pipeline, Tally
from ecgstream.tools.system.device import sha256


@dataclass(frozen=True)
class Settings:
    """Settings of a run, the same for all recordings; defaults are `StreamingDenoiser`'s."""

    delay: str | int = "balanced"
    strength: float = 1.0
    st: bool = False
    gaps: str = "nan"
    model: Path | None = None
    runtime: str = "auto"
    fs: float | None = None
    """Hz, for files that do not state it."""
    millivolts: float | None = None
    """Value of 1 in mV, for files that name no unit."""
    signals: Sequence[str] = ()
    """Names or numbers of the signals to denoise; ECGs by default."""
    time: str | None = None
    """Name or number of the time column of CSV files."""
    engine: str = ""
    """Version and model, as `engine` names them; a worker with others refuses to run."""

    @property
    def about(self) -> str:
        """Description of the processing, for the written file."""
        words = [f"denoised by {self.engine}, delay {self.delay} undone"]
        words += [f"strength {self.strength:g}"] * (self.strength != 1)
        words += ["ST kept"] * self.st + ["gaps held"] * (self.gaps == "hold")
        return ", ".join(words)


@dataclass(frozen=True)
class Task:
    """One recording to denoise."""

    source: Path
    """Its file; the header of a WFDB record."""
    source_format: str
    """Name of its format, as in `FORMATS`."""
    target: Path
    """The file to make; the header of a WFDB record."""
    target_format: str
    size: int
    """Bytes, for the progress."""


@dataclass(frozen=True)
class Outcome:
    """Result of one task."""

    task: Task
    failure: str | None = None
    transient: bool = False
    """Failed because of the system, not the file: a retry may succeed."""
    done_before: bool = False
    """Done by an earlier run."""
    tally: Tally = field(default_factory=Tally)
    denoised: Sequence[str] = ()
    """Names of the denoised signals."""
    copied: dict[str, str] = field(default_factory=dict)
    """Reason for each signal that was copied unchanged, by name."""
    left_out: dict[str, str] = field(default_factory=dict)
    """Columns that the written file lacks, by name, and what they are."""
    layout: str = ""
    """As of the `Reader`."""


Progress = Callable[[float], None]
"""Called with the fraction of a recording that is done."""


def denoise(task: Task, settings: Settings, progress: Progress = lambda fraction: None) -> Outcome:
    """Denoise one recording, unless an earlier run with the same settings did.

    Raises
    ------
    FormatError, ValueError : the recording cannot be read or denoised.
    OSError : or not be written.
    RuntimeError : this process has another version, model or runtime than asked for.
    """
    done = {"settings": _plain(settings), "source": task.source.name}
    stamp = read_stamp(task.target)
    if stamp is not None and all(stamp.get(key) == value for key, value in done.items()):
        here = unchanged(task.target.parent, stamp.get("output"))
        if here and unchanged(task.source.parent, stamp.get("input")):
            return Outcome(task, done_before=True)
    _network(settings)  # or say at once that there is none
    reader = FORMATS[task.source_format].reader(
        task.source, settings.fs, settings.millivolts, settings.signals, settings.time
    )
    try:
        reasons = reasons_to_copy(reader.signals, settings.signals, reader.signal_numbers)
        ecgs = [i for i, why in enumerate(reasons) if why is None]
        copied = {s.name: why for s, why in zip(reader.signals, reasons, strict=True) if why}
        if not ecgs:
            said = "; ".join(f"{name}: {why}" for name, why in copied.items())
            raise FormatError(f"it has no ECG to denoise ({said:.200}); --signals names one")
        seen = state(task.source.parent, _names(reader.files, task.source.parent))
        with Output(task.target) as output, ExitStack() as open_files:
            files, pipeline = _pipeline(task, settings, reader, ecgs, output.folder, open_files)
            tally = pipeline.run(ecgs, progress)
            if not unchanged(task.source.parent, seen):
                raise FormatError("it was changed while it was read: run this again")
            output.commit(files, {**done, "input": seen, **_report(reader, reasons, tally)})
    finally:
        reader.close()
    same = task.source_format == task.target_format  # a copy has everything
    return Outcome(
        task,
        tally=tally,
        denoised=[reader.signals[i].name for i in ecgs],
        copied=copied,
        left_out={} if same else dict(reader.left_out),
        layout=reader.layout,
    )


def _pipeline(
    task: Task,
    settings: Settings,
    reader: Reader,
    ecgs: Sequence[int],
    folder: Path,
    open_files: ExitStack,
) -> tuple[list[str], Pipeline]:
    """Create the files of a recording in a folder; return their names, main one last."""
    name = task.target.name
    target = FORMATS[task.target_format]
    writer = target.writer(folder, name, reader, ecgs, settings.about)
    open_files.push(writer.open_files)
    beside = []
    flags: FlagSink
    if target.flags_as_annotations:
        beside.append(f"{task.target.stem}.qual")
        flags = FlagAnnotations(folder / beside[0], reader.signals, ecgs, resolution(reader))
    else:
        beside.append(name + FLAGS_SUFFIX)
        flags = FlagTable(folder / beside[0], reader.signals, ecgs)
    open_files.push(flags.open_files)
    marks = {} if writer.keeps_annotations else {"atr": reader.annotations()}
    marks |= {} if writer.keeps_other_annotations else reader.other_annotations()
    if any(marks.values()):
        beside.append(name + ANNOTATIONS_SUFFIX)
        _write_marks(folder / beside[-1], marks)
    pipeline = Pipeline(reader, writer, flags, lambda n, fs: _denoiser(n, fs, settings))
    return [*writer.files[:-1], *beside, writer.files[-1]], pipeline


def attempt(task: Task, settings: Settings, progress: Progress = lambda fraction: None) -> Outcome:
    """Run `denoise`; turn any exception into a failed outcome."""
    try:
        return denoise(task, settings, progress)
    except Exception as error:
        return Outcome(task, failure=reason(error), transient=isinstance(error, OSError))


def reason(error: BaseException) -> str:
    """Describe an error in one line."""
    if isinstance(error, ModuleNotFoundError) and error.name == "wfdb":
        return "WFDB records take wfdb: pip install 'ecgstream[wfdb]'"
    known = isinstance(error, (FormatError, ValueError, OSError, RuntimeError)) and str(error)
    text = str(error) if known else f"{type(error).__name__}: {error}"
    return " ".join(text.split())


def engine(network: TFLiteNetwork) -> str:
    """Name version and model, for `Settings.engine`."""
    return f"ecgstream {version('ecgstream')}, model {sha256(network.path)[:12]}"


_loaded = threading.local()
"""Network per thread: an interpreter must not be shared between threads."""


def _network(settings: Settings) -> TFLiteNetwork:
    """Return this thread's network, loaded once."""
    key = (settings.model, settings.runtime, settings.engine)
    if getattr(_loaded, "key", None) != key:
        _loaded.network = TFLiteNetwork(settings.model or SHIPPED_MODEL, settings.runtime)
        _loaded.key, _loaded.engine = key, engine(_loaded.network)
    if _loaded.engine != settings.engine:
        raise RuntimeError(
            f"this worker has {_loaded.engine}, the command {settings.engine}: install the same"
        )
    network: TFLiteNetwork = _loaded.network
    return network


def _denoiser(channels: int, fs: float, settings: Settings) -> StreamingDenoiser:
    return StreamingDenoiser(
        _network(settings),
        channels,
        fs,
        settings.delay,
        strength=settings.strength,
        gaps=settings.gaps,
        st=settings.st,
    )


def _names(files: Sequence[Path], folder: Path) -> list[str]:
    return [os.path.relpath(file, folder) for file in files]


def _plain(settings: Settings) -> dict[str, Any]:
    """Settings as JSON values; the model is identified by its hash in `engine`."""
    return {**asdict(settings), "model": None, "signals": list(settings.signals)}


def _report(reader: Reader, reasons: Sequence[str | None], tally: Tally) -> dict[str, Any]:
    """Describe input and result, for readers of the stamp."""
    return {
        "start": reader.start and reader.start.isoformat(),
        "comments": list(reader.comments),
        "signals": [
            {"name": s.name, "unit": s.unit, "fs": s.fs, "copied": why}
            for s, why in zip(reader.signals, reasons, strict=True)
        ],
        **asdict(tally),
    }


def _write_marks(path: Path, marks: Mapping[str, Sequence[Annotation]]) -> None:
    """Write the annotations of all annotators; their names, too, if there are others than atr."""
    named = set(marks) != {"atr"}
    with OpenFiles() as open_files:
        table = csv.writer(open_files.text(path), lineterminator="\n")
        table.writerow(["seconds", "symbol", "text"] + ["annotator"] * named)
        for annotator, some in marks.items():
            name = [annotator] * named
            table.writerows([f"{mark.seconds:.6f}", mark.symbol, mark.text, *name] for mark in some)
