"""Recording of the replayed signals to a WFDB record."""

from __future__ import annotations

import threading
from pathlib import Path

from ecgstream.gui.playback.snapshot import Recording
from ecgstream.gui.window.messages import reason
from ecgstream.streamer.live.sinks.base import Step
from ecgstream.streamer.live.sinks.recorder import Recorder
from ecgstream.streamer.live.sources.record import Replay

_ELSEWHERE = "The menu File chooses another folder."


class RecordingSink:
    """Sink that begins a record with its first step and survives a failing disk.

    Samples of the record count from there. It holds raw and denoised signals, and the clean
    ones if noise is mixed in at the beginning. See `ecgstream.streamer.live.sinks.base.Sink`.
    """

    def __init__(self, path: Path, replay: Replay) -> None:
        self.path, self._replay, self._begun = path, replay, replay.first
        self._recorder: Recorder | None = None
        self._first = 0
        self._lost = 0  # samples, dropped by a full queue
        self._failure = self._reason = ""
        self.ended = threading.Event()

    @property
    def recording(self) -> Recording:
        """State of the recording."""
        recorder = self._recorder
        seconds = recorder.received / self._replay.fs if recorder else 0.0
        problem = self._failure or self._reason
        going = not problem
        if self._lost:
            problem = f"{self._lost} samples are missing in it: the disk is too slow. {problem}"
        return Recording(self.path, seconds, going, problem.rstrip())

    def end(self, reason: str) -> None:
        """Set the reason why no more steps will come, for the window to show."""
        self._reason = reason

    def write(self, step: Step) -> None:
        """Write a step, without samples from before the recording."""
        if self._failure:
            return
        try:
            if self._recorder is None:
                self._recorder = self._begin(step.piece.start)
            counted = self._counted(step)
            self._lost += counted.piece.start - self._recorder.received
            self._recorder.write(counted)
        except (OSError, ValueError) as error:
            self._failure = f"The recording ended: {reason(error)}. {_ELSEWHERE}"

    def close(self) -> None:
        """Complete the record."""
        try:
            if self._recorder is not None:
                self._recorder.close()
        except OSError as error:
            incomplete = f"The recording is not complete: {reason(error)}. {_ELSEWHERE}"
            self._failure = self._failure or incomplete
        finally:
            self.ended.set()

    def _begin(self, first: int) -> Recorder:
        self._first, replay = first, self._replay
        about = (
            f"Replay of {replay.record.name} from sample {self._begun + first}, denoised by "
            "ecgstream, which is not a medical device"
        )
        comments = (*replay.record.comments, about)
        return Recorder(self.path, replay.fs, replay.leads, replay.noisy, comments)

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
