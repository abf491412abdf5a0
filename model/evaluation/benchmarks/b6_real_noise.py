"""B6.2: the `uncertain` flag where nobody added noise, against what people said of it.

Every recording is a stream of its own at its own rate, 500 or 300 Hz. Of `dpmotion` each two
seconds have a person's grade: the share of their samples that is flagged, and the score of the
flag, over these two seconds. Of `cinc2017` each record has a class: the share of its time that is
flagged, and the mean of the score over its pieces of two seconds.

The score is the ratio that the flag compares. Of a network that tells its error that is the RMS of
the half width of the 90 % band over the peak-to-peak height of the output (`ErrorBandDetector`);
of others the slope power removed over that kept (`UncertaintyDetector`, hop by hop at `FS`, the
median over the two seconds, pops and steps included).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy.signal import resample_poly
from sklearn.metrics import roc_auc_score

from ecgstream.model.evaluation import real_noise_records
from ecgstream.model.evaluation.benchmark import Benchmark, Note, Section
from ecgstream.model.evaluation.methods import FlaggedMethod
from ecgstream.model.evaluation.real_noise_records import (
    CINC2017,
    CINC2017_HZ,
    CLASSES,
    DPMOTION,
    DPMOTION_HZ,
    GRADE_MEANINGS,
    GRADES,
    MOTION_TERMS,
    absent,
    classes,
    grades,
)
from ecgstream.model.evaluation.report.tables import Cell, Table, number, words
from ecgstream.model.evaluation.report.targets import Report, Target
from ecgstream.model.evaluation.runner import Evaluation, Rows
from ecgstream.model.evaluation.subjects import fingerprint
from ecgstream.streamer.engine.delay import FS, delay_mode
from ecgstream.streamer.engine.detectors.error_band import (
    BAND_SECONDS,
    MAX_BAND_RATIO,
    MIN_HEIGHT_MV,
)
from ecgstream.streamer.engine.detectors.uncertainty import MAX_SLOPE_RATIO, UncertaintyDetector
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.engine.resampling import ratio
from ecgstream.streamer.io.records import RecordError, read_record
from ecgstream.streamer.quality import Flags, Quality

THRESHOLDS = tuple(round(0.05 * i, 2) for i in range(1, 11))
"""Thresholds on the score that are compared with the one in use."""
SCORES = {"band": float(MAX_BAND_RATIO), "slope": float(MAX_SLOPE_RATIO)}
"""Threshold in use by the kind of score: of the error band, or of the noise removed."""

Segments = npt.NDArray[np.int64]
"""First sample and end of each segment, (k, 2)."""


def band_ratios(signal: Floats, error: Floats, segments: Segments) -> npt.NDArray[np.float64]:
    """RMS of a band's half width (n,) over the height of its signal (n,), both in mV, (k,).

    NaN where a segment holds no valid sample.
    """
    ratios = np.full(len(segments), np.nan)
    for i, (start, end) in enumerate(segments):
        y, e = signal[start:end].astype(float), error[start:end].astype(float)
        known = np.isfinite(y) & np.isfinite(e)
        if known.any():
            height = max(float(np.ptp(y[known])), MIN_HEIGHT_MV)
            ratios[i] = np.sqrt(np.mean(e[known] ** 2)) / height
    return ratios


def slope_ratios(
    x: Floats, signal: Floats, fs: float, segments: Segments, hop: int
) -> npt.NDArray[np.float64]:
    """Slope power removed from an input (n,) at `fs` Hz over that kept, at each segment, (k,).

    `hop` is in samples at `FS`; gaps count as flat.
    """
    resampling = ratio(fs, FS)
    both = np.nan_to_num(np.stack([x - signal, signal]).astype(float))
    at_fs = resample_poly(both, resampling.numerator, resampling.denominator, axis=1)
    removed, kept = at_fs.astype(np.float32)[:, None]
    of_hops = UncertaintyDetector(1, hop).ratios(removed, kept)[0]
    places = segments * float(resampling) / hop
    firsts, ends = np.floor(places).astype(np.int64).T
    pieces = (of_hops[first : max(end, first + 1)] for first, end in zip(firsts, ends, strict=True))
    return np.array([np.median(piece) if len(piece) else np.nan for piece in pieces])


def flagged_shares(quality: Flags, segments: Segments) -> npt.NDArray[np.float64]:
    """Share of the samples of each segment that are UNCERTAIN, (k,), by flags (n,)."""
    uncertain = (quality & Quality.UNCERTAIN) != 0
    return np.array([uncertain[start:end].mean() for start, end in segments])


def two_seconds(n: int, fs: float) -> Segments:
    """Whole pieces of `BAND_SECONDS` of a recording of `n` samples, (k, 2)."""
    length = round(BAND_SECONDS * fs)
    starts = np.arange(0, n - length + 1, length)
    return np.stack([starts, starts + length], axis=1)


def run_record(
    record: str, data: Path, methods: Mapping[str, FlaggedMethod], delay: str | int = "balanced"
) -> list[dict[str, Any]]:
    """Score signal 0 of a record of either database, a row for each method at its rate.

    A row holds the kind of score and, of each two seconds, the score (`ratios`, None where it
    is not known) and the share flagged; besides, the `grades` of them or the record's `class`
    and its `flagged_time` in all.

    Raises
    ------
    ecgstream.streamer.io.records.RecordError : the record or its labels are missing or damaged.
    """
    recording = read_record(record, data)
    x, n, fs = recording.signal(0), len(recording.signals), recording.fs
    if fs != (CINC2017_HZ if record in CINC2017 else DPMOTION_HZ):
        raise RecordError(f"record {record} of {fs:g} Hz is not that of its database")
    label: dict[str, Any]
    if record in CINC2017:
        segments, label = two_seconds(n, fs), {"class": classes(data)[record]}
    else:
        graded = grades(record, data, n)
        segments, label = graded[:, :2], {"grades": graded[:, 2].tolist()}
    rows = []
    for name, method in methods.items():
        given = method(x[:, None])
        signal, quality, error = given.signal[:, 0], given.quality[:, 0], given.error[:, 0]
        kind = "band" if np.isfinite(error).any() else "slope"
        ratios = (
            band_ratios(signal, error, segments)
            if kind == "band"
            else slope_ratios(x, signal, fs, segments, delay_mode(delay).hop)
        )
        rows.append(
            {
                **{"record": record, "method": name, "score": kind, "seconds": n / fs, **label},
                "ratios": [round(float(r), 5) if np.isfinite(r) else None for r in ratios],
                "flagged": flagged_shares(quality, segments).round(5).tolist(),
                "flagged_time": float(flagged_shares(quality, np.array([[0, n]]))[0]),
            }
        )
    return rows


def auc(scores: Sequence[float | None], positive: Iterable[bool]) -> float | None:
    """Area under the ROC curve of scores that are known; None without both kinds of cases."""
    known = [(s, p) for s, p in zip(scores, positive, strict=True) if s is not None]
    if len({p for _, p in known}) < 2:
        return None
    values, truth = zip(*known, strict=True)
    return float(roc_auc_score(truth, values))


def _above(ratios: Iterable[float | None]) -> list[float | None]:
    """Share in percent of the known ratios above each of `THRESHOLDS`."""
    known = np.array([r for r in ratios if r is not None])
    return [float(100 * np.mean(known > t)) if len(known) else None for t in THRESHOLDS]


def _own(rows: Sequence[Mapping[str, Any]], label: str) -> dict[str, list[Mapping[str, Any]]]:
    """Rows that carry a label, by method."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if label in row:
            found.setdefault(row["method"], []).append(row)
    return found


def summarize_grades(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Shares in percent by method and grade, and the AUC of the score, over all of `dpmotion`.

    `false_alarms` is the share of the clean segments in which any sample is flagged; `unscored`
    counts segments without a score.
    """
    out = []
    for method, own in _own(rows, "grades").items():
        given = [grade for row in own for grade in row["grades"]]
        ratios = [score for row in own for score in row["ratios"]]
        flagged = [share for row in own for share in row["flagged"]]
        by_grade = []
        for grade in GRADES:
            shares = [share for share, g in zip(flagged, given, strict=True) if g == grade]
            by_grade.append(
                {
                    "grade": grade,
                    "segments": len(shares),
                    "flagged": float(100 * np.mean(shares)) if shares else None,
                    "above": _above(r for r, g in zip(ratios, given, strict=True) if g == grade),
                }
            )
        clean = [share > 0 for share, g in zip(flagged, given, strict=True) if g == 1]
        out.append(
            {
                "method": method,
                "score": own[0]["score"],
                "recordings": len(own),
                "grades": by_grade,
                "auc_3": auc(ratios, (grade >= 3 for grade in given)),
                "auc_4": auc(ratios, (grade == 4 for grade in given)),
                "false_alarms": float(100 * np.mean(clean)) if clean else None,
                "unscored": ratios.count(None),
            }
        )
    return out


def summarize_classes(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Flagged time in percent by method and class, and the AUC of ~ against N, of `cinc2017`."""
    out = []
    for method, own in _own(rows, "class").items():
        by_class = []
        for name in CLASSES:
            found = [row for row in own if row["class"] == name]
            seconds = sum(row["seconds"] for row in found)
            flagged = sum(row["seconds"] * row["flagged_time"] for row in found)
            by_class.append(
                {
                    "class": name,
                    "records": len(found),
                    "flagged": 100 * flagged / seconds if seconds else None,
                    "above": _above(score for row in found for score in row["ratios"]),
                }
            )
        judged = [row for row in own if row["class"] in "N~"]
        figures = {
            "method": method,
            "score": own[0]["score"],
            "classes": by_class,
            "auc": auc([_mean(r["ratios"]) for r in judged], (r["class"] == "~" for r in judged)),
        }
        out.append(figures)
    return out


def _mean(ratios: Iterable[float | None]) -> float | None:
    known = [score for score in ratios if score is not None]
    return float(np.mean(known)) if known else None


_CODE = fingerprint(Path(__file__), real_noise_records)
"""Taken at import: a file that is edited while its code runs must not count as what was run."""


def _of_model(
    database: str, find: Callable[[Mapping[str, Any]], Any]
) -> Callable[[Report, str], float]:
    """A figure of a model in the summary of a database."""

    def figure(report: Report, model: str) -> float:
        (found,) = (row for row in report["real"][database] if row["method"] == model)
        return float(find(found))

    return figure


def _flagged(grade: int) -> Callable[[Mapping[str, Any]], Any]:
    return lambda found: found["grades"][grade - 1]["flagged"]


class RealNoise(Benchmark):
    """The `uncertain` flag where nobody added noise."""

    name = "real"
    title = "B6.2: is the flag set where people see noise?"
    description = (
        "Recordings whose noise is their own: a wearable in motion, each two seconds graded by a "
        "person from 1 (clean) to 4 (rhythm not readable), and a hand-held recorder, its "
        "records classed by experts, ~ for too noisy. A good flag is set where people "
        "could not read the ECG and nowhere else. AUC is the chance that the flag's score is "
        "higher for a noisy piece than for another one: 1 is perfect, 0.5 is chance. The hand-held "
        f"records (CinC 2017) were also used to choose between models. {MOTION_TERMS}"
    )
    validation = True
    optional = True
    targets: ClassVar[tuple[Target, ...]] = (
        Target(
            *("real", "motion: AUC for grades 3 and 4", "", 0.93, True),
            _of_model("dpmotion", lambda found: found["auc_3"]),
        ),
        Target(
            *("real", "motion: AUC for grade 4", "", 0.95, True),
            _of_model("dpmotion", lambda found: found["auc_4"]),
        ),
        Target(
            *("real", "motion: flagged of grade 1", "%", 5.0, False),
            _of_model("dpmotion", _flagged(1)),
        ),
        Target(
            *("real", "motion: flagged of grade 4", "%", 92.0, True),
            _of_model("dpmotion", _flagged(4)),
        ),
        Target(
            *("real", "CinC 2017: AUC of ~ against N", "", 0.9, True),
            _of_model("cinc2017", lambda found: found["auc"]),
        ),
    )

    def scored(self, run: Evaluation) -> tuple[str, ...]:
        """Records to score; nothing is chosen on `dpmotion`, so it is not for validation."""
        return (*(DPMOTION if run.test else ()), *CINC2017)

    def missing(self, run: Evaluation) -> list[str]:
        """Records that are not in the data folder or have no labels there, and those labels."""
        return absent(self.scored(run), run.data)

    def score(self, run: Evaluation, present: list[str]) -> Section:
        """Score the records that are present."""

        def flags(record: str, methods: Mapping[str, FlaggedMethod]) -> Rows:
            return run_record(record, run.data, methods, run.delay)

        rows = []
        for database, fs in ((DPMOTION, DPMOTION_HZ), (CINC2017, CINC2017_HZ)):
            records = [record for record in present if record in database]
            subjects = {name: model.flagged(run.delay, fs) for name, model in run.models.items()}
            rows += run.score("real", records, subjects, _CODE, flags)
        return {
            "dpmotion": summarize_grades(rows),
            "cinc2017": summarize_classes(rows),
            "thresholds": THRESHOLDS,
            "rows": rows,
        }

    def tables(self, section: Mapping[str, Any]) -> list[Table]:
        """Flagged shares and AUC by grade and by class, and the shares at other thresholds."""
        out = []
        if motion := section["dpmotion"]:
            headings = [f"grade {g['grade']}" for g in motion[0]["grades"]]
            headings += ["AUC, 3 and 4", "AUC, 4", "clean pieces with a flag"]
            rows = [
                [
                    *words(found["method"], found["score"]),
                    *(
                        Cell(number(g["flagged"]), f"{g['segments']:,} segments")
                        for g in found["grades"]
                    ),
                    *words(number(found["auc_3"], 3), number(found["auc_4"], 3)),
                    *words(number(found["false_alarms"])),
                ]
                for found in motion
            ]
            title = "Motion of a wearable (dpmotion): samples flagged `uncertain`, %, by grade"
            out.append(Table(title, ["", "score", *headings], rows, 2))
        if hand_held := section["cinc2017"]:
            headings = [f"{c['class']} ({CLASSES[c['class']]})" for c in hand_held[0]["classes"]]
            rows = [
                [
                    *words(found["method"], found["score"]),
                    *(
                        Cell(number(c["flagged"]), f"{c['records']} records")
                        for c in found["classes"]
                    ),
                    *words(number(found["auc"], 3)),
                ]
                for found in hand_held
            ]
            title = "Hand-held recorder (cinc2017): time flagged `uncertain`, %, by class"
            out.append(Table(title, ["", "score", *headings, "AUC, ~ against N"], rows, 2))
        return [*out, _thresholds(section)]

    def notes(self, section: Mapping[str, Any]) -> list[Note]:
        """What the scores and grades mean, and segments that have no score."""
        notes = [
            Note(
                f"{GRADE_MEANINGS} Scores: band, the RMS of the error band over the height "
                f"of the signal, flagged above {SCORES['band']:g}; slope, of networks that do not "
                "tell their error, the slope power removed over that kept, flagged above "
                f"{SCORES['slope']:g}.",
                "open",
            )
        ]
        for found in section["dpmotion"]:
            if found["unscored"]:
                text = f"{found['method']}: {found['unscored']} segments have no score."
                notes.append(Note(text, "missing"))
        return notes


def _thresholds(section: Mapping[str, Any]) -> Table:
    """Share of two-second pieces above each threshold, by method, grade and class."""
    columns: dict[str, dict[str, list[float | None]]] = {}
    for found in section["dpmotion"]:
        for g in found["grades"]:
            columns.setdefault(found["method"], {})[f"grade {g['grade']}"] = g["above"]
    for found in section["cinc2017"]:
        for c in found["classes"]:
            columns.setdefault(found["method"], {})[c["class"]] = c["above"]
    headings = list(dict.fromkeys(name for own in columns.values() for name in own))
    rows = [
        words(method, number(threshold, 2), *(number(own[name][i]) for name in headings))
        for method, own in columns.items()
        for i, threshold in enumerate(section["thresholds"])
    ]
    title = "Two-second pieces whose score is above a threshold, %"
    return Table(title, ["", "threshold", *headings], rows, 2)


BENCHMARK = RealNoise()
