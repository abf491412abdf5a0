"""R peaks and heart rate of a short stretch of ECG, for display."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter1d
from scipy.signal import butter, find_peaks, sosfiltfilt

_REFRACTORY = 0.25  # s; no two beats are closer


def r_peaks(signal: npt.ArrayLike, fs: float) -> npt.NDArray[np.int64]:
    """Places of the R peaks (k,) in a stretch (n,) of a few seconds, NaN bridged.

    Pan & Tompkins (1985): band-pass 5 to 15 Hz, slope, square, moving mean; here with one
    threshold for the stretch, three tenths of what the median second reaches at its highest.
    """
    x = np.asarray(signal, float)
    valid = np.isfinite(x)
    if valid.sum() < 2 * fs:
        return np.empty(0, np.int64)
    x = np.interp(np.arange(len(x)), np.flatnonzero(valid), x[valid])
    band = sosfiltfilt(butter(2, (5, 15), "bandpass", fs=fs, output="sos"), x)
    energy = uniform_filter1d(np.gradient(band) ** 2, round(0.15 * fs))
    seconds = energy[: len(energy) // round(fs) * round(fs)].reshape(-1, round(fs)).max(axis=1)
    threshold = 0.3 * np.median(seconds)
    humps, _ = find_peaks(energy, height=max(threshold, 1e-12), distance=round(_REFRACTORY * fs))
    reach = round(0.1 * fs)
    peaks = [
        max(0, h - reach) + int(np.argmax(np.abs(band[max(0, h - reach) : h + reach])))
        for h in humps
    ]
    return np.unique(np.asarray(peaks, np.int64))


def heart_rate(peaks: npt.NDArray[np.int64], fs: float) -> float:
    """Beats per minute from the median distance between peaks; NaN with fewer than three."""
    return float(60 * fs / np.median(np.diff(peaks))) if len(peaks) > 2 else float("nan")
