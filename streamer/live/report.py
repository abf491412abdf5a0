"""Account of a finished run."""

from __future__ import annotations

from typing import NamedTuple

from ecgstream.streamer.live.queues import SampleCount


class Failure(NamedTuple):
    """The error that ended a run."""

    part: str
    """`source`, `engine` or the name of the sink."""
    error: BaseException

    def __str__(self) -> str:
        return f"the {self.part} failed ({type(self.error).__name__}: {self.error})"


class Report(NamedTuple):
    """Numbers of samples (of each channel) by what happened to them, and the failures."""

    received: int
    """From the source."""
    missing: int
    """Seen by the engine as gaps: dropped before it, or lost by the source."""
    denoised: int
    dropped: int
    """Before the engine, because its queue was full."""
    delivered: dict[str, SampleCount]
    """To each sink."""
    undelivered: dict[str, SampleCount]
    """To each sink, because its queue was full or it had failed."""
    failures: list[Failure]

    def __str__(self) -> str:
        counts = [
            f"{self.received} samples received, {self.denoised} denoised, "
            f"{self.dropped} dropped before the engine"
        ]
        for name, delivered in self.delivered.items():
            undelivered = self.undelivered[name]
            counts.append(
                f"{name}: {delivered.received} received and {delivered.denoised} denoised "
                f"delivered, {undelivered.received} and {undelivered.denoised} dropped"
            )
        return "; ".join([*map(str, self.failures), *counts])
