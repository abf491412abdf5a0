"""Recordings denoised by the workers of a Dask cluster, all of which see the same folders.

Dask gives a recording whose worker died to another one. Nothing is lost by that, and nothing done
twice: a recording has its name only when it is complete, a second run of it makes the same bytes,
and finds the first one's where that was complete.
"""

from __future__ import annotations

import logging
import queue
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from ecgstream.tools.batch.job import Outcome, Settings, Task, attempt, reason
from ecgstream.tools.batch.processes import POLL_SECONDS, Event

LOCAL = "local"
"""The address of a cluster that is started here."""
_MAX_TRIES = 3
"""Of a recording that failed although its file may be good: see `Outcome.transient`."""
_CONNECT_SECONDS = 10
"""To find the scheduler."""


def on_cluster(
    address: str, jobs: int, tasks: Sequence[Task], settings: Settings
) -> Iterator[Event]:
    """Denoise on the cluster at `address`, or on a local one with `jobs` worker processes.

    Raises
    ------
    RuntimeError : Dask is not installed, or there is no scheduler.
    """
    try:
        from distributed import Client, Future, LocalCluster
    except ImportError:
        raise RuntimeError("--dask takes Dask: pip install 'ecgstream[cluster]'") from None
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters comes as news
    news: queue.SimpleQueue[Future] = queue.SimpleQueue()
    with ExitStack() as stack:
        if address == LOCAL:
            cluster = LocalCluster(
                n_workers=min(jobs, len(tasks)),
                threads_per_worker=1,
                dashboard_address=None,
                silence_logs=logging.CRITICAL,
            )
            address = stack.enter_context(cluster).scheduler_address
        try:
            client = stack.enter_context(Client(address, timeout=_CONNECT_SECONDS))
        except (OSError, ValueError) as error:
            raise RuntimeError(f"no Dask scheduler at {address}: {reason(error)}") from None
        known: dict[object, tuple[Future, Task, int]] = {}

        def submit(task: Task, tries: int) -> None:
            future = client.submit(attempt, task, settings, pure=False)
            known[future.key] = (future, task, tries)
            future.add_done_callback(news.put)

        for task in tasks:
            submit(task, 1)
        while known:
            try:
                key = news.get(timeout=POLL_SECONDS).key
            except queue.Empty:
                yield None
                continue
            future, task, tries = known.pop(key)
            failure = future.exception()
            if failure is None:
                outcome = future.result()
            else:  # Dask blames all that a worker had when it died: these too may go well
                outcome = Outcome(task, _why(failure), transient=True)
            if outcome.transient and tries < _MAX_TRIES:
                submit(task, tries + 1)
            else:
                yield outcome


def _why(error: BaseException) -> str:
    if type(error).__name__ == "KilledWorker":
        return "every worker that had it died; out of memory?"
    return reason(error)
