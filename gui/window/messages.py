"""What the window says about the state of things."""

from __future__ import annotations

from ecgstream.gui.playback.snapshot import Excerpt, Snapshot, State
from ecgstream.streamer.io.records import RecordError
from ecgstream.streamer.network.sandbox import ModelError

_ANNOUNCED = 5
"""Seconds for which the window says that the record has begun again."""


def clock_time(second: float, tenths: bool = False) -> str:
    """`1:02`, or `1:02:03` from an hour on."""
    whole = int(second * 10 + 1e-6) // 10
    hours, minutes, seconds = whole // 3600, whole // 60 % 60, whole % 60
    text = f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
    return text + (f".{int(second * 10 + 1e-6) % 10}" if tenths else "")


def label(snapshot: Snapshot) -> str:
    """What people call the record."""
    return dict(snapshot.choices).get(snapshot.source.record, snapshot.source.record)


def card(snapshot: Snapshot) -> tuple[str, str]:
    """Title and text of what stands in the way of a trace; empty when nothing does."""
    if snapshot.state is State.FAILED and isinstance(
        snapshot.problem, (ModelError, FileNotFoundError)
    ):
        remedy = "Correct this and press Try again, or start again with another --model."
        return "The model cannot be loaded", f"{_sentence(snapshot.problem)}\n\n{remedy}"
    if snapshot.state is State.FAILED:
        remedy = "Correct this and press Try again, or choose another record above."
        return (
            f"Record {label(snapshot)} cannot be shown",
            f"{_sentence(snapshot.problem)}\n\n{remedy}",
        )
    return (f"Opening record {label(snapshot)} …", "") if snapshot.shown is None else ("", "")


def _sentence(problem: Exception | None) -> str:
    """What the problem says for itself; one that nobody foresaw, with its kind."""
    if isinstance(problem, (RecordError, ValueError, OSError, RuntimeError)):
        return reason(problem)
    return f"{type(problem).__name__}: {problem}"


def reason(error: Exception) -> str:
    """What an error says, without the system's number for it."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return str(error)


def note(state: State, shown: Excerpt, frozen: bool) -> str:
    """What to know about the traces."""
    if frozen:
        return "Frozen"
    if state is State.PAUSED:
        return "Paused"
    if shown.again and shown.received < _ANNOUNCED * shown.fs:
        return "The record begins again"
    return ""
