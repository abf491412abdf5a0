"""What a model gains on the bundled record and noises: B2's cell `mix` at 0 dB, in small.

The same engine that is timed takes them. One record says whether a file works on this runtime and
what its precision costs, not how good the model is: that is `ecgstream evaluate`'s.
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
from ecgstream.streamer.network.tflite import Network

KIND, LEVEL = "mix", 0
RECORD = "208b"
_FED = 6840
_SCORED = slice(2880, 2880 + 3600)
"""Samples of a stretch that is fed: 8 s to settle, 10 s, and 1 s to finish, as in B2."""


class Case(NamedTuple):
    """One stretch; (_FED,) in mV."""

    clean: Floats
    noisy: Floats


def noisy_record(kind: str = "em") -> Floats:
    """The bundled record with that noise at 0 dB over all of it, mV (n,)."""
    clean = read_record(RECORD, ASSETS).signal(0)
    return _mixed(clean, kind, 0)


def cases() -> Iterator[Case]:
    """Stretches of the bundled record whose scored parts follow each other."""
    record = read_record(RECORD, ASSETS)
    whole = reference(record.signal(0), record.fs).astype(np.float32)
    step = _SCORED.stop - _SCORED.start
    for n, first in enumerate(range(0, len(whole) - _FED + 1, step)):
        clean = whole[first : first + _FED]
        yield Case(clean, _mixed(clean, KIND, n))


def gain(network: Network, delay: str | int) -> dict[str, float]:
    """Mean and median ΔSNR (dB) of the engine's output, its declared delay compensated."""
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


def about() -> dict[str, Any]:
    """What the gains were measured on."""
    seconds = (_SCORED.stop - _SCORED.start) / FS
    return {"record": RECORD, "noise": KIND, "snr_db": LEVEL, "scored_seconds": seconds}


def _mixed(clean: Floats, kind: str, seed: int) -> Floats:
    # The bundled noise wherever it runs, also beside the whole database.
    noise = unit_noise(kind, len(clean), seed, ASSETS)
    return (clean + noise * noise_gain(clean, noise, LEVEL)).astype(np.float32)
