"""How the error of one denoised window depends on the place in the window.

This is why the engine emits samples from the middle of its windows and has a delay at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ecgstream.model.evaluation import noisy_stretches
from ecgstream.model.evaluation.report.plots import KIND_COLOURS, label_axes
from ecgstream.model.evaluation.subjects import fingerprint
from ecgstream.streamer.ecg.noise import RECORDED
from ecgstream.streamer.engine.delay import FS, WINDOW
from ecgstream.streamer.engine.normalization import restore, standardise
from ecgstream.streamer.network.base import Network

NOISE_KINDS = (*RECORDED, "mix")
LEVEL = 0
PLACE = 16
"""Samples of a window that make one place."""
_HOP = 64


def run_record(
    record: str, data: Path, networks: Mapping[str, Network], *, test: bool = True
) -> list[dict[str, Any]]:
    """Sums of squares of noise and error (mV²) by place, over windows of B2's scored stretches.

    The networks are called on each window themselves, without overlap-add.

    Raises
    ------
    ecgstream.streamer.io.records.RecordError : the record or the noise is missing or damaged.
    """
    cases = list(noisy_stretches.cases(record, data, noisy_stretches.noise_halves(data, test=test)))
    ends = np.arange(noisy_stretches.SCORED.start + WINDOW, noisy_stretches.SCORED.stop + 1, _HOP)
    rows = []
    for name, network in networks.items():
        for kind in NOISE_KINDS:
            noise, error = np.zeros(WINDOW), np.zeros(WINDOW)
            for case in cases:
                if (case.kind, case.level) != (kind, LEVEL):
                    continue
                past = np.stack([case.noisy[end - network.past : end] for end in ends])
                clean = np.stack([case.clean[end - WINDOW : end] for end in ends])
                shown = standardise(past.astype(np.float32))
                answer = network(shown.window, shown.context)
                noise += np.sum((past[:, -WINDOW:] - clean) ** 2, axis=0)
                error += np.sum((restore(network.output, shown, answer) - clean) ** 2, axis=0)
            sums = {
                "noise": noise.reshape(-1, PLACE).sum(axis=1).tolist(),
                "error": error.reshape(-1, PLACE).sum(axis=1).tolist(),
            }
            rows.append({"record": record, "method": name, "kind": kind, **sums})
    return rows


def summary(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """RMS error over RMS noise at each place, all records together, by method and kind."""
    out = []
    for method, kind in dict.fromkeys((row["method"], row["kind"]) for row in rows):
        own = [row for row in rows if (row["method"], row["kind"]) == (method, kind)]
        ratio = np.sum([r["error"] for r in own], axis=0) / np.sum(
            [r["noise"] for r in own], axis=0
        )
        out.append({"method": method, "kind": kind, "relative_error": np.sqrt(ratio).tolist()})
    return out


CODE = fingerprint(Path(__file__))
"""Taken at import: a file that is edited while its code runs must not count as what was run."""


def plot(summary: Sequence[Mapping[str, Any]]) -> Figure:
    """Relative error over the place in the window, a line for each kind of noise."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    for row in summary:
        errors = np.array(row["relative_error"])
        edges = np.linspace(-WINDOW / FS, 0, len(errors) + 1)
        label = f"{row['kind']} at 0 dB"
        axes.stairs(
            errors * 100, edges, baseline=None, color=KIND_COLOURS[row["kind"]], lw=2, label=label
        )
    label_axes(
        axes, "place in the window, s before its newest sample", "error left, % of the noise"
    )
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, ncols=2)
    return figure
