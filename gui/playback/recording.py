"""Recording of the replayed signals to a WFDB record."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

from ecgstream.gui.playback.session import Session
from ecgstream.gui.playback.snapshot import Recording
from ecgstream.gui.settings.monitor_settings import Noise
from ecgstream.gui.window.messages import reason
from ecgstream.streamer.live.sinks.base import Step
from ecgstream.streamer.live.sinks.recorder import (
    Recorder,
    RecordingError,
    settings_note,
    source_note,
)

_ELSEWHERE = "The menu File chooses another folder."
_NUMBERS = count()


class RecordingSink:
    """Sink that begins a record with its first step and survives a failing disk.

    Samples of the record count from there. It holds raw and denoised signals, and the clean
    ones if noise is mixed in at the beginning; settings and their changes are notes in it. See
    `ecgstream.streamer.live.sinks.base.Sink`.

    Parameters
    ----------
    path : of the record, without suffix.
    session : what is replayed; its present run is recorded.
    with_patient : whether the comments of the source's header are copied.
    """

    def __init__(self, path: Path, session: Session, with_patient: bool = False) -> None:
        self.path, self._replay = path, session.replay
        self._run, self._network = session.present, session.denoiser.network
        self._begun, self._with_patient = session.replay.first, with_patient
        self.name = f"recorder {next(_NUMBERS)}"
        """Of the sink; a recording that is being completed stays beside a new one."""
        self._recorder: Recorder | None = None
        self._first = 0
        self._stop: int | None = None  # sample of the run after the last one to be recorded
        self._failure = self._reason = ""
        self._failed = False  # the run has
        self._noting = threading.Lock()  # guards the recorder's beginning
        self._notes: list[tuple[int, str]] = []  # before that
        self.ended = threading.Event()
        self._run.listen(self._note)

    @property
    def recording(self) -> Recording:
        """State of the recording."""
        recorder = self._recorder
        seconds = recorder.received / self._replay.fs if recorder else 0.0
        problem = self._failure or self._reason
        going = not problem
        if self._failed and not self._failure and recorder and self.ended.is_set():
            problem = f"{problem} {recorder.kept}."
        if recorder and (lost := recorder.kept.lost):
            problem = f"{lost} samples are missing in it: the disk is too slow. {problem}"
        return Recording(self.path, seconds, going, problem.rstrip())

    def end(self, reason: str, failed: bool = False) -> None:
        """Set the reason why no more steps will come, for the window to show."""
        self._failed, self._reason = failed, reason

    def finish(self, stop: int) -> None:
        """End the recording before sample `stop` of the run, once the last one is denoised."""
        self._stop = stop

    def write(self, step: Step) -> None:
        """Write a step, without samples from before and after the recording."""
        if self._failure or self.ended.is_set():
            return
        stop = self._stop
        step = step if stop is None else _before(step, stop)
        try:
            if self._recorder is None and (stop is None or step.piece.start < stop):
                self._recorder = self._begin(step.piece.start)
            if self._recorder is not None:
                counted = self._counted(step)
                self._recorder.write(counted)
        except (OSError, ValueError) as error:
            self._fail("ended", error)
        if stop is not None and step.block.start + len(step.block.signal) >= stop:
            self.close()

    def close(self) -> None:
        """Complete the record."""
        if self.ended.is_set():
            return
        try:
            if self._recorder is not None:
                self._recorder.close()
        except OSError as error:
            self._fail("is not complete", error)
        finally:
            self.ended.set()

    def _fail(self, what: str, error: OSError | ValueError) -> None:
        if self._failure:
            return
        if isinstance(error, RecordingError) and isinstance(error.__cause__, OSError):
            error = error.__cause__
        kept = f" {self._recorder.kept}." if self._recorder else ""
        self._failure = f"The recording {what}: {reason(error)}.{kept} {_ELSEWHERE}"

    def _begin(self, first: int) -> Recorder:
        self._first, replay = first, self._replay
        source = replay.record
        about = (
            f"Replay of {source.name} from sample {self._begun + first}, denoised by "
            "ecgstream, which is not a medical device"
        )
        comments = (*(source.comments if self._with_patient else ()), about)
        base = source.base and source.base.moved((self._begun + first) / replay.fs)
        recorder = Recorder(
            self.path, replay.fs, replay.leads, replay.noisy, comments, base, beats=True
        )
        if source.annotations is not None:
            recorder.copy_annotations(source.annotations, self._begun + first)
        recorder.note(0, source_note(source.name, self._begun + first, replay.leads, self._network))
        applied = self._run.applied_at(first)._asdict()
        del applied["sample"]
        recorder.note(0, _settings(applied))
        with self._noting:
            self._recorder = recorder
            for sample, text in self._notes:
                self._put(sample, text)
        return recorder

    def _note(self, sample: int, changes: Mapping[str, Any]) -> None:
        """Note changed settings; called in the threads that change them."""
        with self._noting:
            if self._recorder is None:
                self._notes.append((sample, _settings(changes)))
            else:
                self._put(sample, _settings(changes))

    def _put(self, sample: int, text: str) -> None:
        if self._recorder is not None and sample > self._first:
            self._recorder.note(sample - self._first, text)

    def _counted(self, step: Step) -> Step:
        """Return the step with samples counted from the recording's first."""
        piece, block = step.piece, step.block
        before = min(max(0, self._first - block.start), len(block.signal))
        return step._replace(
            piece=piece._replace(start=piece.start - self._first),
            block=block._replace(
                start=max(0, block.start - self._first),
                signal=block.signal[before:],
                quality=block.quality[before:],
                error=block.error[before:],
            ),
        )


def _before(step: Step, stop: int) -> Step:
    """Return a step without the samples from `stop` on."""
    piece, block = step.piece, step.block
    inside, done = max(0, stop - piece.start), max(0, stop - block.start)
    return step._replace(
        piece=piece._replace(
            start=min(piece.start, stop), input=piece.input[:inside], clean=piece.clean[:inside]
        ),
        block=block._replace(
            start=min(block.start, stop),
            signal=block.signal[:done],
            quality=block.quality[:done],
            error=block.error[:done],
        ),
    )


def _settings(values: Mapping[str, Any]) -> str:
    noise = values.get("noise")
    if isinstance(noise, Noise):
        mixed = f"{noise.kind} at {noise.snr:g} dB" if noise.kind else "none"
        values = {**values, "noise": mixed}
    return settings_note(**values)
