"""R peaks of an ECG that is still arriving."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.ecg.heart_rate import (
    NO_BEAT,
    Beat,
    HeartRate,
    heart_rate,
    unknown_rate,
)
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.engine.ring_buffer import RingBuffer
from ecgstream.streamer.engine.validation import count, number
from ecgstream.streamer.quality import FLAGS_BY_SEVERITY, Flags, Quality

SPAN = 10.0
"""Seconds that are looked at together, and that the heart rate is taken over."""
MIN_FS, MAX_FS = 50.0, 10_000.0
"""Hz; the band of the QRS ends at 15."""
_EVERY = 0.25  # s from one look to the next
_UNSURE = 0.35  # s; what is newer may look different at the next look
_LATEST = 3.0  # s without a beat, and there is no rate any more
_LEARNING = 2.0  # s of valid signal before its usual energy is known
_WIDTH = 0.12  # s that the energy is averaged over
_REACH = 0.1  # s between the highest energy and the R peak, at most
_REFRACTORY = 0.2  # s; no two beats are closer
_T_WAVE = 0.36  # s after a beat in which a much flatter hump is its T wave
_FLATTER, _BARELY_STEEPER = 0.2, 0.3
"""Of the energy of the beat before: what a T wave has at most, and what may still be one."""
_CERTAIN, _DOUBTFUL, _POSSIBLE = 0.2, 0.1, 0.08
"""Of the usual energy: what a beat has, what may be one, and what one has that would be missed
otherwise."""
_MISSED = 1.6  # times the usual distance
_SECOND_LOOK = 1.5  # s before a beat in which a missed one is looked for
_LEAST = 0.05  # mV in the band of the QRS; a lower peak is residual noise, no beat
_JUDGED = 0.08  # mV; signals whose beats are lower are not judged by alone
_CENTRE = 10.0  # Hz of the band
_DOUBTFUL_HEIGHT = 0.03  # mV
_HALVED = 8.0  # s in which what is remembered of the usual energy halves
_HIDDEN = 0.2  # share of flagged signal that is the reason for a missing rate

Samples = npt.NDArray[np.float64]


class BeatDetector:
    """Find R peaks while a signal arrives; a beat once returned stays where it is.

    Pan & Tompkins (1985): band-pass 5 to 15 Hz, slope, square, moving mean, a threshold, T waves
    told by their slope, a second look where a beat is missing. Here the last ten seconds are
    filtered forwards and backwards, four times a second; the threshold is relative to what the
    median two seconds of valid signal reach, now or some seconds ago, so that a pause does not make
    beats of the noise in it. The energies of all valid signals are added, so that the leads with
    the highest complexes count most. Nothing is found where all signals carry a quality flag.

    Looks are taken at fixed counts, so the beats do not depend on how the stream was cut.

    Parameters
    ----------
    fs : sampling rate in Hz, 50 to 10,000.
    channels : number of signals.

    Raises
    ------
    ValueError : an impossible argument.

    Examples
    --------
    >>> import ecgstream
    >>> from ecgstream.io import read_record
    >>> record = read_record("208b")
    >>> clean = ecgstream.denoise(record.signals[:7200], record.fs)
    >>> detector = ecgstream.BeatDetector(record.fs)
    >>> beats = detector.push(clean.signal, clean.quality) + detector.flush()
    >>> len(beats), beats[1].sample, round(beats[1].rr, 2)
    (39, 551, 0.58)
    >>> round(detector.heart_rate().bpm)
    122
    """

    def __init__(self, fs: float, channels: int = 1) -> None:
        from scipy.signal import butter  # heavy, and what only denoises needs none of it

        what = f"the sampling rate must be {MIN_FS:g} to {MAX_FS:g} Hz"
        self._fs = number(fs, MIN_FS, MAX_FS, what)
        self._channels = count(channels, 1, np.inf, "channels must be at least 1")
        self._band = butter(2, (5, 15), "bandpass", fs=fs, output="sos")
        self._span, self._every = round(SPAN * fs), round(_EVERY * fs)
        self._signal = RingBuffer(channels, self._span)
        self._quality = RingBuffer(channels, self._span, np.uint8)
        self._count = 0
        self._least_energy = (2 * np.pi * _CENTRE * _JUDGED / fs) ** 2 / 3
        self._usual = np.zeros(channels)  # energy of each signal
        self._beats: deque[Beat] = deque()  # of the newest span, and the one before
        self._certain = True  # the newest beat is
        self._flushed = False

    @property
    def received(self) -> int:
        """Samples pushed and skipped so far."""
        return self._count

    @property
    def delay_samples(self) -> int:
        """No beat is returned later than this many samples after its R peak.

        Most come within a third of it: only a low one that would be missed takes a second look.
        """
        return round((_EVERY + _UNSURE + _REACH + _SECOND_LOOK) * self._fs) + 1

    def push(self, signal: npt.ArrayLike, quality: npt.ArrayLike | None = None) -> list[Beat]:
        """Take new samples and return the beats that they complete, in order.

        Parameters
        ----------
        signal : (n,) for one signal or (n, channels), in mV; NaN in gaps.
        quality : `Quality` flags of the same shape; none are set when None.

        Raises
        ------
        ValueError : wrong shapes, or the detector has been flushed.
        """
        if self._flushed:
            raise ValueError("the detector was flushed: make a new one")
        samples, flags = self._checked(signal, quality)
        found: list[Beat] = []
        at = 0
        while at < len(samples):
            part = slice(at, at + self._every - self._count % self._every)
            self._take(samples[part].T, flags[part].T)
            at = part.stop
            if self._count % self._every == 0:
                found += self._look(self._count - round(_UNSURE * self._fs))
        return found

    def skip(self, n: int) -> list[Beat]:
        """Take `n` samples that were lost, as a gap; a long one costs no more than a short one."""
        first = min(n, self._span)
        found = self._gap(first)
        # All that is kept of the past is a gap now, and that is all a gap does.
        jump = max(0, n - 2 * self._span) // self._every * self._every
        self._count += jump
        return found + self._gap(n - first - jump)

    def _gap(self, n: int) -> list[Beat]:
        return self.push(np.full((n, self._channels), np.nan, np.float32))

    def flush(self) -> list[Beat]:
        """End the stream and return the beats that are left."""
        self._flushed = True
        return self._look(self._count)

    def heart_rate(self) -> HeartRate:
        """Return the heart rate over the last `SPAN` seconds pushed, or why it cannot be told.

        The mean over all intervals between consecutive beats that nothing invalid divides and that
        are beyond doubt, the last beat not long ago; see `ecg.heart_rate`.
        """
        if not self._beats or self._count - self._beats[-1].sample > _LATEST * self._fs:
            return unknown_rate(self._hiding(_LATEST) or NO_BEAT)
        begin = self._count - self._span
        beats = [beat for beat in self._beats if beat.sample >= begin]
        rate = heart_rate(beats[1:], min(SPAN, self._count / self._fs))
        if rate.reason and (hiding := self._hiding(SPAN)):
            return unknown_rate(hiding)
        return rate

    def _checked(
        self, signal: npt.ArrayLike, quality: npt.ArrayLike | None
    ) -> tuple[Floats, Flags]:
        samples = np.asarray(signal, np.float32)
        if samples.ndim == 1 and self._channels == 1:
            samples = samples[:, None]
        if samples.ndim != 2 or samples.shape[1] != self._channels:
            shape = "(n,) or (n, 1)" if self._channels == 1 else f"(n, {self._channels})"
            raise ValueError(f"the signal has shape {np.shape(signal)}, not {shape}")
        if quality is None:
            flags = np.zeros(samples.shape, np.uint8)
        else:
            flags = np.asarray(quality, np.uint8)
            if flags.shape != np.shape(signal):
                raise ValueError(
                    f"quality has shape {flags.shape}, and the signal {np.shape(signal)}"
                )
            flags = flags.reshape(samples.shape)
        missing = ~np.isfinite(samples)
        if missing.any():
            flags = np.where(missing, flags | np.uint8(Quality.GAP), flags)
            samples = np.where(missing, np.float32(np.nan), samples)
        return samples, flags

    def _take(self, samples: Floats, flags: Flags) -> None:
        self._signal.append(samples)
        self._quality.append(flags)
        self._count += samples.shape[1]

    def _newest(self, tail: RingBuffer, n: int | None = None) -> npt.NDArray[Any]:
        return tail.newest(min(self._count, n or self._span))

    def _hiding(self, seconds: float) -> str:
        """Label of the flag that hides all signals for much of the last seconds; or empty."""
        flags = self._newest(self._quality, round(seconds * self._fs))
        hidden = flags[:, (flags != 0).all(axis=0)]
        if hidden.shape[1] <= _HIDDEN * flags.shape[1]:
            return ""
        return max(FLAGS_BY_SEVERITY, key=lambda flag: np.count_nonzero(hidden & flag)).label

    def _look(self, horizon: int) -> list[Beat]:
        """Judge the humps before sample `horizon` that no look has judged yet."""
        from scipy.signal import find_peaks

        n = min(self._count, self._span)
        if n < _LEARNING * self._fs:
            return []
        height, energy, judged = self._waves(n)
        humps, _ = find_peaks(energy, _POSSIBLE, distance=round(_REFRACTORY * self._fs))
        first, reach = self._count - n, round(_REACH * self._fs)
        found = []
        for hump in humps[humps < horizon - first].tolist():
            begin = max(0, hump - reach)
            peak = begin + int(np.argmax(height[begin : hump + reach]))
            if height[peak] >= _DOUBTFUL_HEIGHT:
                most = np.inf if height[peak] >= _LEAST else _DOUBTFUL
                found.append((first + peak, min(float(energy[hump]), most)))
        return self._choose(found, np.cumsum(~judged))

    def _waves(self, n: int) -> tuple[Samples, Samples, npt.NDArray[np.bool_]]:
        """Height in mV in the band of the QRS, its energy relative to what is usual, both (n,).

        And where there are signals to judge by: valid ones whose usual energy is known and enough.
        """
        from scipy.ndimage import uniform_filter1d
        from scipy.signal import sosfiltfilt

        signal, valid = self._newest(self._signal), self._newest(self._quality) == 0
        judged = np.flatnonzero(valid.sum(axis=1) >= _LEARNING * self._fs)
        if not len(judged):
            return np.zeros(n), np.zeros(n), np.zeros(n, bool)
        valid = valid[judged]
        band = sosfiltfilt(self._band, [_bridged(x) for x in signal[judged]])
        steep = uniform_filter1d(np.gradient(band, axis=1) ** 2, round(_WIDTH * self._fs))
        usual = self._usual[judged]
        usual[valid[:, -self._every :].any(axis=1)] *= 0.5 ** (_EVERY / _HALVED)
        reached = [self._reached(x[known]) for x, known in zip(steep, valid, strict=True)]
        self._usual[judged] = usual = np.maximum(usual, reached)
        height = np.where(valid, np.abs(band), 0).sum(axis=0)
        energy = np.where(valid, steep, 0).sum(axis=0)
        expected = usual @ valid
        return height, energy / np.maximum(expected, 1e-12), expected >= self._least_energy

    def _reached(self, energy: Samples) -> float:
        """What the median two seconds of (n,) reach."""
        parts = max(1, round(len(energy) / (_LEARNING * self._fs)))
        return float(np.median([part.max() for part in np.array_split(energy, parts)]))

    def _choose(self, found: list[tuple[int, float]], holes: npt.NDArray[np.int64]) -> list[Beat]:
        """Take the beats among what was found, places and energies, in order.

        `holes` counts the samples that nothing can be judged by, up to each of the newest.
        """
        certain = [place for place, energy in found if energy >= _CERTAIN]
        usual = np.median(np.diff(certain)) if len(certain) > 2 else self._fs
        possible: list[tuple[float, int]] = []
        before = 0.0  # energy of the last beat
        beats = []
        for place, energy in found:
            last = self._beats[-1].sample if self._beats else -round(self._fs)
            since = (place - last) / self._fs
            if since <= 0:
                before = energy if energy >= _CERTAIN else before
            if since < _REFRACTORY:
                continue
            if since < _T_WAVE and energy < _FLATTER * before:
                continue
            if energy < _CERTAIN:
                if since > _T_WAVE:
                    possible.append((energy, place))
                continue
            near = place - _SECOND_LOOK * self._fs
            missed = [each for each in possible if each[1] >= near]
            if missed and place - last > _MISSED * usual:
                second = max(missed)[1]
                beats.append(self._beat(second, False, [], holes))
                possible = [each for each in possible if each[1] > second]
            doubts = [each for energy, each in possible if energy >= _DOUBTFUL]
            steep = since >= _T_WAVE or energy >= _BARELY_STEEPER * before
            beats.append(self._beat(place, steep, doubts, holes))
            possible, before = [], energy
        return beats

    def _beat(
        self, place: int, certain: bool, doubts: list[int], holes: npt.NDArray[np.int64]
    ) -> Beat:
        """Add a beat; `doubts` are humps since the one before that may be beats."""
        rr = np.nan
        if self._beats:
            last, first = self._beats[-1].sample, self._count - len(holes)
            if last >= first and holes[last - first] == holes[place - first]:
                rr = (place - last) / self._fs
        clear = (
            certain
            and self._certain
            and not any(place - each > _REFRACTORY * self._fs for each in doubts)
        )
        beat = Beat(place, rr, clear)
        self._beats.append(beat)
        while self._beats[0].sample < self._count - self._span and len(self._beats) > 1:
            self._beats.popleft()
        self._certain = certain
        return beat


def _bridged(x: Floats) -> Floats:
    """A signal (n,) with a straight line across each gap."""
    known = np.isfinite(x)
    if known.all():
        return x
    bridged = np.interp(np.arange(len(x)), np.flatnonzero(known), x[known])
    return bridged.astype(np.float32)
