"""One recording denoised into another file, in pieces: the same in every process and cluster."""

from __future__ import annotations

import csv
import os
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ecgstream.streamer.denoiser import StreamingDenoiser
from ecgstream.streamer.io.base import FormatError, Mark, Opened, Reader
from ecgstream.streamer.io.formats import reader_of, writer_of
from ecgstream.streamer.io.wfdb_writer import resolution
from ecgstream.streamer.network.tflite import SHIPPED_MODEL, TFLiteNetwork
from ecgstream.tools.batch.flag_files import FlagSink, FlagTable, QualFile
from ecgstream.tools.batch.output import FLAGS, MARKS, Output, read_stamp, state, unchanged
from ecgstream.tools.batch.pipeline import Passage, Tally
from ecgstream.tools.system.device import sha256


@dataclass(frozen=True)
class Settings:
    """What is done to every recording; as in `StreamingDenoiser` where not said."""

    delay: str | int = "balanced"
    strength: float = 1.0
    st: bool = False
    gaps: str = "nan"
    model: Path | None = None
    runtime: str = "auto"
    fs: float | None = None
    """Hz of files that do not say it."""
    millivolts: float | None = None
    """Of 1 in files that name no unit."""
    engine: str = ""
    """Version and model, as `engine` names them: a worker that has others refuses to work."""

    @property
    def about(self) -> str:
        """What a file says was done to it."""
        words = [f"denoised by {self.engine}, delay {self.delay} undone"]
        words += [f"strength {self.strength:g}"] * (self.strength != 1)
        words += ["ST kept"] * self.st + ["gaps held"] * (self.gaps == "hold")
        return ", ".join(words)


@dataclass(frozen=True)
class Task:
    """One recording to denoise."""

    source: Path
    """Its file; the header of a WFDB record."""
    form: str
    """`wfdb`, `edf`, `csv` or `npy`."""
    target: Path
    """The file to make; the header of a WFDB record."""
    target_form: str
    size: int
    """Bytes, for the progress."""


@dataclass(frozen=True)
class Outcome:
    """How it went."""

    task: Task
    failure: str | None = None
    passing: bool = False
    """It may go well another time: the system was in the way, not the file."""
    before: bool = False
    """It was done by an earlier run."""
    tally: Tally = field(default_factory=Tally)
    copied: dict[str, str] = field(default_factory=dict)
    """Signals that were left as they are, and why."""


Progress = Callable[[float], None]
"""Is told which share of a recording is done."""


def denoise(task: Task, settings: Settings, progress: Progress = lambda share: None) -> Outcome:
    """Make a task's target, unless an earlier run with the same settings has.

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
            return Outcome(task, before=True)
    _network(settings)  # or say at once that there is none
    reader = reader_of(task.form, task.source, settings.fs, settings.millivolts)
    try:
        ecgs = [i for i, signal in enumerate(reader.signals) if not signal.copied]
        copied = {s.name: s.copied for s in reader.signals if s.copied}
        if not ecgs:
            said = "; ".join(f"{name}: {why}" for name, why in copied.items())
            raise FormatError(f"it has no ECG to denoise ({said:.200})")
        seen = state(task.source.parent, _names(reader.files, task.source.parent))
        with Output(task.target) as output, ExitStack() as opened:
            files, passage = _passage(task, settings, reader, ecgs, output.folder, opened)
            tally = passage.run(ecgs, progress)
            if not unchanged(task.source.parent, seen):
                raise FormatError("it was changed while it was read: run this again")
            output.commit(files, {**done, "input": seen, **_report(reader, tally)})
    finally:
        reader.close()
    return Outcome(task, tally=tally, copied=copied)


def _passage(
    task: Task,
    settings: Settings,
    reader: Reader,
    ecgs: Sequence[int],
    folder: Path,
    opened: ExitStack,
) -> tuple[list[str], Passage]:
    """All files that are to be made in a folder, the main one last, and the way to them."""
    name = task.target.name
    writer = writer_of(task.target_form, folder, name, reader, ecgs, settings.about)
    opened.push(writer.opened)
    beside = []
    flags: FlagSink
    if task.target_form == "wfdb":
        beside.append(f"{task.target.stem}.qual")
        flags = QualFile(folder / beside[0], reader.signals, ecgs, resolution(reader))
    else:
        beside.append(name + FLAGS)
        flags = FlagTable(folder / beside[0], reader.signals, ecgs)
    opened.push(flags.opened)
    if not writer.marked and (marks := reader.marks()):
        beside.append(name + MARKS)
        _write_marks(folder / beside[-1], marks)
    passage = Passage(reader, writer, flags, lambda n, fs: _denoiser(n, fs, settings))
    return [*writer.files[:-1], *beside, writer.files[-1]], passage


def attempt(task: Task, settings: Settings, progress: Progress = lambda share: None) -> Outcome:
    """`denoise`, with an outcome for whatever goes wrong."""
    try:
        return denoise(task, settings, progress)
    except Exception as error:
        return Outcome(task, failure=reason(error), passing=isinstance(error, OSError))


def reason(error: BaseException) -> str:
    """Why a recording failed, in one line."""
    if isinstance(error, ModuleNotFoundError) and error.name == "wfdb":
        return "WFDB records take wfdb: pip install 'ecgstream[wfdb]'"
    known = isinstance(error, (FormatError, ValueError, OSError, RuntimeError)) and str(error)
    text = str(error) if known else f"{type(error).__name__}: {error}"
    return " ".join(text.split())


def engine(network: TFLiteNetwork) -> str:
    """What denoises, for `Settings.engine`."""
    return f"ecgstream {version('ecgstream')}, model {sha256(network.path)[:12]}"


_loaded = threading.local()
"""A network for each thread: a runtime's interpreter serves one at a time."""


def _network(settings: Settings) -> TFLiteNetwork:
    """The network of this thread, loaded once."""
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
    """Settings as JSON gives them back; the model is known by its hash."""
    return {**asdict(settings), "model": None}


def _report(reader: Reader, tally: Tally) -> dict[str, Any]:
    """What the stamp says for people."""
    return {
        "start": reader.start and reader.start.isoformat(),
        "comments": list(reader.comments),
        "signals": [
            {"name": s.name, "unit": s.unit, "fs": s.fs, "copied": s.copied} for s in reader.signals
        ],
        **asdict(tally),
    }


def _write_marks(path: Path, marks: Sequence[Mark]) -> None:
    with Opened() as opened:
        table = csv.writer(opened.text(path), lineterminator="\n")
        table.writerow(["seconds", "symbol", "text"])
        table.writerows([f"{mark.seconds:.6f}", mark.symbol, mark.text] for mark in marks)
