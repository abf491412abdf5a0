"""What waiting longer is worth: the gain of a model over the delay of the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ecgstream.model.evaluation.benchmarks import b2_noise as b2
from ecgstream.model.evaluation.methods import Method
from ecgstream.streamer.ecg.metrics import snr
from ecgstream.streamer.engine.delay import delay_mode

DELAYS: tuple[int | str, ...] = (24, 31, 47, 64, 90, 122, 160, 200, "best")
"""Samples; the last one is the full overlap-add."""
KINDS = ("mix", "em")
LEVEL = 0


def run_record(
    record: str, data: Path, methods: Mapping[str, Method], *, test: bool = True
) -> list[dict[str, Any]]:
    """ΔSNR in dB of every method on the stretches of B2 with `KINDS` at `LEVEL` dB.

    Raises
    ------
    ecgstream.streamer.io.records.RecordError : the record or the noise is missing or damaged.
    """
    cases = [
        case
        for case in b2.cases(record, data, b2.noise_halves(data, test=test))
        if case.kind in KINDS and case.level == LEVEL
    ]
    noisy = np.stack([case.noisy for case in cases], axis=1).astype(np.float32)
    rows = []
    for name, method in methods.items():
        for case, x, y in zip(cases, noisy.T, method(noisy).T, strict=True):
            clean = case.clean[b2.SCORED]
            gain = snr(clean, y[b2.SCORED]) - snr(clean, x[b2.SCORED])
            rows.append({"record": record, "method": name, "kind": case.kind, "db": gain})
    return rows


def summary(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Mean over all stretches by kind and delay; `method` of the rows names the delay."""
    out = []
    for delay in DELAYS:
        for kind in KINDS:
            own = [r["db"] for r in rows if (r["method"], r["kind"]) == (str(delay), kind)]
            mode = delay_mode(delay)
            out.append({"delay": mode.samples, "hop": mode.hop, "kind": kind, "mean": np.mean(own)})
    return out
