"""Validate WFDB headers before any file that they name is opened.

A header names files and numbers of samples. wfdb opens and allocates what it is told, and takes a
default where it cannot read a field. So a header is first checked against the grammar in header(5)
of the WFDB manual, and against the files in the folder.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ecgstream.streamer.io.units import millivolts
from ecgstream.streamer.io.wfdb_formats import SAMPLE_FORMATS, frames_in_file

MAX_HEADER_BYTES = 1 << 20
"""Bytes."""
MAX_ANNOTATION_BYTES = 4 << 20
"""Bytes; a week of beats takes half of it."""
MAX_SAMPLES = 1 << 28
"""Samples in all signals together: a day of three at 1 kHz."""
MAX_SIGNALS, MAX_SEGMENTS = 256, 4096
MAX_FS_HZ = 1e6
"""Hz."""
_MAX_LINE_CHARACTERS = 1000

_NUMBER = r"(?:\d+\.?\d*|\.\d+)"
_RECORD = re.compile(
    rf"[-\w]+(?:/(?P<segments>\d+))?\s+(?P<signals>\d+)"
    rf"(?:\s+(?P<fs>{_NUMBER})(?:/-?{_NUMBER}(?:\(-?{_NUMBER}\))?)?"
    r"(?:\s+(?P<length>\d+)(?:\s.*)?)?)?",
    re.ASCII,
)
_SIGNAL = re.compile(
    r"(?P<file>~|[-\w]+(?:\.\w+)?)\s+(?P<format>\d+)"
    r"(?:x(?P<per_frame>\d+))?(?::(?P<skew>\d+))?(?:\+(?P<offset>\d+))?"
    rf"(?:\s+(?P<gain>-?{_NUMBER}(?:e[+-]?\d+)?)(?:\(-?\d+\))?(?:/(?P<unit>[\w^?%/\ufffd-]+))?"
    r"(?:\s+\d+(?:\s+-?\d+(?:\s+-?\d+(?:\s+-?\d+(?:\s+\d+(?:\s.*)?)?)?)?)?)?)?",
    re.ASCII,
)
_SEGMENT = re.compile(r"(?P<name>~|[-\w]+)\s+(?P<length>\d+)", re.ASCII)


class HeaderError(ValueError):
    """A header is malformed or exceeds a limit; the message says how."""


class _Signal(NamedTuple):
    file: str
    format: int
    per_frame: int
    skew: int
    offset: int


def check(
    path: Path,
    folder: Path,
    files: bool = True,
    whole: bool = True,
    most: int = MAX_SAMPLES,
) -> None:
    """Check a record's header and the files that it names.

    Parameters
    ----------
    path : of the record, without suffix.
    folder : that no file of the record may lie outside of, links followed.
    files : look at the files that the header names, too.
    whole : the record may be one of several segments.
    most : samples in all signals together; who reads in pieces may take more.

    Raises
    ------
    HeaderError : the header is damaged, too large, announces more than its files hold or more
        than `most`, or names a file that is not one or is not in the folder.
    """
    first, *rest = _lines(inside(path.with_name(f"{path.name}.hea"), folder, MAX_HEADER_BYTES))
    record = _parsed(_RECORD, first)
    count = _number(record["signals"], MAX_SIGNALS, "signals")
    if record["fs"] and not 0 < float(record["fs"]) <= MAX_FS_HZ:
        raise HeaderError(f"its header gives a rate of {record['fs']} Hz")
    if record["segments"]:
        if not whole:
            raise HeaderError("a segment of it has segments of its own")
        segments = _segments(rest, count, int(record["segments"]), most)
        for segment in segments if files else ():
            check(path.with_name(segment), folder, whole=False, most=most)
        return
    if len(rest) != count:
        raise HeaderError(f"its header announces {count} signals and describes {len(rest)}")
    length = _number(record["length"], most, "samples")
    named: dict[str, list[_Signal]] = {}
    for signal in map(_signal, rest):
        named.setdefault(signal.file, []).append(signal)
    for name, signals in named.items():
        if files and name != "~":
            _check_file(path.with_name(name), folder, signals, length, count, most)


def inside(file: Path, folder: Path, largest: int | None = None) -> Path:
    """Return a file after checking that it exists, lies in the folder and is not too large.

    Raises
    ------
    HeaderError : it does not.
    """
    if not file.is_file():  # a pipe or a device would never end
        raise HeaderError(f"there is no file {file.name}")
    if not file.resolve().is_relative_to(folder.resolve()):
        raise HeaderError(f"{file.name} is a link that leads out of {folder}: copy the file")
    if largest is not None and file.stat().st_size > largest:
        raise HeaderError(f"{file.name} is larger than {largest >> 20} MB")
    return file


def _lines(file: Path) -> Iterator[str]:
    """Lines other than comments and empty ones, split as wfdb splits them."""
    text = file.read_bytes().decode("ascii", errors="replace")
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if not lines:
        raise HeaderError("its header is empty")
    if max(map(len, lines)) > _MAX_LINE_CHARACTERS:
        raise HeaderError(f"its header has a line of more than {_MAX_LINE_CHARACTERS} characters")
    return iter(lines)


def _parsed(form: re.Pattern[str], line: str) -> dict[str, str | None]:
    match = form.fullmatch(line)
    if match is None:
        raise HeaderError(f"its header has a line that is not of WFDB's form: {line!r:.80}")
    return match.groupdict()


def _number(digits: str | None, most: int, what: str) -> int:
    number = int(digits or 0)
    if number > most:
        raise HeaderError(f"its header announces {digits:.20} {what}; no more than {most} are read")
    return number


def _signal(line: str) -> _Signal:
    fields = _parsed(_SIGNAL, line)
    unit = (fields["unit"] or "").replace("\ufffd", "")  # all that wfdb reads of it
    if unit != (fields["unit"] or "") and millivolts(unit) is not None:
        raise HeaderError(f"its header has a unit that is not in ASCII, write uV: {line!r:.80}")
    if not math.isfinite(float(fields["gain"] or 0)):
        raise HeaderError(f"its header gives a gain of {fields['gain']}")
    kind = int(fields["format"] or 0)
    if fields["file"] != "~" and kind not in SAMPLE_FORMATS:
        known = ", ".join(map(str, sorted(SAMPLE_FORMATS)))
        raise HeaderError(f"its header names a format {kind:.0f}; known are {known}")
    per_frame = _number(fields["per_frame"] or "1", MAX_SAMPLES, "samples per frame")
    if not per_frame:
        raise HeaderError("its header gives frames without a sample")
    skew = _number(fields["skew"], MAX_SAMPLES, "samples of skew")
    offset = _number(fields["offset"], 1 << 40, "bytes before the signal")
    return _Signal(str(fields["file"]), kind, per_frame, skew, offset)


def _check_file(
    file: Path, folder: Path, signals: list[_Signal], length: int, count: int, most: int
) -> None:
    """Check that a file holds what the header says of its signals, of `count` in all."""
    size = inside(file, folder).stat().st_size
    kind, offset = signals[0].format, signals[0].offset
    if any((signal.format, signal.offset) != (kind, offset) for signal in signals):
        raise HeaderError(f"its header names several formats for {file.name}")
    frame = sum(signal.per_frame for signal in signals)
    if SAMPLE_FORMATS[kind].bytes:
        held = frames_in_file(size, kind, frame, offset)
        if held < length:
            raise HeaderError(
                f"{file.name} is cut short: its header announces {length} samples, it has {held}"
            )
        length = length or held
    if any(signal.skew > length for signal in signals):
        raise HeaderError("its header gives a skew beyond the end of the record")
    if length * max(frame, count) > most:
        raise HeaderError(f"it has more than {most} samples: cut it into parts")


def _segments(lines: list[str], count: int, announced: int, most: int) -> set[str]:
    """Names of the segments of a record with `count` signals."""
    segments = [_parsed(_SEGMENT, line) for line in lines]
    if not announced == len(segments) <= MAX_SEGMENTS:
        raise HeaderError(
            f"its header announces {announced} segments and names {len(segments)}; no more than "
            f"{MAX_SEGMENTS} are read"
        )
    length = sum(_number(segment["length"], most, "samples") for segment in segments)
    if length * count > most:
        raise HeaderError(f"it has more than {most} samples: cut it into parts")
    return {str(segment["name"]) for segment in segments} - {"~"}
