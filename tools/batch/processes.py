"""Denoise recordings in worker processes on this machine.

Each process has its own connection, so that one that dies, out of memory or in a library,
fails one recording only.
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
"""Time without an event after which None is yielded."""
_CONTEXT = get_context("spawn")  # a fork would copy the threads of libraries in some state


class TaskProgress(NamedTuple):
    """Progress of one recording, as the fraction done."""

    task: Task
    fraction: float


Event = TaskProgress | Outcome | None
"""Event of a run; None when nothing happened for `POLL_SECONDS`."""


def on_processes(jobs: int, tasks: Sequence[Task], settings: Settings) -> Iterator[Event]:
    """Denoise in `jobs` processes. Closing the iterator ends them at once."""
    # One thread each: numpy's own would only take the cores from the other processes.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    waiting = deque(tasks)
    workers = [_Worker(settings) for _ in range(min(jobs, len(tasks)))]
    try:
        for worker in workers:
            worker.assign(waiting.popleft())
        while busy := [worker for worker in workers if worker.task is not None]:
            ready = wait([worker.connection for worker in busy], POLL_SECONDS)
            if not ready:
                yield None
            for worker in busy:
                if worker.connection not in ready:
                    continue
                news = worker.receive()
                yield news
                if isinstance(news, Outcome) and waiting:
                    worker.assign(waiting.popleft())
    finally:
        for worker in workers:
            worker.end()


class _Worker:
    """Worker process, replaced when it dies."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.task: Task | None = None
        self._start()

    def _start(self) -> None:
        self.connection, other = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(target=_serve, args=(other, self._settings), daemon=True)
        self._process.start()
        other.close()

    def assign(self, task: Task) -> None:
        """Send a task."""
        self.task = task
        with suppress(OSError):  # it died, which `receive` reports
            self.connection.send(task)

    def receive(self) -> TaskProgress | Outcome:
        """Wait for the next event."""
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
        """Terminate the process."""
        self._process.terminate()
        self._process.join()
        self.connection.close()


def _serve(connection: Connection, settings: Settings) -> None:
    """Denoise received tasks until the connection closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all; the parent decides
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while True:
        try:
            task = connection.recv()
        except EOFError:
            return
        connection.send(attempt(task, settings, connection.send))


def _end_with_parent() -> None:
    """Exit when the parent process ends."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
