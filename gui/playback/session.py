"""Record, engine and history of what is being replayed."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ecgstream.gui.playback.snapshot import AppliedSettings, Excerpt, ExcerptSource, Figures, Mark
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

HISTORY_SECONDS = 600
"""Seconds of signal that each run keeps for looking back."""


Listener = Callable[[int, Mapping[str, Any]], object]
"""Receiver of changed settings, by their names, and of the sample they hold from."""


class EngineSettings(NamedTuple):
    """Engine settings that may change while it runs; see `ecgstream.StreamingDenoiser`."""

    delay: str | int
    strength: float
    st: bool


class PlaybackRun:
    """Signals, beats and figures of a record since the sample count last began at 0.

    One thread adds steps; any thread may read excerpts.

    Parameters
    ----------
    replay : at the run's first sample.
    marks : annotations of the record.
    number : distinguishes the runs of a worker.
    applied : settings at the first sample.
    again : the run began because the record had come to its end.
    """

    def __init__(
        self,
        replay: Replay,
        marks: RecordMarks,
        number: int,
        applied: AppliedSettings,
        again: bool,
    ) -> None:
        channels = len(replay.leads)
        self.replay, self._first, self._marks = replay, replay.first, marks
        self._number, self._again = number, again
        self._lock = Lock()  # guards the history, the peaks and the applied settings
        self._history = History(round(HISTORY_SECONDS * replay.fs), channels)
        self._detector = BeatDetector(replay.fs, channels)
        self._peaks: list[int] = []
        self._statistics = Statistics(replay.fs)
        self._applied = [applied]
        self._listeners: tuple[Listener, ...] = ()

    @property
    def received(self) -> int:
        """Samples taken so far, lost ones included."""
        return self._history.received

    @property
    def figures(self) -> Figures:
        """Figures of the last full second."""
        return self._statistics.figures

    def apply(self, sample: int, **changes: Any) -> None:
        """Note changed settings from `sample` on, or from the last change where that is later."""
        with self._lock:
            listeners, last = self._listeners, self._applied[-1]
            if sample <= last.sample:
                self._applied.pop()
            changed = last._replace(sample=max(sample, last.sample), **changes)
            self._applied.append(changed)
        for listener in listeners:
            listener(sample, changes)

    def listen(self, listener: Listener) -> None:
        """Call it with the sample and the new values of each change from now on."""
        with self._lock:
            self._listeners += (listener,)

    def applied_at(self, sample: int) -> AppliedSettings:
        """Return the settings applied at a sample."""
        with self._lock:
            return self._applied[self._applied_at(sample)]

    def take(self, step: Step) -> None:
        """Add one step's input and output."""
        with self._lock:
            self._history.add(step.piece, step.block)
        block = step.block
        found = self._detector.skip(block.start - self._detector.received)
        found += self._detector.push(block.signal, block.quality)
        with self._lock:
            self._peaks += [beat.sample for beat in found]
        if self._statistics.add(step):
            with self._lock:
                self._statistics.measure(self._history, self._detector.heart_rate())
                del self._peaks[: bisect_left(self._peaks, self._history.oldest)]
                del self._applied[: self._applied_at(self._history.oldest)]

    def excerpt(self, seconds: float, end: int | None, figures: Figures) -> Excerpt:
        """Return the seconds up to sample `end`, or the newest when None."""
        with self._lock:
            return self._excerpt(seconds, end, figures)

    def _excerpt(self, seconds: float, end: int | None, figures: Figures) -> Excerpt:
        history, replay = self._history, self.replay
        stop = history.received if end is None else end
        segment = history.segment(stop - round(seconds * replay.fs), stop)
        start, stop = segment.start, segment.start + len(segment.input)
        peaks = self._peaks
        last_applied = self._applied_at(max(start, stop - 1))
        applied = self._applied[self._applied_at(start) : last_applied + 1]
        last = applied[-1]
        return Excerpt(
            record=replay.record.name,
            leads=replay.leads,
            fs=replay.fs,
            first=self._first,
            length=len(replay.record.signals),
            noise=last.noise,
            delay=last.delay,
            strength=last.strength,
            run_number=self._number,
            received=history.received,
            denoised=history.denoised,
            held=history.oldest,
            segment=segment,
            beats=self._counted(self._marks.beats, start, stop),
            rhythms=self._counted(self._marks.rhythms, start, stop, before=True),
            peaks=np.array(peaks[bisect_left(peaks, start) : bisect_left(peaks, stop)], np.int64),
            figures=figures,
            st=last.st,
            applied_settings=tuple(applied),
            again=self._again,
        )

    def _applied_at(self, sample: int) -> int:
        """Return the index of the settings applied at a sample."""
        return max(0, bisect_right(self._applied, sample, key=lambda x: x.sample) - 1)

    def _counted(
        self, marks: Marks, start: int, stop: int, before: bool = False
    ) -> tuple[Mark, ...]:
        """Return the marks from `start` to `stop`, in samples of this run."""
        found = marks.within(self._first + start, self._first + stop, before)
        return tuple(Mark(sample - self._first, text) for sample, text in found)


class Session:
    """Record and engine of one choice of the user; the runner's sink for the screen.

    Parameters
    ----------
    settings, source, engine : the record and the engine's initial settings.
    read : reads a record from its name and the data folder.
    taken : called after each step that was taken, in the sink's thread.

    Raises
    ------
    RecordError, ModelError, ValueError, OSError, RuntimeError : the record or the engine cannot
        be loaded; the message says why.
    """

    def __init__(
        self,
        settings: MonitorSettings,
        source: Source,
        engine: EngineSettings,
        read: Callable[[str, Path | None], Record],
        taken: Callable[[], object] = lambda: None,
    ) -> None:
        self._data, self._on_taken = settings.data, taken
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
            **engine._asdict(),
        )
        self._engine = engine
        self._noise = Noise(None, 0.0)
        self._unit_noise: dict[str, npt.NDArray[np.float64]] = {}
        self._dropped = 0  # samples, before the engine or before the screen
        self.begin(0, 0)

    def sample_at(self, second: float) -> int:
        """Return the sample at a second of the record, clipped to the record."""
        return min(max(0, round(second * self.fs)), self._length - 1)

    def begin(self, sample: int, number: int, again: bool = False) -> None:
        """Begin a run at a sample of the record; see `PlaybackRun` for `number` and `again`."""
        self.replay.seek(sample)
        applied = AppliedSettings(0, self._noise, *self._engine)
        self.present = PlaybackRun(self.replay, self._marks, number, applied, again)
        self._taken = 0

    def run_of(self, excerpt_source: ExcerptSource | None) -> PlaybackRun:
        """Return `excerpt_source` if it is a run of this session, else the present run."""
        if isinstance(excerpt_source, PlaybackRun) and excerpt_source.replay is self.replay:
            return excerpt_source
        return self.present

    def shown_up_to(self, position: int) -> bool:
        """Whether every step before a sample of the present run was taken."""
        return self._taken >= position

    @property
    def settled(self) -> bool:
        """Whether all that was replayed was taken."""
        return self._taken == self.replay.position

    def mix(self, noise: Noise) -> bool:
        """Mix noise in from the next sample on; return whether it differs from the one before."""
        if noise == self._noise:
            return False
        kind = noise.kind
        if kind is not None and kind not in self._unit_noise:
            signals = range(len(self.replay.leads))
            each = [unit_noise(kind, self._length, i, self._data, self.fs) for i in signals]
            self._unit_noise = {kind: np.stack(each, axis=1)}
        self.replay.mix(None if kind is None else self._unit_noise[kind], noise.snr)
        self._noise = noise
        self.present.apply(self.replay.position, noise=noise)
        return True

    def tune(self, engine: EngineSettings, sample: int) -> None:
        """Change the engine's settings; called in the engine's thread.

        Parameters
        ----------
        engine : new settings.
        sample : number of the next sample that the engine gets.
        """
        if engine != self._engine:
            for name, value in engine._asdict().items():
                setattr(self.denoiser, name, value)
            before, self._engine = self._engine._asdict(), engine
            changes = {name: x for name, x in engine._asdict().items() if x != before[name]}
            self.present.apply(sample, **changes)

    def write(self, step: Step) -> None:
        """Add one step to the present run."""
        self.present.take(step)
        # A hole before this step was lost in the screen's queue; each sample counts once.
        self._dropped += step.piece.start - self._taken + step.dropped
        self._taken = self.present.received
        self._on_taken()

    def close(self) -> None:
        """Do nothing: the history outlives the run."""

    def figures(self, speed: float, queue: float) -> Figures:
        """Return the present figures; the deadline of a step shrinks with `speed`."""
        return self.present.figures._replace(
            delay=self.denoiser.delay_samples,
            hop=self.denoiser.mode.hop / FS / (speed if np.isfinite(speed) else 1),
            queue=queue,
            dropped=self._dropped,
        )
