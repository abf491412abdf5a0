"""Denoise recordings on a Dask cluster whose workers share the folders.

Dask reassigns the recording of a worker that died. That is safe: a recording gets its name only
when it is complete, and a second run writes the same bytes or finds those of the first.
"""

from __future__ import annotations

import logging
import queue
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from ecgstream.tools.batch.job import Outcome, Settings, Task, attempt, reason
from ecgstream.tools.batch.processes import POLL_SECONDS, Event

LOCAL = "local"
"""Address that stands for a cluster started on this machine."""
_MAX_TRIES = 3
"""Attempts at a recording that fails transiently; see `Outcome.transient`."""
_CONNECT_SECONDS = 10
"""Timeout to connect to the scheduler."""


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
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # failures come as outcomes
    completed: queue.SimpleQueue[Future] = queue.SimpleQueue()
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
            future.add_done_callback(completed.put)

        for task in tasks:
            submit(task, 1)
        while known:
            try:
                key = completed.get(timeout=POLL_SECONDS).key
            except queue.Empty:
                yield None
                continue
            future, task, tries = known.pop(key)
            failure = future.exception()
            if failure is None:
                outcome = future.result()
            else:  # Dask fails all tasks of a worker that died, sound ones too
                outcome = Outcome(task, _why(failure), transient=True)
            if outcome.transient and tries < _MAX_TRIES:
                submit(task, tries + 1)
            else:
                yield outcome


def _why(error: BaseException) -> str:
    if type(error).__name__ == "KilledWorker":
        return "every worker that had it died; out of memory?"
    return reason(error)
