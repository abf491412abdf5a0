"""Noisy stretches of MIT-BIH records: real noise mixed in at known levels.

Three stretches of each record, six kinds of noise at four levels, and the clean stretch itself.
The engine is fed 8 s before and 1 s after the scored 10 s.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ecgstream.model.data.splits import NOISE_HALF, noise_half
from ecgstream.streamer.ecg.metrics import reference
from ecgstream.streamer.ecg.noise import RECORDED, Samples, noise_gain, recorded_noise
from ecgstream.streamer.engine.delay import FS
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.io.records import read_record

NOISE_RECORDS = tuple(f"nstdb/{kind}" for kind in RECORDED)
"""Records of NSTDB that are mixed in."""
NOISE_KINDS = (*RECORDED, "mix", "pli50", "pli60")
LEVELS = (-6, 0, 6, 12)
CLEAN = "clean"
STRETCHES = 3
FED = 6840
SCORED = slice(2880, 2880 + 3600)


class Case(NamedTuple):
    """One fed stretch: reference and noisy input, both (FED,) in mV."""

    kind: str
    level: int | None  # dB; None when nothing is added
    clean: Samples
    noisy: Samples
    stretch: int  # number of the record's stretch, from 0


@functools.cache  # read once, not for every record
def noise_halves(data: Path, *, test: bool) -> dict[str, Samples]:
    """The half of each NSTDB record that tests, or the one that trains, (NOISE_HALF, 2)."""
    return {k: noise_half(k, recorded_noise(k, data), test=test) for k in RECORDED}


def noise_stretch(
    kind: str, record: str | int, j: int, halves: Mapping[str, Samples], n: int = FED
) -> Samples:
    """Noise of that kind for stretch `j` of a record, (n,), zero mean.

    `halves` holds each recorded kind's half of NSTDB, (NOISE_HALF, 2).
    """
    if kind in RECORDED:
        start = (int(record) * 97 + j * 1009) * 360 % (NOISE_HALF - n)
        noise = halves[kind][start : start + n, j % 2]
    elif kind == "mix":
        parts = [noise_stretch(part, record, j, halves, n) for part in RECORDED]
        noise = np.sum([part / part.std() for part in parts], axis=0)
    else:
        phase = np.random.default_rng((int(record), j)).random()
        noise = np.sin(2 * np.pi * (float(kind.removeprefix("pli")) / FS * np.arange(n) + phase))
    return noise - noise.mean()


def cases(record: str, data: Path, halves: Mapping[str, Samples]) -> Iterator[Case]:
    """All cells of one MIT-BIH record."""
    recording = read_record(f"mitdb/{record}", data)
    return noisy_cases(reference(recording.signal(0), recording.fs), record, halves)


def noisy_cases(
    whole: Samples | Floats, record: str | int, halves: Mapping[str, Samples]
) -> Iterator[Case]:
    """All cells of a reference (n,) at `FS`, as many stretches as fit; `record` is its number."""
    for j in range(STRETCHES):
        first = (60 + 600 * j) * 360 - SCORED.start
        if first + FED > len(whole):
            return
        clean = whole[first : first + FED].astype(float)
        yield Case(CLEAN, None, clean, clean, j)
        for kind in NOISE_KINDS:
            noise = noise_stretch(kind, record, j, halves)
            for level in LEVELS:
                noisy = clean + noise * noise_gain(clean, noise, level)
                yield Case(kind, level, clean, noisy, j)
