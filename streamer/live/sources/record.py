"""A record as a source, with noise mixed in on request."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.ecg.metrics import reference
from ecgstream.streamer.ecg.noise import noise_gain
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.io.records import Record, RecordError, read_record
from ecgstream.streamer.live.sources.base import Piece


class Replay:
    """Signals of a record, from `start` for `duration` seconds, as fast as they are read.

    `Paced` slows it down to real time. While noise is mixed in, the recorded signal without its
    baseline wander is the reference; the noise can be changed while the replay runs.

    Parameters
    ----------
    record : a record.
    signals : indices of its signals; all of them when None.
    start, duration : seconds; to the end of the record when `duration` is None.

    Raises
    ------
    RecordError : there is no signal of that index, the signals hold less than a second of valid
        samples, or the stretch is not within the record.
    """

    scheme = "record"
    """Prefix of its addresses, see `open_source`."""

    def __init__(
        self,
        record: Record,
        signals: Sequence[int] | None = None,
        start: float = 0.0,
        duration: float | None = None,
    ) -> None:
        indices = range(len(record.leads)) if signals is None else signals
        recorded = np.stack([record.signal(index) for index in indices], axis=1)
        if np.isfinite(recorded).sum(axis=0).max(initial=0) < record.fs:
            which = f"signal {indices[0]}" if len(indices) == 1 else "every signal"
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
        self.record, self.fs = record, record.fs
        self.first = first
        """Sample of the record at which the run's count begins."""
        self.position = 0
        """Number of the next sample, counted from `first`."""
        self.leads = tuple(record.leads[index] for index in indices)
        self._begin, self._end = first, first + count
        self._recorded = recorded[first : self._end]
        self._clean = np.stack(
            [_reference(signal, record.fs)[first : self._end] for signal in recorded.T], axis=1
        )
        self._noise: Floats | None = None

    @classmethod
    def from_address(cls, place: str, start: float = 0.0, duration: float | None = None) -> Replay:
        """Open the record named `place` (see `read_record`) for replay.

        Raises
        ------
        RecordError : it cannot be read, or the stretch is not within it.
        """
        return cls(read_record(place), start=start, duration=duration)

    def __len__(self) -> int:
        """Number of samples from `first` to the end of the stretch."""
        return self._end - self.first

    @property
    def noisy(self) -> bool:
        """Whether noise is mixed in."""
        return self._noise is not None

    def seek(self, sample: int) -> None:
        """Continue at that sample of the record and restart the count of samples there.

        Raises
        ------
        ValueError : it is not within the stretch.
        """
        if not self._begin <= sample < self._end:
            raise ValueError(f"sample {sample} is not in {self._begin} to {self._end - 1}")
        self.first, self.position = sample, 0

    def mix(self, noise: npt.ArrayLike | None, snr_db: float = 0.0) -> None:
        """Add `noise` from the next sample on, scaled to that SNR with each clean signal.

        Parameters
        ----------
        noise : (n,) for all signals or (n, channels), repeated as needed; None turns it off.
        snr_db : ratio of the powers over the whole stretch, in dB.
        """
        if noise is None:
            self._noise = None
            return
        samples = np.asarray(noise, float)
        columns = samples[:, None] if samples.ndim == 1 else samples
        indices = np.arange(len(self._clean)) % len(columns)
        scaled = np.empty_like(self._clean)
        for i, clean in enumerate(self._clean.T):
            column = columns[indices, i % columns.shape[1]]
            known = np.isfinite(clean)
            scaled[:, i] = column * noise_gain(clean[known], column, snr_db) if known.any() else 0.0
        self._noise = scaled

    def read(self, n: int) -> Piece | None:
        """Return the next `n` samples, fewer before the end, None at the end."""
        start, self.position = self.position, min(self.position + n, len(self))
        if start == self.position:
            return None
        offset = self.first - self._begin
        part = slice(offset + start, offset + self.position)
        recorded = self._recorded[part]
        if self._noise is None:
            return Piece.without_reference(start, recorded)
        return Piece(start, recorded + self._noise[part], self._clean[part])


def _reference(signal: Floats, fs: float) -> Floats:
    """Return the reference of a recorded signal (n,); NaN where nothing was recorded."""
    valid = np.isfinite(signal)
    if not valid.any():
        return signal
    bridged = np.where(valid, signal, signal[valid].mean(dtype=float))
    return np.where(valid, reference(bridged, fs), np.nan).astype(np.float32)
