"""Registry of file formats: one class per format, in a module of its own."""

from __future__ import annotations

from pathlib import Path

from ecgstream.streamer.io.base import Format
from ecgstream.streamer.io.formats.csv import CsvFormat
from ecgstream.streamer.io.formats.edf import BdfFormat, EdfFormat
from ecgstream.streamer.io.formats.numpy import NumpyFormat
from ecgstream.streamer.io.formats.wfdb import WfdbFormat

WFDB = WfdbFormat()
FORMATS: dict[str, Format] = {
    format_.name: format_
    for format_ in (WFDB, EdfFormat(), BdfFormat(), CsvFormat(), NumpyFormat())
}
"""All formats, by name."""


def recognize(path: Path, named: bool = False) -> Format | None:
    """Return the format of a file by its suffix; None for others.

    Parameters
    ----------
    path : of the file, which need not exist.
    named : a user named the file, so that suffixes too common to search for count, too.
    """
    suffix = path.suffix.lower()
    for format_ in FORMATS.values():
        if suffix in format_.suffixes or (named and suffix in format_.other_suffixes):
            return format_
    return None
