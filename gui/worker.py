"""The thread that replays and denoises while the window is drawn.

The window tells it what the user wants and fetches what there is to see; both are plain calls
under one lock, and nothing is queued: of several wishes the newest counts.
"""

from __future__ import annotations

import enum
import threading
from typing import NamedTuple

import numpy as np

from gui.catalogue import Choice, bundled_choices, folder_choices, listed_name
from gui.session import Figures, Session
from gui.settings import MonitorSettings, Noise, Source
from streamer.history import Stretch
from streamer.replay import Clock, Pacer, run

UPDATES = 60
"""Steps per second: one for each frame of a usual screen, so that the trace moves evenly."""
MAX_LAG = 1.0
"""Seconds that the engine may be behind the signal; what is later is dropped."""


class State(enum.Enum):
    """What the worker is doing."""

    LOADING = enum.auto()
    PLAYING = enum.auto()
    PAUSED = enum.auto()
    FAILED = enum.auto()


class Shown(NamedTuple):
    """What is being replayed, and the newest samples of it."""

    record: str
    lead: str
    fs: float  # Hz
    first: int  # the record's sample that the count begins with
    noise: Noise
    delay: int  # samples, declared
    passes: int  # times the record has been begun
    stretch: Stretch
    denoised: int  # samples that have come out of the engine
    figures: Figures

    @property
    def received(self) -> int:
        """Samples since the record was begun."""
        return self.stretch.start + len(self.stretch.input)


class View(NamedTuple):
    """Everything that the window shows, at one moment."""

    state: State
    problem: Exception | None  # why the state is FAILED
    choices: tuple[Choice, ...]
    source: Source  # what the user wants to see
    shown: Shown | None  # None until it has been opened


class Worker:
    """Replays a record through the engine, over and over, in a thread of its own.

    Parameters
    ----------
    settings : what to begin with.
    clock : where time comes from.
    hold_after : stand still after that many seconds of signal, for a picture to be taken.
    """

    def __init__(self, settings: MonitorSettings, clock: Clock, hold_after: float = np.inf) -> None:
        self._settings, self._clock, self._hold_after = settings, clock, hold_after
        self._change = threading.Condition()  # guards all that follows
        self._source: Source | None = settings.source  # to be opened next
        self._wanted = settings.source
        self._noise = Noise(settings.noise, settings.snr)
        self._running = True
        self._closing = False
        self._state = State.LOADING
        self._problem: Exception | None = None
        self._choices = tuple(bundled_choices())
        self._session: Session | None = None
        self._played = 0  # samples
        self._held = False
        self._thread = threading.Thread(target=self._main, name="ecgstream engine", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End the thread and wait until it has ended."""
        with self._change:
            self._closing = True
            self._change.notify_all()
        if self._thread.ident is not None:
            self._thread.join()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def set_running(self, running: bool) -> None:
        """Go on or pause; going on after a failure tries again."""
        with self._change:
            self._running = running
            if running:
                self._try_again()
            self._change.notify_all()

    def set_noise(self, noise: Noise) -> None:
        """Mix that noise in from the next step on."""
        with self._change:
            self._noise = noise
            self._try_again()
            self._change.notify_all()

    def choose(self, record: str) -> None:
        """Replay that record, its first signal, from its beginning."""
        with self._change:
            self._source = self._wanted = Source(record)
            self._running = True
            self._change.notify_all()

    def wait(self) -> None:
        """Return when the worker stands still (see `hold_after`) or has failed."""
        with self._change:
            self._change.wait_for(lambda: self._held or self._state is State.FAILED)

    def view(self, seconds: float) -> View:
        """What there is to show, with so many of the newest seconds."""
        with self._change:
            shown = self._shown(seconds)
            return View(self._state, self._problem, self._choices, self._wanted, shown)

    def _shown(self, seconds: float) -> Shown | None:
        session = self._session
        if session is None:
            return None
        replay, history = session.replay, session.history
        return Shown(
            replay.record.name,
            replay.lead,
            replay.fs,
            replay.first,
            session.noise,
            session.denoiser.delay_samples,
            session.passes,
            history.last(round(seconds * replay.fs)),
            history.denoised,
            session.figures,
        )

    def _try_again(self) -> None:
        if self._state is State.FAILED:
            self._source = self._wanted

    def _main(self) -> None:
        while (source := self._next_source()) is not None:
            try:
                self._list_records()
                self._play(source)
            # Whatever it is, the user shall read it in the window and be able to go on.
            except Exception as error:
                self._fail(error)

    def _next_source(self) -> Source | None:
        """The record to replay, as soon as one is wanted; None when all is over."""
        with self._change:
            self._change.wait_for(lambda: self._closing or self._source is not None)
            source, self._source = self._source, None
            self._state, self._problem, self._session = State.LOADING, None, None
            return None if self._closing else source

    def _list_records(self) -> None:
        found = (*bundled_choices(), *folder_choices(self._settings.data))
        with self._change:
            self._choices = found

    def _fail(self, error: Exception) -> None:
        with self._change:
            self._state, self._problem = State.FAILED, error
            self._change.notify_all()

    def _play(self, source: Source) -> None:
        """Replay until another record is wanted or all is over."""
        source = source._replace(record=listed_name(source.record, self._settings.data))
        session = Session(self._settings, source)
        session.mix(self._noise)
        with self._change:
            self._session, self._state = session, State.PLAYING
            if self._source is None:
                self._wanted = source
        speed = self._settings.speed
        paced = np.isfinite(speed)
        chunk = max(1, round(session.fs * speed / UPDATES)) if paced else round(session.fs)
        max_lag = round(MAX_LAG * session.fs * speed) if paced else None
        while True:
            pacer = Pacer(session.fs, self._clock, speed)
            for step in run(session.replay, session.denoiser, pacer, chunk, max_lag):
                with self._change:
                    session.add(step)
                session.measure()
                self._played += len(step.piece.input)
                if not self._attend(session, pacer):
                    return
            with self._change:
                session.rewind()

    def _attend(self, session: Session, pacer: Pacer) -> bool:
        """Do what is wanted between two steps; False when this record is to be left."""
        with self._change:
            if self._played >= self._hold_after * session.fs:
                self._held = True
                self._change.notify_all()
                self._change.wait_for(self._left)
            if not self._running:
                self._state = State.PAUSED
                self._change.wait_for(lambda: self._running or self._left())
                self._state = State.PLAYING
                pacer.restart(session.replay.position)
            if self._left():
                return False
            noise = self._noise
        if noise != session.noise:
            session.mix(noise)
            pacer.restart(session.replay.position)
        return True

    def _left(self) -> bool:
        return self._closing or self._source is not None
