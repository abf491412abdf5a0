"""B1: DeepFilter's QTDB benchmark (Romero et al. 2021), beat by beat and in a live stream.

Each beat is its own stream (`reset`, push 512, `flush`) in delay mode `best`. The noise comes in
two versions, with their channels swapped, and a network is trained for each; the figures are over
the beats of both together. Three details are read as they are written: beats come record by
record in sorted order; the ratios are the first that seed 1234 gives, the same in both versions;
the mean in the denominator of PRD is that of all clean test beats, as in DeepFilter's code and so
in the published rows. With the mean of each prediction in its place it is given as `prd_own`.

B1-live keeps the records, beats and levels, but the record is one stream: its reference, as
everywhere else, and the noise from the beginning of its test half on. Between the middles of two
beats the level goes linearly from the one's to the other's; the noise has zero mean over the
record, as steps of an offset are no baseline wander.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, sosfiltfilt

from ecgstream.model.data import qtdb_beats
from ecgstream.model.data.mixing import load_clean
from ecgstream.model.data.qtdb_beats import (
    LEAD_IN,
    SAMPLES,
    VERSIONS,
    Beats,
    noise_ratios,
    record_beats,
    version_noise,
    with_noise,
)
from ecgstream.model.data.splits import QTDB_DEVELOPMENT, QTDB_PUBLISHED
from ecgstream.model.evaluation.benchmark import Benchmark, Note, Section, record_number
from ecgstream.model.evaluation.methods import Method, Signals
from ecgstream.model.evaluation.report.tables import Cell, Table, number
from ecgstream.model.evaluation.report.targets import Report, Target
from ecgstream.model.evaluation.runner import Evaluation, Methods, Rows
from ecgstream.model.evaluation.subjects import Model, Subject, fingerprint
from ecgstream.streamer.ecg.noise import Samples
from ecgstream.streamer.engine.delay import FS

LISTS = {"published": QTDB_PUBLISHED, "development": QTDB_DEVELOPMENT}
METRICS = ("ssd", "mad", "prd", "cossim", "prd_own")
PUBLISHED = {
    "FIR": (47.46, 0.676, 66.2, 0.692),
    "IIR": (35.65, 0.594, 61.1, 0.736),
    "DeepFilter": (5.203, 0.386, 50.4, 0.897),
    "DeScoD 10-shot": (3.80, 0.329, 39.9, 0.926),
    "MECG-E": (3.445, 0.319, 37.6, 0.936),
}
"""What others measured on the published list, the first four `METRICS` (mV², mV, %, 1)."""
_AT_ONCE = 256
"""Beats that go through a method together."""


class Case(NamedTuple):
    """The beats of one record in one version of the noise."""

    record: str
    version: int
    beats: Beats
    ratios: Samples  # (n,), peak to peak of the noise over that of the beat
    noisy: Samples  # (n, SAMPLES), mV
    mean: float  # mV, of all clean beats of the list


def cases(records: Sequence[str], data: Path) -> list[Case]:
    """Every record of a list in both versions.

    Noise and ratios go on from record to record: without one of them the others get other noise.

    Raises
    ------
    ecgstream.streamer.io.records.RecordError : a record or the noise is missing or damaged.
    """
    names = sorted(records)
    found = [record_beats(name, data) for name in names]
    beats = np.concatenate([f.signals for f in found])
    ends = np.cumsum([len(f.signals) for f in found])[:-1]
    ratios = np.split(noise_ratios(len(beats)), ends)
    out = []
    for version in VERSIONS:
        noisy = np.split(with_noise(beats, version_noise(version, data, test=True)), ends)
        for name, own, ratio, x in zip(names, found, ratios, noisy, strict=True):
            out.append(Case(name, version, own, ratio, x, float(beats.mean())))
    return out


def run_case(case: Case, methods: Mapping[str, Method]) -> list[dict[str, Any]]:
    """Score methods on a case, one row each; trained ones must be those of its version.

    A row has the number of beats, and of each of `METRICS` the mean and the standard deviation.
    """
    noisy = case.noisy.T.astype(np.float32)
    parts = [noisy[:, i : i + _AT_ONCE] for i in range(0, noisy.shape[1], _AT_ONCE)]
    rows = []
    for name, method in methods.items():
        y = np.concatenate([method(part) for part in parts], axis=1).T
        rows.append(_row(case, name, scores(case.beats.signals, y, case.mean)))
    return rows


def run_live(case: Case, data: Path, methods: Mapping[str, Method]) -> list[dict[str, Any]]:
    """Score methods on a record as one stream; rows as those of `run_case`.

    Raises
    ------
    ecgstream.streamer.io.records.RecordError : the record or the noise is missing or damaged.
    """
    clean, noisy = live(case, data)
    spans = live_spans(case)
    rows = []
    for name, method in methods.items():
        y = method(noisy[:, None].astype(np.float32))[:, 0]
        by_beat = [scores(clean[None, a:b], y[None, a:b], case.mean) for a, b in spans]
        rows.append(_row(case, name, np.concatenate(by_beat, axis=1)))
    return rows


def live_spans(case: Case) -> npt.NDArray[np.int64]:
    """First sample of each beat in the stream, and the one after its last, (n, 2)."""
    starts = np.round(case.beats.starts * FS).astype(np.int64)
    return np.stack([starts, starts + case.beats.lengths], axis=1)


def live(case: Case, data: Path) -> tuple[Samples, Samples]:
    """Reference and noisy stream of a record, both (n,) in mV.

    Raises
    ------
    ecgstream.streamer.io.records.RecordError : the record or the noise is missing or damaged.
    """
    clean = load_clean(f"qtdb/{case.record}", data)[0].astype(float)
    noise = np.resize(version_noise(case.version, data, test=True), len(clean))
    noise -= noise.mean()
    spans = live_spans(case)
    # As beside a padded beat: what goes on in SAMPLES, the padding included.
    first = np.clip(spans[:, 0] - LEAD_IN, 0, len(noise) - SAMPLES)
    around = np.lib.stride_tricks.sliding_window_view(noise, SAMPLES)[first]
    level = case.ratios * np.ptp(case.beats.signals, axis=1) / np.ptp(around, axis=1)
    return clean, clean + noise * np.interp(np.arange(len(clean)), spans.mean(axis=1), level)


def scores(clean: Samples, y: npt.NDArray[np.floating[Any]], mean: float) -> Samples:
    """`METRICS` of beats `y`, given the clean ones, both (n, m) in mV: (5, n).

    `mean` is that of all clean beats of the benchmark, mV.
    """
    y = np.asarray(y, float)
    squares = np.square(y - clean).sum(axis=1)
    spread = np.square(y - mean).sum(axis=1)
    own_spread = np.square(y - y.mean(axis=1, keepdims=True)).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.stack(
            [
                squares,
                np.abs(y - clean).max(axis=1),
                100 * np.sqrt(squares / spread),
                np.sum(y * clean, axis=1)
                / np.linalg.norm(y, axis=1)
                / np.linalg.norm(clean, axis=1),
                100 * np.sqrt(squares / own_spread),
            ]
        )


def _row(case: Case, method: str, values: Samples) -> dict[str, Any]:
    pairs = zip(METRICS, zip(values.mean(axis=1), values.std(axis=1), strict=True), strict=True)
    row = {"method": method, "record": case.record, "version": case.version}
    return row | {"beats": values.shape[1]} | {k: [float(m), float(sd)] for k, (m, sd) in pairs}


def summary(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Mean and standard deviation over all beats of each method's rows."""
    out = []
    for method in dict.fromkeys(row["method"] for row in rows):
        own = [row for row in rows if row["method"] == method]
        n = np.array([row["beats"] for row in own])
        total: dict[str, Any] = {"method": method, "beats": int(n.sum())}
        for metric in METRICS:
            mean, sd = np.array([row[metric] for row in own]).T
            over_all = np.average(mean, weights=n)
            square = np.average(np.square(mean) + np.square(sd), weights=n)
            total[metric] = [float(over_all), float(np.sqrt(max(square - over_all**2, 0)))]
        out.append(total)
    return out


def iir(x: Signals) -> Signals:
    """The filter that the published tables hold, on signals (n, channels).

    Fourth-order Butterworth high-pass at 0.67 Hz, then low-pass at 150 Hz, each forwards and
    backwards.
    """
    y = x.astype(float)
    for frequency, kind in ((0.67, "highpass"), (150.0, "lowpass")):
        y = sosfiltfilt(butter(4, frequency, kind, fs=FS, output="sos"), y, axis=0)
    return np.asarray(y, np.float32)


TRAINED = "trained for B1"
"""Row of the network that was trained on the training part of B1."""
_CODE = fingerprint(Path(__file__), qtdb_beats)
"""Taken at import: a file that is edited while its code runs must not count as what was run."""


def _trained(folder: Path, runtime: str) -> dict[int, dict[str, Model]]:
    """B1's networks by version: the file for a device, and the float model where it is there."""
    out = {}
    for version in VERSIONS:
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


def _spread(mean_and_deviation: tuple[float, float]) -> Cell:
    mean, deviation = mean_and_deviation
    return Cell(number(mean, 3), f"± {number(deviation, 3)}")


def _b1(metric: str, *, beside_iir: bool) -> Callable[[Report, str], float]:
    """Of the network trained for B1; beside the filter as a ratio. It has no column of its own."""

    def find(report: Report, model: str) -> float:
        means = {row["method"]: row[metric][0] for row in report["b1"]["beats"]}
        if model != next(iter(report["models"])):
            raise LookupError(model)
        return float(means["trained for B1"] / (means["IIR"] if beside_iir else 1.0))

    return find


class QTDatabase(Benchmark):
    """B1: beats of QTDB in baseline wander, alone and in a live stream."""

    name = "b1"
    title = "B1: single beats in baseline wander"
    description = (
        "A benchmark that many papers use: beats of the QT database drowned in up to "
        "twice their height of slow wander. Small SSD, MAD and PRD and a CosSim near 1 "
        "are good. As for every published row, the network was trained for this "
        "benchmark; what the shipped weights do stands beside it."
    )
    needed = ("nstdb/bw",)
    targets: ClassVar[tuple[Target, ...]] = (
        Target(
            "b1", "SSD beside the IIR filter's", "times", 0.125, False, _b1("ssd", beside_iir=True)
        ),
        Target(
            "b1", "MAD beside the IIR filter's", "times", 0.53, False, _b1("mad", beside_iir=True)
        ),
        Target(
            "b1", "PRD beside the IIR filter's", "times", 0.65, False, _b1("prd", beside_iir=True)
        ),
        Target("b1", "CosSim", "", 0.92, True, _b1("cossim", beside_iir=False)),
    )

    def scored(self, run: Evaluation) -> tuple[str, ...]:
        """Records to score."""
        return tuple(f"qtdb/{name}" for name in LISTS[run.beat_list])

    def score(self, run: Evaluation, present: list[str]) -> Section:
        """Score the records that are present."""
        trained = _trained(run.beat_run, run.runtime) if run.beat_run else {}
        names = [record_number(name) for name in present]
        found_cases: dict[tuple[str, int], Case] = {}

        def case(unit: str) -> Case:
            if not found_cases:  # all at once, and not before one is due
                found_cases.update({(c.record, c.version): c for c in cases(names, run.data)})
            record, version = unit.split()
            return found_cases[record, int(version)]

        # Each record's noise depends on which records come before it.
        code = fingerprint(_CODE, tuple(names))
        found: dict[str, Rows] = {"beats": [], "live": []}

        def beats_alone(unit: str, methods: Methods) -> Rows:
            return run_case(case(unit), methods)

        def in_a_stream(unit: str, methods: Methods) -> Rows:
            return run_live(case(unit), run.data, methods)

        for version in VERSIONS:
            models = {**trained.get(version, {}), **run.models}
            units = [f"{name} {version}" for name in names]
            alone = {name: model.streamed(qtdb_beats.DELAY) for name, model in models.items()}
            alone["IIR"] = Subject(iir, _CODE)
            found["beats"] += run.score("b1", units, alone, code, beats_alone)
            live = {name: model.streamed(run.delay) for name, model in models.items()} | run.others
            found["live"] += run.score("b1 live", units, live, code, in_a_stream)
        return {
            "list": run.beat_list,
            "networks": {
                v: {n: m.facts for n, m in models.items()} for v, models in trained.items()
            },
            "published": PUBLISHED,
            **{name: summary(rows) for name, rows in found.items()},
            "rows": found,
        }

    def tables(self, section: Mapping[str, Any]) -> list[Table]:
        """Beats alone beside what others published, and in a live stream."""
        published = [
            [Cell(f"{name}, published"), *(Cell(f"{value:g}") for value in values), Cell("-")]
            for name, values in section["published"].items()
        ]
        alone, live = (
            [
                [
                    Cell(row["method"]),
                    *(_spread(row[metric]) for metric in METRICS),
                ]
                for row in section[name]
            ]
            for name in ("beats", "live")
        )
        headings = ["", "SSD, mV²", "MAD, mV", "PRD, %", "CosSim", "PRD about its own mean, %"]
        beats = f"{section['beats'][0]['beats']:,} beats, {section['list']} list"
        if section["list"] == "published":
            alone = published + alone
        return [
            Table(f"B1: {beats}, mean (± sd)", headings, alone),
            Table("B1 live: the same beats in one continuous stream, mean (± sd)", headings, live),
        ]

    def notes(self, section: Mapping[str, Any]) -> list[Note]:
        """Networks trained for this benchmark, or a sentence that there are none."""
        if not section.get("networks"):
            text = (
                "The networks trained for this benchmark are not in this run "
                "(ecgstream train --preset b1, then evaluate --b1-run runs/b1)."
            )
            return [Note(text, "missing")]
        return [
            Note(
                f"{name}, version {version} of the noise: {model['bytes']:,} bytes, "
                f"{'int8' if model['quantized'] else 'float'}, on {model['runtime']}, "
                f"sha256 {model['sha256']}",
                "open",
            )
            for version, networks in section["networks"].items()
            for name, model in networks.items()
        ]


BENCHMARK = QTDatabase()
