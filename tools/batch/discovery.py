"""Find the recordings to denoise and name the files to write."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ecgstream.streamer.io.base import Format
from ecgstream.streamer.io.formats import FORMATS, WFDB, recognize
from ecgstream.streamer.io.records import find_record
from ecgstream.tools.batch.job import Outcome, Task, reason
from ecgstream.tools.batch.output import ANNOTATIONS_SUFFIX, FLAGS_SUFFIX, STAMP_SUFFIX


class Inputs(NamedTuple):
    """Recordings found in files and folders."""

    tasks: list[Task]
    failures: list[Outcome]
    """Files and folders that cannot be looked at, or have an unknown format."""
    own_outputs: int
    """Number of files left out because an earlier run wrote them."""


def gather(
    names: Sequence[str],
    out: Path,
    target_format: str | None = None,
    data: str | Path | None = None,
) -> Inputs:
    """Find all recordings in files and folders, and plan a task for each.

    A folder's files keep their place in it. Left out are hidden files and folders, segments of
    multi-segment records, and outputs of earlier runs.

    Parameters
    ----------
    names : paths of files and folders, or names of WFDB records as in `find_record`.
    out : folder to write to.
    target_format : name of the format of all written files; None keeps each file's own.
    data : the folder of databases.

    Raises
    ------
    ValueError : two targets are the same, or a target is an input.
    """
    found = Inputs([], [], 0)
    for name in names:
        path = Path(name)
        if path.is_dir():
            found = _folder(found, path, out, target_format)
        else:
            _file(found, name, out, target_format, data)
    _check_targets(found.tasks)
    return found


def _file(
    found: Inputs, name: str, out: Path, target_format: str | None, data: str | Path | None
) -> None:
    path = Path(name)
    source_format = recognize(path, named=True)
    if source_format in (None, WFDB):
        record = find_record(name, data)
        if record is not None:
            path, source_format = record.with_name(f"{record.name}{WFDB.suffix}"), WFDB
    if source_format is None or not path.is_file():
        why = "there is no such file, folder or record"
        if path.is_file():
            known = ", ".join(sorted(s for f in FORMATS.values() for s in f.suffixes))
            why = f"{path.suffix or 'no suffix'} is no format that is read; these are: {known}"
        found.failures.append(Outcome(_task(path, Path(path.name), None, out, target_format), why))
    else:
        found.tasks.append(_task(path, Path(path.name), source_format, out, target_format))


def _folder(found: Inputs, folder: Path, out: Path, target_format: str | None) -> Inputs:
    made = 0

    def note(error: OSError) -> None:
        path = Path(error.filename or folder)
        found.failures.append(
            Outcome(_task(path, Path(path.name), None, out, target_format), reason(error))
        )

    for place, folders, files in os.walk(folder, onerror=note):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        there = set(files)
        parts = {name for f in FORMATS.values() for name in f.parts(Path(place), _mains(f, files))}
        for file in sorted(files):
            path = Path(place, file)
            source_format = recognize(path)
            if source_format is None or file.startswith(".") or file in parts:
                continue
            if _main(file) + STAMP_SUFFIX in there:
                made += 1
            else:
                found.tasks.append(
                    _task(path, path.relative_to(folder), source_format, out, target_format)
                )
    return found._replace(own_outputs=found.own_outputs + made)


def _main(file: str) -> str:
    """Name of the main file that a side file belongs to."""
    return file.removesuffix(FLAGS_SUFFIX).removesuffix(ANNOTATIONS_SUFFIX)


def _mains(format_: Format, files: Sequence[str]) -> list[str]:
    """Names of the main files of a format."""
    return [file for file in files if file.endswith(tuple(format_.suffixes))]


def _task(
    path: Path, place: Path, source_format: Format | None, out: Path, target_format: str | None
) -> Task:
    """Plan a task; `source_format` is None for a file that only gets a failed outcome."""
    target, name = out / place, source_format.name if source_format else ""
    if target_format is not None and target_format != name:
        target = target.with_suffix(FORMATS[target_format].suffix)
    elif source_format is not None:
        target = source_format.target(target)
    size = _size(path, source_format)
    return Task(path.absolute(), name, target.absolute(), target_format or name, size)


def _size(path: Path, format_: Format | None) -> int:
    """Approximate bytes of samples, at least one, for the progress bar."""
    try:
        return (format_.size(path) if format_ else path.stat().st_size) or 1
    except OSError:
        return 1


def _check_targets(tasks: Sequence[Task]) -> None:
    """Check that targets are distinct and that none is an input."""
    sources = {task.source.resolve() for task in tasks}
    taken: dict[Path, Task] = {}
    for task in tasks:
        target = task.target.resolve()
        if target in sources:
            raise ValueError(
                f"{task.target} would take the place of an original: choose another --out"
            )
        other = taken.setdefault(target, task)
        if other.source != task.source:
            raise ValueError(
                f"{other.source} and {task.source} would both become {task.target}: name the "
                "folder that holds them both, or run them one by one into folders of their own"
            )
        if other is not task:
            raise ValueError(f"{task.source} is named twice")
