"""Time stamps in tables: their units and the forms in which devices write them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from ecgstream.streamer.io.ecg_names import name_words

UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "sekunden"), 1.0),
    **dict.fromkeys(("ms", "msec", "msecs", "millis", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("us", "µs", "μs", "usec", "micros", "microsecond", "microseconds"), 1e-6),
    **dict.fromkeys(("ns", "nsec", "nanos", "nanosecond", "nanoseconds"), 1e-9),
    **dict.fromkeys(("min", "minute", "minutes"), 60.0),
}
"""Seconds in each unit of time, by its name in lower case."""
NAMES = {1.0: "s", 1e-3: "ms", 1e-6: "us", 1e-9: "ns", 60.0: "min"}
_WORDS = frozenset(
    """time times timestamp timestamps datetime date clock elapsed epoch unix unixtime utc zeit
    zeitstempel uhrzeit temps tiempo tempo tijd время 时间 時間""".split()
)
_ALONE = frozenset({"t", *UNITS}) - {"min", "minute", "minutes"}
"""Names of time columns that are words of other names, too."""
_CLOCK = re.compile(r"\[?(?:(\d{1,6}):)?(\d{1,6}):(\d{1,2}(?:[.,:]\d+)?)(?:\s*([AP])M)?\]?", re.I)
_DATE = re.compile(
    r"\[?(\d{1,4})([-/.])(\d\d?)\2(\d{1,4})"
    r"(?:[T ]\s*(\d\d?):(\d\d)(?::(\d\d(?:[.,:]\d+)?))?(?:\s*([AP])M)?)?"
    r"\s*(Z|UTC|[+-]\d\d:?\d\d)?\]?",
    re.I,
)
MIN_EPOCH = 1e8
_EPOCHS = ((1e17, 1e-9), (1e14, 1e-6), (1e11, 1e-3), (MIN_EPOCH, 1.0))
"""Smallest number that is a time since 1970 (or 2000), and its unit in seconds."""
DAY_S = 86400.0


def is_time_name(name: str) -> bool:
    """Whether a column of that name holds times."""
    words = name_words(name)
    stripped = re.sub(r"[^\w]|_", " ", name.lower()).split()
    return bool(words & _WORDS) or bool(stripped and set(stripped) <= _ALONE)


def unit_in_name(name: str) -> float | None:
    """Unit, in seconds, that the name of a time column ends with, as Time_ms and "Time, s" do."""
    words = [part.lower() for part in re.findall(r"[^\W\d_]+", name)]
    words += [part.lower() for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-zµμ]+", name)[-1:]]
    return next((UNITS[word] for word in reversed(words) if word in UNITS), None)


def epoch_unit(number: float) -> float | None:
    """Unit, in seconds, of a number that is too large for anything but a time since 1970."""
    return next((unit for least, unit in _EPOCHS if number >= least), None)


def is_text_time(text: str) -> bool:
    """Whether a text is a date or time of day, not a number."""
    return text_seconds(text) is not None


def is_time_of_day(text: str) -> bool:
    """Whether a text is a time without a date, which starts again after a day."""
    return bool(_CLOCK.fullmatch(text))


def text_seconds(text: str) -> float | None:
    """Seconds of h:mm:ss, mm:ss, or a date and time (ISO 8601, or as Excel writes them)."""
    clock = _CLOCK.fullmatch(text)
    if clock:
        hours, minutes, rest, half = clock.groups()
        return _hour(hours, half) * 3600 + int(minutes) * 60 + _decimal(rest)
    found = _DATE.fullmatch(text)
    if not found:
        return None
    first, sign, second, third, hour, minute, rest, half, zone = found.groups()
    year, month, day = int(first), int(second), int(third)
    if len(first) < 3:
        year = int(third)
        day, month = int(first), int(second)
        if sign == "/" and day <= 12:
            day, month = month, day
    try:
        moment = datetime(year, month, day, tzinfo=timezone.utc)
        moment += timedelta(hours=_hour(hour, half), minutes=int(minute or 0))
        if zone and zone[0] in "+-":
            away = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
            moment += -away if zone[0] == "+" else away
    except (ValueError, OverflowError):
        return None
    return moment.timestamp() + _decimal(rest or "0")


def _hour(text: str | None, half: str | None) -> int:
    """Hour of the day; `half` is the letter of AM or PM."""
    hour = int(text or 0)
    return hour if half is None else hour % 12 + 12 * (half in "Pp")


def _decimal(text: str) -> float:
    return float(text.replace(",", ".").replace(":", "."))
