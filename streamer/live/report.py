"""The account of a run."""

from __future__ import annotations

from typing import NamedTuple

from ecgstream.streamer.live.queues import Amount


class Failure(NamedTuple):
    """What ended a run."""

    part: str  # `source`, `engine` or the sink's name
    error: BaseException

    def __str__(self) -> str:
        return f"the {self.part} failed ({type(self.error).__name__}: {self.error})"


class Report(NamedTuple):
    """What became of every sample of a run."""

    received: int  # from the source
    missing: int  # that the engine saw as gaps: dropped before it, or lost by the source
    denoised: int
    dropped: int  # before the engine
    taken: dict[str, Amount]  # by each sink
    lost: dict[str, Amount]  # dropped before each sink, or when it had failed
    failures: list[Failure]

    def __str__(self) -> str:
        counts = [
            f"{self.received} samples received, {self.denoised} denoised, "
            f"{self.dropped} dropped before the engine"
        ]
        for name, taken in self.taken.items():
            lost = self.lost[name]
            counts.append(
                f"{name}: {taken.received} received and {taken.denoised} denoised taken, "
                f"{lost.received} and {lost.denoised} dropped"
            )
        return "; ".join([*map(str, self.failures), *counts])
