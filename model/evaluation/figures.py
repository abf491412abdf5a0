"""Pictures of a report: B2 cell by cell, and strips on ECG paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from model.evaluation.b2 import CLEAN, KINDS, LEVELS, SCORED, Case
from model.evaluation.methods import Method
from streamer import FS

# Okabe & Ito's colours, told apart with any colour vision; the models come first.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
_STRIP = slice(SCORED.start, SCORED.start + 6 * 360)


def cells(summary: Sequence[Mapping[str, Any]]) -> Figure:
    """ΔSNR over input level, a panel for each kind of noise, a line for each method."""
    figure = Figure(figsize=(11, 6.5), layout="constrained")
    panels = figure.subplots(2, 3, sharex=True)
    methods = list(dict.fromkeys(row["method"] for row in summary))
    for panel, kind in zip(panels.flat, KINDS, strict=True):
        for method, colour in zip(methods, _COLOURS, strict=False):
            rows = [r for r in summary if r["method"] == method and r["kind"] == kind]
            x = [r["level"] for r in rows]
            panel.fill_between(
                x,
                [r["low"] for r in rows],
                [r["high"] for r in rows],
                color=colour,
                alpha=0.15,
                lw=0,
            )
            panel.plot(x, [r["mean"] for r in rows], "o-", color=colour, ms=4, label=method)
        panel.axhline(0, color="0.4", lw=0.8)
        panel.set_title(kind)
        panel.set_xticks(LEVELS)
        panel.grid(alpha=0.25)
    for panel in panels[-1]:
        panel.set_xlabel("SNR of the input, dB")
    for panel in panels[:, 0]:
        panel.set_ylabel("ΔSNR, dB")
    clean = {r["method"]: r["mean"] for r in summary if r["kind"] == CLEAN}
    handles, labels = panels.flat[0].get_legend_handles_labels()
    named = [f"{label} (clean in: {clean[label]:.0f} dB)" for label in labels]
    figure.legend(handles, named, loc="outside lower center", ncols=3, frameon=False)
    return figure


def _paper(axes: Axes, seconds: float, low: float, high: float) -> None:
    """ECG paper: 1 mm is 40 ms and 0.1 mV."""
    axes.set_xlim(0, seconds)
    axes.set_ylim(low, high)
    axes.set_aspect(0.4)  # 25 mm/s over 10 mm/mV
    axes.set_facecolor("#fff7f5")
    for step, width, alpha in ((1, 0.3, 0.6), (5, 0.6, 1.0)):
        for x in np.arange(0, seconds + 1e-9, 0.04 * step):
            axes.axvline(x, color="#f0b6b0", lw=width, alpha=alpha, zorder=0)
        for y in np.arange(np.floor(low * 2) / 2, high + 1e-9, 0.1 * step):
            axes.axhline(y, color="#f0b6b0", lw=width, alpha=alpha, zorder=0)
    axes.set_xticks([])
    axes.set_yticks([])


def strips(cases: Sequence[Case], method: Method, record: str) -> Figure:
    """Clean, noisy and denoised signal of each case, six seconds on ECG paper."""
    denoised = method(np.stack([case.noisy for case in cases], axis=1).astype(np.float32))
    figure = Figure(figsize=(9, 3.0 * len(cases)), layout="constrained")
    for axes, case, y in zip(figure.subplots(len(cases), 1), cases, denoised.T, strict=True):
        t = np.arange(_STRIP.stop - _STRIP.start) / FS
        rows = {"clean": case.clean, "noisy": case.noisy, "denoised": y}
        offset = 0.0
        top: float | None = None
        for (name, signal), colour in zip(
            rows.items(), ("#444444", "#D55E00", "#0072B2"), strict=True
        ):
            s = signal[_STRIP]
            s = s - np.median(s)
            if top is not None:
                offset -= max(float(s.max()) + 0.3, 0.8)
            axes.plot(t, s + offset, color=colour, lw=0.8)
            axes.text(0.04, offset + 0.25, name, color=colour, fontsize=9, weight="bold")
            offset += min(float(s.min()) - 0.3, -0.5)
            top = top if top is not None else float(s.max()) + 0.4
        _paper(axes, 6.0, offset - 0.2, top or 1.0)
        axes.set_title(
            f"record {record}, {case.kind} at {case.level} dB, 25 mm/s, 10 mm/mV", fontsize=10
        )
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write a figure; matplotlib decides by the suffix."""
    figure.savefig(path, dpi=110)
