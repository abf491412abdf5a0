"""Calibration of the error band that a network tells, on validation records.

A network is trained to tell it on other people; they, and rounding to int8, shift it. One factor
for all sizes mends that.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ecgstream.model.data.mixing import load_clean
from ecgstream.model.data.splits import VALIDATION_RECORDS
from ecgstream.model.evaluation.noisy_stretches import SCORED, noise_halves, noisy_cases
from ecgstream.model.training.streamed_errors import BAND
from ecgstream.streamer.denoiser import StreamingDenoiser
from ecgstream.streamer.engine.block import joined
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.network.base import Network

DATABASES = ("mitdb", "qtdb")
"""Those of the validation records whose recordings are long enough."""
_FACTORS = np.geomspace(0.1, 10, 921)  # steps of 0.5 %


def widening(network: Network, data: Path) -> float:
    """Factor that makes the band hold `BAND` of the samples, in the mean over all cells.

    The cells are those of benchmark B2, with the halves of the noise that train, in `balanced`.

    Raises
    ------
    ecgstream.streamer.io.records.RecordError : a record is missing or damaged.
    """
    cover: dict[tuple[str, int | None], list[Floats]] = {}
    halves = noise_halves(data, test=False)
    for number, name in enumerate(VALIDATION_RECORDS):
        if name.partition("/")[0] not in DATABASES:
            continue
        found = list(noisy_cases(load_clean(name, data)[0], number, halves))
        clean = np.stack([case.clean for case in found], axis=1)
        noisy = np.stack([case.noisy for case in found], axis=1).astype(np.float32)
        denoiser = StreamingDenoiser(network, channels=len(found), delay="balanced")
        block = joined([denoiser.push(noisy), denoiser.flush()])
        error = np.abs(block.signal - clean)[SCORED] / block.error[SCORED]
        for case, ratio in zip(found, error.T, strict=True):
            within = np.searchsorted(np.sort(ratio), _FACTORS, "right") / len(ratio)
            cover.setdefault((case.kind, case.level), []).append(within.astype(np.float32))
    mean = np.mean([np.mean(cell, axis=0) for cell in cover.values()], axis=0)
    return float(np.interp(BAND, mean, _FACTORS))
