"""B2: streaming MIT-BIH records with real noise, method by method and cell by cell.

Three stretches of each record, six kinds of noise at four levels, and the clean stretch itself.
The engine is fed 8 s before and 1 s after the scored 10 s. ΔSNR = SNR(c, y) - SNR(c, x), each
signal's mean over the scored samples removed.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ecgstream.model.data.splits import NOISE_HALF, noise_half
from ecgstream.model.evaluation.methods import Method
from ecgstream.streamer.ecg.metrics import reference, snr
from ecgstream.streamer.ecg.noise import RECORDED, Samples, noise_gain, recorded_noise
from ecgstream.streamer.engine.delay import FS
from ecgstream.streamer.io.records import read_record

KINDS = (*RECORDED, "mix", "pli50", "pli60")
LEVELS = (-6, 0, 6, 12)
CLEAN = "clean"
STRETCHES = 3
FED = 6840
SCORED = slice(2880, 2880 + 3600)


class Case(NamedTuple):
    """One fed stretch: reference and noisy input, both (FED,) in mV."""

    kind: str
    level: int | None  # dB; None when nothing is added
    clean: Samples
    noisy: Samples
    stretch: int  # number of the record's stretch, from 0


@functools.cache  # read once, not for every record
def noise_halves(data: Path, *, test: bool) -> dict[str, Samples]:
    """The half of each NSTDB record that tests, or the one that trains, (NOISE_HALF, 2)."""
    return {k: noise_half(k, recorded_noise(k, data), test=test) for k in RECORDED}


def noise_stretch(kind: str, record: str, j: int, halves: Mapping[str, Samples]) -> Samples:
    """Noise of that kind for stretch `j` of a record, (FED,), zero mean.

    `halves` holds each recorded kind's half of NSTDB, (NOISE_HALF, 2).
    """
    if kind in RECORDED:
        start = (int(record) * 97 + j * 1009) * 360 % (NOISE_HALF - FED)
        noise = halves[kind][start : start + FED, j % 2]
    elif kind == "mix":
        parts = [noise_stretch(part, record, j, halves) for part in RECORDED]
        noise = np.sum([part / part.std() for part in parts], axis=0)
    else:
        phase = np.random.default_rng((int(record), j)).random()
        noise = np.sin(2 * np.pi * (float(kind.removeprefix("pli")) / FS * np.arange(FED) + phase))
    return noise - noise.mean()


def cases(record: str, data: Path, halves: Mapping[str, Samples]) -> Iterator[Case]:
    """All cells of one MIT-BIH record."""
    recording = read_record(f"mitdb/{record}", data)
    whole = reference(recording.signal(0), recording.fs)
    for j in range(STRETCHES):
        first = (60 + 600 * j) * 360 - SCORED.start
        clean = whole[first : first + FED]
        yield Case(CLEAN, None, clean, clean, j)
        for kind in KINDS:
            noise = noise_stretch(kind, record, j, halves)
            for level in LEVELS:
                noisy = clean + noise * noise_gain(clean, noise, level)
                yield Case(kind, level, clean, noisy, j)


def run_record(
    record: str, data: Path, methods: Mapping[str, Method], *, test: bool = True
) -> list[dict[str, Any]]:
    """Score every method on every case of one record.

    With `test` false the training halves of NSTDB are mixed in: for choosing between models on
    validation records.

    Raises
    ------
    ecgstream.streamer.io.records.RecordError : the record or the noise is missing or damaged.
    """
    found = list(cases(record, data, noise_halves(data, test=test)))
    noisy = np.stack([case.noisy for case in found], axis=1).astype(np.float32)
    rows = []
    for name, method in methods.items():
        denoised = method(noisy)[SCORED]
        for case, y in zip(found, denoised.T, strict=True):
            after = snr(case.clean[SCORED], y)
            before = snr(case.clean[SCORED], case.noisy[SCORED])
            rows.append(
                {
                    "record": record,
                    "method": name,
                    "kind": case.kind,
                    "level": case.level,
                    "stretch": case.stretch,
                    # What is clean already has no noise to take away: its own SNR is reported.
                    "db": after if case.level is None else after - before,
                }
            )
    return rows


def summary(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Mean, median and 95 % bootstrap interval over records of every cell and method."""
    cells: dict[tuple[str, str, int | None], dict[str, list[float]]] = {}
    for row in rows:
        cell = cells.setdefault((row["method"], row["kind"], row["level"]), {})
        cell.setdefault(row["record"], []).append(row["db"])
    out = []
    for (method, kind, level), by_record in cells.items():
        means = np.array([np.mean(values) for values in by_record.values()])
        drawn = np.random.default_rng(0).choice(means, (2000, len(means))).mean(axis=1)
        low, high = np.percentile(drawn, [2.5, 97.5])
        worst = min(by_record, key=lambda record: np.mean(by_record[record]))
        out.append(
            {
                "method": method,
                "kind": kind,
                "level": level,
                "mean": float(means.mean()),
                "median": float(np.median(np.concatenate(list(by_record.values())))),
                "low": float(low),
                "high": float(high),
                "worst_record": worst,
                "worst": float(np.mean(by_record[worst])),
            }
        )
    return out


def worst_cells(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The noisy cell of each record in which a method gains least, by method and record."""
    out: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row["level"] is None:
            continue
        worst = out.setdefault(row["method"], {})
        if row["db"] < worst.get(row["record"], {"db": np.inf})["db"]:
            worst[row["record"]] = {key: row[key] for key in ("kind", "level", "db")}
    return out
