"""A WFDB record that is written while its signals arrive and can be read at any moment.

Raw samples are written as soon as they are there; where the denoised ones are still to come, the
frame says "invalid", as WFDB marks a missing sample, and is written again, in its place, when
they have come. So one file holds both, each sample under its own, with no journal to fold in: a
kill leaves all that was taken, raw, and all of it but the engine's delay denoised.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.live.sinks.base import Step

GAIN = 1000.0
"""adu per mV: a step of 1 µV."""
INVALID = -32768
"""WFDB's mark for a missing sample in format 16."""
LARGEST = 32767
"""adu; what is beyond is stored as this and counted."""
FLAGS = "_flags"
"""Ends the name of the record that holds the flags: they are no voltages."""

Frames = npt.NDArray[np.int16]


class Recorder:
    """A sink that writes raw, denoised and flags as WFDB, format 16.

    `path` becomes a record of the signals in mV, `path` + `FLAGS` one of `ecgstream.Quality`, a
    signal for each. Their headers leave the length open, which WFDB reads as "up to the end of
    the file", until `close` names it. At least every second of signal all is on the disk.

    Parameters
    ----------
    path : of the record, without suffix.
    fs : Hz.
    leads : names of the signals.
    clean : the reference is recorded, too.
    comments : lines for the header.

    Raises
    ------
    ValueError : not a name that WFDB allows, or the record exists.
    OSError : it cannot be written; from `take` and `close`, too.
    """

    def __init__(
        self,
        path: Path,
        fs: float,
        leads: Sequence[str],
        clean: bool = False,
        comments: Sequence[str] = (),
    ) -> None:
        _free(path)
        self._path, self._fs, self._comments = path, fs, comments
        n = len(leads)
        kinds = ["input", "denoised"] + ["clean"] * clean
        self._columns = {kind: slice(i * n, (i + 1) * n) for i, kind in enumerate(kinds)}
        names = [f"{lead} {kind}" for kind in kinds for lead in leads]
        path.parent.mkdir(parents=True, exist_ok=True)
        self._signals = _File(path, f"{GAIN:g}(0)/mV", names)
        self._flags = _File(path.with_name(path.name + FLAGS), "1(0)/flags", list(leads))
        self.received = 0
        """Samples taken; all are in the file."""
        self.synced = 0
        """Samples that a power cut cannot take away any more."""
        self.clipped = 0
        """Samples that did not fit into ±`LARGEST`."""
        self._write_headers()

    def take(self, step: Step) -> None:
        """Write what has come; see `ecgstream.streamer.live.sinks.base.Sink`."""
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
        """Complete the record: name its length in the headers."""
        try:
            self._flags.put(self.received, slice(None), self._flags.none())
            self._write(self.received)
            self._sync()
            self._write_headers(self.received)
        finally:
            self._signals.close()
            self._flags.close()

    def _adu(self, samples: Floats) -> Frames:
        columns = samples[:, None] if samples.ndim == 1 else samples
        adu = np.rint(columns.astype(float) * GAIN)
        there = np.isfinite(adu)
        self.clipped += int((np.abs(adu[there]) > LARGEST).sum())
        return np.where(there, np.clip(adu, -LARGEST, LARGEST), INVALID).astype(np.int16)

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
                f"{self.clipped} samples beyond {LARGEST / GAIN:g} mV are cut off there"
            )
        self._signals.write_header(self._fs, length, comments)
        self._flags.write_header(self._fs, length, [])


class _File:
    """A `.dat` file, of which the newest frames may still change, and its header."""

    def __init__(self, path: Path, units: str, names: Sequence[str]) -> None:
        self._path, self._units, self._names = path, units, names
        self._file = open(f"{path}.dat", "xb")  # noqa: SIM115 - `close` does
        self._first = 0  # of the frames that may still change
        self._frames = self.none()
        self._initial = np.zeros(len(names), np.int64)
        self._sum = np.zeros(len(names), np.int64)

    def none(self) -> Frames:
        """No frames, (0, signals)."""
        return np.empty((0, len(self._names)), np.int16)

    def put(self, start: int, columns: slice, samples: Frames) -> None:
        """Let frames from `start` on hold these samples; what is not known yet is invalid."""
        end = start + len(samples) - self._first
        if end > len(self._frames):
            more = np.full((end - len(self._frames), len(self._names)), INVALID, np.int16)
            self._frames = np.concatenate([self._frames, more])
        self._frames[start - self._first : end, columns] = samples

    def write(self, final: int) -> None:
        """Write all that may have changed; frames before `final` will not change any more."""
        self._file.seek(self._first * self._frames.itemsize * len(self._names))
        self._file.write(self._frames.astype("<i2").tobytes())
        self._file.flush()
        done, self._frames = np.split(self._frames, [final - self._first])
        if len(done) and not self._first:
            self._initial = done[0].astype(np.int64)
        self._sum += done.sum(axis=0, dtype=np.int64)
        self._first += len(done)

    def sync(self) -> None:
        """Return when all that was written is on the disk."""
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


def _free(path: Path) -> None:
    """Make sure that a record can be written at `path`, and that none is there."""
    if not re.fullmatch(r"[-\w]+", path.name, re.ASCII):
        raise ValueError(f"record {path}: a record's name has letters, digits, - and _ only")
    flags = path.with_name(path.name + FLAGS)
    files = [Path(f"{record}{s}") for record in (path, flags) for s in (".hea", ".dat", ".atr")]
    taken = [file for file in files if file.exists()]
    if taken:
        raise ValueError(f"record {path}: {taken[0]} exists already; choose another name")
