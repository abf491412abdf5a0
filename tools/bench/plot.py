"""Plot of two results of `ecgstream bench`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ecgstream.streamer.io.atomic import replacing
from ecgstream.tools.bench.compare import Comparison

COLOURS = ("#0072B2", "#D55E00")
_ROW_INCHES = 0.5
_MARGIN_INCHES = 1.9
"""Height of title, legend and axis."""
_SPREAD = 0.32
"""Distance between the two results of a row, in rows."""
_RATIO_OFFSETS = {"p50": 10, "p99": 52}
"""Percentiles that are drawn, and the distance of their ratios from the axes in points."""

Pair = tuple[float, float]
Rows = Mapping[str, Mapping[str, Pair]]


def figure(compared: Comparison) -> Figure:
    """Plot latencies that both results have, from the median to the 99th percentile."""
    rows: dict[str, dict[str, Pair]] = {}
    for row in compared.latency:
        name, _, percentile = row.name.rpartition(" ")
        if percentile in _RATIO_OFFSETS and row.first and row.second:
            rows.setdefault(name.rstrip(",:"), {})[percentile] = (row.first, row.second)
    made = Figure(figsize=(9.5, _ROW_INCHES * len(rows) + _MARGIN_INCHES), layout="constrained")
    axes = made.subplots()
    for side, colour in enumerate(COLOURS):
        _points(axes, rows, side, colour, compared.names[side])
    _ratios(axes, rows)
    axes.set_xscale("log")
    axes.margins(x=0.1)
    axes.set_xlabel("µs")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    axes.set_yticks(range(len(rows)), list(rows))
    axes.set_ylim(len(rows) - 0.4, -0.9)
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    made.suptitle("Latency: median (dot) and 99th percentile (bar)", fontsize=12)
    made.legend(loc="outside lower center", ncols=2, frameon=False)
    return made


def save(compared: Comparison, path: Path) -> None:
    """Write the plot, whole or not at all.

    Raises
    ------
    ValueError : no image format has this suffix.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as partial:
        figure(compared).savefig(partial, dpi=150)


def _points(axes: Axes, rows: Rows, side: int, colour: str, name: str) -> None:
    """Draw one result: a dot for the median, a line from it to the bar of the percentile."""
    label = name
    for place, percentiles in enumerate(rows.values()):
        y = place + (side - 0.5) * _SPREAD
        median, high = (percentiles[key][side] for key in _RATIO_OFFSETS)
        axes.plot([median, high], [y, y], color=colour, lw=1.5)
        axes.plot(high, y, "|", color=colour, ms=9, mew=2)
        axes.plot(median, y, "o", color=colour, ms=7, label=label)
        label = "_"  # named once
        for value, offset, align in ((median, -7, "right"), (high, 6, "left")):
            axes.annotate(
                f"{value:,.0f}",
                (value, y),
                xytext=(offset, 0),
                textcoords="offset points",
                ha=align,
                va="center",
                fontsize=8,
                color="0.25",
            )


def _ratios(axes: Axes, rows: Rows) -> None:
    """Write the ratio of the second to the first at the right of each row."""
    texts: list[tuple[float, str, str]] = [(-0.75, key, key) for key in _RATIO_OFFSETS]
    for place, percentiles in enumerate(rows.values()):
        texts += [
            (place, key, f"{second / first:.2f}") for key, (first, second) in percentiles.items()
        ]
    for y, key, text in texts:
        axes.annotate(
            text,
            (1.0, y),
            xycoords=("axes fraction", "data"),
            xytext=(_RATIO_OFFSETS[key], 0),
            textcoords="offset points",
            va="center",
            fontweight="normal" if text == key else "bold",
        )
    axes.annotate(
        "second / first",
        (1.0, 1.0),
        xycoords="axes fraction",
        xytext=(_RATIO_OFFSETS["p50"], 4),
        textcoords="offset points",
        fontsize=9,
    )
