"""Ctrl-C and SIGTERM as a request to stop, honoured between two steps and never within one."""

from __future__ import annotations

import signal
from types import FrameType


class Interrupt:
    """Context in which a first signal only sets `wanted`; a second one raises KeyboardInterrupt.

    An exception in the middle of a step would leave samples counted that no sink has received.
    Usable in the main thread only, as Python's signal handlers are.

    Examples
    --------
    >>> with Interrupt() as interrupt:  # doctest: +SKIP
    ...     report = runner.run(lambda: interrupt.wanted)
    """

    def __init__(self) -> None:
        self.wanted = False

    def __enter__(self) -> Interrupt:
        self._before = {s: signal.signal(s, self._note) for s in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.wanted:  # and the run hangs
            raise KeyboardInterrupt
        self.wanted = True
