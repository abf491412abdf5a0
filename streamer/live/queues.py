"""Bounded queues between the threads of a run, which count what they drop."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, NamedTuple, TypeVar

E = TypeVar("E")


class Amount(NamedTuple):
    """Samples, of each signal."""

    received: int = 0
    denoised: int = 0

    def plus(self, more: Amount) -> Amount:
        """Both together."""
        return Amount(self.received + more.received, self.denoised + more.denoised)


class Queue(Generic[E]):
    """Entries on their way from one thread to another; full, it drops the oldest or waits."""

    def __init__(self, size: int, waits: Callable[[], bool]) -> None:
        self._size, self._waits = size, waits
        self._entries: deque[tuple[E, Amount]] = deque()
        self._change = threading.Condition()  # guards all
        self._closed = self._abandoned = False
        self.dropped = Amount()

    def put(self, entry: E, amount: Amount) -> None:
        """Add an entry with so many samples."""
        with self._change:
            if self._waits():
                self._change.wait_for(lambda: len(self._entries) < self._size or self._abandoned)
            self._entries.append((entry, amount))
            self._drop(0 if self._abandoned else self._size)
            self._change.notify_all()

    def _drop(self, left: int) -> None:
        while len(self._entries) > left:
            self.dropped = self.dropped.plus(self._entries.popleft()[1])

    def __iter__(self) -> Iterator[tuple[E, Amount]]:
        """The entries as they come, until the queue is closed and empty."""
        while True:
            with self._change:
                self._change.wait_for(lambda: self._entries or self._closed)
                if not self._entries:
                    return
                entry = self._entries.popleft()
                self._change.notify_all()
            yield entry

    @property
    def fill(self) -> float:
        """How full it is, 0 to 1."""
        return len(self._entries) / self._size

    def close(self) -> None:
        """No more entries will come."""
        with self._change:
            self._closed = True
            self._change.notify_all()

    def abandon(self, amount: Amount) -> None:
        """Nobody takes entries any more: drop them all, and one of so many samples."""
        with self._change:
            self._abandoned = True
            self.dropped = self.dropped.plus(amount)
            self._drop(0)
            self._change.notify_all()
