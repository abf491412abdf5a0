"""R peaks and heart rate of an ECG that is still arriving, for display."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.engine.ring_buffer import RingBuffer
from ecgstream.streamer.quality import Flags

SPAN = 10.0
"""Seconds that are looked at together, and that the heart rate is taken over."""
_EVERY = 0.5  # s from one look to the next
_UNSURE = 0.4  # s; what is newer may look different at the next look
_LATEST = 3.0  # s without a beat, and there is no rate any more
_WIDTH = 0.12  # s that the energy is averaged over
_REACH = 0.1  # s between the highest energy and the R peak, at most
_REFRACTORY = 0.2  # s; no two beats are closer
_T_WAVE = 0.36  # s after a beat in which a much flatter hump is its T wave
_FLATTER = 0.2
_CERTAIN, _POSSIBLE = 0.2, 0.08
"""Of the usual energy: what a beat has, and what one has that would be missed otherwise."""
_MISSED = 1.6  # times the usual distance
_LEAST = 0.05  # mV in the band of the QRS; lower is no beat but what is left of noise

Samples = npt.NDArray[np.float64]


class BeatDetector:
    """Finds R peaks while a signal arrives; a peak once found stays where it is.

    Pan & Tompkins (1985): band-pass 5 to 15 Hz, slope, square, moving mean, a threshold, T waves
    told by their slope, a second look where a beat is missing. Here the last ten seconds are
    filtered forwards and backwards, twice a second; the threshold is relative to what their
    median two seconds reach; the energies of all signals are added, so that the leads with the
    highest complexes count most. Nothing is found in stretches
    with any quality flag.

    Looks are taken at fixed counts, so the peaks do not depend on how the stream was cut.

    Parameters
    ----------
    fs : sampling rate in Hz.
    channels : number of signals.
    """

    def __init__(self, fs: float, channels: int = 1) -> None:
        from scipy.signal import butter  # heavy, and what only denoises needs none of it

        self._fs = fs
        self._band = butter(2, (5, 15), "bandpass", fs=fs, output="sos")
        self._span, self._every = round(SPAN * fs), round(_EVERY * fs)
        self._signal = RingBuffer(channels, self._span)
        self._invalid = RingBuffer(channels, self._span, np.bool_)
        self._count = 0
        self.peaks: list[int] = []
        """Counts of the peaks found; whoever does not need the oldest may delete them."""

    def push(self, signal: Floats, quality: Flags) -> None:
        """Take the next samples, (n, channels) in mV, and their flags."""
        at = 0
        while at < len(signal):
            part = slice(at, at + self._every - self._count % self._every)
            samples = signal[part].T
            self._signal.append(samples)
            self._invalid.append((quality[part].T != 0) | ~np.isfinite(samples))
            self._count += samples.shape[1]
            at = part.stop
            if self._count % self._every == 0:
                self._look()

    def rate(self) -> float:
        """Beats per minute over the last `SPAN` seconds; NaN where that cannot be told.

        The mean over the newest beats, four at least, that nothing invalid divides, the last of
        them not long ago.
        """
        invalid = self._newest(self._invalid)
        holes = np.flatnonzero(invalid.all(axis=0))
        begin = self._count - invalid.shape[1] + (int(holes[-1]) if len(holes) else 0)
        peaks = self.peaks[bisect_left(self.peaks, begin) :]
        if len(peaks) < 4 or self._count - peaks[-1] > _LATEST * self._fs:
            return float("nan")
        return 60 * self._fs * (len(peaks) - 1) / (peaks[-1] - peaks[0])

    def _newest(self, tail: RingBuffer) -> npt.NDArray[Any]:
        return tail.newest(min(self._count, self._span))

    def _look(self) -> None:
        from scipy.signal import find_peaks

        signal, invalid = self._newest(self._signal), self._newest(self._invalid)
        n = signal.shape[1]
        if n < 2 * self._fs:
            return
        height, energy = self._waves(signal, invalid)
        humps, _ = find_peaks(energy, _POSSIBLE, distance=round(_REFRACTORY * self._fs))
        reach = round(_REACH * self._fs)
        found = []
        for hump in humps[humps < n - round(_UNSURE * self._fs)].tolist():
            begin = max(0, hump - reach)
            peak = begin + int(np.argmax(height[begin : hump + reach]))
            if height[peak] >= _LEAST:
                found.append((self._count - n + peak, float(energy[hump])))
        self._choose(found)

    def _waves(self, signal: Floats, invalid: npt.NDArray[np.bool_]) -> tuple[Samples, Samples]:
        """Height (n,) in mV in the band of the QRS, and its energy relative to what is usual."""
        from scipy.ndimage import uniform_filter1d
        from scipy.signal import sosfiltfilt

        n = signal.shape[1]
        height, energy = np.zeros(n), np.zeros(n)
        for x, bad in zip(signal, invalid, strict=True):
            valid = np.flatnonzero(~bad)
            if len(valid) < 2 * self._fs:
                continue
            band = sosfiltfilt(self._band, np.interp(np.arange(n), valid, x[valid]))
            steep = uniform_filter1d(np.gradient(band) ** 2, round(_WIDTH * self._fs))
            height += np.where(bad, 0, np.abs(band))
            energy += np.where(bad, 0, steep)
        return height, energy / max(self._usual(energy), 1e-12)

    def _usual(self, x: Samples) -> float:
        """What the median two seconds of (n,) reach."""
        parts = max(1, round(len(x) / (2 * self._fs)))
        return float(np.median([part.max() for part in np.array_split(x, parts)]))

    def _choose(self, found: list[tuple[int, float]]) -> None:
        """Take the beats among what was found, places and energies, in order."""
        certain = [place for place, energy in found if energy >= _CERTAIN]
        usual = np.median(np.diff(certain)) if len(certain) > 2 else self._fs
        possible: list[tuple[float, int]] = []
        before = 0.0  # energy of the last beat
        for place, energy in found:
            last = self.peaks[-1] if self.peaks else -round(self._fs)
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
            if possible and place - last > _MISSED * usual:
                self.peaks.append(max(possible)[1])
            self.peaks.append(place)
            possible, before = [], energy
