"""A report as one self-contained page, beside its figures and the JSON file behind it."""

from __future__ import annotations

import base64
import io
import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from ecgstream.model.evaluation.benchmarks.registry import BENCHMARKS
from ecgstream.model.evaluation.report.glance import glance
from ecgstream.model.evaluation.report.tables import markdown
from ecgstream.streamer.io.atomic import replacing

NAME = "index.html"
_TEMPLATE = Path(__file__).with_name("page.html.jinja")
_ON_PAPER = {name for benchmark in BENCHMARKS.values() for name in benchmark.strips}
"""Plots on ECG paper; charts take the colours of the page instead."""
_INK = "#010203"  # stands for the colour of the page's text, whatever that is


def write(report: Mapping[str, Any], figures: Mapping[str, Figure], out: Path) -> None:
    """Write the page, `report.md`, `report.json` and the figures as PNG into the folder `out`.

    Figures that are not finite become null in the JSON.
    """
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(_finite(report), indent=2, allow_nan=False) + "\n"
    with replacing(out / "report.json") as partial:
        partial.write_text(text)
    for name, figure in figures.items():
        figure.savefig(out / f"{name}.png", dpi=110, bbox_inches="tight")
    for name, content in (("report.md", _markdown(report)), (NAME, render(report, figures))):
        with replacing(out / name) as partial:
            partial.write_text(content)


def _markdown(report: Mapping[str, Any]) -> str:
    parts = [BENCHMARKS[name].tables(report[name]) for name in BENCHMARKS if name in report]
    every = [glance(report), *(table for part in parts for table in part)]
    return "\n".join(map(markdown, every))


def render(report: Mapping[str, Any], figures: Mapping[str, Figure]) -> str:
    """The page's HTML, everything in it."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    template = environment.from_string(_TEMPLATE.read_text())
    pictures = {
        name: _png(figure) if name in _ON_PAPER else _svg(name, figure)
        for name, figure in figures.items()
    }
    return template.render(
        report=report, glance=glance(report), benchmarks=BENCHMARKS, figures=pictures
    )


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _svg(name: str, figure: Figure) -> Markup:
    """A chart in the colours of the page."""
    for axes in figure.axes:
        axes.set_facecolor("none")
        axes.tick_params(color=_INK, labelcolor=_INK)
        for text in (axes.title, axes.xaxis.label, axes.yaxis.label):
            text.set_color(_INK)
        for spine in axes.spines.values():
            spine.set_color(_INK)
    legends = (*figure.legends, *(axes.get_legend() for axes in figure.axes))
    for text in (text for legend in legends if legend for text in legend.get_texts()):
        text.set_color(_INK)
    file = io.StringIO()
    # The salt keeps what one drawing calls its parts from meaning those of another one.
    with matplotlib.rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    drawing = re.sub(r"^.*?(?=<svg)", "", file.getvalue(), flags=re.DOTALL)
    return Markup(drawing.replace(_INK, "currentColor"))


def _png(figure: Figure) -> Markup:
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=110, bbox_inches="tight")
    data = base64.b64encode(file.getvalue()).decode()
    return Markup(f'<img alt="ECG strips" src="data:image/png;base64,{data}">')
