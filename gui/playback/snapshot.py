"""Immutable snapshots of what is being played, from the worker to the window."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from ecgstream.gui.playback.record_list import Choice
from ecgstream.gui.settings.monitor_settings import Noise, Source
from ecgstream.streamer.ecg.heart_rate import HeartRate
from ecgstream.streamer.live.history import Segment

FIGURE_SECONDS = 10
"""Seconds of signal that the figures of the status line are measured over."""


class State(enum.Enum):
    """State of the worker."""

    LOADING = enum.auto()
    PLAYING = enum.auto()
    PAUSED = enum.auto()
    FAILED = enum.auto()


class Mark(NamedTuple):
    """Annotation of a beat or a rhythm."""

    sample: int  # of the run
    text: str  # a beat's symbol, or the rhythm: "(AFIB"


class AppliedSettings(NamedTuple):
    """Settings that apply from one sample on."""

    sample: int  # of the run
    noise: Noise
    delay: str | int
    strength: float
    st: bool


class Figures(NamedTuple):
    """Present figures of the status line; NaN where unknown or not yet measured."""

    heart_rate: HeartRate  # from the denoised signal
    delta_snr: float  # dB, where noise was mixed in; the mean over the signals
    good: float  # share, 0 to 1, of the denoised samples that carry no flag
    delay: int  # samples, as the engine declares it
    delay_measured: int  # samples, the longest wait measured
    step_p99: float  # s, 99th percentile of the engine's time for a step
    hop: float  # s, deadline of a step
    queue: float  # fill of the fullest queue, 0 to 1
    dropped: int  # samples lost since the record was chosen


class Recording(NamedTuple):
    """State of a recording to a file."""

    path: Path
    seconds: float
    going: bool
    problem: str  # why it ended, or what is missing in it; empty while it is fine


class Download(NamedTuple):
    """State of a download from PhysioNet."""

    name: str
    done: int  # bytes
    total: int  # bytes; 0 while unknown
    problem: str  # empty while it is fine


class Excerpt(NamedTuple):
    """Segment of the record being replayed, with its annotations, beats and settings.

    Samples count from the first of the run. Noise, delay, strength and ST mode are those applied
    at the segment's end.
    """

    record: str
    leads: tuple[str, ...]
    fs: float  # Hz
    first: int  # sample of the record at which the run began
    length: int  # samples of the whole record
    noise: Noise
    delay: str | int
    strength: float
    run_number: int  # changes whenever samples count from 0 again
    received: int
    denoised: int
    held: int  # oldest sample in the history
    segment: Segment
    beats: tuple[Mark, ...]  # within the segment
    rhythms: tuple[Mark, ...]  # within the segment, and the one at its start
    peaks: npt.NDArray[np.int64]  # R peaks of the denoised segment
    figures: Figures
    st: bool = False  # whether the ST segment is kept
    applied_settings: tuple[AppliedSettings, ...] = ()  # at its start, and each change within
    again: bool = False  # the run began because the record had come to its end


class ExcerptSource(Protocol):
    """History of one playback run; can be read after the run has ended."""

    def excerpt(self, seconds: float, end: int | None, figures: Figures) -> Excerpt:
        """Return the seconds up to sample `end`, or the newest when None."""


class Snapshot(NamedTuple):
    """Everything that the window shows at one moment."""

    state: State
    problem: Exception | None  # why the state is FAILED
    choices: tuple[Choice, ...]
    source: Source  # as requested
    speed: float  # times real time
    recording: Recording | None
    download: Download | None
    shown: Excerpt | None  # None until a record is open
    excerpt_source: ExcerptSource | None  # the history of `shown`, for looking back later
