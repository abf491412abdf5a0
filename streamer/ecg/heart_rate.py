"""Beats, and the heart rate that they give or the reason why they give none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

MIN_INTERVALS = 3
"""RR intervals that a rate takes at least."""
MAX_ERROR = 0.05
"""Two standard errors of a rate, as a share of it, beyond which there is none."""
_REGULAR = 0.15
"""Difference from the median, as a share of it, of an interval that counts as regular."""
_SAME = 0.1
"""Likewise, of two intervals that would be one without the beat between them."""
_REGULAR_SHARE = 0.6
"""Share of regular intervals that makes a regular rhythm."""
_SHORTEST = 0.3  # s; a heart this fast beats so for longer than one interval
_SHORT, _SPLIT, _DOUBLE = 0.5, 0.75, (1.7, 2.3)
"""Times the median: an interval that is no heart's, the shorter part of one split by a false beat,
and one that a missed beat leaves."""
_MISSED_SHARE = 0.2
"""Share of doubled intervals up to which beats may be missing; more of them are a rhythm."""
_CLEAR_SHARE = 0.7
"""Share of the time between beats that must be free of doubt."""
_PARTIAL_INTERVALS, _NOT_JUDGED = 2, 1.0
"""Intervals seen in part, before the first and after the last beat, and seconds at the end in which
beats are still to be found: what is missing of a stretch that nothing hides."""

TOO_FEW = "too few beats"
UNCLEAR = "beats unclear"
NO_BEAT = "no beat"


class Beat(NamedTuple):
    """One heartbeat."""

    sample: int
    """Number of its R peak, in the count of the samples pushed."""
    rr: float
    """Seconds since the R peak before; NaN where signal that cannot be judged lies between."""
    clear: bool = True
    """Whether `rr` is beyond doubt: neither beat may be a wave of another kind, and nothing between
    them may be a beat."""


class HeartRate(NamedTuple):
    """A heart rate, or why there is none."""

    bpm: float
    """Beats per minute; NaN where it cannot be told."""
    reason: str = ""
    """Why it cannot: `too few beats`, `no beat`, `beats unclear`, or the label of the `Quality`
    flag that hides the signal. Empty where there is a rate."""


def unknown_rate(reason: str) -> HeartRate:
    """Return no heart rate, for that reason."""
    return HeartRate(math.nan, reason)


def heart_rate(beats: Sequence[Beat], seconds: float) -> HeartRate:
    """Return the mean rate over consecutive beats, all within the last `seconds`.

    Intervals across signal that cannot be judged, and those in doubt, are left out. There is no
    rate when the others do not determine it: when they are too few, when too many are in doubt,
    or when they vary so much that those left out could change the mean by more than `MAX_ERROR`.
    """
    rr = np.array([beat.rr for beat in beats])
    known = np.isfinite(rr)
    good = known & np.array([beat.clear for beat in beats], bool)
    if np.count_nonzero(good) < MIN_INTERVALS:
        return unknown_rate(UNCLEAR if np.count_nonzero(known) >= MIN_INTERVALS else TOO_FEW)
    median = float(np.median(rr[good]))
    if (rr[known] < min(_SHORTEST, _SHORT * median)).any() and not _regular(rr[known], median):
        return unknown_rate(UNCLEAR)
    if _regular(rr[known], median):
        good &= ~_split(rr, median)
        known &= ~_split(rr, median)
        low, high = _DOUBLE
        doubled = np.mean((rr[known] > low * median) & (rr[known] < high * median))
        if 0 < doubled <= _MISSED_SHARE:
            return unknown_rate(UNCLEAR)
    count = np.count_nonzero(good)
    if count < MIN_INTERVALS or rr[good].sum() < _CLEAR_SHARE * rr[known].sum():
        return unknown_rate(UNCLEAR)
    mean = float(rr[good].mean())
    seen = float(rr[good].sum()) + _PARTIAL_INTERVALS * float(rr[good].max()) + _NOT_JUDGED
    unseen = max(0.0, 1 - seen / seconds)
    error = float(rr[good].std(ddof=1)) / mean * math.sqrt(unseen / count)
    if 2 * error > MAX_ERROR:
        return unknown_rate(TOO_FEW)
    return HeartRate(60 / mean)


def _regular(rr: np.ndarray, median: float) -> bool:
    return bool(np.mean(np.abs(rr / median - 1) < _REGULAR) >= _REGULAR_SHARE)


def _split(rr: np.ndarray, median: float) -> np.ndarray:
    """Mask of neighbouring intervals that make one of a regular rhythm together."""
    mask = np.zeros(len(rr), bool)
    for i in range(len(rr) - 1):
        regular = abs((rr[i] + rr[i + 1]) / median - 1) < _SAME
        if regular and min(rr[i], rr[i + 1]) < _SPLIT * median:
            mask[i : i + 2] = True
    return mask
