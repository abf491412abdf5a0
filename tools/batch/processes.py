"""Recordings denoised by some processes of this machine.

Each process has its own connection, so that one that dies, for want of memory or in a library,
takes one recording with it and no other.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from typing import NamedTuple

from ecgstream.tools.batch.job import Outcome, Settings, Task, attempt

POLL_SECONDS = 0.2
"""Seconds without news after which the caller gets its turn."""
_CONTEXT = get_context("spawn")  # a fork would copy the threads of libraries in some state


class TaskProgress(NamedTuple):
    """So much of a recording is done."""

    task: Task
    fraction: float


Event = TaskProgress | Outcome | None
"""What happened; None when nothing did for a while."""


def on_processes(jobs: int, tasks: Sequence[Task], settings: Settings) -> Iterator[Event]:
    """Denoise in `jobs` processes. Closing the iterator ends them at once."""
    # One thread each: numpy's own would only take the cores from the other processes.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    waiting = deque(tasks)
    workers = [_Worker(settings) for _ in range(min(jobs, len(tasks)))]
    try:
        for worker in workers:
            worker.give(waiting.popleft())
        while busy := [worker for worker in workers if worker.task is not None]:
            ready = wait([worker.connection for worker in busy], POLL_SECONDS)
            if not ready:
                yield None
            for worker in busy:
                if worker.connection not in ready:
                    continue
                news = worker.news()
                yield news
                if isinstance(news, Outcome) and waiting:
                    worker.give(waiting.popleft())
    finally:
        for worker in workers:
            worker.end()


class _Worker:
    """A process, and a new one after it died."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.task: Task | None = None
        self._start()

    def _start(self) -> None:
        self.connection, other = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(target=_serve, args=(other, self._settings), daemon=True)
        self._process.start()
        other.close()

    def give(self, task: Task) -> None:
        """Let it denoise a recording."""
        self.task = task
        with suppress(OSError):  # it is dead, which `news` will find
            self.connection.send(task)

    def news(self) -> TaskProgress | Outcome:
        """What it says; waits for it."""
        assert self.task is not None
        try:
            news = self.connection.recv()
        except (EOFError, ConnectionResetError):
            self.end()
            why = f"its process died (exit code {self._process.exitcode}); out of memory?"
            news = Outcome(self.task, why)
            self._start()
        if isinstance(news, float):
            return TaskProgress(self.task, news)
        self.task = None
        outcome: Outcome = news
        return outcome

    def end(self) -> None:
        """End it, whatever it does."""
        self._process.terminate()
        self._process.join()
        self.connection.close()


def _serve(connection: Connection, settings: Settings) -> None:
    """Denoise what comes until nobody sends any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all; the parent decides
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while True:
        try:
            task = connection.recv()
        except EOFError:
            return
        connection.send(attempt(task, settings, connection.send))


def _end_with_parent() -> None:
    """Do not outlive a parent that was killed."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
