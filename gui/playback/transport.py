"""Source that replays a record at the pace of the user."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping

from ecgstream.streamer.denoiser import StreamingDenoiser
from ecgstream.streamer.live.clock import Clock, Pacer
from ecgstream.streamer.live.report import Report
from ecgstream.streamer.live.runner import Runner
from ecgstream.streamer.live.sinks.base import Sink
from ecgstream.streamer.live.sources.base import Piece
from ecgstream.streamer.live.sources.record import Replay

UPDATES = 60
"""Pieces per second: one per frame of a 60 Hz screen, so that the trace moves evenly."""
MAX_LAG = 1.0
"""Seconds that acquisition or engine may lag; later samples are dropped and counted."""


class Transport:
    """Source that can be paused, stepped and sped up, and the runs that replay it.

    All methods and attributes belong to the acquiring thread, but for `fill`, `paused_at` and
    `held`, which any thread may read.

    Parameters
    ----------
    clock : paces the samples.
    speed : times real time; infinite for as fast as possible.
    hold_after : seconds of signal to stand still after, for a picture to be taken.
    wait : returns when there is a command; called while nothing is to be played.
    """

    def __init__(
        self, clock: Clock, speed: float, hold_after: float, wait: Callable[[], object]
    ) -> None:
        self._clock, self._hold_after, self._wait = clock, hold_after, wait
        self.running, self.speed = True, speed
        self.at_once = 0
        """Samples to play without regard to time, also while paused."""
        self.paused_at: int | None = None
        """Sample at which the present pause began; None while it runs."""
        self.held = False
        """Whether it stands still for a picture."""
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
        """Replay to the end, or until `stopped`, which is asked before and after each piece.

        Parameters
        ----------
        replay, denoiser, sinks, between : as `ecgstream.streamer.live.runner.Runner` takes them.
        mix : changes the noise before each piece; whether it may have taken long.
        """
        self.fs, self._replay, self._stopped, self._mix = replay.fs, replay, stopped, mix
        self._pacer = Pacer(replay.fs, self._clock, self.speed)
        self._pace, self._paced = self.speed, True  # times real time; whether the last piece was
        self.paused_at = None if self.running else 0
        chunk = max(1, round(replay.fs / UPDATES))
        runner = Runner(
            self, denoiser, sinks, self._clock, chunk, queue_seconds=MAX_LAG, before_push=between
        )
        self._runner = runner
        try:
            return runner.run(stopped)
        finally:
            self._runner = None
            self.paused_at = None if self.paused_at is None else 0

    @property
    def fill(self) -> float:
        """Fill of the fullest queue, 0 to 1."""
        runner = self._runner
        return runner.fill if runner else 0.0

    @property
    def pushed(self) -> int:
        """Number of the next sample that the engine gets; for the engine's thread."""
        return self._runner.pushed if self._runner else 0

    def attach(self, name: str, sink: Sink) -> bool:
        """Add a sink to the present run; return whether there is a run."""
        if self._runner is None:
            return False
        self._runner.attach(name, sink)
        return True

    def detach(self, name: str) -> None:
        """Remove a sink from the present run."""
        if self._runner is not None:
            self._runner.detach(name)

    def read(self, n: int) -> Piece | None:
        """Return the next samples when they are due, at normal speed `n`; None at the end."""
        replay = self._replay
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
            self.at_once -= n
        self._runner.live = paced  # type: ignore[union-attr]
        self._played += n
        return replay.read(n)

    def _wait_until_wanted(self) -> bool:
        """Return when a piece is wanted or the run shall stop, and whether that took time."""
        waited = False
        while not self._stopped():
            if self.running:
                self.paused_at = None
            elif self.paused_at is None:
                self.paused_at = self._replay.position
            self.held = self._until_held() <= 0
            if (self.running or self.at_once) and not self.held:
                break
            self._wait()
            waited = True
        return waited

    def _until_held(self) -> int:
        """Return how many samples may be played until it stands still for a picture."""
        held = self._hold_after * self.fs
        return round(held) - self._played if math.isfinite(held) else sys.maxsize

    def _in_time(self, n: int) -> int:
        """Wait until `n` samples are due; return how many are due then, those too late left out."""
        replay = self._replay
        self._pacer.wait(replay.position + n)
        late = int(self._pacer.due() - replay.position) - n
        if late <= 0:
            return n
        most = round(MAX_LAG * self.fs * self._pace)
        if late > most:
            replay.position = min(replay.position + late - most, len(replay) - 1)
        return min(n + min(late, most), len(replay) - replay.position, self._until_held())
