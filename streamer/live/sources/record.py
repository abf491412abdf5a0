"""A record handed out piece by piece, as if it were being acquired."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.ecg.metrics import reference
from ecgstream.streamer.ecg.noise import noise_gain
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.io.records import Record, RecordError
from ecgstream.streamer.live.sources.base import Piece


class Replay:
    """Signals of a record, from `start` for `duration` seconds, with noise mixed in.

    The noise can be changed while the replay runs. What was recorded counts as the clean
    reference, its wander removed, wherever noise is mixed in.

    Parameters
    ----------
    record : a record.
    signals : numbers of the signals; all of them when None.
    start, duration : seconds; to the end of the record when `duration` is None.

    Raises
    ------
    RecordError : no such signal, too little in them, or the stretch is not within the record.
    """

    def __init__(
        self,
        record: Record,
        signals: Sequence[int] | None = None,
        start: float = 0.0,
        duration: float | None = None,
    ) -> None:
        numbers = range(len(record.leads)) if signals is None else signals
        recorded = np.stack([record.signal(number) for number in numbers], axis=1)
        if np.isfinite(recorded).sum(axis=0).max(initial=0) < record.fs:
            which = f"signal {numbers[0]}" if len(numbers) == 1 else "every signal"
            raise RecordError(
                f"{which} of record {record.name} holds less than a second of valid samples"
            )
        first = round(start * record.fs)
        count = len(recorded) - first if duration is None else round(duration * record.fs)
        if first < 0 or count <= 0 or first + count > len(recorded):
            raise RecordError(
                f"record {record.name} lasts {len(recorded) / record.fs:g} s; there is no stretch "
                f"of {count / record.fs:g} s from {start:g} s on"
            )
        self.record, self.fs, self.first = record, record.fs, first
        self.leads = tuple(record.leads[number] for number in numbers)
        self._begin, self._end = first, first + count
        self._recorded = recorded[first : self._end]
        self._clean = np.stack(
            [_clean(signal, record.fs)[first : self._end] for signal in recorded.T], axis=1
        )
        self._noise: Floats | None = None
        self.position = 0

    def __len__(self) -> int:
        """Samples from `first` to the end of the stretch."""
        return self._end - self.first

    @property
    def noisy(self) -> bool:
        """Whether noise is mixed in."""
        return self._noise is not None

    def begin(self, sample: int) -> None:
        """Let the count begin anew at that sample of the record.

        Raises
        ------
        ValueError : it is not within the stretch.
        """
        if not self._begin <= sample < self._end:
            raise ValueError(f"sample {sample} is not in {self._begin} to {self._end - 1}")
        self.first, self.position = sample, 0

    def mix(self, noise: npt.ArrayLike | None, snr_db: float = 0.0) -> None:
        """From the next sample on, add `noise`, scaled to that ratio to each clean signal.

        `noise` is (n,) for all signals or (n, channels). Powers are those of the whole stretch;
        `None` turns the noise off.
        """
        if noise is None:
            self._noise = None
            return
        samples = np.asarray(noise, float)
        columns = samples[:, None] if samples.ndim == 1 else samples
        places = np.arange(len(self._clean)) % len(columns)
        scaled = np.empty_like(self._clean)
        for i, clean in enumerate(self._clean.T):
            column = columns[places, i % columns.shape[1]]
            known = np.isfinite(clean)
            scaled[:, i] = column * noise_gain(clean[known], column, snr_db) if known.any() else 0.0
        self._noise = scaled

    def read(self, n: int) -> Piece:
        """The next `n` samples, fewer at the end."""
        start, self.position = self.position, min(self.position + n, len(self))
        offset = self.first - self._begin
        part = slice(offset + start, offset + self.position)
        if self._noise is None:
            signal = self._recorded[part]
            return Piece(start, signal, np.full_like(signal, np.nan))
        return Piece(start, self._recorded[part] + self._noise[part], self._clean[part])


def _clean(signal: Floats, fs: float) -> Floats:
    """The reference of a recorded signal (n,), NaN where nothing was recorded."""
    valid = np.isfinite(signal)
    if not valid.any():
        return signal
    bridged = np.where(valid, signal, signal[valid].mean(dtype=float))
    return np.where(valid, reference(bridged, fs), np.nan).astype(np.float32)
