"""A record, the engine that denoises it, and what both have given so far."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from pathlib import Path
from threading import Condition
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ecgstream.gui.playback.snapshot import AppliedSettings, Excerpt, Figures, Mark
from ecgstream.gui.playback.statistics import Statistics
from ecgstream.gui.settings.monitor_settings import MonitorSettings, Noise, Source
from ecgstream.streamer.denoiser import StreamingDenoiser
from ecgstream.streamer.ecg.annotations import Marks, RecordMarks, record_marks
from ecgstream.streamer.ecg.noise import unit_noise
from ecgstream.streamer.ecg.qrs import BeatDetector
from ecgstream.streamer.engine.delay import FS
from ecgstream.streamer.io.records import Record, RecordError
from ecgstream.streamer.live.history import History
from ecgstream.streamer.live.sinks.base import Step
from ecgstream.streamer.live.sources.record import Replay

HELD = 600
"""Seconds that can be looked back at."""


class EngineSettings(NamedTuple):
    """What can be changed of the engine while it runs; see `ecgstream.StreamingDenoiser`."""

    delay: str | int
    strength: float
    st: bool


class PlaybackRun:
    """What has come of a record since the count began at one place of it.

    Parameters
    ----------
    replay : at that place.
    marks : the record's.
    number : another one for each pass.
    in_force : what is set as it begins.
    again : it begins because the record has come to its end.
    """

    def __init__(
        self,
        replay: Replay,
        marks: RecordMarks,
        number: int,
        in_force: AppliedSettings,
        again: bool,
    ) -> None:
        channels = len(replay.leads)
        self.replay, self._first, self._marks = replay, replay.first, marks
        self._number, self._again = number, again
        self.history = History(round(HELD * replay.fs), channels)
        self._detector = BeatDetector(replay.fs, channels)
        self._statistics = Statistics(replay.fs)
        self._in_force = [in_force]

    @property
    def figures(self) -> Figures:
        """What was measured last."""
        return self._statistics.figures

    def set(self, in_force: AppliedSettings) -> None:
        """Let this hold from a sample on, which is no earlier than where the last began to."""
        sample = max(in_force.sample, self._in_force[-1].sample)
        if sample == self._in_force[-1].sample:
            self._in_force.pop()
        self._in_force.append(in_force._replace(sample=sample))

    def take(self, step: Step, change: Condition) -> None:
        """Take what one step has read and made; `change` guards what `shown` reads."""
        with change:
            self.history.add(step.piece, step.block)
        self._detector.push(step.block.signal, step.block.quality)
        measured = self._statistics.add(step)
        if measured:
            with change:
                self._statistics.measure(self.history, self._detector.rate())
                peaks = self._detector.peaks
                del peaks[: bisect_left(peaks, self.history.oldest)]
                del self._in_force[: self._set_at(self.history.oldest)]

    def shown(self, seconds: float, end: int | None, figures: Figures) -> Excerpt:
        """So many seconds up to the count `end`, or the newest; with those figures."""
        history, replay = self.history, self.replay
        stop = history.received if end is None else end
        stretch = history.segment(stop - round(seconds * replay.fs), stop)
        start, stop = stretch.start, stretch.start + len(stretch.input)
        peaks = self._detector.peaks
        in_force = self._in_force[self._set_at(start) : self._set_at(stop - 1) + 1]
        last = in_force[-1]
        return Excerpt(
            record=replay.record.name,
            leads=replay.leads,
            fs=replay.fs,
            first=self._first,
            length=len(replay.record.signals),
            noise=last.noise,
            delay=last.delay,
            strength=last.strength,
            passes=self._number,
            received=history.received,
            denoised=history.denoised,
            held=history.oldest,
            stretch=stretch,
            beats=self._counted(self._marks.beats, start, stop),
            rhythms=self._counted(self._marks.rhythms, start, stop, before=True),
            peaks=np.array(peaks[bisect_left(peaks, start) : bisect_left(peaks, stop)], np.int64),
            figures=figures,
            st=last.st,
            in_force=tuple(in_force),
            again=self._again,
        )

    def _set_at(self, sample: int) -> int:
        """The number of what is in force at that sample."""
        return max(0, bisect_right(self._in_force, sample, key=lambda x: x.sample) - 1)

    def _counted(
        self, marks: Marks, start: int, stop: int, before: bool = False
    ) -> tuple[Mark, ...]:
        """The marks from count `start` to `stop`, in counts."""
        found = marks.within(self._first + start, self._first + stop, before)
        return tuple(Mark(sample - self._first, text) for sample, text in found)


class Session:
    """A record being replayed, as a sink of the runner for the screen.

    Parameters
    ----------
    settings, source, tuning : what to open, and how.
    read : reads a record from its name and the data folder.
    change : guards what `take` changes and a window reads.

    Raises
    ------
    RecordError, ModelError, ValueError, OSError, RuntimeError : the record or the engine cannot
        be had; the message says why.
    """

    def __init__(
        self,
        settings: MonitorSettings,
        source: Source,
        tuning: EngineSettings,
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
        self._noise = Noise(None, 0.0)
        self._unit_noise: dict[str, npt.NDArray[np.float64]] = {}
        self._dropped = 0  # samples, before the engine or before the screen
        self.begin(0, 0)

    def sample_at(self, second: float) -> int:
        """The sample at that second of the record, or the nearest that there is."""
        return min(max(0, round(second * self.fs)), self._length - 1)

    def begin(self, sample: int, number: int, again: bool = False) -> None:
        """Let the count begin anew at that sample of the record, with nothing received.

        See `PlaybackRun` for `number` and `again`.
        """
        with self._change:
            self.replay.seek(sample)
            in_force = AppliedSettings(0, self._noise, *self._tuning)
            self.present = PlaybackRun(self.replay, self._marks, number, in_force, again)
            self.taken = 0

    @property
    def settled(self) -> bool:
        """Whether all that was replayed has been taken."""
        return self.taken == self.replay.position

    def mix(self, noise: Noise) -> bool:
        """Mix that noise in from the next sample on; whether it is another one."""
        if noise == self._noise:
            return False
        kind = noise.kind
        if kind is not None and kind not in self._unit_noise:
            signals = range(len(self.replay.leads))
            each = [unit_noise(kind, self._length, i, self._data, self.fs) for i in signals]
            self._unit_noise = {kind: np.stack(each, axis=1)}
        self.replay.mix(None if kind is None else self._unit_noise[kind], noise.snr)
        self._noise = noise
        self._set(self.replay.position)
        return True

    def tune(self, tuning: EngineSettings) -> None:
        """Change the engine from the next sample on; called in its thread."""
        if tuning != self._tuning:
            for name, value in tuning._asdict().items():
                setattr(self.denoiser, name, value)
            self._tuning = tuning
            # What is on its way to the screen came before; a usual screen is up to date.
            self._set(self.taken)

    def write(self, step: Step) -> None:
        """Take what one step has read and made."""
        present = self.present
        present.take(step, self._change)
        with self._change:
            # A hole before this step is what the screen's queue lost; each sample counts once.
            self._dropped += step.piece.start - self.taken + step.dropped
            self.taken = present.history.received
            self._change.notify_all()

    def close(self) -> None:
        """Nothing is left to do."""

    def figures(self, speed: float, queue: float) -> Figures:
        """Those of this moment; a step may take less time at a higher `speed`."""
        return self.present.figures._replace(
            delay=self.denoiser.delay_samples,
            hop=self.denoiser.mode.hop / FS / (speed if np.isfinite(speed) else 1),
            queue=queue,
            dropped=self._dropped,
        )

    def _set(self, sample: int) -> None:
        with self._change:
            self.present.set(AppliedSettings(sample, self._noise, *self._tuning))
