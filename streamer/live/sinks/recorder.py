"""A WFDB record that is written during the run and can be read at any moment.

Raw samples are written as soon as they arrive. The denoised samples of the same frames follow
later: until then they hold WFDB's mark for a missing sample, and are overwritten in place. So one
file holds both, aligned, and no journal has to be merged: after a kill all received samples are
there, and their denoised values up to the engine's delay. On a full disk the denoised samples of
what was kept still find their place.
"""

from __future__ import annotations

import re
import threading
from bisect import bisect_left, insort
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ecgstream.streamer.ecg.heart_rate import Beat
from ecgstream.streamer.ecg.qrs import BeatDetector
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.io.annotation_file import SYMBOLS
from ecgstream.streamer.io.base_time import BaseTime
from ecgstream.streamer.io.records import Annotations
from ecgstream.streamer.live.sinks.annotation_log import AnnotationLog, Mark
from ecgstream.streamer.live.sinks.base import Step
from ecgstream.streamer.live.sinks.frame_file import FrameFile, Frames
from ecgstream.streamer.network.base import Network

ADU_PER_MV = 1000.0
"""Resolution of 1 µV."""
BITS = 24
"""Bits of a sample: a range of ±8.388 V holds every electrode's offset."""
FLAGS_BITS = 16
FLAGS_SUFFIX = "_flags"
"""Suffix of the record of quality flags, which is separate since they are no voltages."""
ANNOTATOR, BEATS_ANNOTATOR = "atr", "qrs"
_NOTE, _BEAT = '"', "N"


class Kept(NamedTuple):
    """What a recording holds; only samples known to be in its file count."""

    path: Path
    """Of the signal file."""
    fs: float
    samples: int
    denoised: int
    """Samples up to the last one whose denoised value is there, too."""
    lost: int = 0
    """Samples that are marked as missing, since they were dropped before the recorder."""
    lost_annotations: int = 0
    """Annotations that the disk did not take."""

    def __str__(self) -> str:
        if not self.samples:
            return f"{self.path} holds no samples"
        parts = [f"{self.path} holds {self._amount(self.samples)}"]
        if self.denoised >= self.samples:
            parts.append("all denoised" if not self.lost else "denoised to the last")
        elif self.denoised:
            parts.append(f"denoised up to {self._amount(self.denoised)}")
        else:
            parts.append("none denoised")
        if self.lost:
            parts.append(f"{self.lost} of them missing")
        if self.lost_annotations:
            parts.append(f"without {self.lost_annotations} annotations")
        return ", ".join(parts)

    def _amount(self, samples: int) -> str:
        return f"{samples / self.fs:.2f} s ({samples} samples)"


class RecordingError(OSError):
    """A recording ended early or is not complete; the message says why and what was kept."""

    def __init__(self, error: OSError, kept: Kept) -> None:
        super().__init__(error.errno, f"{error.strerror or error}; {kept}")


class Recorder:
    """A sink that writes raw signals, denoised signals and quality flags as WFDB, format 24.

    `path` becomes a record of the signals in mV, `path` + `FLAGS_SUFFIX` one of
    `ecgstream.Quality`, a signal for each lead. Its `.atr` file holds the notes of `note` and the
    annotations of `copy_annotations`, `.qrs` the detected beats. Until `close`, the headers leave
    the length open, which WFDB reads as "up to the end of the file". The files are synced to the
    disk at least once per second of signal.

    When the disk is full, the record ends there; `write` goes on until the denoised values of what
    was kept are complete, and then raises the error.

    Parameters
    ----------
    path : path of the record, without suffix; its name has letters, digits, - and _ only.
    fs : sampling rate in Hz.
    leads : names of the signals.
    clean : whether to record the reference, too.
    comments : lines for the header.
    base : time of the first sample.
    beats : whether to detect beats in the denoised signals; takes scipy.

    Raises
    ------
    ValueError : WFDB does not allow the name, or the record exists.
    OSError : it cannot be written; raised by `write` and `close`, too, with what was kept.
    """

    def __init__(
        self,
        path: Path,
        fs: float,
        leads: Sequence[str],
        clean: bool = False,
        comments: Sequence[str] = (),
        base: BaseTime | None = None,
        beats: bool = False,
    ) -> None:
        _require_free(path)
        self._path, self._fs, self._comments = path, fs, comments
        self._base = "" if base is None else str(base)
        n = len(leads)
        kinds = ["input", "denoised"] + ["clean"] * clean
        self._columns = {kind: slice(i * n, (i + 1) * n) for i, kind in enumerate(kinds)}
        names = [f"{lead} {kind}" for kind in kinds for lead in leads]
        path.parent.mkdir(parents=True, exist_ok=True)
        self._signals = FrameFile(path, BITS, f"{ADU_PER_MV:g}(0)/mV", names)
        self._files = [self._signals]
        self.received = 0
        """Samples received, all of which are in the file."""
        self.synced = 0
        """Samples that are safe from a power cut."""
        self.out_of_range = 0
        """Samples beyond the range of `BITS`, stored as missing."""
        self._denoised = self._synced_denoised = self._lost = 0
        self._error: OSError | None = None  # why the record ends
        self._closed = False
        self._kept: Kept | None = None  # where the error has the last word
        self._marks = AnnotationLog(Path(f"{path}.{ANNOTATOR}"))
        self._beats = AnnotationLog(Path(f"{path}.{BEATS_ANNOTATOR}"))
        self._detector = BeatDetector(fs, n) if beats else None
        self._noting = threading.Lock()
        self._notes: list[Mark] = []  # not yet written, in order of time
        try:
            flags = path.with_name(path.name + FLAGS_SUFFIX)
            self._flags = FrameFile(flags, FLAGS_BITS, "1(0)/flags", list(leads))
            self._files.append(self._flags)
            self._write_headers()
        except BaseException:
            self._remove()
            raise

    @property
    def kept(self) -> Kept:
        """What the record holds."""
        kept = self._kept or self._holding(self.received, self._denoised)
        return kept._replace(lost_annotations=self._marks.lost + self._beats.lost)

    def note(self, sample: int, text: str) -> None:
        """Annotate a sample with a note, before it is written; any thread may do so.

        Settings have the form that `settings_note` gives them.
        """
        with self._noting:
            insort(self._notes, _mark(sample, _NOTE, text), key=lambda mark: mark.sample)

    def copy_annotations(self, annotations: Annotations, first: int = 0) -> None:
        """Write the annotations on the samples that will be received into the `.atr` file.

        Parameters
        ----------
        annotations : annotations of the record that is replayed.
        first : its sample at which this recording begins.
        """
        every = zip(annotations.sample, annotations.symbol, annotations.aux_note, strict=True)
        marks = [
            _mark(int(sample) - first, symbol, note)
            for sample, symbol, note in every
            if sample >= first
        ]
        with self._noting:
            self._notes = sorted([*self._notes, *marks], key=lambda mark: mark.sample)

    def write(self, step: Step) -> None:
        """Write a step; see `Sink.write`."""
        if self._closed:
            return
        piece, block = step.piece, step.block
        end = piece.start + len(piece.input)
        if self._error is None:
            self._lost += piece.start - self.received
            self._signals.put(piece.start, self._columns["input"], self._adu(piece.input))
            if "clean" in self._columns:
                self._signals.put(piece.start, self._columns["clean"], self._adu(piece.clean))
        self._signals.put(block.start, self._columns["denoised"], self._adu(block.signal))
        self._flags.extend(end)
        self._flags.put(block.start, slice(None), block.quality.astype(np.int32))
        self._write(end, block.start + len(block.signal))
        self._annotate(step)
        if self._error is not None and self._denoised >= self.received:
            self.close()
        elif self.received - self.synced >= self._fs:
            self._sync()

    def close(self) -> None:
        """Complete the record: write its length into the headers.

        Raises
        ------
        OSError : the record ended before its last step, or is not complete.
        """
        if self._closed:
            return
        self._closed = True
        try:
            if self._kept is None:
                self._complete()
        finally:
            closed: list[FrameFile | AnnotationLog] = [*self._files, self._marks, self._beats]
            for file in closed:
                with suppress(OSError):  # nothing is left to be written
                    file.close()
        if self._error is not None:
            raise RecordingError(self._error, self.kept) from self._error

    def _complete(self) -> None:
        try:
            self._put_beats(self._detector.flush() if self._detector else [])
            self._store(self.received)
            self._sync_files()
            self._write_headers(self.received)
        except OSError as error:
            if self._error is None:
                self._error = error
                self._kept = self._known()

    def _adu(self, samples: Floats) -> Frames:
        adu = np.rint(samples.astype(float) * ADU_PER_MV)
        large = np.isfinite(adu) & (np.abs(adu) > self._signals.max_adu)
        self.out_of_range += int(large.sum())
        valid = np.isfinite(adu) & ~large
        return np.where(valid, adu, self._signals.invalid).astype(np.int32)

    def _write(self, end: int, final: int) -> None:
        """Write the frames up to `end`, of which those before `final` are final."""
        try:
            if self._error is None:
                self._store(final)
                self.received, self._denoised = max(self.received, end), final
                return
        except OSError as error:
            self._error = error
        try:
            if self._signals.limit is None:  # the disk is full
                limit = min(file.on_file() for file in self._files)
                self.received = min(limit, end)
                for file in self._files:
                    file.stop_growing(self.received)
            # What is in the file already takes no more room.
            self._store(min(final, self.received))
            self._denoised = min(final, self.received)
        except OSError:
            self._kept = self._known()
            self.close()

    def _store(self, final: int) -> None:
        for file in self._files:
            file.write()
        for file in self._files:  # only once all of them hold it
            file.settle(final)

    def _holding(self, samples: int, denoised: int) -> Kept:
        path, denoised = self._signals.path, min(denoised, samples)
        return Kept(path, self._fs, samples, denoised, min(self._lost, samples))

    def _known(self) -> Kept:
        """What the files are known to hold, after an error."""
        try:
            held = min(file.on_file() for file in self._files)
            return self._holding(min(self.received, held), self._denoised)
        except OSError:
            return self._safe()

    def _safe(self) -> Kept:
        """What a disk that is gone held when it was last synced."""
        return self._holding(self.synced, self._synced_denoised)

    def _annotate(self, step: Step) -> None:
        """Write the notes up to the last sample received, and the beats of the block."""
        with self._noting:
            count = bisect_left(self._notes, self.received, key=lambda mark: mark.sample)
            due, self._notes = self._notes[:count], self._notes[count:]
        self._put(self._marks, due)
        if self._detector is not None:
            block = step.block
            found = self._detector.skip(max(0, block.start - self._detector.received))
            self._put_beats(found + self._detector.push(block.signal, block.quality))

    def _put_beats(self, beats: Sequence[Beat]) -> None:
        inside = [beat.sample for beat in beats if beat.sample < self.received]
        self._put(self._beats, [Mark(sample, _BEAT) for sample in inside])

    def _put(self, log: AnnotationLog, marks: Sequence[Mark]) -> None:
        try:
            log.add(marks)
        except OSError as error:
            if self._error is None:  # signals end with their annotations
                self._error = error
                self._end_here()

    def _end_here(self) -> None:
        try:
            for file in self._files:
                file.stop_growing(self.received)
        except OSError:
            self._kept = self._known()
            self.close()

    def _sync(self) -> None:
        try:
            self._sync_files()
        except OSError as error:
            self._error = self._error or error
            self._kept = self._safe()
            self.close()

    def _sync_files(self) -> None:
        for file in self._files:
            file.sync()
        self.synced, self._synced_denoised = self.received, self._denoised

    def _write_headers(self, length: int | None = None) -> None:
        comments = list(self._comments)
        if self.out_of_range:
            largest = self._signals.max_adu / ADU_PER_MV
            comments.append(f"{self.out_of_range} samples beyond {largest:g} mV are missing")
        if length is not None and self._denoised < length:
            comments.append(f"denoised up to sample {self._denoised} only")
        self._signals.write_header(self._fs, length, self._base, comments)
        self._flags.write_header(self._fs, length, self._base, [])

    def _remove(self) -> None:
        """Remove what was created of a record that cannot begin."""
        for file in self._files:
            with suppress(OSError):
                file.close()
                file.path.unlink()
                file.path.with_suffix(".hea").unlink(missing_ok=True)


def _mark(sample: int, symbol: str, note: str) -> Mark:
    """Make an annotation; readers drop notes on sample 0, where WFDB describes the file."""
    if symbol not in SYMBOLS:  # one of the source's own
        symbol, note = _NOTE, f"{symbol} {note}"
    return Mark(max(sample, 1) if symbol == _NOTE else sample, symbol, note)


def settings_note(**settings: object) -> str:
    """Return settings as the text of a note: `delay=best; strength=0.5`."""
    return "; ".join(f"{name}={_value(value)}" for name, value in settings.items())


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)


def source_note(source: str, sample: int, leads: Sequence[str], network: Network) -> str:
    """Return what is recorded from which sample on, by which model, as the text of a note."""
    path = getattr(network, "path", None)
    model = Path(path).name if path else type(network).__name__
    return settings_note(
        source=source,
        sample=sample,
        leads=",".join(leads),
        model=model,
        ecgstream=version("ecgstream"),
    )


def _require_free(path: Path) -> None:
    """Raise ValueError if `path` is no name for a WFDB record, or a file of it exists."""
    if not re.fullmatch(r"[-\w]+", path.name, re.ASCII):
        raise ValueError(f"record {path}: a record's name has letters, digits, - and _ only")
    flags = path.with_name(path.name + FLAGS_SUFFIX)
    suffixes = (".hea", ".dat", f".{ANNOTATOR}", f".{BEATS_ANNOTATOR}")
    files = [Path(f"{record}{s}") for record in (path, flags) for s in suffixes]
    taken = [file for file in files if file.exists()]
    if taken:
        raise ValueError(f"record {path}: {taken[0]} exists already; choose another name")
