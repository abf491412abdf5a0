"""A stand for tests of the worker: time that passes when the test lets it, and small records."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ecgstream.gui.playback.snapshot import Shown, State, View
from ecgstream.gui.playback.worker import Worker
from ecgstream.gui.settings.monitor_settings import MonitorSettings
from ecgstream.streamer.io.records import Annotations, Record, read_record
from helpers.fakes import FakeClock, Identity

FS = 360
_PATIENCE = 20.0  # s until a test says that what it waits for does not come


class Gate(FakeClock):
    """Time that passes only while somebody sleeps, as far as the test allows.

    As in life engine and screen are quicker than the signal, unless a test sets `idle` otherwise.
    """

    def __init__(self) -> None:
        super().__init__()
        self.allowed = 0.0
        self.idle: Callable[[], bool] = lambda: True
        """Whether all is done that time has brought so far."""
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
        """Whether somebody sleeps until the test allows more."""
        return self.allowed < self._end - 1e-9

    def allow(self, seconds: float) -> None:
        with self._change:
            self.allowed += seconds
            self._change.notify_all()

    def skip(self, seconds: float) -> None:
        """Let so much time be over at once, as if everything had stood still."""
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


class Bench:
    """A worker with an identity for a model and no noise unless told otherwise."""

    def __init__(self, given: Record | None, **settings: Any) -> None:
        self.gate = Gate()
        chosen = MonitorSettings(**{"model": Identity(), "noise": None} | settings)
        read = read_record if given is None else lambda name, data: given
        self.worker = Worker(chosen, self.gate, read=read)
        self.gate.idle = lambda: self.worker.settled

    @property
    def view(self) -> View:
        """All that there is to show."""
        return self.worker.view(600)

    @property
    def shown(self) -> Shown:
        shown = self.view.shown
        assert shown is not None
        return shown

    def until(self, condition: Callable[[View], object]) -> View:
        """The first view of which that is true."""
        for _ in range(round(_PATIENCE / 0.004)):
            view = self.view
            if condition(view):
                return view
            threading.Event().wait(0.002)
        raise AssertionError(f"this did not come about; there is {self.view}")

    def play(self, seconds: float = 0.0) -> Shown:
        """Let so much time pass, and all that comes in it be shown."""
        self.until(lambda view: view.state is State.PLAYING and self.gate.asleep)
        self.gate.allow(seconds)
        self.until(lambda view: self.gate.asleep and self.worker.settled)
        return self.shown

    def received(self, count: int) -> Shown:
        """What is shown as soon as so much has been received."""
        self.until(lambda view: view.shown and view.shown.received == count)
        return self.shown

    def jump(self, second: float) -> None:
        """Go on from that second of the record."""
        passes = self.shown.passes
        self.worker.jump(second)
        self.gate.allow(1 / 60)  # the piece under way
        self.until(lambda view: view.shown and view.shown.passes != passes)


@contextmanager
def running(given: Record | None = None, **settings: Any) -> Iterator[Bench]:
    """A bench whose worker runs, and is closed in the end."""
    bench = Bench(given, **settings)
    bench.worker.start()
    try:
        yield bench
    finally:
        bench.gate.allow(np.inf)
        bench.worker.close()
        assert not bench.worker.alive
