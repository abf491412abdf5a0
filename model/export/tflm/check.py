"""Compare TFLM's kernels with the engine's runtime on windows of the bundled record."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from ecgstream.model.export.tflm.network import PACKAGE, Int8Network, MicroNetwork, arena_size
from ecgstream.streamer.denoiser import StreamingDenoiser
from ecgstream.streamer.ecg.noise import noise_gain, unit_noise
from ecgstream.streamer.engine.normalization import Floats, Standardised, standardise
from ecgstream.streamer.io.records import read_record
from ecgstream.streamer.network.sandbox import ModelError

MIN_PARITY_DB = 20.0
"""Runtimes round differently, layer after layer, which leaves 25 dB and more. A wrong order of
inputs, or an operator that does something else, leaves less than 5 dB."""
_HOP = 64
_SAMPLES = 21_600  # a minute


@dataclass(frozen=True)
class Check:
    """Comparison of two runtimes: the same file on the same windows."""

    version: str  # of the package tflite-micro
    runtime: str  # the runtime that TFLM is compared with
    windows: int
    largest: int  # int8 steps between two answers
    different: float  # share of the values
    parity_db: float
    largest_mv: float  # between the engine's two outputs
    rms_mv: float
    arena: int  # bytes

    def __str__(self) -> str:
        """Summary of the comparison in plain words."""
        return (
            f"Checked: the same file on TFLM's reference kernels (tflite-micro {self.version}) and "
            f"on {self.runtime}, {self.windows} windows of noisy ECG: {self.different:.0%} of the "
            f"values differ, by {self.largest} int8 steps at most; they agree to "
            f"{self.parity_db:.1f} dB. What the engine makes of both differs by "
            f"{self.rms_mv * 1e3:.1f} µV RMS, {self.largest_mv * 1e3:.0f} µV at most. The smallest "
            f"arena has {self.arena} bytes, with pointers of 64 bits; a microcontroller takes less."
        )


def noisy_record(samples: int = _SAMPLES) -> Floats:
    """Return the bundled record's beginning with electrode motion at 0 dB, mV: (n,)."""
    clean = read_record("208b").signal(0)[:samples]
    noise = unit_noise("em", len(clean))
    return (clean + noise * noise_gain(clean, noise, 0)).astype(np.float32)


def windows_of(record: Floats, past: int) -> Standardised:
    """Cut a record into windows of `past` samples and standardise them."""
    pasts = np.lib.stride_tricks.sliding_window_view(record, past)[::_HOP]
    return standardise(np.ascontiguousarray(pasts))


def check(path: Path, delay: str | int) -> Check:
    """Run a model on TFLM's kernels and on the runtime of the engine, and compare.

    Raises
    ------
    ImportError : the package tflite-micro is not installed.
    ecgstream.ModelError : TFLM does not take the file, or answers differently.
    """
    micro, usual = MicroNetwork(path), Int8Network(path)
    record = noisy_record()
    windows = windows_of(record, usual.past)
    given = [network.answers(windows.window, windows.context) for network in (micro, usual)]
    steps = np.abs(given[0].astype(int) - given[1])
    real = usual.tensors["answer"].real
    wanted, difference = real(given[1]), real(given[0]) - real(given[1])
    with np.errstate(divide="ignore"):
        parity = float(10 * np.log10(np.square(wanted).sum() / np.square(difference).sum()))
    if not parity >= MIN_PARITY_DB:
        raise ModelError(
            f"{path} not exported: on TFLM its answers agree with those on {usual.runtime} to "
            f"{parity:.1f} dB only, {MIN_PARITY_DB:g} dB are needed"
        )
    engines = (StreamingDenoiser(network, delay=delay) for network in (micro, usual))
    outputs = [engine.push(record).signal for engine in engines]
    apart = np.abs(outputs[0] - outputs[1])
    return Check(
        version(PACKAGE),
        usual.runtime,
        len(steps),
        int(steps.max()),
        float(np.mean(steps > 0)),
        parity,
        float(apart.max()),
        float(np.sqrt(np.mean(np.square(apart)))),
        arena_size(usual.content),
    )
