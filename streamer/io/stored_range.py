"""Choose the integers that hold a signal: nothing is clipped, and no resolution is lost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ecgstream.streamer.io.base import FormatError, Signal

_MIN_STEPS = 1000
"""Steps over the range of a signal of real numbers, which has no resolution of its own."""


def adu_limits(signal: Signal, low: float, high: float) -> tuple[float, float]:
    """Smallest and largest adu of samples from `low` to `high`."""
    ends = np.rint(np.array([low, high]) * signal.gain + signal.baseline)
    return float(ends.min()), float(ends.max())


def with_resolution(signal: Signal, low: float, high: float, whole: bool, largest: int) -> Signal:
    """Return a signal of real numbers with a gain that suits its samples.

    Parameters
    ----------
    signal : of real numbers; one that has a resolution (`Signal.bits`) keeps it.
    low, high : extremes of the samples.
    whole : all samples are whole numbers, so that a gain of 1 loses nothing.
    largest : adu that can be stored.
    """
    if signal.bits or not np.isfinite(high - low):
        return signal
    gain = signal.gain
    while 0 < (high - low) * gain < _MIN_STEPS and max(abs(low), abs(high)) * gain * 10 <= largest:
        gain *= 10
    if whole and max(abs(low), abs(high)) * gain > largest:
        gain = 1.0
    return replace(signal, gain=gain)


def fitted(signal: Signal, low: float, high: float, largest: int, move: bool) -> Signal | None:
    """Return the signal with a baseline at which its samples fit; None where there is none.

    Parameters
    ----------
    signal : with the gain to keep.
    low, high : extremes of the samples, in the signal's unit.
    largest : magnitude that can be stored, in adu.
    move : the baseline may be moved, by whole steps.
    """
    if low > high:  # no samples
        return signal
    bottom, top = adu_limits(signal, low, high)
    if -largest <= bottom and top <= largest:
        return signal
    if not move or top - bottom > 2 * largest:
        return None
    return replace(signal, baseline=signal.baseline - np.floor((bottom + top) / 2))


def too_large(signal: Signal, low: float, high: float, label: str, bits: int) -> FormatError:
    """Return the error for a signal that cannot be stored."""
    wider = "" if bits == 32 else "; --format wfdb, csv or npy takes more"
    return FormatError(
        f"{signal.name} goes from {low:g} to {high:g} {signal.unit}, in steps of "
        f"{abs(1 / signal.gain):.3g} {signal.unit} more than the {bits} bits of {label} hold{wider}"
    )
