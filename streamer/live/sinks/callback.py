"""A function as a sink."""

from __future__ import annotations

from collections.abc import Callable

from ecgstream.streamer.live.sinks.base import Step


class Callback:
    """A sink that calls `function` with each step."""

    def __init__(self, function: Callable[[Step], object]) -> None:
        self._function = function

    def write(self, step: Step) -> None:
        """Call the function."""
        self._function(step)

    def close(self) -> None:
        """Do nothing."""
