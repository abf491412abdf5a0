"""What there is to denoise, and where it goes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ecgstream.streamer.io.formats import FORMS, NAMED, SUFFIXES
from ecgstream.streamer.io.records import find_record
from ecgstream.tools.batch.job import Outcome, Task, reason
from ecgstream.tools.batch.output import FLAGS, MARKS, STAMP


class Inputs(NamedTuple):
    """What was found."""

    tasks: list[Task]
    failures: list[Outcome]
    """What cannot even be looked at."""
    made: int
    """Files in folders that are of an earlier run and left out."""


def gather(
    names: Sequence[str], out: Path, form: str | None = None, data: str | Path | None = None
) -> Inputs:
    """The recordings of all files and folders, each with its place under `out`.

    A folder's files keep their place in it. Left out are hidden files and folders, segments of
    records that are there as a whole, and what this command made.

    Parameters
    ----------
    names : paths of files and folders, or names of WFDB records as in `find_record`.
    out : folder to write to.
    form : of all that is written; None keeps each file's own.
    data : the folder of databases.

    Raises
    ------
    ValueError : two would get the same name, or one would take the place of an input.
    """
    found = Inputs([], [], 0)
    for name in names:
        path = Path(name)
        if path.is_dir():
            found = _folder(found, path, out, form)
        else:
            _file(found, name, out, form, data)
    _check_targets(found.tasks)
    return found


def _file(found: Inputs, name: str, out: Path, form: str | None, data: str | Path | None) -> None:
    path = Path(name)
    kind = NAMED.get(path.suffix.lower())
    if kind in (None, "wfdb"):
        record = find_record(name, data)
        if record is not None:
            path, kind = record.with_name(f"{record.name}.hea"), "wfdb"
    if kind is None or not path.is_file():
        why = "there is no such file, folder or record"
        if path.is_file():
            known = ", ".join(sorted(SUFFIXES))
            why = f"{path.suffix or 'no suffix'} is no format that is read; these are: {known}"
        found.failures.append(Outcome(_task(path, Path(path.name), "csv", out, form), why))
    else:
        found.tasks.append(_task(path, Path(path.name), kind, out, form))


def _folder(found: Inputs, folder: Path, out: Path, form: str | None) -> Inputs:
    made = 0

    def note(error: OSError) -> None:
        path = Path(error.filename or folder)
        found.failures.append(
            Outcome(_task(path, Path(path.name), "csv", out, form), reason(error))
        )

    for place, folders, files in os.walk(folder, onerror=note):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        there = set(files)
        segments = set(_segments([Path(place, f) for f in files if f.endswith(".hea")]))
        for file in sorted(files):
            path = Path(place, file)
            kind = SUFFIXES.get(path.suffix.lower())
            if kind is None or file.startswith(".") or (kind == "wfdb" and path.stem in segments):
                continue
            if _main(file) + STAMP in there:
                made += 1
            else:
                found.tasks.append(_task(path, path.relative_to(folder), kind, out, form))
    return found._replace(made=found.made + made)


def _main(file: str) -> str:
    """The file that a side file belongs to."""
    return file.removesuffix(FLAGS).removesuffix(MARKS)


def _segments(headers: Sequence[Path]) -> Iterator[str]:
    """Names of the records that are only parts of others."""
    for header in headers:
        try:
            with open(header, encoding="latin-1") as file:
                lines = [line for line in file.read(1 << 20).splitlines() if line[:1] not in "#"]
        except OSError:
            continue  # the record itself will say so
        if lines and re.match(r"\s*[-\w]+/\d+\s", lines[0]):
            yield from (line.split()[0] for line in lines[1:] if line.split())


def _task(path: Path, place: Path, kind: str, out: Path, form: str | None) -> Task:
    target = out / place
    if form is not None and form != kind:
        target = target.with_suffix(FORMS[form])
    elif kind == "wfdb":
        target = target.with_suffix(".hea")
    return Task(path.absolute(), kind, target.absolute(), form or kind, _size(path, kind))


def _size(path: Path, kind: str) -> int:
    """Bytes of samples, about; at least one."""
    try:
        if kind != "wfdb":
            return path.stat().st_size or 1
        parts = [*path.parent.glob(f"{path.stem}.dat"), *path.parent.glob(f"{path.stem}_*.dat")]
        return sum(part.stat().st_size for part in parts) or 1
    except OSError:
        return 1


def _check_targets(tasks: Sequence[Task]) -> None:
    """Make sure that every recording has a name of its own, and that no input has it."""
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
