"""A record, the engine that denoises it, and what both have given so far."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from pathlib import Path
from threading import Condition
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gui.meter import Meter
from gui.settings import MonitorSettings, Noise, Source
from gui.view import Mark, Shown
from streamer import FS, StreamingDenoiser
from streamer.annotations import Marks, record_marks
from streamer.history import History
from streamer.noise import unit_noise
from streamer.qrs import BeatDetector
from streamer.records import Record, RecordError
from streamer.replay import Replay, Step

HELD = 600
"""Seconds that can be looked back at."""


class Tuning(NamedTuple):
    """What can be changed of the engine while it runs; see `streamer.StreamingDenoiser`."""

    delay: str | int
    strength: float
    st: bool


class Session:
    """A record being replayed, a screen's sink for what comes of it; see `tools.runner.Sink`.

    Parameters
    ----------
    settings, source, tuning : what to open, and how.
    read : reads a record from its name and the data folder.
    change : guards what `shown` and `add` share.

    Raises
    ------
    RecordError, ModelError, ValueError, OSError, RuntimeError : the record or the engine cannot
        be had; the message says why.
    """

    def __init__(
        self,
        settings: MonitorSettings,
        source: Source,
        tuning: Tuning,
        read: Callable[[str, Path | None], Record],
        change: Condition,
    ) -> None:
        self._data, self._change = settings.data, change
        record = read(source.record, settings.data)
        self.replay = Replay(record, None if source.signal is None else [source.signal])
        self.fs = self.replay.fs
        self._length = len(self.replay)
        if not 0 <= source.start * self.fs < self._length:
            raise RecordError(
                f"record {record.name} lasts {self._length / self.fs:g} s; there is nothing from "
                f"{source.start:g} s on"
            )
        self._marks = record_marks(record.annotations)
        self.denoiser = StreamingDenoiser(
            settings.model,
            channels=len(self.replay.leads),
            fs=self.fs,
            runtime=settings.runtime,
            **tuning._asdict(),
        )
        self._tuning = tuning
        self.noise = Noise(None, 0.0)
        self._unit_noise: dict[str, npt.NDArray[np.float64]] = {}
        self.begin(0)

    def sample_at(self, second: float) -> int:
        """The sample at that second of the record, or the nearest that there is."""
        return min(max(0, round(second * self.fs)), self._length - 1)

    def begin(self, sample: int) -> None:
        """Let the count begin anew at that sample of the record, with nothing received."""
        channels = len(self.replay.leads)
        with self._change:
            self.replay.begin(sample)
            self.history = History(round(HELD * self.fs), channels)
            self._detector = BeatDetector(self.fs, channels)
            self._meter = Meter(self.fs)
            self.taken = 0

    @property
    def settled(self) -> bool:
        """Whether all that was replayed has been taken."""
        return self.taken == self.replay.position

    @property
    def hop(self) -> float:
        """Seconds of signal from one window to the next."""
        return self.denoiser.mode.hop / FS

    def mix(self, noise: Noise) -> bool:
        """Mix that noise in from the next sample on; whether it is another one."""
        if noise == self.noise:
            return False
        kind = noise.kind
        if kind is not None and kind not in self._unit_noise:
            signals = range(len(self.replay.leads))
            each = [unit_noise(kind, self._length, i, self._data, self.fs) for i in signals]
            self._unit_noise = {kind: np.stack(each, axis=1)}
        self.replay.mix(None if kind is None else self._unit_noise[kind], noise.snr)
        self.noise = noise
        return True

    def tune(self, tuning: Tuning) -> None:
        """Change the engine from the next sample on; called in its thread."""
        if tuning != self._tuning:
            for name, value in tuning._asdict().items():
                setattr(self.denoiser, name, value)
            self._tuning = tuning

    def take(self, step: Step) -> None:
        """Take what one step has read and made."""
        with self._change:
            self.history.add(step.piece, step.block)
        self._detector.push(step.block.signal, step.block.quality)
        measured = self._meter.add(step)
        with self._change:
            if measured:
                self._meter.measure(self.history, self._detector.rate())
                peaks = self._detector.peaks
                del peaks[: bisect_left(peaks, self.history.held)]
            self.taken = self.history.received
            self._change.notify_all()

    def close(self) -> None:
        """Nothing is left to do."""

    def shown(self, seconds: float, end: int | None, passes: int, **figures: Any) -> Shown:
        """So many seconds up to the count `end`, or the newest; with figures of this moment."""
        history, replay, denoiser = self.history, self.replay, self.denoiser
        stop = history.received if end is None else end
        stretch = history.stretch(stop - round(seconds * self.fs), stop)
        start, stop = stretch.start, stretch.start + len(stretch.input)
        peaks = self._detector.peaks
        return Shown(
            record=replay.record.name,
            leads=replay.leads,
            fs=self.fs,
            first=replay.first,
            length=self._length,
            noise=self.noise,
            passes=passes,
            received=history.received,
            denoised=history.denoised,
            held=history.held,
            stretch=stretch,
            beats=self._counted(self._marks.beats, start, stop),
            rhythms=self._counted(self._marks.rhythms, start, stop, before=True),
            peaks=np.array(peaks[bisect_left(peaks, start) : bisect_left(peaks, stop)], np.int64),
            figures=self._meter.figures._replace(delay=denoiser.delay_samples, **figures),
            **self._tuning._asdict(),
        )

    def _counted(
        self, marks: Marks, start: int, stop: int, before: bool = False
    ) -> tuple[Mark, ...]:
        """The marks from count `start` to `stop`, in counts."""
        first = self.replay.first
        found = marks.within(first + start, first + stop, before)
        return tuple(Mark(sample - first, text) for sample, text in found)
