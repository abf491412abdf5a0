"""Find the time column of a table and its unit, and the columns that count rows."""

from __future__ import annotations

import re

import numpy as np

from ecgstream.streamer.engine.settings import MAX_FS, MIN_FS
from ecgstream.streamer.io.base import FormatError, Samples
from ecgstream.streamer.io.ecg_names import ecg_names
from ecgstream.streamer.io.ecg_signals import chosen
from ecgstream.streamer.io.formats.csv_clock import typical_step
from ecgstream.streamer.io.formats.csv_header import time_unit
from ecgstream.streamer.io.formats.csv_probe import Probe
from ecgstream.streamer.io.formats.csv_time import (
    MIN_EPOCH,
    NAMES,
    UNITS,
    epoch_unit,
    is_time_name,
)

_INDEX = re.compile(
    r"#|index|idx|samples?([ _]?(#|num(ber)?|no|nr|index|idx|id|count(er)?))?|row|n?seq|no|nr"
    r"|(package|packet)[ _]?(num(ber)?|count(er)?|id)|unnamed: 0",
    re.I,
)


def find_time(
    probe: Probe, given: str | None, needed: bool, wanted: set[int], said: list[str]
) -> tuple[set[int], int | None, float]:
    """Find all columns of times, the one that serves as clock, and its unit in seconds.

    Parameters
    ----------
    probe : first rows.
    given : column that the user names, with its unit after a colon, or none.
    needed : nothing else tells the rate.
    wanted : columns that are signals.
    said : is extended by what was taken for what.

    Raises
    ------
    FormatError : the column is not there, or a rate is needed that its numbers leave open.
    """
    names, kinds = probe.names, probe.kinds
    others = [i for i in range(len(names)) if i not in wanted]
    times = {i for i in others if kinds[i] == "time"}
    if probe.header.named:
        times |= {i for i in others if kinds[i] == "number" and is_time_name(names[i])}
    if given is not None:
        return _given_time(probe, given, times)
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
        if unclear and needed:
            name = names[unclear[0]] or unclear[0]
            raise FormatError(
                f"its column {name!r} rises by 1, which may count rows or milliseconds: give --fs, "
                f"or --time {name}:ms"
            )
        return times, None, 1.0
    _, time, unit, how = min(clocks)
    if how and needed:
        said.append(f"{names[time] or f'column {time}'} in {NAMES[unit]} {how}")
    return times, time, unit


def _given_time(probe: Probe, text: str, times: set[int]) -> tuple[set[int], int | None, float]:
    """The time column and unit of `--time`."""
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
        raise FormatError(f"--time {text} names no column of times ({probe.seen()})")
    seen = (known if name else None) or _unit(probe, found[0])[0] or 1.0
    return times | set(found), found[0], seen


def _unit(probe: Probe, i: int) -> tuple[float | None, str]:
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


def _is_clock(probe: Probe, i: int) -> bool:
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


def _is_epoch(probe: Probe, i: int) -> bool:
    numbers = probe.numbers(i)
    return bool(len(numbers)) and bool(np.nanmin(numbers, initial=np.inf) >= MIN_EPOCH)


def counts_rows(probe: Probe, i: int) -> bool:
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
