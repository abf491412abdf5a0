"""Selection of the signals that are denoised; all others are copied."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ecgstream.streamer.engine.settings import MAX_FS, MIN_FS
from ecgstream.streamer.io.base import FormatError, Signal
from ecgstream.streamer.io.ecg_names import are_frank_leads, ecg_names, is_axis

NO_ECG = "no ECG by its name"
NOT_NAMED = "its name is not that of an ECG, as others' are"
NOT_WANTED = "not among --signals"
_NUMBERS = re.compile(r"(\d+)(?:-(\d+))?")


def reasons_to_copy(
    signals: Sequence[Signal],
    wanted: Sequence[str] | None = None,
    numbers: Sequence[int] | None = None,
) -> list[str | None]:
    """Say of each signal why it is copied unchanged; None for an ECG, which is denoised.

    ECGs are those that have the name of one. Where no signal has, they are the voltages whose name
    is not that of something else.

    Parameters
    ----------
    signals : all of the recording.
    wanted : names and numbers of the signals to denoise, as in `chosen`; None to tell by name.
    numbers : number of each signal in the file; its index by default.

    Raises
    ------
    FormatError : a wanted signal is not there, or cannot be denoised.
    """
    if wanted:
        names = [signal.name for signal in signals]
        picked = chosen(names, wanted, numbers)
        for i in picked:
            why = _obstacle(signals[i])
            if why:
                raise FormatError(f"{signals[i].name} cannot be denoised: {why}")
        return [None if i in picked else NOT_WANTED for i in range(len(signals))]
    volts = [signal.name for signal in signals if signal.millivolts is not None]
    frank = are_frank_leads(volts)
    kinds = [
        True if frank and is_axis(signal.name) and signal.millivolts is not None else kind
        for signal, kind in zip(signals, ecg_names([s.name for s in signals]), strict=True)
    ]
    by_name = True in kinds
    return [
        (NO_ECG if kind is False and not signal.unit.strip() else _unit_obstacle(signal))
        or (NO_ECG if kind is False else NOT_NAMED if by_name and kind is None else None)
        or _obstacle(signal)
        for signal, kind in zip(signals, kinds, strict=True)
    ]


def chosen(
    names: Sequence[str], wanted: Sequence[str], numbers: Sequence[int] | None = None
) -> list[int]:
    """Indices of the names that are wanted.

    Parameters
    ----------
    names : of all signals.
    wanted : each a name, a number, a range of numbers (1-8), or several with commas between.
    numbers : number of each name; its index by default.

    Raises
    ------
    FormatError : there is no signal of a wanted name or number.
    """
    known = list(range(len(names))) if numbers is None else list(numbers)
    found = set()
    for text in wanted:
        whole = _named(names, known, text)
        for part in [text] if whole else text.split(","):
            some = whole or _named(names, known, part)
            if not some:
                there = ", ".join(f"{n} ({name})" for n, name in zip(known, names, strict=True))
                raise FormatError(f"it has no signal {part.strip()!r}; it has {there:.400}")
            found.update(some)
    return sorted(found)


def _named(names: Sequence[str], numbers: Sequence[int], text: str) -> list[int]:
    """Indices of the names or numbers that a text stands for."""
    text = text.strip()
    for same in (str, str.lower):
        matches = [i for i, name in enumerate(names) if same(name.strip()) == same(text)]
        if matches:
            return matches
    ends = _NUMBERS.fullmatch(text)
    if not ends:
        return []
    inside = range(int(ends[1]), int(ends[2] or ends[1]) + 1)
    if any(n not in numbers for n in (inside[0], inside[-1]) if inside):
        return []
    return [i for i, n in enumerate(numbers) if n in inside]


def _obstacle(signal: Signal) -> str | None:
    """Why the engine cannot denoise a signal."""
    if why := _unit_obstacle(signal):
        return why
    if not MIN_FS <= signal.fs <= MAX_FS:
        return f"{signal.fs:g} Hz is not within {MIN_FS:g} to {MAX_FS:g} Hz"
    return None


def _unit_obstacle(signal: Signal) -> str | None:
    if signal.fault:
        return signal.fault
    if signal.millivolts is None and not signal.unit.strip():
        return "it names no unit: give --units"
    if signal.millivolts is None:
        return f"{signal.unit} is no voltage"
    return None
