"""What the shipped model must reach, and whether a report says that it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Report = Mapping[str, Any]


def keeping_st(model: str) -> str:
    """Name of a model's rows in the mode that keeps the ST segment."""
    return f"{model}, st"


class Target(NamedTuple):
    """A figure of a report and its limit."""

    benchmark: str
    what: str
    unit: str
    limit: float
    at_least: bool
    find: Callable[[Report, str], float]
    """The figure of the model of that name; LookupError where the report does not hold it."""


def _cell(kind: str, level: int | None, figure: str = "mean") -> Callable[[Report, str], float]:
    def find(report: Report, model: str) -> float:
        wanted = (model, kind, level)
        for cell in report["b2"]["cells"]:
            if (cell["method"], cell["kind"], cell["level"]) == wanted:
                return float(cell[figure])
        raise LookupError(wanted)

    return find


def _beside_float(kinds: Mapping[str, int | None]) -> Callable[[Report, str], float]:
    """The worst difference to the float model of the same run, over some cells of B2."""

    def find(report: Report, model: str) -> float:
        models = report["models"]
        (exact,) = (name for name in models if not models[name]["quantized"])
        if model == exact:
            raise LookupError(model)
        return min(
            _cell(kind, level)(report, model) - _cell(kind, level)(report, exact)
            for kind, level in kinds.items()
        )

    return find


def _b0(report: Report, model: str) -> float:
    (row,) = (r for r in report["b0"]["rows"] if (r["method"], r["powerline"]) == (model, 6))
    return float(row["out"])


def _b1(metric: str, *, beside_iir: bool) -> Callable[[Report, str], float]:
    """Of the network trained for B1; beside the filter as a ratio. It has no column of its own."""

    def find(report: Report, model: str) -> float:
        means = {row["method"]: row[metric][0] for row in report["b1"]["beats"]}
        if model != next(iter(report["models"])):
            raise LookupError(model)
        return float(means["trained for B1"] / (means["IIR"] if beside_iir else 1.0))

    return find


def _f1(level: int, *, beside_raw: bool = False) -> Callable[[Report, str], float]:
    def find(report: Report, model: str) -> float:
        f1 = {
            cell["method"]: cell["f1"]
            for cell in report["b3"]["cells"]
            if (cell["detector"], cell["level"]) == ("xqrs", level)
        }
        return float(f1[model] - (f1["raw"] if beside_raw else 0.0))

    return find


def _lost(report: Report, model: str) -> float:
    return float(max(row["points"] for row in report["b3"]["lost"] if row["method"] == model))


def _harm(figure: str) -> Callable[[Report, str], float]:
    """In the delay mode of the run, on clean stretches of MIT-BIH."""

    def find(report: Report, model: str) -> float:
        name = f"{model}, {report['delay']}"
        (row,) = (row for row in report["b4"]["mitdb"] if row["method"] == name)
        return float(row[figure])

    return find


def _after_pulse(figure: str) -> Callable[[Report, str], float]:
    """In the mode that keeps the ST segment; the worse of the two spans after the pulse."""

    def find(report: Report, model: str) -> float:
        (row,) = (row for row in report["b4"]["pulse"] if row["method"] == keeping_st(model))
        return float(max(row[figure], row[f"later_{figure}"]))

    return find


def _noisy(levels: Mapping[str, float], level: int) -> tuple[Target, ...]:
    return tuple(
        Target("b2", f"gain in {kind} at {level} dB", "dB", limit, True, _cell(kind, level))
        for kind, limit in levels.items()
    )


TARGETS = (
    Target("b0", "ten seconds of record 100, SNR of the output", "dB", 15.0, True, _b0),
    Target("b1", "SSD beside the IIR filter's", "times", 0.125, False, _b1("ssd", beside_iir=True)),
    Target("b1", "MAD beside the IIR filter's", "times", 0.53, False, _b1("mad", beside_iir=True)),
    Target("b1", "PRD beside the IIR filter's", "times", 0.65, False, _b1("prd", beside_iir=True)),
    Target("b1", "CosSim", "", 0.92, True, _b1("cossim", beside_iir=False)),
    *_noisy({"bw": 15.0, "em": 8.5, "ma": 11.5, "mix": 10.0, "pli50": 20.0, "pli60": 20.0}, 0),
    *_noisy({"bw": 7.5, "em": 3.5, "ma": 5.0, "mix": 4.5}, 12),
    Target("b2", "clean input, SNR of the output", "dB", 32.0, True, _cell("clean", None)),
    Target("b2", "clean input, worst record", "dB", 15.0, True, _cell("clean", None, "worst")),
    Target(
        "b2",
        "int8 beside float, worst noisy cell at 0 dB",
        "dB",
        -0.1,
        True,
        _beside_float(dict.fromkeys(("bw", "em", "ma", "mix", "pli50", "pli60"), 0)),
    ),
    Target("b2", "int8 beside float, clean", "dB", -2.0, True, _beside_float({"clean": None})),
    Target("b3", "F1 of xqrs at 12 dB", "%", 99.0, True, _f1(12)),
    Target("b3", "F1 of xqrs at 6 dB", "%", 95.0, True, _f1(6)),
    Target("b3", "F1 of xqrs at 0 dB", "%", 80.0, True, _f1(0)),
    Target("b3", "F1 of xqrs at -6 dB, above raw", "points", 0.0, True, _f1(-6, beside_raw=True)),
    Target("b3", "sensitivity lost at 12 dB and better", "points", 1.0, False, _lost),
    Target("b4", "R peaks within one sample", "%", 99.5, True, _harm("shift_within_1")),
    Target("b4", "ST change, median", "µV", 8.0, False, _harm("st_median")),
    Target("b4", "ST change, 95th percentile", "µV", 40.0, False, _harm("st_p95")),
    Target("b4", "after a pulse, ST kept: offset", "mV", 0.1, False, _after_pulse("offset")),
    Target("b4", "after a pulse, ST kept: slope", "mV/s", 0.3, False, _after_pulse("slope")),
)
"""Every figure that a release must reach."""


class Verdict(NamedTuple):
    """A target held against a report."""

    target: Target
    found: float | None
    """None where the report does not hold it."""

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None where that was not measured."""
        if self.found is None:
            return None
        above, below = self.found >= self.target.limit, self.found <= self.target.limit
        return above if self.target.at_least else below


def verdicts(report: Report, model: str) -> list[Verdict]:
    """All targets held against what a report says of a model."""
    out = []
    for target in TARGETS:
        try:
            found = target.find(report, model)
        except (LookupError, TypeError, ValueError):  # not in this run
            found = None
        out.append(Verdict(target, found))
    return out
