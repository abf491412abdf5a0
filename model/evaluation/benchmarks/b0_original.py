"""B0: the original experiment, its own network beside the shipped one."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ecgstream.model.data import original_experiment
from ecgstream.model.evaluation.benchmark import Benchmark, Section
from ecgstream.model.evaluation.methods import Method
from ecgstream.model.evaluation.report.tables import Cell, Table, number, words
from ecgstream.model.evaluation.report.targets import Report, Target
from ecgstream.model.evaluation.runner import Evaluation, Methods, Rows
from ecgstream.model.evaluation.subjects import fingerprint
from ecgstream.model.training import networks
from ecgstream.model.training.config import load_config
from ecgstream.streamer.ecg.noise import Samples

SEEDS = 5
PUBLISHED = (6.44, 10.84)
"""dB in and out, as published."""
POWERLINES = (6, 60)
"""Hz: what the original notebook wrote, and what it meant."""


def snr_of(stretch: original_experiment.TenSeconds, signal: Samples) -> float:
    """SNR in dB by variances over the test windows, as the original computes it."""
    clean = original_experiment.windows(stretch.clean, stretch.test)
    error = original_experiment.windows(signal, stretch.test) - clean
    return float(10 * np.log10(clean.var() / error.var()))


def reproduced(data: Path, seeds: int = SEEDS) -> list[float]:
    """SNR in dB of the original network, trained as it was published, for several seeds."""
    stretch = original_experiment.ten_seconds(data)
    settings = load_config("original").training
    found = []
    for seed in range(seeds):
        model, _ = original_experiment.train(stretch, dataclasses.replace(settings, seed=seed))
        whole = original_experiment.windows(stretch.noisy, list(range(14)))
        denoised = model.predict_on_batch(whole[..., None])[..., 0].ravel()
        found.append(snr_of(stretch, denoised))
    return found


def run_methods(
    data: Path, methods: Mapping[str, Method], *, raw: bool = False
) -> list[dict[str, Any]]:
    """SNR in dB before and after every method, which gets the stretch in mV from its first sample.

    The shipped model has not seen record 100. With `raw` the record's own wander is no noise.
    """
    rows = []
    for name, method in methods.items():
        for powerline in POWERLINES:
            stretch = original_experiment.ten_seconds(data, powerline=powerline, raw=raw)
            millivolts = (stretch.noisy * stretch.scale + stretch.mean).astype(np.float32)
            denoised = method(millivolts[:, None])[:, 0].astype(float)
            rows.append(
                {
                    "method": name,
                    "powerline": powerline,
                    "in": snr_of(stretch, stretch.noisy),
                    "out": snr_of(stretch, (denoised - stretch.mean) / stretch.scale),
                }
            )
    return rows


_CODE = fingerprint(Path(__file__), original_experiment, networks)
"""Taken at import: a file that is edited while its code runs must not count as what was run."""


def _b0(report: Report, model: str) -> float:
    (row,) = (r for r in report["b0"]["rows"] if (r["method"], r["powerline"]) == (model, 6))
    return float(row["out"])


class OriginalExperiment(Benchmark):
    """B0: ten seconds of record 100 with artificial noise."""

    name = "b0"
    title = "B0: the original experiment"
    description = (
        "Ten seconds of one record with artificial noise, as the first paper on this "
        "network did it. It says little about other patients: it is here so that the "
        "figures can be compared. More decibels are better; 3 dB halve the power of the "
        "noise."
    )
    targets: ClassVar[tuple[Target, ...]] = (
        Target("b0", "ten seconds of record 100, SNR of the output", "dB", 15.0, True, _b0),
    )

    def scored(self, run: Evaluation) -> tuple[str, ...]:
        """Records to score."""
        return ("mitdb/100",)

    def score(self, run: Evaluation, present: list[str]) -> Section:
        """Score the records that are present."""
        key = {"benchmark": "b0", "code": _CODE}
        seeds = run.cache.find(key)
        if seeds is None:
            run.cache.keep(key, seeds := reproduced(run.data))

        def ten(_: str, methods: Methods) -> Rows:
            return run_methods(run.data, methods)

        def ten_raw(_: str, methods: Methods) -> Rows:
            return run_methods(run.data, methods, raw=True)

        return {
            "published": PUBLISHED,
            "reproduced": seeds,
            "rows": run.score("b0", present, run.streamed, _CODE, ten),
            "raw": run.score("b0 raw", present, run.keeping_st, _CODE, ten_raw),
        }

    def tables(self, section: Mapping[str, Any]) -> list[Table]:
        """The original experiment."""
        published_in, published_out = section["published"]
        seeds = section["reproduced"]
        before = section["rows"][0]["in"]
        spread = f"{min(seeds):.2f} to {max(seeds):.2f} over {len(seeds)} seeds"
        rows = [
            words("original network, as published", published_in, published_out),
            [
                *words("original network, trained again", number(before, 2)),
                Cell(number(sum(seeds) / len(seeds), 2), spread),
            ],
        ]
        for wander, found in (
            ("", section["rows"]),
            (", the record's wander left in", section["raw"]),
        ):
            for row in found:
                hum = ", hum at 60 Hz" if row["powerline"] == 60 else ""
                name = f"{row['method']}, streamed{wander}{hum}"
                rows.append(words(name, number(row["in"], 2), number(row["out"], 2)))
        return [Table("B0: ten seconds of record 100, SNR in dB", ["", "input", "output"], rows)]


BENCHMARK = OriginalExperiment()
