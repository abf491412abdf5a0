"""Gain of a model on the bundled record and noises: the cell `mix` at 0 dB of B2, in small.

The engine that is timed denoises them. One record shows whether a file works on this runtime and
what its precision costs, not how good the model is; `ecgstream evaluate` does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ecgstream.streamer.denoiser import StreamingDenoiser
from ecgstream.streamer.ecg.metrics import reference, snr
from ecgstream.streamer.ecg.noise import noise_gain, unit_noise
from ecgstream.streamer.engine.delay import FS
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.io.records import ASSETS, read_record
from ecgstream.streamer.network.base import Network

NOISE = "mix"
SNR_DB = 0
RECORD = "208b"
_STRETCH_SAMPLES = 6840
_SCORED = slice(2880, 2880 + 3600)
"""Samples of a stretch that count: after 8 s to settle, 10 s, with 1 s to follow, as in B2."""


class Case(NamedTuple):
    """A stretch of the record without and with noise; (_STRETCH_SAMPLES,) in mV."""

    clean: Floats
    noisy: Floats


def noisy_record(kind: str = "em") -> Floats:
    """The bundled record with noise at 0 dB over all of it, mV (n,)."""
    clean = read_record(RECORD, ASSETS).signal(0)
    return _mixed(clean, kind, 0)


def cases() -> Iterator[Case]:
    """Stretches of the bundled record whose scored parts are consecutive."""
    record = read_record(RECORD, ASSETS)
    whole = reference(record.signal(0), record.fs).astype(np.float32)
    step = _SCORED.stop - _SCORED.start
    for n, first in enumerate(range(0, len(whole) - _STRETCH_SAMPLES + 1, step)):
        clean = whole[first : first + _STRETCH_SAMPLES]
        yield Case(clean, _mixed(clean, NOISE, n))


def gain(network: Network, delay: str | int) -> dict[str, float]:
    """Mean and median improvement of the SNR (dB) by the engine, its delay compensated."""
    gains = []
    for case in cases():
        denoiser = StreamingDenoiser(network, delay=delay)
        output = [denoiser.push(case.noisy).signal[:, 0], denoiser.flush().signal[:, 0]]
        scored = (s[_SCORED] for s in (case.clean, case.noisy, np.concatenate(output)))
        clean, noisy, denoised = scored
        gains.append(snr(clean, denoised) - snr(clean, noisy))
    return {
        "mean_db": float(np.mean(gains)),
        "median_db": float(np.median(gains)),
        "stretches": len(gains),
    }


def conditions() -> dict[str, Any]:
    """Record, noise and length that gains are measured on."""
    seconds = (_SCORED.stop - _SCORED.start) / FS
    return {"record": RECORD, "noise": NOISE, "snr_db": SNR_DB, "scored_seconds": seconds}


def _mixed(clean: Floats, kind: str, seed: int) -> Floats:
    # From the bundled files, so that the gain is the same where the whole databases are, too.
    noise = unit_noise(kind, len(clean), seed, ASSETS)
    return (clean + noise * noise_gain(clean, noise, SNR_DB)).astype(np.float32)
