"""What people use instead: the comparison rows of the benchmarks, each (n,) in mV to (n,)."""

from __future__ import annotations

from collections.abc import Callable

import neurokit2
import numpy as np
import numpy.typing as npt
import pywt
from scipy.signal import butter, savgol_filter, sosfilt, sosfilt_zi

from ecgstream.streamer.ecg.metrics import reference
from ecgstream.streamer.engine.delay import FS

Samples = npt.NDArray[np.float64]


def causal_bandpass(x: Samples) -> Samples:
    """Second-order Butterworth 0.5 to 40 Hz, causal: what a live filter can do."""
    sos = butter(2, (0.5, 40.0), "bandpass", fs=FS, output="sos")
    return np.asarray(sosfilt(sos, x, zi=sosfilt_zi(sos) * x[0])[0])


def zero_phase_savgol(x: Samples) -> Samples:
    """Zero-phase 0.5 Hz high-pass and Savitzky-Golay 15/3: the strongest simple offline filter."""
    return np.asarray(savgol_filter(reference(x), 15, 3))


def neurokit(x: Samples) -> Samples:
    """`neurokit2.ecg_clean` with its defaults."""
    return np.asarray(neurokit2.ecg_clean(x, sampling_rate=FS), float)


def wavelet(x: Samples) -> Samples:
    """Soft threshold of sym8 details (Donoho 1995), what lies below 0.7 Hz left out."""
    approximation, *details = pywt.wavedec(x, "sym8", level=8)
    deviation = np.median(np.abs(details[-1])) / 0.6745
    # Never 0, which would make 0 / 0 of a flat line.
    threshold = deviation * np.sqrt(2 * np.log(len(x))) + np.finfo(float).tiny
    kept = [pywt.threshold(d, threshold, "soft") for d in details]
    return np.asarray(pywt.waverec([np.zeros_like(approximation), *kept], "sym8"))[: len(x)]


FILTERS: dict[str, Callable[[Samples], Samples]] = {
    "causal band-pass": causal_bandpass,
    "zero-phase + Savitzky-Golay": zero_phase_savgol,
    "NeuroKit2": neurokit,
    "wavelet": wavelet,
}
