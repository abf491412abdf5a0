"""A WFDB signal file that grows during the run, and whose newest frames may still change."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

Frames = npt.NDArray[np.int32]


def create(path: Path) -> IO[bytes]:
    """Create a file without a buffer: what was not written is known at once."""
    return open(path, "xb", buffering=0)


def write_all(file: IO[bytes], content: bytes) -> None:
    """Write all bytes at the file's position.

    Raises
    ------
    OSError : the disk is full or gone; a part may have been written.
    """
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]


class FrameFile:
    """A `.dat` file in format 16 or 24, and its header.

    Parameters
    ----------
    path : of the record, without suffix.
    bits : of a sample, 16 or 24; the smallest number marks a missing sample.
    units : gain, baseline and unit of all signals, as in a header.
    names : of the signals.

    Raises
    ------
    OSError : it cannot be created.
    """

    def __init__(self, path: Path, bits: int, units: str, names: Sequence[str]) -> None:
        self.path = Path(f"{path}.dat")
        self.limit: int | None = None
        """Frames that the file has room for; None while the disk takes more."""
        self._record, self._bits, self._units, self._names = path, bits, units, names
        self.invalid = -(2 ** (bits - 1))
        """Mark of a missing sample."""
        self.max_adu = -self.invalid - 1
        """Largest magnitude of a sample."""
        self._frame_bytes = bits // 8 * len(names)
        self._file = create(self.path)
        self._first = 0  # number of the first frame that may still change
        self._frames = np.empty((0, len(names)), np.int32)  # from that one on
        self._initial = np.zeros(len(names), np.int64)
        self._sum = np.zeros(len(names), np.int64)

    def extend(self, end: int) -> None:
        """Add frames up to number `end`, all of their samples missing, but none beyond `limit`."""
        end = end if self.limit is None else min(end, self.limit)
        more = end - self._first - len(self._frames)
        if more > 0:
            missing = np.full((more, len(self._names)), self.invalid, np.int32)
            self._frames = np.concatenate([self._frames, missing])

    def put(self, start: int, columns: slice, samples: Frames) -> None:
        """Set samples of the frames from `start` on; those beyond `limit` are left out."""
        self.extend(start + len(samples))
        room = self._frames[start - self._first :, columns]
        room[: len(samples)] = samples[: len(room)]

    def write(self) -> None:
        """Write all frames that may have changed."""
        octets = np.ascontiguousarray(self._frames.astype("<i4")).view(np.uint8)
        stored = octets.reshape(-1, 4)[:, : self._bits // 8].tobytes()
        self._file.seek(self._first * self._frame_bytes)
        write_all(self._file, stored)

    def settle(self, final: int) -> None:
        """Forget the frames before `final`, which are written and do not change any more."""
        done, self._frames = np.split(self._frames, [max(0, final - self._first)])
        if len(done) and not self._first:
            self._initial = done[0].astype(np.int64)
        self._sum += done.sum(axis=0, dtype=np.int64)
        self._first += len(done)

    def on_file(self) -> int:
        """Return the whole frames in the file, as the file system counts them.

        Raises
        ------
        OSError : the disk is gone.
        """
        return os.fstat(self._file.fileno()).st_size // self._frame_bytes

    def stop_growing(self, limit: int) -> None:
        """Cut the file after `limit` frames, for good; those that may still change stay so."""
        self.limit = limit
        self._frames = self._frames[: max(0, limit - self._first)]
        self._file.truncate(limit * self._frame_bytes)

    def sync(self) -> None:
        """Return when everything written is on the disk."""
        os.fsync(self._file.fileno())

    def write_header(
        self, fs: float, length: int | None, base: str, comments: Sequence[str]
    ) -> None:
        """Write the header, or a new one in place of the old one, which stays if that fails.

        Parameters
        ----------
        fs : Hz.
        length : frames; None leaves it open.
        base : time and date of the first frame as a header has them; may be empty.
        comments : lines.
        """
        name = self._record.name
        lines = [f"{name} {len(self._names)} {fs:.12g}"]
        if length:
            lines[0] += f" {length} {base}".rstrip()
        elif base:  # which could follow a length only, and wfdb takes none for open but a missing
            comments = [*comments, f"begins at {base}"]
        for signal, initial, total in zip(self._names, self._initial, self._sum, strict=True):
            sums = f"{initial} {total % 65536} 0"
            lines.append(f"{name}.dat {self._bits} {self._units} {self._bits} 0 {sums} {signal}")
        lines += [f"# {line}" for comment in comments for line in comment.splitlines()]
        half = Path(f"{self._record}.hea.half")
        try:
            with open(half, "w", encoding="utf-8") as file:
                file.write("\n".join(lines) + "\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(half, f"{self._record}.hea")
        except OSError:
            with suppress(OSError):
                half.unlink(missing_ok=True)
            raise

    def close(self) -> None:
        """Close the file."""
        self._file.close()
