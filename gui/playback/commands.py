"""Commands from the window to the worker, and the queue that carries them."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ecgstream.gui.settings.monitor_settings import Noise, Source


class Requested(NamedTuple):
    """State after all commands sent so far, those that the worker has not yet applied included."""

    source: Source
    speed: float  # times real time
    recording: Path | None  # None: nothing is recorded


@dataclass(frozen=True)
class Command:
    """Base of all commands."""

    @property
    def retries(self) -> bool:
        """Whether the command opens the record again after a failure."""
        return True

    def update(self, requested: Requested) -> Requested:
        """Return the requested state after this command."""
        return requested


@dataclass(frozen=True)
class SetRunning(Command):
    """Run or pause."""

    running: bool

    @property
    def retries(self) -> bool:
        """Only running retries."""
        return self.running


@dataclass(frozen=True)
class Advance(Command):
    """Play some seconds at once; ignored unless paused."""

    seconds: float

    @property
    def retries(self) -> bool:
        """Never."""
        return False


@dataclass(frozen=True)
class Choose(Command):
    """Replay a source from its start."""

    source: Source

    def update(self, requested: Requested) -> Requested:
        """Replace the source."""
        return requested._replace(source=self.source)


@dataclass(frozen=True)
class Jump(Command):
    """Continue at a second of the record, playing the seconds `before` it at once."""

    second: float
    before: float


@dataclass(frozen=True)
class SetSpeed(Command):
    """Change the replay speed, times real time."""

    speed: float

    def update(self, requested: Requested) -> Requested:
        """Replace the speed."""
        return requested._replace(speed=self.speed)


@dataclass(frozen=True)
class SetNoise(Command):
    """Change the noise mixed into the record."""

    noise: Noise


@dataclass(frozen=True)
class SetDelay(Command):
    """Change the engine's delay: a mode's name or samples at the engine's rate."""

    delay: str | int


@dataclass(frozen=True)
class SetStrength(Command):
    """Change the share of the noise that is removed, 0 to 1."""

    strength: float


@dataclass(frozen=True)
class SetST(Command):
    """Turn ST mode on or off."""

    st: bool


@dataclass(frozen=True)
class SetRecording(Command):
    """Record to a path without suffix, or end the recording when None."""

    path: Path | None

    @property
    def retries(self) -> bool:
        """Never."""
        return False

    def update(self, requested: Requested) -> Requested:
        """Replace the recording's path."""
        return requested._replace(recording=self.path)


@dataclass(frozen=True)
class Close(Command):
    """End the worker's thread."""


class CommandQueue:
    """First-in first-out queue of commands for one reading thread.

    Parameters
    ----------
    requested : state before any command.
    """

    def __init__(self, requested: Requested) -> None:
        self._arrival = threading.Condition()
        self._commands: list[Command] = []
        self.requested = requested
        """Replaced whole by every `put`, so that any thread may read it."""

    def put(self, command: Command) -> None:
        """Append a command."""
        with self._arrival:
            self.requested = command.update(self.requested)
            self._commands.append(command)
            self._arrival.notify_all()

    def drain(self) -> list[Command]:
        """Remove and return all commands, oldest first."""
        with self._arrival:
            commands, self._commands = self._commands, []
        return commands

    def wait(self) -> None:
        """Return when there is a command."""
        with self._arrival:
            self._arrival.wait_for(lambda: self._commands)

    def rename(self, source: Source, listed: Source) -> None:
        """Replace the requested `source` by its listed name, unless another was chosen since."""
        with self._arrival:
            if self.requested.source is source:
                self.requested = self.requested._replace(source=listed)
