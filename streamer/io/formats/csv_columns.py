"""Infer the columns of a CSV file from its first rows.

A first row with words names them; a second one gives their units (as PhysioNet's `rdsamp` writes
it), or the names do, in brackets. A first column named time, sample or the like, or without a name,
is no signal; a file without names has a time column where its first one rises in equal steps.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple

import numpy as np

from ecgstream.streamer.io.base import DEFAULT_GAIN_ADU_PER_MV, FormatError, Signal
from ecgstream.streamer.io.units import millivolts, unit_name

_INSPECTED_ROWS = 2000
"""Rows from which the sampling rate is estimated."""
_TIME = re.compile(r"(elapsed[ _]?)?time(stamp)?|t|sec(ond)?s?|date(time)?|clock|ms", re.I)
_INDEX = re.compile(r"|#|index|n|i|sample(s| ?#|[ _](number|index))?|row", re.I)
_BRACKETS = re.compile(r"(.*?)\s*[\[(]([^\])]*)[\])]")
_TIME_UNITS = {"s": 1.0, "sec": 1.0, "seconds": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6}
_CLOCK = re.compile(r"\[?(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)\]?")


class Columns(NamedTuple):
    """Layout of a table."""

    delimiter: str
    end: str
    """Line terminator."""
    head: Sequence[str]
    """Lines before the first row of samples."""
    width: int
    time: int | None
    """Number of the time column."""
    time_unit: float
    """Unit of the time column, in seconds."""
    of_signals: Sequence[int]
    """Column number of each signal."""
    signals: Sequence[Signal]


def columns(lines: Iterator[str], fs: float | None, factor: float) -> Columns:
    """Infer the columns; `fs` and `factor` are `fs` and `millivolts` of `CsvReader`.

    Raises
    ------
    FormatError : there are no samples, or nothing tells the rate.
    """
    first = list(islice(lines, _INSPECTED_ROWS))
    comments = 0
    while comments < len(first) and first[comments].startswith("#"):
        comments += 1
    text = [line for line in first[comments:] if line.strip()]
    if not text:
        raise FormatError("it holds no samples")
    delimiter = max("\t;,", key=text[0].count)
    rows = list(csv.reader(text, delimiter=delimiter))
    named = 0
    while named < min(2, len(rows)) and not _samples(rows[named]):
        named += 1
    if named == len(rows):
        raise FormatError(
            "it holds no samples, only words; numbers are expected with a decimal point"
        )
    names = [_bare(cell) for cell in rows[0]] if named else None
    units = [_bare(cell) for cell in rows[1]] if named == 2 else None
    body, width = rows[named:], len(rows[named])
    if any(row is not None and len(row) != width for row in (names, units)):
        raise FormatError(f"its first row has {len(rows[0])} cells, the first samples have {width}")
    titles = [_title(i, names, units) for i in range(width)]
    time, others = _time(titles, body, bool(names))
    unit = _TIME_UNITS.get(titles[time][1].lower(), 1.0) if time is not None else 1.0
    if fs is None:
        fs = None if time is None else _rate([row[time] for row in body], unit)
    if fs is None:
        raise FormatError("nothing in it tells the rate: give --fs")
    places = [i for i in range(width) if i not in others and i != time]
    if not places:
        raise FormatError("it has no column of samples")
    return Columns(
        delimiter,
        "\r\n" if text[0].endswith("\r\n") else "\n",
        first[: comments + named],
        width,
        time,
        unit,
        places,
        [_signal(*titles[i], fs, factor) for i in places],
    )


def seconds(cell: str, unit: float) -> float | None:
    """Parse a time in seconds: a number in `unit`, h:mm:ss, or an ISO 8601 date and time."""
    text = _bare(cell)
    try:
        return float(text) * unit
    except ValueError:
        pass
    clock = _CLOCK.fullmatch(text)
    if clock:
        hours, minutes, rest = clock.groups()
        return int(hours or 0) * 3600 + int(minutes) * 60 + float(rest)
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return None


def _signal(name: str, unit: str, fs: float, factor: float) -> Signal:
    known = millivolts(unit) if unit else factor
    return Signal(
        name,
        fs,
        unit or unit_name(factor),
        DEFAULT_GAIN_ADU_PER_MV * (known or 1.0),
        0,
        millivolts=known,
    )


def _samples(row: Sequence[str]) -> bool:
    """Whether a row holds numbers; its first cell, which may be a date, does not count."""
    cells = row[1:] or row
    try:
        return bool([float(cell) for cell in cells if cell.strip()])
    except ValueError:
        return False


def _bare(cell: str) -> str:
    return cell.strip().strip("'\"").strip()


def _title(i: int, names: Sequence[str] | None, units: Sequence[str] | None) -> tuple[str, str]:
    """Name and unit of a column."""
    name = names[i] if names else f"signal {i}"
    found = _BRACKETS.fullmatch(name)
    if units:
        return name, units[i]
    return (found[1], found[2].strip()) if found else (name, "")


def _time(
    titles: Sequence[tuple[str, str]], body: Sequence[Sequence[str]], named: bool
) -> tuple[int | None, set[int]]:
    """Find the time column, and the columns that only count samples."""
    if len(titles) == 1:
        return None, set()
    if named:
        times = [i for i, (name, _) in enumerate(titles) if _TIME.fullmatch(name)]
        counts = {i for i, (name, _) in enumerate(titles) if _INDEX.fullmatch(name) and i == 0}
        return (times[0] if times else None), counts | set(times[1:])
    moments = [seconds(row[0], 1.0) for row in body if row]
    if len(moments) < 3 or any(moment is None for moment in moments):
        return None, set()
    apart = np.diff(np.array(moments, float))
    equal = (apart > 0).all() and np.ptp(apart) <= 0.5 * apart.mean()
    if equal and apart.mean() == 1:  # samples counted, or a rate that nobody denoises
        return None, {0}
    return (0 if equal else None), set()


def _rate(cells: Sequence[str], unit: float) -> float | None:
    """Estimate the sampling rate in Hz; round it where it is nearly whole."""
    moments = [moment for cell in cells if (moment := seconds(cell, unit)) is not None]
    if len(moments) < 2 or not moments[-1] > moments[0]:
        return None
    fs = (len(moments) - 1) / (moments[-1] - moments[0])
    return float(round(fs)) if abs(fs - round(fs)) < 2e-3 * fs and round(fs) else fs
