"""Objects that end the process which unpickles them.

They stand here and not in a test module: worker processes have `tests/` on their path only.
"""

import os
import signal
from typing import Any

from ecgstream.tools.batch.job import Task


class KillingTask(Task):
    """Recording that kills the worker process which receives it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _kill_this_process, ()


def _kill_this_process() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
