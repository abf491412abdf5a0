"""One record being replayed through the engine: its last minute and the figures about it."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gui.settings import MonitorSettings, Noise, Source
from streamer import StreamingDenoiser
from streamer.history import History
from streamer.noise import unit_noise
from streamer.qrs import heart_rate, r_peaks
from streamer.records import read_record
from streamer.replay import Replay, Step

HELD = 60
"""Seconds kept for display; the widest screen shows less."""
MEASURED = 10
"""Seconds that the figures are taken over."""


class Figures(NamedTuple):
    """What the status line says; NaN where it is not known (yet)."""

    heart_rate: float  # bpm, from the denoised signal
    delta_snr: float  # dB; where noise was mixed in, so that the clean signal is known
    real_time_factor: float  # seconds of signal per second of engine
    dropped: int  # samples that came too late, since the record was chosen


class Session:
    """A record, the engine that denoises it, and what both have given so far.

    Raises
    ------
    RecordError, ModelError, ValueError, OSError, RuntimeError : the record or the engine cannot
        be had; the message says why.
    """

    def __init__(self, settings: MonitorSettings, source: Source) -> None:
        self._settings = settings
        self.replay = Replay(read_record(source.record, settings.data), source.signal, source.start)
        self.fs = self.replay.fs
        self.denoiser = StreamingDenoiser(
            settings.model, fs=self.fs, delay=settings.delay, runtime=settings.runtime
        )
        self.noise = Noise(None, 0.0)
        self._unit_noise: tuple[str, npt.NDArray[np.float64]] | None = None
        self.passes = 0
        self._dropped = 0
        self.rewind()

    def rewind(self) -> None:
        """Go back to the beginning of the stretch, with nothing received."""
        self.passes += 1
        self.replay.position = 0
        self.denoiser.reset()
        self.history = History(round(HELD * self.fs))
        self._busy = 0.0
        self._loads: deque[float] = deque(maxlen=MEASURED)  # engine seconds per signal second
        self._measured = 0  # sample count of the newest figures
        self.figures = Figures(np.nan, np.nan, np.nan, self._dropped)

    def mix(self, noise: Noise) -> None:
        """Mix that noise in from the next sample on."""
        self.noise = noise
        if noise.kind is None:
            self.replay.mix(None)
            return
        if self._unit_noise is None or self._unit_noise[0] != noise.kind:
            samples = unit_noise(noise.kind, len(self.replay), data=self._settings.data)
            self._unit_noise = noise.kind, samples
        self.replay.mix(self._unit_noise[1], noise.snr)

    def add(self, step: Step) -> None:
        """Take what one step has read and made."""
        self.history.add(step.piece, step.block)
        self._busy += step.seconds
        self._dropped += step.dropped
        self.figures = self.figures._replace(dropped=self._dropped)

    def measure(self) -> None:
        """Bring the figures up to date, once per second of signal."""
        seconds = (self.history.received - self._measured) / self.fs
        if seconds < 1:
            return
        self._loads.append(self._busy / seconds)
        self._busy, self._measured = 0.0, self.history.received
        load = float(np.mean(self._loads))
        last = round(MEASURED * self.fs)
        self.figures = Figures(
            heart_rate(r_peaks(self.history.last(last).output, self.fs), self.fs),
            self.history.delta_snr(last) if self.replay.noisy else np.nan,
            1 / load if load > 0 else np.nan,
            self._dropped,
        )
