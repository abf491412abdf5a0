"""A record handed out piece by piece, as if it were being acquired.

Time enters only through the clock that the caller passes in; every deadline is derived from an
integer count of samples, so that pauses and rounding never add up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from streamer.denoiser import StreamingDenoiser
from streamer.metrics import reference
from streamer.noise import noise_gain
from streamer.records import Record, RecordError
from streamer.stream import Block
from streamer.windows import Floats


class Clock(Protocol):
    """Where time comes from; `time.monotonic` and `time.sleep` outside of tests."""

    def now(self) -> float:
        """Seconds since some fixed moment."""

    def sleep(self, seconds: float) -> None:
        """Return after that many seconds."""


class Pacer:
    """When each sample is due.

    Parameters
    ----------
    fs : sampling rate in Hz.
    clock : where time comes from.
    speed : times real time; infinite for as fast as possible.
    """

    def __init__(self, fs: float, clock: Clock, speed: float = 1.0) -> None:
        if not speed > 0:
            raise ValueError(f"speed must be greater than 0, not {speed:g}")
        self._rate, self.clock = fs * speed, clock
        self._sample, self._time = 0, clock.now()

    def restart(self, sample: int) -> None:
        """Let `sample` be due now, to go on after a pause."""
        self._sample, self._time = sample, self.clock.now()

    def wait(self, sample: int) -> None:
        """Return when `sample` is due, or at once when it already was."""
        early = self._time + (sample - self._sample) / self._rate - self.clock.now()
        if early > 0:
            self.clock.sleep(early)

    def due(self) -> float:
        """Number of the sample that is due now."""
        if np.isinf(self._rate):
            return np.inf
        return self._sample + (self.clock.now() - self._time) * self._rate


class Piece(NamedTuple):
    """Consecutive samples of a replay, mV; `start` counts from the replay's beginning."""

    start: int
    input: Floats  # (m,), what the engine gets
    clean: Floats  # (m,), the reference without the noise


class Replay:
    """One signal of a record, from `start` for `duration` seconds, with noise mixed in.

    The noise can be changed while the replay runs.

    Parameters
    ----------
    record : a record at 360 Hz.
    signal : number of the signal.
    start, duration : seconds; to the end of the record when `duration` is None.

    Raises
    ------
    RecordError : no such signal, too little in it, or the stretch is not within the record.
    """

    def __init__(
        self, record: Record, signal: int = 0, start: float = 0.0, duration: float | None = None
    ) -> None:
        recorded = record.signal(signal)
        if np.isfinite(recorded).sum() < record.fs:
            raise RecordError(
                f"signal {signal} of record {record.name} holds less than a second of valid samples"
            )
        first = round(start * record.fs)
        count = len(recorded) - first if duration is None else round(duration * record.fs)
        if first < 0 or count <= 0 or first + count > len(recorded):
            raise RecordError(
                f"record {record.name} lasts {len(recorded) / record.fs:g} s; there is no stretch "
                f"of {count / record.fs:g} s from {start:g} s on"
            )
        self.record, self.lead, self.fs, self.first = record, record.leads[signal], record.fs, first
        self._recorded = recorded[first : first + count]
        valid = np.nan_to_num(recorded, nan=float(np.nanmean(recorded)))
        self._clean = reference(valid, record.fs)[first : first + count].astype(np.float32)
        self._noise = np.zeros(count, np.float32)
        self.position = 0
        self.noisy = False

    def __len__(self) -> int:
        return len(self._recorded)

    def mix(self, noise: npt.ArrayLike | None, snr_db: float = 0.0) -> None:
        """From the next sample on, add `noise` (n,), scaled to that ratio to the clean signal.

        Powers are those of the whole stretch; `None` turns the noise off.
        """
        self.noisy = noise is not None
        if noise is None:
            self._noise = np.zeros(len(self), np.float32)
            return
        samples = np.resize(np.asarray(noise, float), len(self))
        self._noise = (samples * noise_gain(self._clean, samples, snr_db)).astype(np.float32)

    def read(self, n: int) -> Piece:
        """The next `n` samples, fewer at the end."""
        part = slice(self.position, self.position + n)
        self.position = min(part.stop, len(self))
        return Piece(part.start, self._recorded[part] + self._noise[part], self._clean[part])


class Step(NamedTuple):
    """What one step of a run read and what the engine made of it."""

    piece: Piece
    block: Block
    dropped: int  # samples that came too late to be denoised; the engine saw a gap
    seconds: float  # that the engine took


def run(
    replay: Replay,
    denoiser: StreamingDenoiser,
    pacer: Pacer,
    chunk: int = 32,
    max_lag: int | None = None,
) -> Iterator[Step]:
    """Replay to the end through the engine, a step for every `chunk` samples.

    A live source does not wait: with `max_lag`, samples that are more than so many late are
    dropped, counted and seen by the engine as a gap, so that every index stays true.
    """
    while replay.position < len(replay):
        pacer.wait(min(replay.position + chunk, len(replay)))
        piece = replay.read(chunk)
        late = max_lag is not None and pacer.due() - replay.position > max_lag
        dropped = len(piece.input) if late else 0
        if dropped:
            piece = piece._replace(input=np.full_like(piece.input, np.nan))
        began = pacer.clock.now()
        block = denoiser.push(piece.input)
        yield Step(piece, block, dropped, pacer.clock.now() - began)
    yield finish(replay, denoiser)


def finish(replay: Replay, denoiser: StreamingDenoiser) -> Step:
    """The last step of a run, also of one that was broken off: what the engine still holds."""
    return Step(replay.read(0), denoiser.flush(), 0, 0.0)
