"""B0: the original experiment, its own network beside the shipped one."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from model import ten_seconds
from model.config import load_config
from model.evaluation.methods import Method
from streamer.noise import Samples

SEEDS = 5
PUBLISHED = (6.44, 10.84)
"""dB in and out, as published."""


def snr_of(stretch: ten_seconds.TenSeconds, signal: Samples) -> float:
    """SNR in dB by variances over the test windows, as the original computes it."""
    clean = ten_seconds.windows(stretch.clean, stretch.test)
    error = ten_seconds.windows(signal, stretch.test) - clean
    return float(10 * np.log10(clean.var() / error.var()))


def run(data: Path, shipped: Method, seeds: int = SEEDS) -> dict[str, Any]:
    """SNR in dB: the input, the original network over several seeds, the shipped model streamed.

    The shipped model has not seen record 100; it gets the stretch in mV, from its first sample.
    """
    stretch = ten_seconds.ten_seconds(data)
    settings = load_config("original").training
    originals = []
    for seed in range(seeds):
        model, _ = ten_seconds.train(stretch, dataclasses.replace(settings, seed=seed))
        whole = ten_seconds.windows(stretch.noisy, list(range(14)))
        denoised = model.predict_on_batch(whole[..., None])[..., 0].ravel()
        originals.append(snr_of(stretch, denoised))
    out: dict[str, Any] = {
        "published": {"in": PUBLISHED[0], "out": PUBLISHED[1]},
        "in": snr_of(stretch, stretch.noisy),
        "original": {"mean": float(np.mean(originals)), "seeds": originals},
    }
    for name, powerline in (("shipped", 6.0), ("shipped, 60 Hz", 60.0)):
        stretch = ten_seconds.ten_seconds(data, powerline=powerline)
        millivolts = (stretch.noisy * stretch.scale + stretch.mean).astype(np.float32)
        denoised = shipped(millivolts[:, None])[:, 0].astype(float)
        out[name] = snr_of(stretch, (denoised - stretch.mean) / stretch.scale)
    return out
