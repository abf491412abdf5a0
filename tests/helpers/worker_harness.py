"""Test harness of the worker: a clock that the test drives, and numbered records."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ecgstream.gui.playback.snapshot import Excerpt, Snapshot, State
from ecgstream.gui.playback.worker import Worker
from ecgstream.gui.settings.monitor_settings import MonitorSettings
from ecgstream.streamer.io.records import Annotations, Record, read_record
from helpers.fakes import FakeClock, Identity
from helpers.patience import MAX_WAIT_SECONDS

FS = 360


class ManualClock(FakeClock):
    """Clock that advances only while a thread sleeps on it, as far as the test allows.

    As in life engine and screen are quicker than the signal, unless a test sets `idle` otherwise.
    """

    def __init__(self) -> None:
        super().__init__()
        self.allowed = 0.0
        self.idle: Callable[[], bool] = lambda: True
        """Whether all signal that is due so far was processed."""
        self._change = threading.Condition()
        self._end = 0.0  # of the sleep

    def sleep(self, seconds: float) -> None:
        with self._change:
            self._end = self.time + seconds
            self._change.wait_for(lambda: not self.asleep)
        while not self.idle() and self.allowed < np.inf:
            threading.Event().wait(0.0002)
        with self._change:
            self.time += seconds  # another thread may have let it jump meanwhile

    @property
    def asleep(self) -> bool:
        """Whether a thread sleeps until the test allows more time."""
        return self.allowed < self._end - 1e-9

    def allow(self, seconds: float) -> None:
        with self._change:
            self.allowed += seconds
            self._change.notify_all()

    def skip(self, seconds: float) -> None:
        """Advance the clock at once, as if every thread had stood still."""
        with self._change:
            self.time += seconds
            self.allowed += seconds
            self._change.notify_all()


def numbered(seconds: float = 60, leads: tuple[str, ...] = ("I", "II"), fs: float = FS) -> Record:
    """A record whose samples are their own numbers in µV, negative in every second lead."""
    number = np.arange(round(seconds * fs)) / 1000
    signals = np.stack([number * (-1) ** i for i in range(len(leads))], axis=1)
    marks = {1: ("+", "(N"), 30: ("N", ""), 720: ("V", ""), 1080: ("+", "(AFIB"), 1800: ("~", "")}
    symbols, notes = zip(*marks.values(), strict=True)
    annotations = Annotations(np.array([*marks]), list(symbols), list(notes))
    return Record("numbered", signals.astype(np.float32), fs, leads, annotations=annotations)


class WorkerHarness:
    """A worker with an identity for a model and no noise unless told otherwise."""

    def __init__(self, given: Record | None, **settings: Any) -> None:
        self.gate = ManualClock()
        chosen = MonitorSettings(**{"model": Identity(), "noise": None} | settings)
        read = read_record if given is None else lambda name, data: given
        self.worker = Worker(chosen, self.gate, read=read)
        self.gate.idle = lambda: self.worker.settled

    @property
    def snapshot(self) -> Snapshot:
        """The present snapshot, with all signal."""
        return self.worker.snapshot(600)

    @property
    def shown(self) -> Excerpt:
        shown = self.snapshot.shown
        assert shown is not None
        return shown

    def until(self, condition: Callable[[Snapshot], object]) -> Snapshot:
        """The first snapshot for which `condition` is true."""
        end = time.monotonic() + MAX_WAIT_SECONDS
        while time.monotonic() < end:
            snapshot = self.snapshot
            if condition(snapshot):
                return snapshot
            threading.Event().wait(0.002)
        raise AssertionError(f"this did not come about; there is {self.snapshot}")

    def play(self, seconds: float = 0.0) -> Excerpt:
        """Let time pass, and return once all signal of it is shown."""
        self.until(lambda snapshot: snapshot.state is State.PLAYING and self.gate.asleep)
        self.gate.allow(seconds)
        self.until(lambda snapshot: self.gate.asleep and self.worker.settled)
        return self.shown

    def received(self, count: int) -> Excerpt:
        """Return what is shown once that many samples were received."""
        self.until(lambda snapshot: snapshot.shown and snapshot.shown.received == count)
        return self.shown

    def jump(self, second: float) -> None:
        """Jump to a second of the record."""
        run_number = self.shown.run_number
        self.worker.jump(second)
        self.gate.allow(1 / 60)  # the piece under way
        self.until(lambda snapshot: snapshot.shown and snapshot.shown.run_number != run_number)


@contextmanager
def running(given: Record | None = None, **settings: Any) -> Iterator[WorkerHarness]:
    """Start a worker, and close it in the end."""
    bench = WorkerHarness(given, **settings)
    bench.worker.start()
    try:
        yield bench
    finally:
        bench.gate.allow(np.inf)
        bench.worker.close()
        assert not bench.worker.alive
