"""A disk that a test fills, closes or frees while a recording is written."""

from __future__ import annotations

import errno
import io
from pathlib import Path
from typing import Any

import pytest

from ecgstream.streamer.live.sinks import annotation_log, frame_file


class Disk:
    """Room for that many bytes in all files together; `gone` fails every access."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, room: float = float("inf")) -> None:
        self.room, self.gone = room, False
        self._sizes: dict[str, int] = {}
        disk = self

        class File(io.FileIO):
            def write(self, content: Any) -> int:
                disk.check()
                size = disk._sizes.setdefault(str(self.name), 0)
                # What is in the file already can be overwritten.
                room = max(0, disk.room - sum(disk._sizes.values())) + size - self.tell()
                part = memoryview(content)[: max(0, int(min(room, len(content))))]
                if not part and len(content):
                    raise OSError(errno.ENOSPC, "No space left on device")
                count = super().write(part)
                disk._sizes[str(self.name)] = max(size, self.tell())
                return count

            def truncate(self, size: int | None = None) -> int:
                disk.check()
                count = super().truncate(size)
                disk._sizes[str(self.name)] = count
                return count

            def fileno(self) -> int:
                disk.check()
                return super().fileno()

        def create(path: Path) -> Any:
            disk.check()
            return File(path, "xb")

        monkeypatch.setattr(frame_file, "create", create)
        monkeypatch.setattr(annotation_log, "create", create)

    def check(self) -> None:
        if self.gone:
            raise OSError(errno.EIO, "Input/output error")
