"""Ctrl-C and SIGTERM as a wish to stop, between two steps and never within one."""

from __future__ import annotations

import signal
from types import FrameType


class Interrupt:
    """Within this context a signal only sets `wanted`; another one ends the program.

    An exception in the middle of the engine would leave samples counted that nobody received.
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
        if self.wanted:  # and something hangs
            raise KeyboardInterrupt
        self.wanted = True
