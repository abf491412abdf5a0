"""Thread that replays and denoises a record while the window is drawn.

The window sends commands through a queue and reads snapshots; both return at once. The worker
applies the commands between two pieces of signal, in order: of several values the newest counts,
steps add up.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ecgstream.gui.playback.commands import (
    Advance,
    Choose,
    Close,
    Command,
    CommandQueue,
    Jump,
    Requested,
    SetDelay,
    SetNoise,
    SetRecording,
    SetRunning,
    SetSpeed,
    SetST,
    SetStrength,
)
from ecgstream.gui.playback.library import Library
from ecgstream.gui.playback.record_list import listed_name
from ecgstream.gui.playback.recording import RecordingSink
from ecgstream.gui.playback.session import EngineSettings, Session
from ecgstream.gui.playback.snapshot import ExcerptSource, Recording, Snapshot, State
from ecgstream.gui.playback.transport import Transport
from ecgstream.gui.settings.monitor_settings import MonitorSettings, Noise, Source
from ecgstream.streamer.io.records import Record, read_record
from ecgstream.streamer.live.clock import Clock

_CLOSE_TIMEOUT = 5.0  # s, for a source that hangs and for a recording's disk


class _Status(NamedTuple):
    """State of the worker's thread."""

    state: State
    problem: Exception | None = None
    session: Session | None = None


class Worker:
    """Replays a record through the engine, over and over, in a thread of its own.

    The thread alone changes what it plays; `_status`, `_engine` and `_recording` hold values that
    are replaced whole, so that other threads read them without a lock.

    Parameters
    ----------
    settings : initial settings.
    clock : paces the samples.
    hold_after : seconds of signal to stand still after, for a picture to be taken.
    read : reads a record from its name and the data folder, as `read_record`.
    """

    def __init__(
        self,
        settings: MonitorSettings,
        clock: Clock,
        hold_after: float = np.inf,
        read: Callable[[str, Path | None], Record] = read_record,
    ) -> None:
        self._settings, self._read = settings, read
        self._commands = CommandQueue(Requested(settings.source, settings.speed, None))
        self._transport = Transport(clock, settings.speed, hold_after, self._wait_for_command)
        self._library = Library(settings.data, self.choose)
        self._status = _Status(State.LOADING)
        self._source: Source | None = settings.source  # to be opened next
        self._jump: Jump | None = None
        self._noise = Noise(settings.noise, settings.snr)
        self._engine = EngineSettings(settings.delay, settings.strength, settings.st)
        self._closing = False
        self._runs = 0
        self._at_rest = threading.Event()  # see `wait`
        self._recording: RecordingSink | None = None
        self._unfinished: list[RecordingSink] = []  # recordings that may not be complete yet
        self._thread = threading.Thread(target=self._main, name="ecgstream engine", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """End the thread; wait for it and for recordings to be completed, but not for ever.

        A source that hangs does not keep the program from ending: the thread is a daemon.
        """
        self.cancel_download()
        self._commands.put(Close())
        if self._thread.ident is not None:
            self._thread.join(_CLOSE_TIMEOUT)
        for sink in self._unfinished:
            sink.ended.wait(_CLOSE_TIMEOUT)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    @property
    def settled(self) -> bool:
        """Whether snapshots show all that was replayed so far."""
        session = self._status.session
        return session is None or session.settled

    def wait(self) -> None:
        """Return when the worker stands still (see `hold_after`) or has failed."""
        self._at_rest.wait()

    def snapshot(
        self, seconds: float, end: int | None = None, excerpt_source: ExcerptSource | None = None
    ) -> Snapshot:
        """Return the present state with the seconds of signal up to sample `end`, or the newest.

        `excerpt_source` is that of an earlier snapshot: `end` counts samples of its run, unless
        another record was chosen since. The figures are the present ones.
        """
        status, requested, shown = self._status, self._commands.requested, None
        download, session = self._library.download, status.session
        if session is None:
            excerpt_source = None
        else:
            excerpt_source = session.run_of(excerpt_source)
            figures = session.figures(requested.speed, self._transport.fill)
            shown = excerpt_source.excerpt(seconds, end, figures)
        return Snapshot(
            self._state(status),
            status.problem,
            self._library.choices,
            requested.source,
            requested.speed,
            self._recording_state(requested.recording),
            download.state if download else None,
            shown,
            excerpt_source,
        )

    def set_running(self, running: bool) -> None:
        """Run or pause; running after a failure tries again."""
        self._commands.put(SetRunning(running))

    def step(self, seconds: float) -> None:
        """Play some seconds at once; ignored unless paused."""
        self._commands.put(Advance(seconds))

    def choose(self, record: str) -> None:
        """Replay a record, all its signals, from its start."""
        self._commands.put(Choose(Source(record)))

    def jump(self, second: float, before: float = 0.0) -> None:
        """Continue at a second of the record, or stand still there when paused.

        The `before` seconds ahead of it are played at once, to be seen and for the engine to
        settle.
        """
        self._commands.put(Jump(second, before))

    def set_speed(self, speed: float) -> None:
        """Change the replay speed, times real time.

        Raises
        ------
        ValueError : not greater than 0.
        """
        if not speed > 0:
            raise ValueError(f"speed must be greater than 0, not {speed:g}")
        self._commands.put(SetSpeed(speed))

    def set_noise(self, noise: Noise) -> None:
        """Change the noise mixed in, from the next piece on."""
        self._commands.put(SetNoise(noise))

    def set_delay(self, delay: str | int) -> None:
        """Change the engine's delay from the next piece on."""
        self._commands.put(SetDelay(delay))

    def set_strength(self, strength: float) -> None:
        """Change the share of the noise that is removed, 0 to 1, from the next piece on."""
        self._commands.put(SetStrength(strength))

    def set_st(self, st: bool) -> None:
        """Turn ST mode on or off from the next piece on."""
        self._commands.put(SetST(st))

    def set_data(self, folder: Path | None) -> None:
        """Offer the records of a data folder, and download into it."""
        self._library.open(folder)

    def record_to(self, path: Path | None) -> None:
        """Record to a WFDB record, a path without suffix; None ends the recording.

        A recording also ends where the sample count begins at 0 again. Ignored until a record is
        shown.
        """
        if path is None or self._status.session is not None:
            self._commands.put(SetRecording(path))

    def download(self, name: str) -> None:
        """Download a record from PhysioNet (`mitdb/208`), offer it and choose it."""
        self._library.fetch(name)

    def cancel_download(self) -> None:
        """Cancel the download, and forget why it failed."""
        self._library.cancel()

    def _state(self, status: _Status) -> State:
        """Return PAUSED only once all that was replayed before the pause is shown."""
        paused_at, session = self._transport.paused_at, status.session
        if status.state is State.PLAYING and session is not None and paused_at is not None:
            return State.PAUSED if session.shown_up_to(paused_at) else State.PLAYING
        return status.state

    def _recording_state(self, requested: Path | None) -> Recording | None:
        sink = self._recording
        if requested is None:
            return None
        if sink is None or sink.path != requested:  # begins with the next piece
            return Recording(requested, 0.0, True, "")
        return sink.recording

    def _check_rest(self) -> None:
        """Wake `wait` when the worker stands still and all is shown."""
        if self._transport.held and self.settled:
            self._at_rest.set()

    # What follows runs in the worker's thread.

    def _wait_for_command(self) -> None:
        self._check_rest()
        self._commands.wait()

    def _apply_commands(self) -> None:
        for command in self._commands.drain():
            if command.retries and self._status.state is State.FAILED:
                self._source = self._commands.requested.source
            self._apply(command)

    def _apply(self, command: Command) -> None:
        transport, session = self._transport, self._status.session
        match command:
            case SetRunning(running):
                transport.running = running
            case Advance(seconds):
                if session is not None and not transport.running:
                    transport.at_once += round(seconds * session.fs)
            case Choose(source):
                self._source = source
                transport.running = True
            case Jump():
                self._jump = command
            case SetSpeed(speed):
                transport.speed = speed
            case SetNoise(noise):
                self._noise = noise
            case SetDelay(delay):
                self._engine = self._engine._replace(delay=delay)
            case SetStrength(strength):
                self._engine = self._engine._replace(strength=strength)
            case SetST(st):
                self._engine = self._engine._replace(st=st)
            case SetRecording(path):
                self._record(path)
            case Close():
                self._closing = True

    def _record(self, path: Path | None) -> None:
        session = self._status.session
        if self._recording is not None and session is not None:
            # It stays attached until the last of these is denoised.
            self._recording.finish(session.replay.position)
            self._recording = None
        if path is None or session is None:
            return
        sink = RecordingSink(path, session, self._settings.with_patient)
        self._unfinished = [sink, *(old for old in self._unfinished if not old.ended.is_set())]
        if not self._transport.attach(sink.name, sink):
            sink.end("There is nothing to record while nothing is played.")
            sink.close()
        self._recording = sink

    def _main(self) -> None:
        while (source := self._next_source()) is not None:
            try:
                self._library.list()
                self._play(source)
            # Any error is shown in the window, which goes on.
            except Exception as error:
                self._status = _Status(State.FAILED, error, self._status.session)
                self._at_rest.set()

    def _next_source(self) -> Source | None:
        """Wait for a source to be chosen and return it; None when the worker is closed."""
        self._apply_commands()
        while self._source is None and not self._closing:
            self._commands.wait()
            self._apply_commands()
        source, self._source, self._jump = self._source, None, None
        if self._closing:
            return None
        self._at_rest.clear()
        self._status = _Status(State.LOADING)
        return source

    def _play(self, source: Source) -> None:
        """Replay until another source is chosen or the worker is closed."""
        settings = replace(self._settings, data=self._library.data)
        listed = source._replace(record=listed_name(source.record, settings.data))
        session = Session(settings, listed, self._engine, self._read, self._check_rest)
        session.mix(self._noise)
        first, again = session.sample_at(source.start), False
        self._commands.rename(source, listed)
        while True:
            self._runs += 1
            session.begin(first, self._runs, again)
            self._status = _Status(State.PLAYING, None, session)
            report = self._transport.run(
                session.replay,
                session.denoiser,
                {"screen": session},
                self._interrupted,
                lambda: session.mix(self._noise),
                lambda: session.tune(self._engine, self._transport.pushed),
            )
            recording, interrupted = self._recording, self._interrupted()
            if recording is not None:
                elsewhere = "when another place or record was chosen"
                why = elsewhere if interrupted else "with the record"
                if report.failures:
                    why = f"with an error of the {report.failures[0].part}"
                recording.end(f"The recording ended {why}.", bool(report.failures))
            if report.failures:
                raise report.failures[0].error
            if self._closing or self._source is not None:
                return
            again = self._jump is None
            jump = self._jump or Jump(0.0, 0.0)
            first = session.sample_at(jump.second - jump.before)
            if not again:
                self._transport.at_once = session.sample_at(jump.second) - first
            self._jump = None

    def _interrupted(self) -> bool:
        """Apply the commands; return whether one of them ends the present run."""
        self._apply_commands()
        for sink in self._unfinished:
            if sink.ended.is_set():
                self._transport.detach(sink.name)
        return self._closing or self._source is not None or self._jump is not None
