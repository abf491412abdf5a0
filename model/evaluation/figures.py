"""Pictures of a report: B2 cell by cell, and strips on ECG paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from model.evaluation.b2 import CLEAN, KINDS, LEVELS, SCORED, Case
from model.evaluation.methods import Method
from streamer import FS

# Okabe & Ito's colours, told apart with any colour vision; the models come first.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
_ROWS = {"clean": "#444444", "noisy": "#D55E00", "denoised": "#0072B2"}
_ASPECT = 0.4  # 25 mm/s over 10 mm/mV
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
    axes.set_aspect(_ASPECT)
    axes.set_facecolor("#fff7f5")
    for step, width, alpha in ((1, 0.3, 0.6), (5, 0.6, 1.0)):
        for x in np.arange(0, seconds + 1e-9, 0.04 * step):
            axes.axvline(x, color="#f0b6b0", lw=width, alpha=alpha, zorder=0)
        for y in np.arange(np.floor(low * 2) / 2, high + 1e-9, 0.1 * step):
            axes.axhline(y, color="#f0b6b0", lw=width, alpha=alpha, zorder=0)
    axes.set_xticks([])
    axes.tick_params(axis="y", length=0)


def _stacked(signals: Sequence[npt.NDArray[Any]]) -> list[npt.NDArray[Any]]:
    """The signals one below the other, 0.2 mV apart."""
    out = [signals[0] - np.median(signals[0])]
    for signal in signals[1:]:
        out.append(signal - signal.max() + out[-1].min() - 0.2)
    return out


def strips(cases: Sequence[Case], method: Method, record: str) -> Figure:
    """Clean, noisy and denoised signal of each case, six seconds on ECG paper."""
    denoised = method(np.stack([case.noisy for case in cases], axis=1).astype(np.float32))
    seconds, width = (_STRIP.stop - _STRIP.start) / FS, 9.0
    stacks = [
        _stacked([signal[_STRIP] for signal in (case.clean, case.noisy, y)])
        for case, y in zip(cases, denoised.T, strict=True)
    ]
    spans = [(stack[-1].min() - 0.2, stack[0].max() + 0.2) for stack in stacks]
    heights = [(high - low) * _ASPECT * width / seconds for low, high in spans]
    figure = Figure(figsize=(width + 1, sum(heights) + 0.4 * len(cases)), layout="constrained")
    panels = figure.subplots(len(cases), 1, height_ratios=heights, squeeze=False)[:, 0]
    for axes, case, stack, span in zip(panels, cases, stacks, spans, strict=True):
        _paper(axes, seconds, *span)
        for signal, colour in zip(stack, _ROWS.values(), strict=True):
            axes.plot(np.arange(len(signal)) / FS, signal, color=colour, lw=0.9)
        axes.set_yticks([float(np.median(signal)) for signal in stack], list(_ROWS))
        for label, colour in zip(axes.get_yticklabels(), _ROWS.values(), strict=True):
            label.set(color=colour, weight="bold")
        axes.set_title(
            f"record {record}, {case.kind} at {case.level} dB, 25 mm/s, 10 mm/mV", fontsize=10
        )
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write a figure; matplotlib decides by the suffix."""
    figure.savefig(path, dpi=110, bbox_inches="tight")
