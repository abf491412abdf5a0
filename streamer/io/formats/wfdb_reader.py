"""Reader of WFDB records: one or more segments, one or more samples per frame."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from ecgstream.streamer.io.annotation_file import read_annotations
from ecgstream.streamer.io.annotation_writer import RESOLUTION
from ecgstream.streamer.io.base import (
    MAX_PIECE_SAMPLES,
    Annotation,
    FormatError,
    Frames,
    Reader,
    Samples,
    Signal,
)
from ecgstream.streamer.io.units import millivolts
from ecgstream.streamer.io.wfdb_formats import SAMPLE_FORMATS, frames_in_file
from ecgstream.streamer.io.wfdb_header import HeaderError, check

_REFERENCE = ".atr"
"""Suffix of the reference annotations, which are those of the record in other formats."""
MAX_SAMPLES = 1 << 40
"""Samples in all signals together: read in pieces, a record may be as long as a disk."""


class WfdbReader(Reader):
    """Reader of a record; segments are joined, and a signal that a segment lacks is a gap.

    Samples come in the unit that a signal has in the first segment with it. What the header names
    is read only within the record's own folder.

    Parameters
    ----------
    path : of the record, without suffix.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._temporary = ExitStack()
        try:
            check(path, path.parent, most=MAX_SAMPLES)
        except HeaderError as error:
            raise FormatError(str(error)) from None
        self.header = _header(path)
        if not self.header.n_sig:
            raise FormatError("it has no signals")
        self._readable_path = path if self.header.sig_len is not None else self._completed()
        self.comments = [str(comment) for comment in self.header.comments]
        self.start = self.header.base_datetime
        self._parts = self._segments()
        self.length = sum(n for _, n in self._parts)
        described = [head for head, _ in self._parts if head is not None]
        if not self.length or not described:
            raise FormatError("it holds no samples")
        layout = self._layout or described[0]
        heads = [self._owner(described, layout, i) for i in range(len(layout.sig_name))]
        self.signals = [_signal(head, i, self.header.fs) for head, i in heads]
        self.formats = [str(head.fmt[i]) for head, i in heads]
        self.resolution = [(head.adc_res[i] or 0, head.adc_zero[i] or 0) for head, i in heads]
        names = {path.name, *(getattr(self.header, "seg_name", None) or ())} - {"~"}
        data = {file for head in described for file in head.file_name} - {"~"}
        self.annotation_files = [
            file for file in sorted(path.parent.glob(f"{path.name}.*")) if _annotates(file, data)
        ]
        headers = [path.with_name(f"{name}.hea") for name in sorted(names)]
        self.files = [*headers, *(path.with_name(f) for f in sorted(data)), *self.annotation_files]

    def _completed(self) -> Path:
        """Write a header with the length to a temporary folder; return the record's path there."""
        length = _length(self.header, self.path)
        if not length:
            raise FormatError("it holds no samples")
        folder = Path(self._temporary.enter_context(TemporaryDirectory()))
        name, head = self.path.name, self.header
        for file in set(head.file_name or ()) - {"~"}:
            (folder / file).symlink_to(self.path.with_name(file).absolute())
        lines = self.path.with_name(f"{name}.hea").read_text("latin-1").splitlines()
        first = next(i for i, line in enumerate(lines) if line.split() and line[0] != "#")
        lines[first] = f"{name} {head.n_sig} {digits(head.fs)} {length}"
        (folder / f"{name}.hea").write_text("\n".join(lines) + "\n", "latin-1")
        self.header = _header(folder / name)
        return folder / name

    def _segments(self) -> list[tuple[Any, int]]:
        """Header (None: a gap) and length of each part; sets the layout of parts that differ."""
        self._layout = None
        head = self.header
        if not hasattr(head, "seg_name"):
            return [(head, int(head.sig_len or 0))]
        parts = []
        for name, n in zip(head.seg_name, head.seg_len, strict=True):
            part = None if name == "~" else _header(self.path.with_name(name))
            if part is not None and not n:
                self._layout = part
            elif n:
                parts.append((part, n))
        return parts

    def _owner(self, described: Sequence[Any], layout: Any, i: int) -> tuple[Any, int]:
        """Find the header that describes signal `i`, and the signal's number in it."""
        for head in described:
            at = self._number(head, layout.sig_name[i], i)
            if at is not None:
                return head, at
        return layout, i

    def _number(self, head: Any, name: str | None, i: int) -> int | None:
        if self._layout is None:
            return i if i < head.n_sig else None
        return head.sig_name.index(name) if name in head.sig_name else None

    def pieces(self) -> Iterator[Frames]:
        """Yield all frames; see `Reader`."""
        width = max(1, sum(signal.per_frame for signal in self.signals))
        names = self._layout.sig_name if self._layout else [None] * len(self.signals)
        done = 0
        for head, n in self._parts:
            for start in range(0, n, max(1, MAX_PIECE_SAMPLES // width)):
                stop = min(n, start + max(1, MAX_PIECE_SAMPLES // width))
                done += stop - start
                self.fraction_read = done / self.length
                yield self._piece(head, names, start, stop)

    def _piece(self, head: Any, names: Sequence[str | None], start: int, stop: int) -> Frames:
        columns: list[Samples] = []
        stored = head and self._samples(head, start, stop)
        for i, signal in enumerate(self.signals):
            at = None if head is None else self._number(head, names[i], i)
            if at is None:
                columns.append(np.full((stop - start) * signal.per_frame, np.nan))
                continue
            samples, factor = stored[at], millivolts(head.units[at])
            if len(samples) != (stop - start) * signal.per_frame:
                raise FormatError(f"its segments have {signal.name} at several rates")
            if head.units[at] != signal.unit:
                if factor is None or signal.millivolts is None:
                    raise FormatError(f"its segments have {signal.name} in unlike units")
                samples = samples * (factor / signal.millivolts)
            columns.append(samples)
        return columns

    def _samples(self, head: Any, start: int, stop: int) -> list[Samples]:
        path = self._readable_path.with_name(head.record_name)
        record = _read("rdrecord", path, sampfrom=start, sampto=stop, smooth_frames=False)
        return list(record.e_p_signal)

    def annotations(self) -> Sequence[Annotation]:
        """Return the annotations of the `.atr` file."""
        file = self.path.with_name(f"{self.path.name}{_REFERENCE}")
        return self._marks(file) if file in self.annotation_files else []

    def other_annotations(self) -> Mapping[str, Sequence[Annotation]]:
        """Return the annotations of all other annotators, by the suffixes of their files."""
        others = [file for file in self.annotation_files if file.suffix != _REFERENCE]
        return {file.suffix[1:]: self._marks(file) for file in others}

    def _marks(self, file: Path) -> list[Annotation]:
        try:
            times, symbols, notes = read_annotations(file)
        except ValueError as error:
            raise FormatError(str(error)) from None
        said = re.search(rb"%s([\d.]+)" % RESOLUTION.encode(), file.read_bytes())
        seconds = (times / (float(said[1]) if said else self.header.fs)).tolist()
        return [Annotation(*mark) for mark in zip(seconds, symbols, notes, strict=True)]

    def close(self) -> None:
        """Remove the temporary header, if there is one."""
        self._temporary.close()


def _header(path: Path) -> Any:
    """Header of a record or segment; one that was renamed has its old name in the first line."""
    header = _read("rdheader", path)
    header.record_name = path.name
    return header


def _read(function: str, path: Path, **options: Any) -> Any:
    """Call a reading function of wfdb; convert its errors to `FormatError`."""
    import wfdb

    read: Callable[..., Any] = getattr(wfdb, function)
    if "::" in str(path.absolute()):
        raise FormatError("wfdb takes :: in a path for an address; rename it")
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return read(str(path.absolute()), **options)
    except Exception as error:  # wfdb has no errors of its own: what comes is anything
        raise FormatError(f"its files may be damaged or cut short: {error}") from error


def _length(head: Any, path: Path) -> int:
    """Number of frames of a record whose header omits it, from the size of the signal file.

    Raises
    ------
    FormatError : the file is compressed, so that its size does not tell.
    """
    if not head.n_sig:
        return 0
    number = int(head.fmt[0])
    if not SAMPLE_FORMATS[number].bytes:
        raise FormatError(
            "its header gives no length, which a compressed signal file needs: add it to the "
            "header's first line, in samples per signal"
        )
    frame = sum(
        n
        for file, n in zip(head.file_name, head.samps_per_frame, strict=True)
        if file == head.file_name[0]
    )
    size = path.with_name(head.file_name[0]).stat().st_size
    return frames_in_file(size, number, frame, head.byte_offset[0] or 0)


def _signal(head: Any, i: int, frame_rate: float) -> Signal:
    unit, per_frame = head.units[i] or "mV", int(head.samps_per_frame[i] or 1)
    return Signal(
        name=head.sig_name[i] or f"signal {i}",
        fs=float(frame_rate) * per_frame,
        unit=unit,
        gain=float(head.adc_gain[i] or 200.0),
        baseline=float(head.baseline[i] or 0),
        per_frame=per_frame,
        millivolts=millivolts(unit),
        bits=SAMPLE_FORMATS[int(head.fmt[i])].bits if head.file_name[i] != "~" else 16,
    )


def _annotates(file: Path, data: set[str]) -> bool:
    """Whether a file in a record's folder holds its annotations."""
    if file.name in data or file.suffix in (".hea", ".qual") or not file.is_file():
        return False
    if file.suffix == _REFERENCE:
        return True
    try:
        return len(read_annotations(file)[0]) > 0 and file.read_bytes()[-2:] == b"\0\0"
    except ValueError:
        return False


def digits(number: float) -> str:
    """Shortest text that gives a number exactly."""
    return repr(float(number)).removesuffix(".0")
