"""Strips on ECG paper: 25 mm/s and 10 mm/mV, as a cardiologist reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from ecgstream.model.evaluation.noisy_stretches import Case
from ecgstream.streamer.engine.delay import FS

LENGTH = 6 * 360
"""Samples of a strip."""
_COLOURS = {"clean": "#444444", "noisy": "#D55E00", "denoised": "#0072B2"}
_ASPECT = 0.4  # 25 mm/s over 10 mm/mV
_WIDTH = 9.0  # inches
_APART = 0.2  # mV from one trace to the next


class Strip(NamedTuple):
    """Some traces of the same stretch, by name of `_COLOURS`, each (LENGTH,) in mV."""

    title: str
    traces: dict[str, npt.NDArray[np.float64]]
    band: npt.NDArray[np.float64] | None = None
    """Half width of the error band around `denoised`, (LENGTH,) in mV."""

    @classmethod
    def of(
        cls,
        record: str,
        case: Case,
        denoised: npt.NDArray,
        start: int,
        figure: str = "",
        band: npt.NDArray | None = None,
    ) -> Strip:
        """Six seconds of one case of B2 from sample `start` on."""
        signals = {"clean": case.clean, "noisy": case.noisy, "denoised": denoised}
        noise = "clean input" if case.level is None else f"{case.kind} at {case.level} dB"
        if case.level is None:
            del signals["noisy"]  # it is the clean one
        part = slice(start, start + LENGTH)
        title = ", ".join(text for text in (f"record {record}", noise, figure) if text)
        traces = {name: np.asarray(s[part], float) for name, s in signals.items()}
        return cls(title, traces, None if band is None else np.asarray(band[part], float))

    def around(self, name: str) -> npt.NDArray[np.float64]:
        """Half width of the band around a trace (LENGTH,), zeros where there is none."""
        if self.band is None or name != "denoised":
            return np.zeros(LENGTH)
        return self.band


def _stacked(strip: Strip) -> dict[str, npt.NDArray[np.float64]]:
    """The traces one below the other."""
    out: dict[str, npt.NDArray[np.float64]] = {}
    below = 0.0
    for name, trace in strip.traces.items():
        around = strip.around(name)
        out[name] = trace - ((trace + around).max() + _APART - below if out else np.median(trace))
        below = (out[name] - around).min()
    return out


def _paper(axes: Axes, seconds: float, low: float, high: float) -> None:
    """ECG paper: 1 mm is 40 ms and 0.1 mV."""
    axes.set_xlim(0, seconds)
    axes.set_ylim(low, high)
    axes.set_aspect(_ASPECT)
    axes.set_facecolor("#fff7f5")
    bottom = np.floor(low * 2) / 2
    for step, width, alpha in ((1, 0.3, 0.6), (5, 0.6, 1.0)):
        columns = np.arange(0, seconds + 1e-9, 0.04 * step)
        rows = np.arange(bottom, high + 1e-9, 0.1 * step)
        lines = [[(x, low), (x, high)] for x in columns] + [[(0, y), (seconds, y)] for y in rows]
        axes.add_collection(
            LineCollection(lines, colors="#f0b6b0", linewidths=width, alpha=alpha, zorder=0)
        )
    axes.set_xticks([])
    axes.tick_params(axis="y", length=0)


def strips(strips: Sequence[Strip]) -> Figure:
    """All strips, one below the other."""
    seconds = LENGTH / FS
    stacks = [_stacked(strip) for strip in strips]
    spans = [
        (
            min((t - strip.around(name)).min() for name, t in stack.items()) - _APART,
            max((t + strip.around(name)).max() for name, t in stack.items()) + _APART,
        )
        for strip, stack in zip(strips, stacks, strict=True)
    ]
    heights = [(high - low) * _ASPECT * _WIDTH / seconds for low, high in spans]
    size = (_WIDTH + 1, sum(heights) + 0.4 * len(strips))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(len(strips), 1, height_ratios=heights, squeeze=False)[:, 0]
    for axes, strip, stack, span in zip(panels, strips, stacks, spans, strict=True):
        _paper(axes, seconds, *span)
        for name, trace in stack.items():
            t, around = np.arange(LENGTH) / FS, strip.around(name)
            axes.plot(t, trace, color=_COLOURS[name], lw=0.9)
            if around.any():
                low, high = trace - around, trace + around
                axes.fill_between(t, low, high, color=_COLOURS[name], alpha=0.25, lw=0)
        axes.set_yticks([float(np.median(trace)) for trace in stack.values()], list(stack))
        for label, name in zip(axes.get_yticklabels(), stack, strict=True):
            label.set(color=_COLOURS[name], weight="bold")
        axes.set_title(f"{strip.title}  ·  25 mm/s, 10 mm/mV", fontsize=10)
    return figure
