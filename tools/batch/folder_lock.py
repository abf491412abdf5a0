"""Lock on an output folder, so that one command at a time writes to it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOCK_FILE = ".ecgstream.lock"
"""In the folder, on Windows, which cannot lock a folder itself."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Create the folder and hold its lock; a process that dies releases it.

    A file system without locks is used without one.

    Raises
    ------
    RuntimeError : another process holds the lock.
    OSError : the folder cannot be created or opened.
    """
    folder.mkdir(parents=True, exist_ok=True)
    windows = os.name == "nt"
    if windows:
        descriptor = os.open(folder / _LOCK_FILE, os.O_RDWR | os.O_CREAT)
    else:
        descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            (_lock_windows if windows else _lock_posix)(descriptor)
        except (BlockingIOError, PermissionError):
            raise RuntimeError(f"another ecgstream denoise writes to {folder}") from None
        except OSError:
            pass  # a file system without locks
        yield
    finally:
        os.close(descriptor)


def _lock_posix(descriptor: int) -> None:
    import fcntl

    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _lock_windows(descriptor: int) -> None:
    from importlib import import_module

    msvcrt = import_module("msvcrt")  # which type checkers know on Windows only
    msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
