"""What each benchmark adds to a report: its records, its methods, its figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ecgstream.model.data import original_experiment as ten_seconds
from ecgstream.model.data import qtdb_beats as beats
from ecgstream.model.data.splits import VALIDATION
from ecgstream.model.evaluation.benchmarks import b0_original as b0
from ecgstream.model.evaluation.benchmarks import b1_qtdb as b1
from ecgstream.model.evaluation.benchmarks import b2_noise as b2
from ecgstream.model.evaluation.benchmarks import b3_beat_detection as b3
from ecgstream.model.evaluation.benchmarks import b4_fidelity as b4
from ecgstream.model.evaluation.benchmarks import delay_curve
from ecgstream.model.evaluation.benchmarks import error_by_position as positions
from ecgstream.model.evaluation.benchmarks import uncertainty as doubt
from ecgstream.model.evaluation.benchmarks import worst_cases as worst
from ecgstream.model.evaluation.methods import Method
from ecgstream.model.evaluation.report import plots as figures
from ecgstream.model.evaluation.report import strips
from ecgstream.model.evaluation.runner import Evaluation, Rows
from ecgstream.model.evaluation.subjects import Candidate, Model, fingerprint
from ecgstream.model.training import networks as network
from ecgstream.streamer.ecg.noise import RECORDED
from ecgstream.streamer.engine.delay import MODES

Section = dict[str, Any]
Methods = Mapping[str, Method]

_NOISE = tuple(f"nstdb/{kind}" for kind in RECORDED)
_EXAMPLE = "103"
_EXAMPLE_CELLS = {("em", 0), ("ma", 0), ("bw", -6)}
_CODE = {
    "b0": fingerprint(b0, ten_seconds, network),
    "b1": fingerprint(b1, beats),
    "b3": fingerprint(b3),
    "b4": fingerprint(b3, b4),
    "doubt": fingerprint(b3, doubt),
    "positions": fingerprint(positions),
    "delay_curve": fingerprint(delay_curve),
}
"""Taken at import: a file that is edited while its code runs must not count as what was run."""
TRAINED = "trained for B1"
"""The row of the network that was trained on B1's training part."""


class Benchmark(NamedTuple):
    """A benchmark: its section from the records that are there, and which it takes."""

    section: Callable[[Evaluation, list[str]], Section]
    scored: tuple[str, ...]
    """Those that are missing are left out."""
    needed: tuple[str, ...] = ()
    """Without them it cannot run at all."""

    def missing(self, run: Evaluation) -> list[str]:
        """Its records that are not in the data folder."""
        return run.absent((*self.scored, *self.needed))

    def run(self, run: Evaluation) -> Section | None:
        """The section; None when the data do not suffice for it.

        Raises
        ------
        ecgstream.streamer.io.records.RecordError : a record is damaged.
        """
        missing = self.missing(run)
        present = [name for name in self.scored if name not in missing]
        if not present or set(self.needed) & set(missing):
            return None
        return {"records": len(present), **self.section(run, present)}


def benchmarks(
    run: Evaluation,
    beat_list: str = "published",
    beat_run: Path | None = None,
    runtime: str = "auto",
) -> dict[str, Benchmark]:
    """All of them by name.

    `beat_list` is one of `b1.LISTS`; `beat_run` the folder of B1's own networks, a run for each
    version.
    """
    qtdb = tuple(f"qtdb/{name}" for name in b1.LISTS[beat_list])
    trained = _trained(beat_run, runtime) if beat_run else {}
    clean = tuple(f"qtdb/{name}" for name in b4.QTDB_RECORDS)
    stressed = tuple(f"mitdb/{name}" for name in (b3.RECORDS if run.test else VALIDATION))
    return {
        "b0": Benchmark(_b0, ("mitdb/100",)),
        "b1": Benchmark(lambda r, p: _b1(r, p, trained, beat_list), qtdb, ("nstdb/bw",)),
        "b2": Benchmark(_b2, run.split, _NOISE),
        "b3": Benchmark(_b3, tuple(f"mitdb/{name}" for name in b3.RECORDS), _NOISE),
        "doubt": Benchmark(_doubt, stressed, _NOISE),
        "b4": Benchmark(_b4, (*run.split, *clean), _NOISE),
        "delay_curve": Benchmark(_delay_curve, run.split, _NOISE),
    }


def _trained(folder: Path, runtime: str) -> dict[int, dict[str, Model]]:
    """B1's networks by version: the file for a device, and the float model where it is there."""
    out = {}
    for version in beats.VERSIONS:
        files = {TRAINED: "model.tflite", f"{TRAINED}, float": "model.keras"}
        paths = {name: folder / str(version) / file for name, file in files.items()}
        found = {name: Model(path, runtime) for name, path in paths.items() if path.is_file()}
        if not found:
            raise ValueError(
                f"{folder} has no {version}/model.tflite: run ecgstream train --preset b1, then "
                f"ecgstream export {folder / str(version)}"
            )
        out[version] = found
    return out


def _b0(run: Evaluation, present: list[str]) -> Section:
    key = {"benchmark": "b0", "code": _CODE["b0"]}
    seeds = run.pieces.find(key)
    if seeds is None:
        run.pieces.keep(key, seeds := b0.reproduced(run.data))

    def ten(_: str, methods: Methods) -> Rows:
        return b0.run(run.data, methods)

    def ten_raw(_: str, methods: Methods) -> Rows:
        return b0.run(run.data, methods, raw=True)

    return {
        "published": b0.PUBLISHED,
        "reproduced": seeds,
        "rows": run.score("b0", present, run.streamed, _CODE["b0"], ten),
        "raw": run.score("b0 raw", present, run.keeping_st, _CODE["b0"], ten_raw),
    }


def _b1(
    run: Evaluation, present: list[str], trained: Mapping[int, Mapping[str, Model]], beat_list: str
) -> Section:
    names = [_number(name) for name in present]
    cases: dict[tuple[str, int], b1.Case] = {}

    def case(unit: str) -> b1.Case:
        if not cases:  # all at once, and not before one is due
            cases.update({(c.record, c.version): c for c in b1.cases(names, run.data)})
        record, version = unit.split()
        return cases[record, int(version)]

    # Each record's noise depends on which records come before it.
    code = fingerprint(_CODE["b1"], tuple(names))
    found: dict[str, Rows] = {"beats": [], "live": []}

    def beats_alone(unit: str, methods: Methods) -> Rows:
        return b1.run_case(case(unit), methods)

    def in_a_stream(unit: str, methods: Methods) -> Rows:
        return b1.run_live(case(unit), run.data, methods)

    for version in beats.VERSIONS:
        models = {**trained.get(version, {}), **run.models}
        units = [f"{name} {version}" for name in names]
        alone = {name: model.streamed(beats.DELAY) for name, model in models.items()}
        alone["IIR"] = Candidate(b1.iir, _CODE["b1"])
        found["beats"] += run.score("b1", units, alone, code, beats_alone)
        live = {name: model.streamed(run.delay) for name, model in models.items()} | run.others
        found["live"] += run.score("b1 live", units, live, code, in_a_stream)
    return {
        "list": beat_list,
        "networks": {v: {n: m.facts for n, m in models.items()} for v, models in trained.items()},
        "published": b1.PUBLISHED,
        **{name: b1.summary(rows) for name, rows in found.items()},
        "rows": found,
    }


def _b2(run: Evaluation, present: list[str]) -> Section:
    def mixed(record: str, methods: Methods) -> Rows:
        return b2.run_record(_number(record), run.data, methods, test=run.test)

    def windows(record: str, networks: Mapping[str, Any]) -> Rows:
        return positions.run_record(_number(record), run.data, networks, test=run.test)

    rows = run.score("b2", present, run.streamed | run.others, "", mixed)
    bare = {run.first: run.models[run.first].network}
    places = positions.summary(run.score("b2 windows", present, bare, _CODE["positions"], windows))
    summary = b2.summary(rows)
    keeping_st = b2.summary(run.score("b2", present, run.keeping_st, "", mixed))
    method = run.streamed[run.first].subject
    selected = worst.worst(rows, run.first)
    shown = worst.strips(selected, run.data, method, test=run.test)
    run.figures |= {
        "cells": figures.cells(summary),
        "positions": figures.positions(places),
        "strips": strips.strips(_example(run, present, method)),
        "worst": strips.strips(shown),
    }
    return {
        "models": list(run.models),
        "cells": summary,
        "keeping_st": keeping_st,
        "worst_cells": b2.worst_cells(rows),
        "worst_stretches": selected,
        "positions": places,
        "stretches": rows,
    }


def _example(run: Evaluation, present: Sequence[str], method: Method) -> list[strips.Strip]:
    numbers = [_number(name) for name in present]
    record = _EXAMPLE if _EXAMPLE in numbers else numbers[0]
    cases = [
        case
        for case in b2.cases(record, run.data, b2.noise_halves(run.data, test=run.test))
        if (case.kind, case.level) in _EXAMPLE_CELLS and case.stretch == 0
    ]
    denoised = method(np.stack([case.noisy for case in cases], axis=1).astype(np.float32))
    return [
        strips.Strip.of(record, case, y, b2.SCORED.start)
        for case, y in zip(cases, denoised.T, strict=True)
    ]


def _b3(run: Evaluation, present: list[str]) -> Section:
    def stressed(unit: str, methods: Methods) -> Rows:
        record, level = unit.split()
        return b3.run_record(record, run.data, methods, levels=(int(level),))

    units = [f"{_number(name)} {level}" for name in present for level in b3.LEVELS]
    raw: dict[str, Candidate[Method]] = {b3.RAW: Candidate(b3.raw, _CODE["b3"])}
    rows = run.score("b3", units, raw | run.streamed | run.others, _CODE["b3"], stressed)
    cells = b3.summary(rows)
    run.figures["b3"] = figures.detection(cells)
    return {"cells": cells, "lost": b3.lost_sensitivity(cells), "rows": rows}


def _doubt(run: Evaluation, present: list[str]) -> Section:
    def flagged(record: str, methods: Methods) -> Rows:
        return doubt.run_record(_number(record), run.data, methods, run.delay, test=run.test)

    model = {run.first: run.streamed[run.first]}
    rows = run.score("doubt", present, model, _CODE["doubt"], flagged)
    return {**doubt.summary(rows), "rows": rows}


def _b4(run: Evaluation, present: list[str]) -> Section:
    modes: dict[str, Candidate[Method]] = {
        f"{name}, {mode}": model.streamed(mode)
        for name, model in run.models.items()
        for mode in MODES
    }
    candidates = modes | run.keeping_st | run.others

    def clean(record: str, methods: Methods) -> Rows:
        one = b4.run_record if record.startswith("mitdb/") else b4.run_qtdb_record
        return one(_number(record), run.data, methods)

    def pulse(_: str, methods: Methods) -> Rows:
        return [{"method": name, **b4.pulse(method)} for name, method in methods.items()]

    code = _CODE["b4"]
    rows = {
        database: run.score(
            "b4", [name for name in present if name.startswith(database)], candidates, code, clean
        )
        for database in ("mitdb", "qtdb")
    }
    return {
        **{database: b4.summary(found) for database, found in rows.items()},
        "pulse": run.score("b4", ["pulse"], candidates, code, pulse),
    }


def _delay_curve(run: Evaluation, present: list[str]) -> Section:
    def delayed(record: str, methods: Methods) -> Rows:
        return delay_curve.run_record(_number(record), run.data, methods, test=run.test)

    model = run.models[run.first]
    delays = {str(delay): model.streamed(delay) for delay in delay_curve.DELAYS}
    summary = delay_curve.summary(
        run.score("delay curve", present, delays, _CODE["delay_curve"], delayed)
    )
    run.figures["delay_curve"] = figures.delay_curve(summary)
    return {"curve": summary}


def _number(record: str) -> str:
    return record.rpartition("/")[2]
