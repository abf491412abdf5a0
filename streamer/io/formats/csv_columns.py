"""Find which columns of a table are samples, which one is the time, and which only count rows.

All follow from names, or where there are none, from the cells: text times, numbers that rise in
steps of a usual sampling rate, numbers that rise by one. `--time` and `--signals` override.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ecgstream.streamer.io.base import DEFAULT_GAIN_ADU_PER_MV, FormatError, Samples, Signal
from ecgstream.streamer.io.ecg_names import ecg_names
from ecgstream.streamer.io.ecg_signals import chosen
from ecgstream.streamer.io.formats.csv_dialect import (
    Dialect,
    check_decimals,
    find_dialect,
    is_missing,
)
from ecgstream.streamer.io.formats.csv_header import (
    Header,
    Title,
    is_comment,
    read_header,
)
from ecgstream.streamer.io.formats.csv_probe import Probe, first_row
from ecgstream.streamer.io.formats.csv_time_column import counts_rows, find_time
from ecgstream.streamer.io.units import is_count, millivolts, overridden, unit_name

MAX_PROBE_LINES = 4000
"""Lines from which columns are told apart."""
_DIALECT_LINES = 200
"""Lines from all over these that tell delimiter and decimal sign."""
_MAX_SPREAD_MV = 20.0
"""Spread (5th to 95th percentile) of numbers without a unit that may still be an ECG in mV."""
_MAX_UNNAMED = 12
"""Columns without names that may all be ECGs."""


class Options(NamedTuple):
    """What the user says of a table; None where the table has to tell it."""

    fs: float | None = None
    millivolts: float | None = None
    signals: Sequence[str] | None = None
    time: str | None = None


class Columns(NamedTuple):
    """Layout of a table."""

    dialect: Dialect
    head: Sequence[str]
    """Lines before the first row of samples."""
    titles: Sequence[Title]
    """Of all columns; their number is the width of each row."""
    time: int | None
    """Number of the time column."""
    time_unit: float
    """Unit of the time column, in seconds."""
    of_signals: Sequence[int]
    """Column number of each signal."""
    signals: Sequence[Signal]
    """With the rate that is given or stated; NaN where the time column has to tell it."""
    left_out: dict[str, str]
    layout: str


def columns(lines: Sequence[str], options: Options) -> Columns:
    """Find the columns from the first lines of a table.

    Raises
    ------
    FormatError : there are no samples, or an option is missing; the message says what was seen.
    """
    filled = [line.rstrip("\r\n") for line in lines if not is_comment(line)]
    if not filled:
        raise FormatError("it holds no samples")
    later = filled[len(filled) // 3 :]
    later = later[:: max(1, len(later) // _DIALECT_LINES)]
    dialect = find_dialect(later)
    begin, width = first_row(lines, dialect, later)
    head = lines[:begin]
    body = [line.rstrip("\r\n") for line in lines[begin:] if line.strip()]
    try:
        header = read_header(head, dialect, width)
        probe = Probe([dialect.cells(line) for line in body], dialect, header)
        _check_widths(header, probe)
    except FormatError:
        check_decimals(dialect, body)
        raise
    if not header.named:
        check_decimals(dialect, body)
    return _roles(probe, head, options)


def _check_widths(header: Header, probe: Probe) -> None:
    """Check that a column beyond the names is empty."""
    *names, last = (title.name for title in header.titles)
    if header.named and names and all(names) and not last and probe.kinds[-1] != "empty":
        shown = next(cell for cell in probe.cells(len(names)) if not is_missing(cell))
        raise FormatError(
            f"its first row has {len(names)} cells, the first samples have {len(names) + 1} (the "
            f"last is {shown.strip()!r:.40})"
        )


def _roles(probe: Probe, head: Sequence[str], options: Options) -> Columns:
    header, names = probe.header, probe.names
    wanted = set(chosen(names, options.signals)) if options.signals else set()
    said: list[str] = []
    if probe.dialect.decimal == ",":
        said.append("decimal commas")
    needed = options.fs is None and header.fs is None
    times, time, unit = find_time(probe, options.time, needed, wanted, said)
    counters = {
        i
        for i, kind in enumerate(probe.kinds)
        if kind == "number" and i not in wanted | times and counts_rows(probe, i)
    }
    left_out = {i: "times" for i in times} | {i: "they count rows" for i in counters}
    for i, kind in enumerate(probe.kinds):
        if kind == "words":
            left_out[i] = "their cells are words"
        elif kind == "empty" and i not in wanted and ecg_names([names[i]])[0] is not True:
            left_out[i] = "they are empty at first"
        elif kind == "time":
            left_out.setdefault(i, "times")
    for i in wanted & set(left_out):
        raise FormatError(f"column {i} ({names[i]}) cannot be denoised: {left_out[i]}")
    places = [i for i in range(len(names)) if i not in left_out]
    if not places:
        raise FormatError(f"it has no column of samples ({probe.seen()})")
    fs = options.fs or header.fs
    if fs is None and time is None:
        raise FormatError(
            f"nothing in it tells the rate: give --fs, or --time COLUMN:UNIT ({probe.seen()})"
        )
    if not header.named and not wanted:
        _check_unnamed(probe, places)
    signals = _signals(probe, places, wanted, fs, options.millivolts, said)
    named = {names[i] or f"column {i}": f"as {why}" for i, why in left_out.items()}
    return Columns(
        probe.dialect, head, header.titles, time, unit, places, signals, named, ", ".join(said)
    )


def _check_unnamed(probe: Probe, places: Sequence[int]) -> None:
    """Check that nothing but ECGs can be in a table without names."""
    numbers = {i: probe.numbers(i) for i in places}
    numbers = {i: x[np.isfinite(x)] for i, x in numbers.items()}
    whole = [i for i, x in numbers.items() if len(x) and not (x % 1).any()]
    if len(places) <= _MAX_UNNAMED and (not whole or len(whole) == len(places)):
        return
    raise FormatError(
        f"it names no columns, and not all can be ECGs with a row for each sample: say which are "
        f"by --signals, and by --units what they are in ({probe.seen()})"
    )


def _signals(
    probe: Probe,
    places: Sequence[int],
    wanted: set[int],
    fs: float | None,
    given: float | None,
    said: list[str],
) -> list[Signal]:
    """Signals of columns; one without a unit is in mV if it can be an ECG."""
    titles = probe.header.titles
    stated = any(millivolts(titles[i].unit) is not None for i in places)
    leads = ecg_names([titles[i].name for i in places])
    found = []
    assumed = False
    for i, lead in zip(places, leads, strict=True):
        name, unit = titles[i]
        value = millivolts(unit)
        fault = ""
        if value is None and is_count(unit) and (lead is not False or i in wanted):
            value = overridden(unit, given)
            if value is None and unit:
                fault = f"it is in {unit}: give --units"
            elif value is None and (lead or i in wanted or not stated):
                value, fault = 1.0, _doubt(probe.numbers(i))
                assumed = assumed or not fault
        shown = unit or unit_name(value or 1.0) if value is not None else unit
        gain = DEFAULT_GAIN_ADU_PER_MV * (value or 1.0)
        rate = np.nan if fs is None else fs
        found.append(Signal(name, rate, shown, gain, 0, millivolts=value, bits=0, fault=fault))
    if assumed:
        said.append("mV where no unit is named")
    return found


def _doubt(numbers: Samples) -> str:
    """Why numbers without a unit can be no ECG in mV; empty if they can."""
    numbers = numbers[np.isfinite(numbers)]
    if not len(numbers):
        return ""
    low, high = np.percentile(numbers, [5, 95])
    if high - low <= _MAX_SPREAD_MV and (np.ptp(numbers) < 50 or (numbers % 1).any()):
        return ""
    return f"numbers from {numbers.min():g} to {numbers.max():g} are no ECG in mV: give --units"
