"""The beats of DeepFilter's QTDB benchmark (Romero et al. 2021) and the windows that train for it.

A beat runs from 40 ms before the onset of a P wave to the same point before the next one and
stands alone: resampled to 360 Hz, set to zero at its ends, padded to 512 samples, drowned in
baseline wander of 0.2 to 2 times its height.

The benchmark trains on all records of QTDB that it does not test on, those that are cut from
MIT-BIH included: its networks are for it alone and must not meet the other benchmarks.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.signal import resample_poly

from ecgstream.model.data.mixing import examples
from ecgstream.model.data.splits import QTDB, QTDB_DEVELOPMENT, QTDB_PUBLISHED, noise_half
from ecgstream.streamer.ecg.noise import Samples, recorded_noise
from ecgstream.streamer.engine.delay import FS, MODES, WINDOW, DelayMode
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.io.records import RecordError, find_record, read_record

SAMPLES = 512
"""Samples of a beat, padding included."""
LEAD_IN = 16
"""Zeros before it."""
BEFORE_P = 0.04
"""Seconds by which a beat begins before its P wave."""
VERSIONS = (1, 2)
"""Of the noise: which channel trains, the other one tests."""
RATIOS = (0.2, 2.0)
"""Peak to peak of the noise over that of the beat."""
STRETCH = 1.28
"""Beats that train are made up to that much longer or shorter; there are few patients."""
DELAY = "best"
"""The delay mode in which beats go through the engine."""

VALIDATION = tuple(
    "sel213 sel310 sel840 sel872 sel17152 sel14172 sel36 sel44 sele0112 sele0409".split()
)
"""Choose between models and never train one; from each of QTDB's sources."""
TRAINING = tuple(r for r in QTDB if r not in {*QTDB_PUBLISHED, *QTDB_DEVELOPMENT, *VALIDATION})


class Beats(NamedTuple):
    """The beats of one record."""

    signals: Samples  # (n, SAMPLES), mV at FS
    starts: Samples  # (n,), s
    lengths: npt.NDArray[np.int64]  # (n,), samples of a beat without its padding


def record_beats(name: str, data: Path) -> Beats:
    """The beats of signal 0 of a QTDB record, between the automatic marks (`pu1`) of its P waves.

    Beats with more than one `N` mark in them are no single ones, and those of more than
    `SAMPLES - LEAD_IN` samples do not fit: both are left out.

    Raises
    ------
    ecgstream.streamer.io.records.RecordError : the record or its marks are missing or damaged.
    """
    record = read_record(f"qtdb/{name}", data)
    signal = record.signal(0).astype(float)
    fraction = Fraction(FS / record.fs).limit_denominator(1000)
    starts, qrs = _marks(name, data, record.fs)
    signals, begins, lengths = [], [], []
    for start, stop in itertools.pairwise(starts):
        if start < 0 or stop <= start or np.sum((qrs > start) & (qrs < stop)) > 1:
            continue
        n = math.ceil((stop - start) * fraction)
        if n > SAMPLES - LEAD_IN:
            continue
        beat = _resampled(signal[start:stop], fraction)
        signals.append(np.zeros(SAMPLES))
        signals[-1][LEAD_IN : LEAD_IN + n] = beat - (beat[0] + beat[-1]) / 2
        begins.append(start / record.fs)
        lengths.append(n)
    return Beats(
        np.reshape(signals, (-1, SAMPLES)),
        np.asarray(begins, float),
        np.asarray(lengths, np.int64),
    )


def _marks(name: str, data: Path, fs: float) -> tuple[npt.NDArray[np.int64], ...]:
    """Where beats begin and where there are normal QRS complexes, in samples."""
    import wfdb

    path = find_record(f"qtdb/{name}", data)
    try:
        marks = wfdb.rdann(str(path), "pu1")
    except (ValueError, OSError, IndexError, KeyError, TypeError) as error:
        raise RecordError(
            f"the marks of qtdb/{name} (its .pu1 file) cannot be read: {error}"
        ) from error
    at, symbol = np.asarray(marks.sample, np.int64), np.asarray(marks.symbol)
    onsets = at[symbol == "("]
    last = np.searchsorted(onsets, at[symbol == "p"]) - 1
    return onsets[last[last >= 0]] - int(BEFORE_P * fs), at[symbol == "N"]


def _resampled(beat: Samples, fraction: Fraction) -> Samples:
    """At `FS`, its mirror image before and after it, so that the filter has no edge there."""
    n = math.ceil(len(beat) * fraction)
    mirrored = np.concatenate([beat[::-1], beat, beat[::-1]])
    longer = resample_poly(mirrored, fraction.numerator, fraction.denominator)
    return np.asarray(longer[n - 1 : 2 * n - 1])  # as published, one early


def version_noise(version: int, data: Path, *, test: bool) -> Samples:
    """The half channel of `bw` that tests, or the one that trains, (n,) mV."""
    channel = (version - 1 + test) % 2
    return noise_half("bw", recorded_noise("bw", data), test=test)[:, channel]


def noise_ratios(n: int) -> Samples:
    """Peak to peak of the noise over that of each of `n` beats, as the benchmark draws them.

    Whole hundredths below the upper bound of `RATIOS`.
    """
    low, high = (round(100 * bound) for bound in RATIOS)
    return np.asarray(np.random.RandomState(1234).randint(low, high, n) / 100)


def with_noise(beats: Samples, noise: Samples) -> Samples:
    """Each beat (n, SAMPLES) with the next `SAMPLES` of the noise (m,), scaled by `noise_ratios`.

    The noise begins anew when less than a whole piece is left.
    """
    pieces = noise[: len(noise) // SAMPLES * SAMPLES].reshape(-1, SAMPLES)
    added = pieces[np.arange(len(beats)) % len(pieces)]
    level = noise_ratios(len(beats)) * np.ptp(beats, axis=1) / np.ptp(added, axis=1)
    return beats + added * level[:, None]


def window_shares(mode: DelayMode, n: int = SAMPLES) -> Floats:
    """How much of the output each window gives, when a stream of `n` samples is pushed and flushed.

    (windows, WINDOW); window k ends at sample (k + 1) * hop, the last one with the stream. Samples
    that no further window will reach come from it. For modes that use the whole window.
    """
    ends = range(mode.hop, n + 1, mode.hop)
    shares = np.zeros((len(ends), WINDOW), np.float32)
    given = np.zeros(WINDOW + n, np.float32)  # to each sample, after WINDOW before the first
    for share, end in zip(shares[:-1], ends[:-1], strict=True):
        share[:] = mode.weights.ravel()
        given[end : end + WINDOW] += share
        share[: max(0, WINDOW - end)] = 0  # what lies before the stream
    shares[-1] = 1 - given[n : n + WINDOW]
    return shares


class BeatWindows:
    """Batches as those of `NoisyWindows`, of the windows that the engine asks for.

    Each is a random one of a random beat, stretched and perhaps upside down, which is a stream of
    its own, with a random piece of the noise (m,). Squared errors are weighed by the window's
    share of the output, and against `floor` times the beat's mean square.
    """

    def __init__(
        self,
        beats: Sequence[Beats],
        noise: Samples,
        *,
        output: str,
        past: int,
        batch: int,
        seed: int,
        floor: float,
    ) -> None:
        self.floor = floor
        mode = MODES[DELAY]
        shares = window_shares(mode)
        self._shares = shares / shares.mean()
        self._ends = mode.hop * np.arange(1, len(shares) + 1)
        self._beats = np.concatenate([b.signals for b in beats]).astype(np.float32)
        self._lengths = np.concatenate([b.lengths for b in beats])
        self._noise = np.lib.stride_tricks.sliding_window_view(noise.astype(np.float32), SAMPLES)
        self._output, self._past = output, past
        self._batch, self._seed = batch, seed

    def __getitem__(self, index: int) -> tuple[dict[str, Floats], Floats]:
        rng = np.random.default_rng((self._seed, index))
        clean, noisy = self.mix(rng)
        window = rng.integers(len(self._ends), size=self._batch)
        # Before its first sample a stream has been at that level for ever.
        first = self._ends[window, None] - self._past
        at = np.maximum(first + np.arange(self._past), 0)
        power = np.square(clean).mean(axis=1, keepdims=True) * np.float32(self.floor**2)
        return examples(
            np.take_along_axis(noisy, at, axis=1),
            np.take_along_axis(clean, at[:, -WINDOW:], axis=1),
            self._shares[window] / power,
            self._output,
        )

    def mix(self, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Clean beats and noisy ones, both (b, SAMPLES) in mV."""
        clean = self._varied(rng)
        noise = self._noise[rng.integers(len(self._noise), size=self._batch)]
        level = rng.uniform(*RATIOS, self._batch) * rng.choice([-1, 1], self._batch)
        level *= np.ptp(clean, axis=1) / np.ptp(noise, axis=1)
        return clean, clean + noise * level[:, None].astype(np.float32)

    def _varied(self, rng: np.random.Generator) -> Floats:
        which = rng.integers(len(self._beats), size=self._batch)
        stretch = np.exp(rng.uniform(-np.log(STRETCH), np.log(STRETCH), self._batch))
        stretch = np.minimum(stretch, (SAMPLES - LEAD_IN) / self._lengths[which])
        place = np.arange(SAMPLES) - LEAD_IN
        at = LEAD_IN + place / np.where(place < 0, 1, stretch[:, None])
        before = np.minimum(at.astype(np.int64), SAMPLES - 2)
        part = np.minimum(at - before, 1).astype(np.float32)
        beats = self._beats[which]
        polarity = rng.choice([-1.0, 1.0], (self._batch, 1)).astype(np.float32)
        start, end = (np.take_along_axis(beats, before + i, axis=1) for i in (0, 1))
        return polarity * (start * (1 - part) + end * part)


def beat_windows(
    records: Sequence[str],
    version: int,
    data: Path,
    **options: Any,
) -> BeatWindows:
    """Batches from the beats of these records and the noise that trains a version."""
    beats = [record_beats(name, data) for name in records]
    return BeatWindows(beats, version_noise(version, data, test=False), **options)
