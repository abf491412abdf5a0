"""Bounded queues between the threads of a run; they count the samples that they drop."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, NamedTuple, TypeVar

E = TypeVar("E")


class SampleCount(NamedTuple):
    """Numbers of samples of each channel."""

    received: int = 0
    denoised: int = 0

    def plus(self, other: SampleCount) -> SampleCount:
        """Return the sum of both."""
        return SampleCount(self.received + other.received, self.denoised + other.denoised)


class Queue(Generic[E]):
    """First-in, first-out queue from one thread to another.

    Parameters
    ----------
    size : greatest sum of the entries' sizes; one entry is always taken, whatever its size.
    blocking : asked at each `put`: whether it waits while the queue is full. Otherwise the oldest
        entry is dropped.
    """

    def __init__(self, size: int, blocking: Callable[[], bool]) -> None:
        self._size, self._blocking = size, blocking
        self._entries: deque[tuple[E, SampleCount, int]] = deque()
        self._filled = 0  # sum of the entries' sizes
        self._change = threading.Condition()  # guards every attribute
        self._closed = self._abandoned = False
        self.dropped = SampleCount()
        """Samples of the entries that were dropped."""

    def put(self, entry: E, samples: SampleCount, size: int) -> None:
        """Add an entry that holds that many samples and takes that much of the queue's room."""
        with self._change:
            if self._blocking():
                self._change.wait_for(lambda: self._has_room(size) or self._abandoned)
            while self._entries and not self._has_room(size):
                self._drop()
            self._entries.append((entry, samples, size))
            self._filled += size
            if self._abandoned:
                self._drop()
            self._change.notify_all()

    def _has_room(self, size: int) -> bool:
        return not self._entries or self._filled + size <= self._size

    def _drop(self) -> None:
        self.dropped = self.dropped.plus(self._take()[1])

    def _take(self) -> tuple[E, SampleCount]:
        entry, samples, size = self._entries.popleft()
        self._filled -= size
        return entry, samples

    def __iter__(self) -> Iterator[tuple[E, SampleCount]]:
        """Yield entries as they arrive, until the queue is closed and empty."""
        while True:
            with self._change:
                self._change.wait_for(lambda: self._entries or self._closed)
                if not self._entries:
                    return
                entry = self._take()
                self._change.notify_all()
            yield entry

    @property
    def fill(self) -> float:
        """Fill level, 0 to 1."""
        return min(1.0, self._filled / self._size)

    def close(self) -> None:
        """Announce that no more entries follow."""
        with self._change:
            self._closed = True
            self._change.notify_all()

    def abandon(self, unprocessed: SampleCount | None = None) -> None:
        """Drop all entries, now and later, since nobody reads them any more.

        `unprocessed` samples of the entry read last count as dropped, too.
        """
        with self._change:
            self._abandoned = True
            if unprocessed is not None:
                self.dropped = self.dropped.plus(unprocessed)
            while self._entries:
                self._drop()
            self._change.notify_all()
