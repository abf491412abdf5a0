"""A replay through the engine at the user's pace."""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable, Mapping

from ecgstream.streamer.denoiser import StreamingDenoiser
from ecgstream.streamer.live.clock import Clock, Pacer
from ecgstream.streamer.live.report import Report
from ecgstream.streamer.live.runner import Runner
from ecgstream.streamer.live.sinks.base import Sink
from ecgstream.streamer.live.sources.base import Piece
from ecgstream.streamer.live.sources.record import Replay

UPDATES = 60
"""Pieces per second: one for each frame of a usual screen, so that the trace moves evenly."""
MAX_LAG = 1.0
"""Seconds that acquisition or engine may be behind; what is later is dropped and counted."""


class Transport:
    """A source that can be paused, stepped and hurried, and the runs that it is replayed in.

    Parameters
    ----------
    change : guards `running`, `speed` and `at_once`, and is told when they change and when
        `paused` or `held` does.
    clock : where time comes from.
    speed : times real time; infinite for as fast as possible.
    hold_after : stand still after that many seconds of signal, for a picture to be taken.
    """

    def __init__(
        self, change: threading.Condition, clock: Clock, speed: float, hold_after: float
    ) -> None:
        self._change, self._clock, self._hold_after = change, clock, hold_after
        self.running, self.speed = True, speed
        self.at_once = 0
        """Samples to play without regard to time, also while paused."""
        self.paused = self.held = False
        self._played = 0  # samples
        self._runner: Runner | None = None

    def run(
        self,
        replay: Replay,
        denoiser: StreamingDenoiser,
        sinks: Mapping[str, Sink],
        stopped: Callable[[], bool],
        mix: Callable[[], bool],
        between: Callable[[], object],
    ) -> Report:
        """Replay to the end, or until `stopped`, which is asked whenever `change` was told.

        Parameters
        ----------
        replay, denoiser, sinks, between : as `ecgstream.streamer.live.runner.Runner` takes them.
        mix : called before each piece, in this thread; whether it has taken its time.
        """
        self.fs, self._replay, self._stopped, self._mix = replay.fs, replay, stopped, mix
        self._pacer = Pacer(replay.fs, self._clock, self.speed)
        self._pace, self._paced = self.speed, True  # times real time; whether the last piece was
        chunk = max(1, round(replay.fs / UPDATES))
        runner = Runner(
            self, denoiser, sinks, self._clock, chunk, queue_seconds=MAX_LAG, before_push=between
        )
        self._runner = runner
        try:
            return runner.run(stopped)
        finally:
            with self._change:
                self._runner = None

    @property
    def fill(self) -> float:
        """How full the fullest queue is, 0 to 1."""
        return self._runner.fill if self._runner else 0.0

    def attach(self, name: str, sink: Sink) -> bool:
        """Let one more sink take the steps of the present run; whether there is one."""
        if self._runner is None:
            return False
        self._runner.attach(name, sink)
        return True

    def detach(self, name: str) -> None:
        """Let it take no more."""
        if self._runner is not None:
            self._runner.detach(name)

    def read(self, n: int) -> Piece | None:
        """The next samples when they are wanted, at normal speed `n`."""
        replay = self._replay
        with self._change:
            waited = self._wait_until_wanted()
            speed, running, at_once = self.speed, self.running, self.at_once
        left = len(replay) - replay.position
        if self._stopped() or not left:
            return None
        mixed, before = self._mix(), self._paced
        self._paced = paced = running and not at_once and math.isfinite(speed)
        if mixed or waited or speed != self._pace or not before:
            self._pacer, self._pace = Pacer(self.fs, self._clock, speed), speed
            self._pacer.restart(replay.position)
        if paced:
            n = round(n * speed) or 1
        elif at_once:
            n = min(n, at_once)
        n = min(n, left, self._until_held())
        if paced:
            n = self._in_time(n)
        elif at_once:
            with self._change:
                self.at_once -= n
        self._runner.live = paced  # type: ignore[union-attr]
        self._played += n
        return replay.read(n)

    def _wait_until_wanted(self) -> bool:
        """Return when a piece is wanted, and whether that took time."""
        waited = False
        while not self._stopped():
            self.held = self._until_held() <= 0
            if (self.running or self.at_once) and not self.held:
                break
            self.paused = not self.running
            self._change.notify_all()
            self._change.wait()
            waited = True
        self.paused = not self.running
        return waited

    def _until_held(self) -> int:
        """Samples that are left to be played."""
        held = self._hold_after * self.fs
        return round(held) - self._played if math.isfinite(held) else sys.maxsize

    def _in_time(self, n: int) -> int:
        """Wait until `n` samples are due; how many there are then, those too late left out."""
        replay = self._replay
        self._pacer.wait(replay.position + n)
        late = int(self._pacer.due() - replay.position) - n
        if late <= 0:
            return n
        most = round(MAX_LAG * self.fs * self._pace)
        if late > most:
            replay.position = min(replay.position + late - most, len(replay) - 1)
        return min(n + min(late, most), len(replay) - replay.position, self._until_held())
