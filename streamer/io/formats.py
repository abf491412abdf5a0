"""Which format a file has, and who reads and writes it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ecgstream.streamer.io.base import Reader, Writer
from ecgstream.streamer.io.csv import CsvCopy, CsvReader, CsvWriter
from ecgstream.streamer.io.edf import EdfCopy, EdfReader
from ecgstream.streamer.io.edf_writer import EdfWriter
from ecgstream.streamer.io.npy import ArrayCopy, ArrayReader, ArrayWriter
from ecgstream.streamer.io.wfdb_reader import WfdbReader
from ecgstream.streamer.io.wfdb_writer import WfdbWriter

FORMS = {"wfdb": ".hea", "edf": ".edf", "csv": ".csv", "npy": ".npy"}
"""The formats, each with the suffix of a new file."""
SUFFIXES = {
    ".hea": "wfdb",
    **{".edf": "edf", ".bdf": "edf"},
    **{".csv": "csv", ".tsv": "csv"},
    **{".npy": "npy", ".npz": "npy"},
}
"""Of the files that are looked for in a folder."""
NAMED = {**SUFFIXES, ".dat": "wfdb", ".txt": "csv"}
"""Of the files that may be named."""


def reader_of(form: str, path: Path, fs: float | None, millivolts: float | None) -> Reader:
    """The reader of a file; `fs` and `millivolts` are for formats that do not say them.

    Raises
    ------
    FormatError, OSError : it cannot be read.
    """
    if form == "wfdb":
        return WfdbReader(path.with_suffix(""))
    if form == "edf":
        return EdfReader(path)
    if form == "csv":
        return CsvReader(path, fs, millivolts or 1.0)
    return ArrayReader(path, fs, millivolts)


def writer_of(
    form: str, folder: Path, name: str, reader: Reader, changed: Sequence[int], about: str
) -> Writer:
    """Who writes a file in that format: the input's own with other samples, or a new one.

    Parameters
    ----------
    form : of the file.
    folder : to write it in.
    name : of its main file.
    reader : of the input.
    changed : numbers of the signals that are denoised.
    about : what the file is to say about itself.

    Raises
    ------
    FormatError, OSError : it cannot be written.
    """
    if form == "wfdb":
        return WfdbWriter(folder, name.removesuffix(FORMS[form]), reader, about)
    if form == "edf":
        if isinstance(reader, EdfReader):
            return EdfCopy(folder, name, reader, changed, about)
        return EdfWriter(folder, name, reader, about)
    if form == "csv":
        if isinstance(reader, CsvReader):
            return CsvCopy(folder, name, reader, changed, about)
        return CsvWriter(folder, name, reader, about)
    if isinstance(reader, ArrayReader):
        return ArrayCopy(folder, name, reader, changed, about)
    return ArrayWriter(folder, name, reader, about)
