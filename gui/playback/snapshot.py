"""What the worker tells the window: plain data, of one moment."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from ecgstream.gui.playback.record_list import Choice
from ecgstream.gui.settings.monitor_settings import Noise, Source
from ecgstream.streamer.live.history import Segment

MEASURED = 10
"""Seconds that the figures are taken over."""


class State(enum.Enum):
    """What the worker is doing."""

    LOADING = enum.auto()
    PLAYING = enum.auto()
    PAUSED = enum.auto()
    FAILED = enum.auto()


class Mark(NamedTuple):
    """One annotation."""

    sample: int  # in the stream's count
    text: str  # a beat's symbol, or the rhythm: "(AFIB"


class AppliedSettings(NamedTuple):
    """What was set from one sample on."""

    sample: int  # in the stream's count
    noise: Noise
    delay: str | int
    strength: float
    st: bool


class Figures(NamedTuple):
    """What the status line says of this moment; NaN where it is not known (yet)."""

    heart_rate: float  # bpm, from the denoised signal
    delta_snr: float  # dB, where noise was mixed in; the mean over the signals
    good: float  # share, 0 to 1, of the samples put out that carry no flag
    delay: int  # samples, declared
    delay_measured: int  # samples: the most that one was seen to wait
    step_p99: float  # s, that the engine took for a step
    hop: float  # s, that it may take
    queue: float  # 0 to 1: how full the fullest queue is
    dropped: int  # samples lost since the record was chosen


class Recording(NamedTuple):
    """A file that is being written, or was."""

    path: Path
    seconds: float
    going: bool
    problem: str  # why it ended, or what is missing in it; empty while it is fine


class Download(NamedTuple):
    """A record on its way from PhysioNet, or what came in its way."""

    name: str
    done: int  # bytes
    total: int  # bytes; 0 while unknown
    problem: str  # empty while it is fine


class Excerpt(NamedTuple):
    """What is being replayed, and a stretch of it. All counts are those of the stream.

    Noise, delay, strength and ST mode are those in force at the stretch's end.
    """

    record: str
    leads: tuple[str, ...]
    fs: float  # Hz
    first: int  # the record's sample that the count begins with
    length: int  # samples of the whole record
    noise: Noise
    delay: str | int
    strength: float
    passes: int  # another number whenever the count begins anew
    received: int
    denoised: int
    held: int  # the first sample that can still be asked for
    stretch: Segment
    beats: tuple[Mark, ...]  # within the stretch
    rhythms: tuple[Mark, ...]  # within the stretch, and the one in force at its start
    peaks: npt.NDArray[np.int64]  # R peaks of the denoised signal, within the stretch
    figures: Figures
    st: bool = False  # whether the ST segment is kept
    in_force: tuple[AppliedSettings, ...] = ()  # at the stretch's start, and each change within it
    again: bool = False  # the record has come to its end and began again


class ExcerptSource(Protocol):
    """History of one playback run; can be read after the run has ended."""

    def excerpt(self, seconds: float, end: int | None, figures: Figures) -> Excerpt:
        """Return the seconds up to sample `end`, or the newest when None."""


class Snapshot(NamedTuple):
    """Everything that the window shows, at one moment."""

    state: State
    problem: Exception | None  # why the state is FAILED
    choices: tuple[Choice, ...]
    source: Source  # what the user wants to see
    speed: float  # times real time
    recording: Recording | None
    download: Download | None
    shown: Excerpt | None  # None until it has been opened
    held_in: ExcerptSource | None  # the history of `shown`, for looking back later
