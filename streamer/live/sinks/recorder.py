"""A WFDB record that is written during the run and can be read at any moment.

Raw samples are written as soon as they arrive. The denoised samples of the same frames follow
later: until then they hold WFDB's mark for a missing sample, and are overwritten in place. So one
file holds both, aligned, and no journal has to be merged: after a kill all received samples are
there, and their denoised values up to the engine's delay.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.io.records import Annotations
from ecgstream.streamer.live.sinks.base import Step

ADU_PER_MV = 1000.0
"""Resolution of 1 µV."""
INVALID_ADU = -32768
"""WFDB's mark for a missing sample in format 16."""
MAX_ADU = 32767
"""Largest magnitude that is stored; larger samples are clipped to it and counted."""
FLAGS_SUFFIX = "_flags"
"""Suffix of the record of quality flags, which is separate since they are no voltages."""

Frames = npt.NDArray[np.int16]


class Recorder:
    """A sink that writes raw signals, denoised signals and quality flags as WFDB, format 16.

    `path` becomes a record of the signals in mV, `path` + `FLAGS_SUFFIX` one of
    `ecgstream.Quality`, a signal for each lead. Until `close`, the headers leave the length open,
    which WFDB reads as "up to the end of the file". The files are synced to the disk at least
    once per second of signal.

    Parameters
    ----------
    path : path of the record, without suffix; its name has letters, digits, - and _ only.
    fs : sampling rate in Hz.
    leads : names of the signals.
    clean : whether to record the reference, too.
    comments : lines for the header.

    Raises
    ------
    ValueError : WFDB does not allow the name, or the record exists.
    OSError : it cannot be written; raised by `write` and `close`, too.
    """

    def __init__(
        self,
        path: Path,
        fs: float,
        leads: Sequence[str],
        clean: bool = False,
        comments: Sequence[str] = (),
    ) -> None:
        _require_free(path)
        self._path, self._fs, self._comments = path, fs, comments
        n = len(leads)
        kinds = ["input", "denoised"] + ["clean"] * clean
        self._columns = {kind: slice(i * n, (i + 1) * n) for i, kind in enumerate(kinds)}
        names = [f"{lead} {kind}" for kind in kinds for lead in leads]
        path.parent.mkdir(parents=True, exist_ok=True)
        self._signals = _File(path, f"{ADU_PER_MV:g}(0)/mV", names)
        self._flags = _File(path.with_name(path.name + FLAGS_SUFFIX), "1(0)/flags", list(leads))
        self.received = 0
        """Samples received, all of which are in the file."""
        self.synced = 0
        """Samples that are safe from a power cut."""
        self.clipped = 0
        """Samples clipped to ±`MAX_ADU`."""
        self._write_headers()

    def write(self, step: Step) -> None:
        """Write a step; see `Sink.write`."""
        piece, block = step.piece, step.block
        self.received = piece.start + len(piece.input)
        self._signals.put(piece.start, self._columns["input"], self._adu(piece.input))
        if "clean" in self._columns:
            self._signals.put(piece.start, self._columns["clean"], self._adu(piece.clean))
        self._signals.put(block.start, self._columns["denoised"], self._adu(block.signal))
        self._flags.put(block.start, slice(None), block.quality.astype(np.int16))
        final = block.start + len(block.signal)
        self._write(final)
        if self.received - self.synced >= self._fs:
            self._sync()

    def close(self) -> None:
        """Complete the record: write its length into the headers."""
        try:
            self._flags.put(self.received, slice(None), self._flags.empty())
            self._write(self.received)
            self._sync()
            self._write_headers(self.received)
        finally:
            self._signals.close()
            self._flags.close()

    def copy_annotations(self, annotations: Annotations, first: int = 0) -> None:
        """Write the annotations on the samples received as the record's `.atr` file.

        Needs the wfdb package (extra `wfdb`). Writes no file where there are none.

        Parameters
        ----------
        annotations : annotations of the record that was replayed.
        first : its sample at which this recording begins.
        """
        last = first + self.received
        inside = np.flatnonzero((annotations.sample >= first) & (annotations.sample < last))
        if not len(inside):
            return
        import wfdb  # an extra

        wfdb.wrann(
            self._path.name,
            "atr",
            annotations.sample[inside] - first,
            symbol=[annotations.symbol[i] for i in inside],
            aux_note=[annotations.aux_note[i] for i in inside],
            write_dir=str(self._path.parent),
        )

    def _adu(self, samples: Floats) -> Frames:
        adu = np.rint(samples.astype(float) * ADU_PER_MV)
        valid = np.isfinite(adu)
        self.clipped += int((np.abs(adu[valid]) > MAX_ADU).sum())
        return np.where(valid, np.clip(adu, -MAX_ADU, MAX_ADU), INVALID_ADU).astype(np.int16)

    def _write(self, final: int) -> None:
        self._signals.write(final)
        self._flags.write(final)

    def _sync(self) -> None:
        self._signals.sync()
        self._flags.sync()
        self.synced = self.received

    def _write_headers(self, length: int | None = None) -> None:
        comments = list(self._comments)
        if self.clipped:
            comments.append(
                f"{self.clipped} samples beyond {MAX_ADU / ADU_PER_MV:g} mV are cut off there"
            )
        self._signals.write_header(self._fs, length, comments)
        self._flags.write_header(self._fs, length, [])


class _File:
    """A `.dat` file, whose newest frames may still change, and its header."""

    def __init__(self, path: Path, units: str, names: Sequence[str]) -> None:
        self._path, self._units, self._names = path, units, names
        self._file = open(f"{path}.dat", "xb")  # noqa: SIM115 - see `close`
        self._first = 0  # number of the first frame that may still change
        self._frames = self.empty()  # from that one on
        self._initial = np.zeros(len(names), np.int64)
        self._sum = np.zeros(len(names), np.int64)

    def empty(self) -> Frames:
        """Return no frames, (0, signals)."""
        return np.empty((0, len(self._names)), np.int16)

    def put(self, start: int, columns: slice, samples: Frames) -> None:
        """Set samples of the frames from `start` on; what is still unknown is invalid."""
        end = start + len(samples) - self._first
        if end > len(self._frames):
            more = np.full((end - len(self._frames), len(self._names)), INVALID_ADU, np.int16)
            self._frames = np.concatenate([self._frames, more])
        self._frames[start - self._first : end, columns] = samples

    def write(self, final: int) -> None:
        """Write all frames that may have changed; those before `final` are final."""
        self._file.seek(self._first * self._frames.itemsize * len(self._names))
        self._file.write(self._frames.astype("<i2").tobytes())
        self._file.flush()
        done, self._frames = np.split(self._frames, [final - self._first])
        if len(done) and not self._first:
            self._initial = done[0].astype(np.int64)
        self._sum += done.sum(axis=0, dtype=np.int64)
        self._first += len(done)

    def sync(self) -> None:
        """Return when everything written is on the disk."""
        os.fsync(self._file.fileno())

    def write_header(self, fs: float, length: int | None, comments: Sequence[str]) -> None:
        """Write the header, or a new one in place of the old one; `length` None leaves it open."""
        name = self._path.name
        lines = [f"{name} {len(self._names)} {fs:.12g}" + (f" {length}" if length else "")]
        for signal, initial, total in zip(self._names, self._initial, self._sum, strict=True):
            lines.append(f"{name}.dat 16 {self._units} 16 0 {initial} {total % 65536} 0 {signal}")
        lines += [f"# {line}" for comment in comments for line in comment.splitlines()]
        half = Path(f"{self._path}.hea.half")
        with open(half, "w") as file:
            file.write("\n".join(lines) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(half, f"{self._path}.hea")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _require_free(path: Path) -> None:
    """Raise ValueError if `path` is no name for a WFDB record, or a file of it exists."""
    if not re.fullmatch(r"[-\w]+", path.name, re.ASCII):
        raise ValueError(f"record {path}: a record's name has letters, digits, - and _ only")
    flags = path.with_name(path.name + FLAGS_SUFFIX)
    files = [Path(f"{record}{s}") for record in (path, flags) for s in (".hea", ".dat", ".atr")]
    taken = [file for file in files if file.exists()]
    if taken:
        raise ValueError(f"record {path}: {taken[0]} exists already; choose another name")
