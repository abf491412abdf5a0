"""Charts of a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ecgstream.model.evaluation.benchmarks.b2_noise import CLEAN, KINDS, LEVELS
from ecgstream.streamer.engine.delay import FS, WINDOW

# Okabe & Ito's colours, told apart with any colour vision; the models come first.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#777777", "#B8A800")
_KIND_COLOURS = dict(zip(("mix", "em", "ma", "bw"), COLOURS, strict=False))


def _grid(axes: Axes, x: str, y: str) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(alpha=0.25)


def cells(summary: Sequence[Mapping[str, Any]]) -> Figure:
    """ΔSNR over input level, a panel for each kind of noise, a line for each method."""
    figure = Figure(figsize=(11, 6.5), layout="constrained")
    panels = figure.subplots(2, 3, sharex=True)
    methods = list(dict.fromkeys(row["method"] for row in summary))
    for panel, kind in zip(panels.flat, KINDS, strict=True):
        for method, colour in zip(methods, COLOURS, strict=False):
            rows = [r for r in summary if r["method"] == method and r["kind"] == kind]
            x = [r["level"] for r in rows]
            low, high = [r["low"] for r in rows], [r["high"] for r in rows]
            panel.fill_between(x, low, high, color=colour, alpha=0.15, lw=0)
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


def delay_curve(summary: Sequence[Mapping[str, Any]]) -> Figure:
    """Mean ΔSNR over the delay of the engine, a line for each kind of noise."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    for kind in dict.fromkeys(row["kind"] for row in summary):
        rows = [row for row in summary if row["kind"] == kind]
        delays = [row["delay"] / FS for row in rows]
        gains = [row["mean"] for row in rows]
        axes.plot(delays, gains, "o-", color=_KIND_COLOURS[kind], ms=5, label=f"{kind} at 0 dB")
    _grid(axes, "delay of the output, s", "ΔSNR, dB")
    axes.set_xlim(left=0)
    axes.legend(frameon=False, loc="lower right")
    return figure


def positions(summary: Sequence[Mapping[str, Any]]) -> Figure:
    """Relative error over the place in the window, a line for each kind of noise."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    for row in summary:
        errors = np.array(row["relative_error"])
        edges = np.linspace(-WINDOW / FS, 0, len(errors) + 1)
        label = f"{row['kind']} at 0 dB"
        axes.stairs(
            errors * 100, edges, baseline=None, color=_KIND_COLOURS[row["kind"]], lw=2, label=label
        )
    _grid(axes, "place in the window, s before its newest sample", "error left, % of the noise")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, ncols=2)
    return figure


def detection(summary: Sequence[Mapping[str, Any]]) -> Figure:
    """F1 of beat detection over input level, a panel for each detector, a line for each method."""
    detectors = list(dict.fromkeys(row["detector"] for row in summary))
    figure = Figure(figsize=(11, 4.5), layout="constrained")
    panels = figure.subplots(1, len(detectors), sharey=True, squeeze=False)[0]
    raw, *methods = dict.fromkeys(row["method"] for row in summary)
    styles = {raw: {"color": COLOURS[6], "ls": "--"}}
    styles |= {m: {"color": c} for m, c in zip(methods, (*COLOURS[:6], COLOURS[7]), strict=False)}
    for panel, detector in zip(panels, detectors, strict=True):
        for method, style in styles.items():
            rows = [r for r in summary if (r["method"], r["detector"]) == (method, detector)]
            levels, scores = [r["level"] for r in rows], [r["f1"] for r in rows]
            panel.plot(levels, scores, "o", ms=4, label=method, **{"ls": "-", **style})
        panel.set_title(f"detector {detector}")
        panel.set_xticks(sorted({row["level"] for row in summary}))
        _grid(panel, "SNR of the input, dB", "F1, %" if panel is panels[0] else "")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
    return figure
