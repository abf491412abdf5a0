"""Write the files of one recording so that they appear only when all are complete.

Files are written to a temporary folder beside their place, then renamed: the stamp first, the main
file last. The stamp holds size and modification time of every file, so that a recording which a
kill left incomplete never counts as done.
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
"""Suffix of the stamp, a file that records input, settings and result."""
FLAGS_SUFFIX, ANNOTATIONS_SUFFIX = ".flags.csv", ".annotations.csv"
"""Suffixes of side files."""
_HALF = ".half-"

State = list[list[Any]]
"""Name, size and modification time in ns, of files."""


class Output:
    """Temporary folder of a recording in progress.

    Parameters
    ----------
    target : path of the main file.

    Raises
    ------
    FormatError : a file in its place was not written by an earlier run.
    OSError : it cannot be written.
    """

    def __init__(self, target: Path) -> None:
        self._target = target
        target.parent.mkdir(parents=True, exist_ok=True)
        self._check_free([target.name])
        self.folder = Path(tempfile.mkdtemp(prefix=f".{target.name}{_HALF}", dir=target.parent))

    def __enter__(self) -> Output:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def commit(self, files: Sequence[str], about: dict[str, Any]) -> None:
        """Move all files to their place, in order, with a stamp that holds `about`."""
        self._check_free(files)
        for name in files:
            _sync(self.folder / name)
        text = json.dumps({**about, "output": state(self.folder, files)}, indent=1) + "\n"
        stamp = self._target.name + STAMP_SUFFIX
        (self.folder / stamp).write_text(text)
        _sync(self.folder / stamp)
        for name in (stamp, *files):
            os.replace(self.folder / name, self._target.with_name(name))
        _sync(self._target.parent)

    def _check_free(self, files: Sequence[str]) -> None:
        if read_stamp(self._target) is not None:
            return
        taken = [file for name in files if (file := self._target.with_name(name)).exists()]
        if taken:
            raise FormatError(f"{taken[0]} exists and was not made by ecgstream denoise")


def read_stamp(target: Path) -> dict[str, Any] | None:
    """Read the stamp of a recording; None when there is none."""
    try:
        stamp = json.loads(target.with_name(target.name + STAMP_SUFFIX).read_text())
    except (OSError, ValueError):
        return None
    return stamp if isinstance(stamp, dict) else None


def state(folder: Path, files: Iterable[str]) -> State:
    """Size and modification time of files.

    Raises
    ------
    OSError : there is no such file.
    """
    found = [(name, os.stat(folder / name)) for name in files]
    return [[name, info.st_size, info.st_mtime_ns] for name, info in found]


def unchanged(folder: Path, known: Any) -> bool:
    """Whether files still have the `state` in a stamp."""
    try:
        return bool(known) and state(folder, [name for name, _, _ in known]) == known
    except (OSError, TypeError, ValueError):
        return False


def clear_leftovers(folder: Path) -> None:
    """Remove temporary folders of killed runs; the caller holds the folder's lock."""
    for path, folders, _ in os.walk(folder):
        for name in [name for name in folders if name.startswith(".") and _HALF in name]:
            shutil.rmtree(Path(path, name), ignore_errors=True)
            folders.remove(name)


def _sync(path: Path) -> None:
    """Flush a file, or the names in a folder, to the disk."""
    windows = os.name == "nt"  # which syncs files that are open to write, and no folders
    if windows and path.is_dir():
        return
    number = os.open(path, os.O_RDWR if windows else os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
