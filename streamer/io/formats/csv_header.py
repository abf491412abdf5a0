"""What the lines before the first samples of a table say: names, units, rate.

Lines that begin with # or % are comments. The row above the samples names the columns; units stand
in a row of their own below it (as PhysioNet's `rdsamp` writes it), or in the names. OpenSignals has
JSON in its comments, and the OpenBCI GUI the number of its channels.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from ecgstream.streamer.io.base import FormatError
from ecgstream.streamer.io.ecg_names import ecg_names
from ecgstream.streamer.io.formats.csv_dialect import Dialect, bare
from ecgstream.streamer.io.formats.csv_time import UNITS as TIME_UNITS
from ecgstream.streamer.io.formats.csv_time import unit_in_name
from ecgstream.streamer.io.units import is_count, millivolts

_COMMENT = re.compile(r'\s*["\']?[#%]|sep=', re.I)
_RATE = re.compile(
    r"sampl\w*[ _-]*(?:rate|freq\w*)\W*(?:\(?hz\)?\W*)?(\d+(?:[.,]\d+)?)|"
    r"(?:^|\W)fs\W+(\d+(?:[.,]\d+)?)",
    re.I,
)
_UNIT = re.compile(r"units?\W+([^\W\d]+)", re.I)
_FACT = re.compile(
    r"(name|date of birth|recorded \w+|classification|symptoms|software \w+|"
    r"device|units?|lead)\s*[,;:=\t]|interval=|exceldatetime=|timeformat=|dateformat=|"
    r"channeltitle=|range=|(classification|symptoms)\s*$",
    re.I,
)
_LEAD = re.compile(r"lead\s*[,;:=\t]\s*(.+)", re.I)
_CHANNELS = re.compile(r"Number of channels\s*=\s*(\d+)", re.I)
_BRACKETS = re.compile(r"(.*?)\s*[\[(]([^\])]*)[\])]")
_ENDING = re.compile(r"(.*?)(?:\s*[,/]\s*|[\s_]+(?:in\s+|-\s+)?)([^\W\d_]+)")
_SYMBOL = re.compile(r"[^\W\d_]{1,6}|[%°ΩµμA-Za-z]+[\w°/²^*%.-]{0,8}|%|°\w?")
_NO_UNITS = frozenset("raw filt filtered clean left right chest wrist lead time formatted".split())


class Title(NamedTuple):
    """Name and unit of a column; both may be empty."""

    name: str
    unit: str


class Header(NamedTuple):
    """What is known of the columns before their cells are looked at."""

    titles: Sequence[Title]
    named: bool
    """The file names its columns."""
    fs: float | None
    """Hz, where a line states it."""


def is_comment(line: str) -> bool:
    """Whether a line before the samples is no row of the table."""
    return bool(_COMMENT.match(line)) or not line.strip()


def read_header(lines: Sequence[str], dialect: Dialect, width: int) -> Header:
    """Read the lines before the first samples, which have `width` cells.

    Raises
    ------
    FormatError : there are names, but not as many as columns.
    """
    texts = [line.rstrip("\r\n") for line in lines if not is_comment(line)]
    rows = [[bare(cell) for cell in dialect.cells(text)] for text in texts]
    fs = _stated_rate(lines)
    facts = [_is_fact(text) for text in texts]
    pairs = zip(rows, facts, strict=True)
    fitting = [row for row, fact in pairs if len(row) == width and not fact]
    if rows and not fitting and not facts[-1]:
        row = rows[-1]
        if len(row) == width - 1:
            fitting = [[*row, ""]]  # which must be an empty column
        else:
            raise FormatError(
                f"its first row has {len(row)} cells, the first samples have {width}"
                + (" (are its commas decimals?)" if dialect.delimiter == "," else "")
            )
    if fitting:
        names, units = fitting[-1], [""] * width
        if len(fitting) > 1 and any(_is_sure_unit(cell) for cell in fitting[-1]):
            names, units = fitting[-2], [cell if _is_unit(cell) else "" for cell in fitting[-1]]
        titles = [
            Title(name, unit) if unit else title(name)
            for name, unit in zip(names, units, strict=True)
        ]
        return Header(_of_openbci(lines, titles), True, fs)
    named = _of_opensignals(lines, width) or _of_comment(lines, dialect, width)
    if named:
        return Header(named, True, fs)
    count = _channels(lines)
    if count and count < width:
        titles = [Title("Sample Index", "")] + [Title(f"EXG {i}", "uV") for i in range(count)]
        rest = [Title(f"Other {i}", "") for i in range(width - count - 1)]
        return Header([*titles, *rest], True, fs)
    unit = next((m[1] for m in map(_UNIT.search, lines) if m and millivolts(m[1])), "")
    lead = next((m[1].strip() for m in map(_LEAD.match, lines) if m), "") if width == 1 else ""
    return Header([Title(lead or f"signal {i}", unit) for i in range(width)], False, fs)


def title(text: str) -> Title:
    """Split the unit off a name: `II (uV)`, `ECG, mV`, `ecg_mV`, but not `ECG (lead II)`."""
    found = _BRACKETS.fullmatch(text)
    if found:
        return Title(found[1], found[2].strip()) if _is_unit(found[2]) else Title(text, "")
    ended = _ENDING.fullmatch(text)
    if ended and ended[2].lower() != "v" and millivolts(ended[2]) is not None:
        return Title(ended[1], ended[2])
    return Title(text, "")


def _is_unit(text: str) -> bool:
    """Whether a text is a unit, not a remark such as the name of a lead."""
    text = text.strip()
    if _is_sure_unit(text):
        return True
    words = text.lower() in _NO_UNITS or ecg_names([text])[0] is True
    return not words and bool(_SYMBOL.fullmatch(text))


def _is_sure_unit(text: str) -> bool:
    known = millivolts(text) is not None or text.lower() in TIME_UNITS
    return known or text.startswith("hh:mm") or (bool(text) and is_count(text))


def _is_fact(text: str) -> bool:
    """Whether a line states something, such as the rate, and names no columns."""
    return bool(_FACT.match(text) or _RATE.search(text))


def _stated_rate(lines: Sequence[str]) -> float | None:
    facts = _json(lines)
    rates = {float(fact["sampling rate"]) for fact in facts if "sampling rate" in fact}
    if not facts:
        found = [_RATE.search(line) for line in lines]
        texts = [next(group for group in match.groups() if group) for match in found if match]
        rates = {float(text.replace(",", ".")) for text in texts}
    if len(rates) > 1:
        raise FormatError(f"its header states several rates ({sorted(rates)}): give --fs")
    rate = rates.pop() if rates else 0.0
    return rate if 0 < rate < float("inf") else None


def _json(lines: Sequence[str]) -> list[dict[str, Any]]:
    """Facts on each device in the header of OpenSignals."""
    for line in lines:
        text = line.strip().lstrip("#").strip()
        if line.startswith("#") and text.startswith("{"):
            try:
                found = json.loads(text)
            except (ValueError, RecursionError):
                continue
            facts = [found, *(found.values() if isinstance(found, dict) else ())]
            dicts = [fact for fact in facts if isinstance(fact, dict)]
            return [f for f in dicts if isinstance(f.get("sampling rate"), (int, float))]
    return []


def _texts(fact: dict[str, Any], key: str) -> list[str]:
    found = fact.get(key)
    return [str(item) for item in found] if isinstance(found, list) else []


def _of_opensignals(lines: Sequence[str], width: int) -> list[Title]:
    """Titles of all devices' columns, with the sensor where it is known."""
    titles: list[Title] = []
    for fact in _json(lines):
        columns, labels, kinds = (_texts(fact, key) for key in ("column", "label", "sensor"))
        sensors = dict(zip(labels, kinds, strict=False))
        if labels and len(columns) >= len(labels) and not set(labels) <= set(columns):
            places = columns[-len(labels) :]
            sensors = dict(zip(places, labels, strict=True))
        for name in columns:
            sensor = sensors.get(name, "RAW")
            unit = "" if name in sensors or name.lower() == "nseq" else "digital"
            told = sensor not in ("RAW", "CUSTOM", name)
            titles.append(Title(f"{sensor} {name}" if told else name, unit))
    fits = titles and width - 1 <= len(titles) <= width
    return [*titles, Title("", "")][:width] if fits else []


def _of_comment(lines: Sequence[str], dialect: Dialect, width: int) -> list[Title]:
    """Names in the last comment, as `numpy.savetxt` writes them."""
    comments = [line for line in lines if line.strip() and is_comment(line)]
    if not comments:
        return []
    cells = [bare(cell) for cell in dialect.cells(comments[-1].strip().lstrip("#%").strip())]
    words = all(not cell or dialect.number(cell) is None for cell in cells)
    fits = len(cells) == width and words and (width > 1 or ecg_names(cells)[0] is True)
    return [title(cell) for cell in cells] if fits else []


def _channels(lines: Sequence[str]) -> int:
    """Number of channels in a recording of the OpenBCI GUI; else 0."""
    if not lines or not lines[0].lstrip("\ufeff").startswith("%OpenBCI"):
        return 0
    return next((int(m[1]) for m in map(_CHANNELS.search, lines) if m), 0)


def _of_openbci(lines: Sequence[str], titles: Sequence[Title]) -> list[Title]:
    """Give the channels of an OpenBCI recording, which are in µV, their unit."""
    if not _channels(lines):
        return list(titles)
    return [Title(t.name, "uV") if t.name.startswith("EXG") else t for t in titles]


def time_unit(name: Title) -> float | None:
    """Unit of a time column by its title, in seconds; None where it has none."""
    return TIME_UNITS.get(name.unit.lower()) or unit_in_name(name.name)
