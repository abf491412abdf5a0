"""The files of one recording, which get their names when all of them are complete.

They are made in a folder of their own beside their place. The stamp goes first to its name, the
file that makes the others a recording last. The stamp has the size and the time of change of every
file, so whatever a kill leaves, a recording counts as done only when all of its files are those
that the stamp was written for.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ecgstream.streamer.io.base import FormatError

STAMP_SUFFIX = ".ecgstream.json"
"""Ends the name of the file that tells what was done to a recording."""
FLAGS_SUFFIX, ANNOTATIONS_SUFFIX = ".flags.csv", ".annotations.csv"
"""End the names of side files."""
_HALF = ".half-"

State = list[list[Any]]
"""Name, size and time of change in ns, of files."""


class Output:
    """A recording that is being made.

    Parameters
    ----------
    target : path of the file that makes it a recording.

    Raises
    ------
    FormatError : a file that is not of an earlier run is in the way.
    OSError : it cannot be written.
    """

    def __init__(self, target: Path) -> None:
        self._target = target
        target.parent.mkdir(parents=True, exist_ok=True)
        self._make_sure_free([target.name])
        self.folder = Path(tempfile.mkdtemp(prefix=f".{target.name}{_HALF}", dir=target.parent))

    def __enter__(self) -> Output:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def commit(self, files: Sequence[str], about: dict[str, Any]) -> None:
        """Give all files their names, the last one last, with a stamp that says `about`."""
        self._make_sure_free(files)
        for name in files:
            _sync(self.folder / name)
        text = json.dumps({**about, "output": state(self.folder, files)}, indent=1) + "\n"
        stamp = self._target.name + STAMP_SUFFIX
        (self.folder / stamp).write_text(text)
        _sync(self.folder / stamp)
        for name in (stamp, *files):
            os.replace(self.folder / name, self._target.with_name(name))
        _sync(self._target.parent)

    def _make_sure_free(self, files: Sequence[str]) -> None:
        if read_stamp(self._target) is not None:
            return
        taken = [file for name in files if (file := self._target.with_name(name)).exists()]
        if taken:
            raise FormatError(f"{taken[0]} exists and was not made by ecgstream denoise")


def read_stamp(target: Path) -> dict[str, Any] | None:
    """What an earlier run says about a recording; None when there was none."""
    try:
        stamp = json.loads(target.with_name(target.name + STAMP_SUFFIX).read_text())
    except (OSError, ValueError):
        return None
    return stamp if isinstance(stamp, dict) else None


def state(folder: Path, files: Iterable[str]) -> State:
    """Size and time of change of files as they are now.

    Raises
    ------
    OSError : there is no such file.
    """
    found = [(name, os.stat(folder / name)) for name in files]
    return [[name, info.st_size, info.st_mtime_ns] for name, info in found]


def unchanged(folder: Path, known: Any) -> bool:
    """Whether files are still in the `state` that a stamp has of them."""
    try:
        return bool(known) and state(folder, [name for name, _, _ in known]) == known
    except (OSError, TypeError, ValueError):
        return False


def clear_leftovers(folder: Path) -> None:
    """Remove what killed runs left half-made, when nobody else writes there."""
    for path, folders, _ in os.walk(folder):
        for name in [name for name in folders if name.startswith(".") and _HALF in name]:
            shutil.rmtree(Path(path, name), ignore_errors=True)
            folders.remove(name)


def _sync(path: Path) -> None:
    """Return when a file, or the names in a folder, are on the disk."""
    windows = os.name == "nt"  # which syncs files that are open to write, and no folders
    if windows and path.is_dir():
        return
    number = os.open(path, os.O_RDWR if windows else os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
