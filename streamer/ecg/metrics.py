"""Figures that compare a signal with its clean reference."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.ecg.filters import high_pass
from ecgstream.streamer.engine.delay import FS


def snr(clean: npt.ArrayLike, signal: npt.ArrayLike) -> float:
    """Signal-to-noise ratio in dB of `signal`, given the `clean` one of the same shape (n,).

    10 log10(sum c² / sum (s - c)²), each signal's mean removed first. Infinite when both are
    equal, NaN when there is nothing to compare.
    """
    c = np.asarray(clean, float)
    s = np.asarray(signal, float)
    if c.size == 0:
        return float("nan")
    c = c - c.mean()
    error = s - s.mean() - c
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(10 * np.log10(np.sum(c**2) / np.sum(error**2)))


def reference(signal: npt.ArrayLike, fs: float = FS) -> npt.NDArray[np.float64]:
    """The clean reference of a recorded signal (n,): its baseline removed without delay.

    Second-order Butterworth high-pass at 0.5 Hz, forwards and backwards, over the whole signal.
    Recordings wander themselves; against the raw record every denoiser would be punished for
    taking that away.
    """
    return high_pass(np.asarray(signal, float), 0.5, fs)
