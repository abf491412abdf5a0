"""A function as a sink."""

from __future__ import annotations

from collections.abc import Callable

from ecgstream.streamer.live.sinks.base import Step


class Callback:
    """A function as a sink."""

    def __init__(self, function: Callable[[Step], object]) -> None:
        self._function = function

    def take(self, step: Step) -> None:
        """Call the function."""
        self._function(step)

    def close(self) -> None:
        """Nothing is left to do."""
