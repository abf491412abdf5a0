"""Sources by address.

To add a kind of source, write its file, with a `scheme` and a classmethod `from_address`, and
add it to `SOURCES`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from urllib.parse import parse_qsl

from ecgstream.streamer.live.sources.base import Source
from ecgstream.streamer.live.sources.lines import LineSource
from ecgstream.streamer.live.sources.record import Replay

SOURCES: dict[str, Callable[..., Source]] = {
    Replay.scheme: Replay.from_address,
    LineSource.scheme: LineSource.from_address,
}
"""Constructors by the scheme of the address."""


def open_source(address: str) -> Source:
    """Open the source at an address: a scheme, a colon, a place, and options in a query.

    Parameters
    ----------
    address : for example `record:208b`, `record:208b?start=60&duration=10`,
        `lines:/dev/ttyACM0?fs=250&gain=200`. The options are the numeric parameters of the
        class's `from_address`.

    Raises
    ------
    ValueError : unknown scheme or option, or an option that is not a number.
    OSError, RecordError : the source cannot be opened.
    """
    scheme, _, rest = address.partition(":")
    if scheme not in SOURCES:
        schemes = ", ".join(f"{scheme}:" for scheme in SOURCES)
        raise ValueError(f"unknown source {address!r}: its address begins with one of {schemes}")
    place, _, query = rest.partition("?")
    known = [*inspect.signature(SOURCES[scheme]).parameters][1:]
    options = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in known:
            raise ValueError(f"unknown option {name!r} of {scheme}: choose from {', '.join(known)}")
        try:
            options[name] = float(value)
        except ValueError:
            raise ValueError(f"option {name} of {scheme}: {value!r} is not a number") from None
    return SOURCES[scheme](place, **options)
