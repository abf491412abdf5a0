"""Learning curves: how the losses of some trainings fell."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ecgstream.model.training.runs import Run

_COLUMNS = 3
# The floor of the relative error falls from epoch to epoch, so the training loss may well rise.
_LOSSES = {
    "loss": ("#E69F00", "training (relative to the floor of its epoch)"),
    "val_loss": ("#0072B2", "validation (to the last floor)"),
}


def curves(runs: Sequence[Run]) -> Figure:
    """Loss over epochs, a panel for each run that has some; those that round as int8 are shaded."""
    runs = [run for run in runs if run.history]
    columns = max(1, min(len(runs), _COLUMNS))
    rows = max(1, math.ceil(len(runs) / columns))
    figure = Figure(figsize=(4.2 * columns, 3.2 * rows + 0.4), layout="constrained")
    panels = list(figure.subplots(rows, columns, squeeze=False).flat)
    handles: dict[str, Artist] = {}
    for panel, run in zip(panels, runs, strict=False):
        for key, (colour, label) in _LOSSES.items():
            points = [(row["epoch"] + 1, row[key]) for row in run.history if key in row]
            if points:
                style = ".-" if len(points) < 20 else "-"
                (handles[label],) = panel.plot(*zip(*points, strict=True), style, color=colour)
        last = max(row["epoch"] + 1 for row in run.history)
        if last > run.exact and run.settings.get("training.rounded"):
            span = panel.axvspan(run.exact + 0.5, last + 0.5, color="0.5", alpha=0.15, lw=0)
            handles["weights rounded as in int8"] = span
        panel.set_title(run.name, fontsize=10)
        panel.set_xlabel("epoch")
        panel.set_ylabel("loss")
        panel.set_ylim(bottom=0)
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        panel.grid(alpha=0.25)
    for panel in panels[len(runs) :]:
        panel.set_axis_off()
    if handles:
        names = list(handles)
        figure.legend(
            list(handles.values()),
            names,
            loc="outside lower center",
            ncols=len(names),
            frameon=False,
        )
    return figure
