"""Find which columns of a table are samples, which one is the time, and which only count rows.

All follow from names, or where there are none, from the cells: text times, numbers that rise in
steps of a usual sampling rate, numbers that rise by one. `--time` and `--signals` override.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ecgstream.streamer.engine.settings import MAX_FS, MIN_FS
from ecgstream.streamer.io.base import DEFAULT_GAIN_ADU_PER_MV, FormatError, Samples, Signal
from ecgstream.streamer.io.ecg_names import ecg_names
from ecgstream.streamer.io.ecg_signals import chosen
from ecgstream.streamer.io.formats.csv_clock import typical_step
from ecgstream.streamer.io.formats.csv_dialect import (
    Dialect,
    bare,
    check_decimals,
    find_dialect,
    is_missing,
)
from ecgstream.streamer.io.formats.csv_header import (
    Header,
    Title,
    is_comment,
    read_header,
    time_unit,
)
from ecgstream.streamer.io.formats.csv_time import (
    DAY_S,
    MIN_EPOCH,
    NAMES,
    UNITS,
    epoch_unit,
    is_text_time,
    is_time_name,
    is_time_of_day,
    text_seconds,
)
from ecgstream.streamer.io.units import is_count, millivolts, overridden, unit_name

MAX_PROBE_LINES = 4000
"""Lines from which columns are told apart."""
_DIALECT_LINES = 200
"""Lines from all over these that tell delimiter and decimal sign."""
_KIND_CELLS = 500
"""Cells that tell whether a column holds numbers."""
_INDEX = re.compile(
    r"#|index|idx|samples?([ _]?(#|num(ber)?|no|nr|index|idx|id|count(er)?))?|row|n?seq|no|nr"
    r"|(package|packet)[ _]?(num(ber)?|count(er)?|id)|unnamed: 0",
    re.I,
)
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


class _Probe:
    """First rows of a table, by column."""

    def __init__(self, rows: Sequence[Sequence[str]], dialect: Dialect, header: Header) -> None:
        self.rows, self.dialect, self.header = rows, dialect, header
        self.names = [title.name for title in header.titles]
        self.kinds = [self._kind(i) for i in range(len(self.names))]

    def cells(self, i: int) -> list[str]:
        return [row[i] for row in self.rows if i < len(row)]

    def numbers(self, i: int) -> Samples:
        """Numbers of a column, NaN for all other cells."""
        found = [self.dialect.number(cell) for cell in self.cells(i)]
        return np.array([np.nan if number is None else number for number in found])

    def times(self, i: int, unit: float) -> Samples:
        return seconds(self.cells(i), unit, self.dialect)

    def _kind(self, i: int) -> str:
        """Whether a column holds numbers, times, words or nothing."""
        cells = [cell for cell in self.cells(i) if not is_missing(cell)]
        if not cells:
            return "empty"
        cells = cells[:: max(1, len(cells) // _KIND_CELLS)]
        if 2 * sum(is_text_time(bare(cell)) for cell in cells) > len(cells):
            return "time"
        numbers = sum(self.dialect.number(cell) is not None for cell in cells)
        return "number" if 2 * numbers >= len(cells) else "words"


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
    begin, width = _first_row(lines, dialect, later)
    head = lines[:begin]
    body = [line.rstrip("\r\n") for line in lines[begin:] if line.strip()]
    try:
        header = read_header(head, dialect, width)
        probe = _Probe([dialect.cells(line) for line in body], dialect, header)
        _check_widths(header, probe)
    except FormatError:
        check_decimals(dialect, body)
        raise
    if not header.named:
        check_decimals(dialect, body)
    return _roles(probe, head, options)


def seconds(cells: Sequence[str], unit: float, dialect: Dialect, after: float = np.nan) -> Samples:
    """Times of cells in seconds, (n,), NaN where there is none; times of day go on over midnight.

    Parameters
    ----------
    cells, unit, dialect : texts, their unit in seconds, and how their numbers are written.
    after : time of the row before.

    Raises
    ------
    FormatError : a cell is no time.
    """
    found = np.full(len(cells), np.nan)
    days = False
    for i, cell in enumerate(cells):
        text = bare(cell)
        number = dialect.number(text)
        if number is not None:
            found[i] = number * unit
            continue
        moment = text_seconds(text)
        if moment is None:
            raise FormatError(f"{cell.strip()!r:.40} is no time")
        days = days or is_time_of_day(text)
        found[i] = moment
    if days and len(cells):
        there = np.isfinite(found)
        chain = np.append(after if np.isfinite(after) else found[there][:1], found[there])
        found[there] = np.unwrap(chain, period=DAY_S)[1:]
    return found


def _first_row(lines: Sequence[str], dialect: Dialect, later: Sequence[str]) -> tuple[int, int]:
    """Index of the first line of samples, and its width."""
    rows = [dialect.cells(line) for line in later]
    widths = [len(row) for row in rows]
    width = max(set(widths), key=widths.count)
    known = [0] * width
    for row in rows:
        if len(row) == width:
            known = [a + (dialect.understands(c)) for a, c in zip(known, row, strict=True)]
    numeric = [i for i in range(width) if 2 * known[i] >= widths.count(width)]
    for n, line in enumerate(lines):
        row = dialect.cells(line.rstrip("\r\n"))
        if is_comment(line) or len(row) != width:
            continue
        filled = any(not is_missing(row[i]) for i in numeric)
        if filled and all(dialect.understands(row[i]) for i in numeric):
            following = lines[n + 1 :]
            if not _counts_columns(row, following, dialect):
                return n, width
    raise FormatError("it holds no samples, only words; numbers are expected with a decimal point")


def _counts_columns(row: Sequence[str], following: Sequence[str], dialect: Dialect) -> bool:
    """Whether a row is the numbers of the columns, as pandas names them."""
    texts = [bare(cell) for cell in row]
    some = texts[1:] if texts and not texts[0] else texts
    if len(some) < 2 or some not in ([str(i + j) for i in range(len(some))] for j in (0, 1)):
        return False
    rows = [dialect.cells(line.rstrip("\r\n")) for line in following[:50]]
    return any("." in cell or "," in cell for cells in rows for cell in cells[len(row) - 1 :])


def _check_widths(header: Header, probe: _Probe) -> None:
    """Check that a column beyond the names is empty."""
    *names, last = (title.name for title in header.titles)
    if header.named and names and all(names) and not last and probe.kinds[-1] != "empty":
        shown = next(cell for cell in probe.cells(len(names)) if not is_missing(cell))
        raise FormatError(
            f"its first row has {len(names)} cells, the first samples have {len(names) + 1} (the "
            f"last is {shown.strip()!r:.40})"
        )


def _roles(probe: _Probe, head: Sequence[str], options: Options) -> Columns:
    header, names = probe.header, probe.names
    wanted = set(chosen(names, options.signals)) if options.signals else set()
    said: list[str] = []
    if probe.dialect.decimal == ",":
        said.append("decimal commas")
    times, time, unit = _time(probe, options, wanted, said)
    counters = {
        i
        for i, kind in enumerate(probe.kinds)
        if kind == "number" and i not in wanted | times and _counts_rows(probe, i)
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
        raise FormatError(f"it has no column of samples ({_seen(probe)})")
    fs = options.fs or header.fs
    if fs is None and time is None:
        raise FormatError(
            f"nothing in it tells the rate: give --fs, or --time COLUMN:UNIT ({_seen(probe)})"
        )
    if not header.named and not wanted:
        _check_unnamed(probe, places)
    signals = _signals(probe, places, wanted, fs, options.millivolts, said)
    named = {names[i] or f"column {i}": f"as {why}" for i, why in left_out.items()}
    return Columns(
        probe.dialect, head, header.titles, time, unit, places, signals, named, ", ".join(said)
    )


def _time(
    probe: _Probe, options: Options, wanted: set[int], said: list[str]
) -> tuple[set[int], int | None, float]:
    """All columns of times, the one that serves as clock, and its unit."""
    names, kinds = probe.names, probe.kinds
    others = [i for i in range(len(names)) if i not in wanted]
    times = {i for i in others if kinds[i] == "time"}
    if probe.header.named:
        times |= {i for i in others if kinds[i] == "number" and is_time_name(names[i])}
    if options.time is not None:
        return _given_time(probe, options, times)
    leads = ecg_names(names)
    rising = {i for i in others if kinds[i] == "number" and leads[i] is not True}
    times |= {i for i in rising - times if _is_epoch(probe, i) and _is_clock(probe, i)}
    if not times:
        times = {i for i in rising if _is_clock(probe, i)}
        said += [f"column {names[i] or i!r} taken for the time" for i in times]
    clocks = []
    unclear = []
    for i in sorted(times):
        unit, how = _unit(probe, i)
        if unit is None:
            unclear.append(i)
            continue
        error = _irregularity(probe.times(i, unit))
        if error is not None:
            clocks.append((round(error, 3), i, unit, how))
    if not clocks:
        if unclear and options.fs is None and probe.header.fs is None:
            name = names[unclear[0]] or unclear[0]
            raise FormatError(
                f"its column {name!r} rises by 1, which may count rows or milliseconds: give --fs, "
                f"or --time {name}:ms"
            )
        return times, None, 1.0
    _, time, unit, how = min(clocks)
    if how and options.fs is None and probe.header.fs is None:
        said.append(f"{names[time] or f'column {time}'} in {NAMES[unit]} {how}")
    return times, time, unit


def _given_time(
    probe: _Probe, options: Options, times: set[int]
) -> tuple[set[int], int | None, float]:
    """The time column and unit of `--time`."""
    text = options.time or ""
    if text.lower() == "none":
        return times, None, 1.0
    name, _, unit = text.rpartition(":")
    known = UNITS.get(unit.lower())
    try:
        found = chosen(probe.names, [name if name and known else text])
    except FormatError:
        there = ", ".join(f"{i} ({n})" for i, n in enumerate(probe.names))
        raise FormatError(
            f"it has no time column {text!r}; write NAME or NUMBER, with :s, :ms, :us or :ns where "
            f"it is in another unit; it has {there:.300}"
        ) from None
    if len(found) != 1 or probe.kinds[found[0]] not in ("number", "time"):
        raise FormatError(f"--time {text} names no column of times ({_seen(probe)})")
    seen = (known if name else None) or _unit(probe, found[0])[0] or 1.0
    return times | set(found), found[0], seen


def _unit(probe: _Probe, i: int) -> tuple[float | None, str]:
    """Unit of a time column in seconds, and how it was found where the name does not say it."""
    if probe.kinds[i] == "time":
        return 1.0, ""
    if probe.header.named and (unit := time_unit(probe.header.titles[i])):
        return unit, ""
    numbers = probe.numbers(i)
    numbers = numbers[np.isfinite(numbers)]
    if len(numbers) < 2:
        return 1.0, ""
    since = epoch_unit(float(numbers[0]))
    if since is not None:
        return since, "since 1970, by its size" if since != 1 else ""
    step = _step(numbers)
    if step == 1:
        return None, ""
    fits = [unit for unit in NAMES if step > 0 and MIN_FS <= 1 / (step * unit) <= MAX_FS]
    unit = fits[0] if fits else 1.0
    return unit, "by its steps" if unit != 1 else ""


def _step(numbers: Samples) -> float:
    new = np.diff(numbers, prepend=np.nan) != 0
    return typical_step(np.flatnonzero(new), numbers[new])[0]


def _irregularity(times: Samples) -> float | None:
    """How far stamps are from a line, in rows; None where they do not go on."""
    there = np.isfinite(times)
    k, t = np.flatnonzero(there).astype(float), times[there]
    if len(t) < 2 or not t[-1] > t[0]:
        return None
    step = (t[-1] - t[0]) / (k[-1] - k[0])
    return float(np.abs(t - t[0] - step * (k - k[0])).max() / step)


def _is_clock(probe: _Probe, i: int) -> bool:
    """Whether numbers rise steadily in steps of a usual rate, as only times do."""
    numbers = probe.numbers(i)
    numbers = numbers[np.isfinite(numbers)]
    if len(numbers) < 8 or numbers[-1] <= numbers[0]:
        return False
    unit, _ = _unit(probe, i)
    if unit is None:
        return False
    step = _step(numbers) * unit
    back = (np.diff(numbers) < 0).any()  # as jitter makes it
    allowed = 0.01 * len(numbers) if back else max(2.0, 0.1 * len(numbers))
    even = (_irregularity(numbers) or 0.0) < allowed
    return even and step > 0 and MIN_FS <= 1 / step <= MAX_FS


def _is_epoch(probe: _Probe, i: int) -> bool:
    numbers = probe.numbers(i)
    return bool(len(numbers)) and bool(np.nanmin(numbers, initial=np.inf) >= MIN_EPOCH)


def _counts_rows(probe: _Probe, i: int) -> bool:
    """Whether a column counts rows or packets, by its name or its numbers."""
    name = probe.names[i].strip()
    if probe.header.named and _INDEX.fullmatch(name):
        return True
    if probe.header.named and ecg_names([name])[0] is True:
        return _counts_by_one(probe.numbers(i), whole=True) and name.lower() == "i"
    return _counts_by_one(probe.numbers(i), whole=probe.header.named)


def _counts_by_one(numbers: Samples, whole: bool) -> bool:
    """Whether numbers rise by 1 from row to row; unless `whole`, they may start again."""
    numbers = numbers[np.isfinite(numbers)]
    if len(numbers) < 4 or (numbers % 1 != 0).any():
        return False
    steps = np.diff(numbers) == 1
    return bool(steps.all() if whole else steps.mean() > 0.9 and (np.diff(numbers) != 0).all())


def _check_unnamed(probe: _Probe, places: Sequence[int]) -> None:
    """Check that nothing but ECGs can be in a table without names."""
    numbers = {i: probe.numbers(i) for i in places}
    numbers = {i: x[np.isfinite(x)] for i, x in numbers.items()}
    whole = [i for i, x in numbers.items() if len(x) and not (x % 1).any()]
    if len(places) <= _MAX_UNNAMED and (not whole or len(whole) == len(places)):
        return
    raise FormatError(
        f"it names no columns, and not all can be ECGs with a row for each sample: say which are "
        f"by --signals, and by --units what they are in ({_seen(probe)})"
    )


def _signals(
    probe: _Probe,
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


def _seen(probe: _Probe) -> str:
    """Columns as they were seen, for messages."""
    pairs = zip(probe.names, probe.kinds, strict=True)
    what = {"number": "numbers", "time": "times", "empty": "empty"}
    some = [f"{i} {name!r}: {what.get(kind, kind)}" for i, (name, kind) in enumerate(pairs)]
    shown = ", ".join(some[:8]) + (f" and {len(some) - 8} more" if len(some) > 8 else "")
    sign = {"\t": "tabs", " ": "blanks", "": "nothing"}.get(
        probe.dialect.delimiter, probe.dialect.delimiter
    )
    return f"seen: columns parted by {sign}: {shown:.400}"
