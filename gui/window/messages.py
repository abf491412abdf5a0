"""Messages of the window about the state of the replay."""

from __future__ import annotations

from ecgstream.gui.playback.snapshot import Excerpt, Snapshot, State
from ecgstream.streamer.io.records import RecordError
from ecgstream.streamer.network.sandbox import ModelError

_ANNOUNCED = 5
"""Signal in seconds for which the note says that the record has begun again."""


def clock_time(second: float, tenths: bool = False) -> str:
    """Format seconds as `1:02`, or `1:02:03` from an hour on."""
    whole = int(second * 10 + 1e-6) // 10
    hours, minutes, seconds = whole // 3600, whole // 60 % 60, whole % 60
    text = f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
    return text + (f".{int(second * 10 + 1e-6) % 10}" if tenths else "")


def label(snapshot: Snapshot) -> str:
    """Return the caption of the record in the list, else its name."""
    return dict(snapshot.choices).get(snapshot.source.record, snapshot.source.record)


def card(snapshot: Snapshot) -> tuple[str, str]:
    """Return title and text of the card over the traces; empty while there are traces."""
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
    """Return the message of an expected error, or type and message of an unexpected one."""
    if isinstance(problem, (RecordError, ValueError, OSError, RuntimeError)):
        return reason(problem)
    return f"{type(problem).__name__}: {problem}"


def reason(error: Exception) -> str:
    """Return the message of an error, without the errno."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return str(error)


def note(state: State, shown: Excerpt, frozen: bool) -> str:
    """Return the note above the traces."""
    if frozen:
        return "Frozen"
    if state is State.PAUSED:
        return "Paused"
    if shown.again and shown.received < _ANNOUNCED * shown.fs:
        return "The record begins again"
    return ""
