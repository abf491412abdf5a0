"""One command at a time writes to an output folder, on Linux and on Windows."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from ecgstream.tools.batch.folder_lock import locked


class WindowsLocks:
    """Stand-in for `msvcrt`: it refuses a second lock on a file with PermissionError."""

    LK_NBLCK = 2

    def __init__(self) -> None:
        self._held: dict[tuple[int, int], int] = {}

    def locking(self, descriptor: int, mode: int, count: int) -> None:
        assert (mode, count) == (self.LK_NBLCK, 1)
        info = os.fstat(descriptor)
        key = info.st_dev, info.st_ino
        holder = self._held.get(key, descriptor)  # a number that is used again holds nothing
        if holder != descriptor and _is_open(holder):
            raise PermissionError("locked")
        self._held[key] = descriptor


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


@pytest.fixture(params=["posix", "windows"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "windows":
        monkeypatch.setitem(sys.modules, "msvcrt", WindowsLocks())
        stand_in = SimpleNamespace(**{**vars(os), "name": "nt"})
        monkeypatch.setattr("ecgstream.tools.batch.folder_lock.os", stand_in)
    return str(request.param)


def test_a_folder_is_locked_once_and_free_afterwards(system: str, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "out"
    with (
        locked(folder),
        pytest.raises(RuntimeError, match=f"another ecgstream denoise writes to {folder}"),
        locked(folder),
    ):
        pass
    with locked(folder):
        assert (folder / ".ecgstream.lock").exists() == (system == "windows")
