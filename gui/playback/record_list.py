"""Records that the monitor offers."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

from ecgstream.streamer.ecg.noise import RECORDED
from ecgstream.streamer.engine.settings import MAX_FS, MIN_FS
from ecgstream.streamer.io.records import (
    ASSETS,
    BUNDLED,
    DATA_VARIABLE,
    DOWNLOADS,
    data_folder,
    find_record,
    headers,
)


class Choice(NamedTuple):
    """Name of a record for `read_record`, and its label in the list."""

    name: str
    label: str


def bundled_choices() -> list[Choice]:
    """Return the bundled records."""
    return [Choice(excerpt, f"{record} (bundled)") for record, excerpt in BUNDLED.items()]


def folder_choices(data: str | Path | None = None) -> list[Choice]:
    """Return the ECG records of the data folder with a sampling rate that the engine supports.

    Raises
    ------
    RecordError : the folder does not exist.
    """
    folder = data_folder(data)
    if folder is None:
        return []
    names = (
        header.relative_to(folder).with_suffix("").as_posix()
        for header in headers(folder)
        if header.stem not in RECORDED and MIN_FS <= _rate(header) <= MAX_FS
    )
    return [Choice(name, name) for name in names]


def download_folder(data: str | Path | None = None) -> Path:
    """Return the folder for downloads: the data folder, which need not exist yet."""
    return Path(data or os.environ.get(DATA_VARIABLE) or DOWNLOADS).expanduser()


def listed_name(name: str, data: str | Path | None = None) -> str:
    """Return the name under which the choices list a record, or `name` where they do not.

    Raises
    ------
    RecordError : the data folder does not exist.
    """
    path, folder = find_record(name, data), data_folder(data)
    if path is not None and path.parent == ASSETS:
        return path.name
    if path is not None and folder is not None and path.is_relative_to(folder):
        return path.relative_to(folder).as_posix()
    return name


def _rate(header: Path) -> float:
    """Return the sampling rate in a WFDB header, Hz; 0 where it cannot be read."""
    try:
        with header.open(errors="replace") as lines:
            record_line = next((line for line in lines if not line.startswith("#")), "")
    except OSError:
        return 0.0
    rate = re.match(r"\S+\s+\d+\s+(\d+\.?\d*)", record_line)
    return float(rate[1]) if rate else 0.0
