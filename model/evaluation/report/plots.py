"""Colours and axes that all charts of a report share."""

from __future__ import annotations

from matplotlib.axes import Axes

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#777777", "#B8A800")
"""Colours of Okabe & Ito, told apart with any colour vision; the models come first."""
KIND_COLOURS = dict(zip(("mix", "em", "ma", "bw"), COLOURS, strict=False))
"""Colour of a line by kind of noise."""


def label_axes(axes: Axes, x: str, y: str) -> None:
    """Label both axes and draw a grid."""
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(alpha=0.25)
