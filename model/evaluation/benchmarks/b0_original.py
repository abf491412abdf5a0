"""B0: the original experiment, its own network beside the shipped one."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ecgstream.model.data import original_experiment as ten_seconds
from ecgstream.model.evaluation.methods import Method
from ecgstream.model.training.config import load_config
from ecgstream.streamer.ecg.noise import Samples

SEEDS = 5
PUBLISHED = (6.44, 10.84)
"""dB in and out, as published."""
POWERLINES = (6, 60)
"""Hz: what the original notebook wrote, and what it meant."""


def snr_of(stretch: ten_seconds.TenSeconds, signal: Samples) -> float:
    """SNR in dB by variances over the test windows, as the original computes it."""
    clean = ten_seconds.windows(stretch.clean, stretch.test)
    error = ten_seconds.windows(signal, stretch.test) - clean
    return float(10 * np.log10(clean.var() / error.var()))


def reproduced(data: Path, seeds: int = SEEDS) -> list[float]:
    """SNR in dB of the original network, trained as it was published, for several seeds."""
    stretch = ten_seconds.ten_seconds(data)
    settings = load_config("original").training
    found = []
    for seed in range(seeds):
        model, _ = ten_seconds.train(stretch, dataclasses.replace(settings, seed=seed))
        whole = ten_seconds.windows(stretch.noisy, list(range(14)))
        denoised = model.predict_on_batch(whole[..., None])[..., 0].ravel()
        found.append(snr_of(stretch, denoised))
    return found


def run(data: Path, methods: Mapping[str, Method], *, raw: bool = False) -> list[dict[str, Any]]:
    """SNR in dB before and after every method, which gets the stretch in mV from its first sample.

    The shipped model has not seen record 100. With `raw` the record's own wander is no noise.
    """
    rows = []
    for name, method in methods.items():
        for powerline in POWERLINES:
            stretch = ten_seconds.ten_seconds(data, powerline=powerline, raw=raw)
            millivolts = (stretch.noisy * stretch.scale + stretch.mean).astype(np.float32)
            denoised = method(millivolts[:, None])[:, 0].astype(float)
            rows.append(
                {
                    "method": name,
                    "powerline": powerline,
                    "in": snr_of(stretch, stretch.noisy),
                    "out": snr_of(stretch, (denoised - stretch.mean) / stretch.scale),
                }
            )
    return rows
