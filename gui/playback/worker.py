"""The thread that replays and denoises while the window is drawn.

The window tells it what the user wants and fetches what there is to see; both are plain calls
that return at once, and nothing is queued: of several wishes the newest counts, steps add up.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ecgstream.gui.playback.library import Library
from ecgstream.gui.playback.record_list import listed_name
from ecgstream.gui.playback.recording import RecordingSink
from ecgstream.gui.playback.session import EngineSettings, PlaybackRun, Session
from ecgstream.gui.playback.snapshot import Snapshot, State
from ecgstream.gui.playback.transport import Transport
from ecgstream.gui.settings.monitor_settings import MonitorSettings, Noise, Source
from ecgstream.streamer.io.records import Record, read_record
from ecgstream.streamer.live.clock import Clock

_RECORDER = "recorder"
_PATIENCE = 5.0  # s that closing waits for a source, and for a recording's disk


class Worker:
    """Replays a record through the engine, over and over, in a thread of its own.

    Parameters
    ----------
    settings : what to begin with.
    clock : where time comes from.
    hold_after : stand still after that many seconds of signal, for a picture to be taken.
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
        self._change = threading.Condition()  # guards all that follows
        self._playback = Transport(self._change, clock, settings.speed, hold_after)
        self._source: Source | None = settings.source  # to be opened next
        self._wanted = settings.source
        self._jump: tuple[float, float] | None = None  # second of the record, and how much before
        self._noise = Noise(settings.noise, settings.snr)
        self._tuning = EngineSettings(settings.delay, settings.strength, settings.st)
        self._closing = False
        self._state = State.LOADING
        self._problem: Exception | None = None
        self._library = Library(self._change, settings.data, self.choose)
        self._session: Session | None = None
        self._passes = 0
        self._standing = False  # paused, with all that was replayed shown
        self._recording: RecordingSink | None = None
        self._unfinished: list[RecordingSink] = []  # that may still have to be completed
        self._thread = threading.Thread(target=self._main, name="ecgstream engine", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End the thread and wait a while until it has, and all recordings have been completed.

        A source that hangs holds nothing up: the thread is a daemon.
        """
        self.cancel_download()
        with self._change:
            self._closing = True
            self._change.notify_all()
        if self._thread.ident is not None:
            self._thread.join(_PATIENCE)
        for sink in self._unfinished:
            sink.ended.wait(_PATIENCE)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    @property
    def settled(self) -> bool:
        """Whether all that was replayed so far is there to be shown."""
        with self._change:
            return self._session is None or self._session.settled

    def wait(self) -> None:
        """Return when the worker stands still (see `hold_after`) or has failed."""
        with self._change:
            self._change.wait_for(
                lambda: self._state is State.FAILED or (self._playback.held and self.settled)
            )

    def snapshot(
        self, seconds: float, end: int | None = None, held_in: PlaybackRun | None = None
    ) -> Snapshot:
        """What there is to show, with so many seconds up to the count `end`, or the newest.

        `held_in` is an earlier `Snapshot.held_in`: `end` counts as then, unless another
        record was chosen since. The figures are those of now.
        """
        with self._change:
            session, playback, shown = self._session, self._playback, None
            download = self._library.download
            if session is not None:
                if held_in is None or held_in.replay is not session.replay:
                    held_in = session.present
                figures = session.figures(playback.speed, playback.fill)
                shown = held_in.shown(seconds, end, figures)
            return Snapshot(
                self._present_state(),
                self._problem,
                self._library.choices,
                self._wanted,
                playback.speed,
                self._recording.recording if self._recording else None,
                download.state if download else None,
                shown,
                None if shown is None else held_in,
            )

    def set_running(self, running: bool) -> None:
        """Go on or pause; going on after a failure tries again."""
        with self._change:
            self._playback.running = running
            self._changed(again=running)

    def step(self, seconds: float) -> None:
        """While paused, play so much at once."""
        with self._change:
            if self._session is not None and not self._playback.running:
                self._playback.at_once += round(seconds * self._session.fs)
            self._changed(again=False)

    def choose(self, record: str) -> None:
        """Replay that record, all its signals, from its beginning."""
        with self._change:
            self._source = self._wanted = Source(record)
            self._playback.running = True
            self._changed()

    def jump(self, second: float, before: float = 0.0) -> None:
        """Go on from that second of the record, or stand still there when paused.

        So many seconds `before` it are played at once, to be seen and for the engine to settle.
        """
        with self._change:
            self._jump = second, before
            self._changed()

    def set_speed(self, speed: float) -> None:
        """Replay so many times as fast as it was recorded.

        Raises
        ------
        ValueError : not greater than 0.
        """
        if not speed > 0:
            raise ValueError(f"speed must be greater than 0, not {speed:g}")
        with self._change:
            self._playback.speed = speed
            self._changed()

    def set_noise(self, noise: Noise) -> None:
        """Mix that noise in from the next piece on."""
        with self._change:
            self._noise = noise
            self._changed()

    def set_delay(self, delay: str | int) -> None:
        """Let the engine work at that delay from the next piece on."""
        self._tune(delay=delay)

    def set_strength(self, strength: float) -> None:
        """Take away so much of the noise, 0 to 1, from the next piece on."""
        self._tune(strength=strength)

    def set_st(self, st: bool) -> None:
        """Keep the ST segment or not, from the next piece on."""
        self._tune(st=st)

    def set_data(self, folder: Path | None) -> None:
        """Offer the records of that data folder, and let downloads go there."""
        self._library.open(folder)

    def record_to(self, path: Path | None) -> None:
        """Write what comes to a WFDB record, a path without suffix; None ends that.

        A recording also ends where the count begins anew. It takes a record that is shown.
        """
        with self._change:
            if self._recording is not None:
                self._playback.detach(_RECORDER)
                self._recording = None
            if path is not None and self._session is not None:
                sink = self._recording = RecordingSink(path, self._session.replay)
                unfinished = [sink for sink in self._unfinished if not sink.ended.is_set()]
                self._unfinished = [*unfinished, sink]
                if not self._playback.attach(_RECORDER, sink):
                    sink.end("There is nothing to record while nothing is played.")
                    sink.close()

    def download(self, name: str) -> None:
        """Fetch a record from PhysioNet, offer it and choose it; `mitdb/208`."""
        self._library.fetch(name)

    def cancel_download(self) -> None:
        """Fetch no more, and forget what came in its way."""
        self._library.cancel()

    def _tune(self, **change: Any) -> None:
        with self._change:
            self._tuning = self._tuning._replace(**change)
            self._changed()

    def _changed(self, again: bool = True) -> None:
        """Let the thread see to a wish; after a failure it tries again."""
        if again and self._state is State.FAILED:
            self._source = self._wanted
        self._change.notify_all()

    def _present_state(self) -> State:
        """Paused from when the last of what was replayed is shown."""
        if self._state is State.PLAYING and self._playback.paused:
            self._standing = self._standing or self.settled
            return State.PAUSED if self._standing else State.PLAYING
        self._standing = False
        return self._state

    def _main(self) -> None:
        while (source := self._next_source()) is not None:
            try:
                self._library.list()
                self._play(source)
            # Whatever it is, the user shall read it in the window and be able to go on.
            except Exception as error:
                with self._change:
                    self._state, self._problem = State.FAILED, error
                    self._change.notify_all()

    def _next_source(self) -> Source | None:
        """The record to replay, as soon as one is wanted; None when all is over."""
        with self._change:
            self._change.wait_for(lambda: self._closing or self._source is not None)
            source, self._source, self._jump = self._source, None, None
            self._state, self._problem, self._session = State.LOADING, None, None
            return None if self._closing else source

    def _play(self, source: Source) -> None:
        """Replay until another record is wanted or all is over."""
        settings = replace(self._settings, data=self._library.data)
        source = source._replace(record=listed_name(source.record, settings.data))
        session = Session(settings, source, self._tuning, self._read, self._change)
        session.mix(self._noise)
        first, again = session.sample_at(source.start), False
        with self._change:
            if self._source is None:
                self._wanted = source
        while True:
            with self._change:
                self._passes += 1
                session.begin(first, self._passes, again)
                self._session, self._state = session, State.PLAYING
            report = self._playback.run(
                session.replay,
                session.denoiser,
                {"screen": session},
                self._left,
                lambda: session.mix(self._noise),
                lambda: session.tune(self._tuning),
            )
            with self._change:
                if self._recording is not None:
                    elsewhere = "when another place or record was chosen"
                    why = elsewhere if self._left() else "with the record"
                    self._recording.end(f"The recording ended {why}.")
                if report.failures:
                    raise report.failures[0].error
                if self._closing or self._source is not None:
                    return
                again = self._jump is None
                second, before = self._jump or (0.0, 0.0)
                first = session.sample_at(second - before)
                if not again:
                    self._playback.at_once = session.sample_at(second) - first
                self._jump = None

    def _left(self) -> bool:
        return self._closing or self._source is not None or self._jump is not None
