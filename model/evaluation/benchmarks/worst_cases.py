"""The strips that a model does worst on, so that nobody has to look for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ecgstream.model.evaluation import noisy_stretches
from ecgstream.model.evaluation.methods import Method
from ecgstream.model.evaluation.report.strips import LENGTH, Strip
from ecgstream.streamer.engine.delay import FS

NOISY, CLEAN = 7, 3
"""How many: noisy ones at 0 dB and better, where least was gained, and clean ones, where most was
lost. Each stretch of a record is shown once, with the noise that it fared worst in."""


def worst(rows: Sequence[Mapping[str, Any]], method: str) -> list[Mapping[str, Any]]:
    """The rows of B2 to show, the worst first."""
    own = sorted((row for row in rows if row["method"] == method), key=lambda row: row["db"])
    found: list[Mapping[str, Any]] = []
    for clean, count in ((False, NOISY), (True, CLEAN)):
        stretches: dict[tuple[str, int], Mapping[str, Any]] = {}
        for row in own:
            if clean == (row["level"] is None) and (clean or row["level"] >= 0):
                stretches.setdefault((row["record"], row["stretch"]), row)
        found += list(stretches.values())[:count]
    return found


def strips(
    rows: Sequence[Mapping[str, Any]], data: Path, method: Method, *, test: bool = True
) -> list[Strip]:
    """Those rows as strips of six seconds, where the error is greatest in each."""
    out = []
    for row in rows:
        wanted = (row["kind"], row["level"], row["stretch"])
        (case,) = (
            case
            for case in noisy_stretches.cases(
                row["record"], data, noisy_stretches.noise_halves(data, test=test)
            )
            if (case.kind, case.level, case.stretch) == wanted
        )
        denoised = method(case.noisy.astype(np.float32)[:, None])[:, 0]
        starts = range(
            noisy_stretches.SCORED.start, noisy_stretches.SCORED.stop - LENGTH + 1, int(FS)
        )
        error = (denoised - case.clean) ** 2
        start = max(starts, key=lambda i: float(error[i : i + LENGTH].sum()))
        figure = "SNR" if row["level"] is None else "gain"
        title = f"{figure} {row['db']:.1f} dB over ten seconds"
        out.append(Strip.of(row["record"], case, denoised, start, title))
    return out
