"""The tables of a report, for the console and for the page alike."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ecgstream.model.evaluation.report.targets import verdicts

Section = Mapping[str, Any]


class Cell(NamedTuple):
    """One figure or word."""

    text: str
    detail: str = ""
    """Its interval or deviation, in smaller print."""
    mark: str = ""
    """`best` of its row, or `pass`, `fail`, `open` of a target."""


SIGNS = {"pass": " ✓", "fail": " ✗"}
"""What is put behind a figure that a target asks for."""


class Table(NamedTuple):
    """Rows of cells under headings; the first columns, `words` of them, hold words."""

    title: str
    headings: list[str]
    rows: list[list[Cell]]
    words: int = 1


def number(value: float | None, digits: int = 1, sign: str = "") -> str:
    """The figure as it is printed; a dash for what could not be measured."""
    if value is None or not math.isfinite(value):
        return "-"
    return f"{round(value, digits) + 0.0:{sign}.{digits}f}"  # no -0.0


def markdown(table: Table) -> str:
    """The table in Markdown, its title above it; the best of a row in bold."""
    rule = ["---"] * table.words + ["--:"] * (len(table.headings) - table.words)
    lines = [table.headings, rule, *([_in_markdown(cell) for cell in row] for row in table.rows)]
    return f"{table.title}\n\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _in_markdown(cell: Cell) -> str:
    text = f"**{cell.text}**" if cell.mark == "best" else cell.text
    return text + SIGNS.get(cell.mark, "") + (f" ({cell.detail})" if cell.detail else "")


def _words(*texts: object) -> list[Cell]:
    return [Cell(str(text)) for text in texts]


def glance(report: Section) -> Table:
    """Every figure that a release must reach, for each model of the run."""
    models = list(report["models"])
    columns = [verdicts(report, model) for model in models]
    rows = []
    for row in zip(*columns, strict=True):
        target = row[0].target
        bound = "at least" if target.at_least else "at most"
        cells = _words(
            target.benchmark.upper(), target.what, f"{bound} {target.limit:g} {target.unit}"
        )
        for verdict in row:
            mark = {True: "pass", False: "fail", None: "open"}[verdict.met]
            digits = 3 if target.limit and abs(target.limit) < 1 and target.unit != "dB" else 2
            cells.append(Cell(number(verdict.found, digits), mark=mark))
        rows.append(cells)
    return Table("What a release must reach", ["", "figure", "wanted", *models], rows, 3)


def b0(section: Section) -> list[Table]:
    """The original experiment."""
    published_in, published_out = section["published"]
    seeds = section["reproduced"]
    before = section["rows"][0]["in"]
    spread = f"{min(seeds):.2f} to {max(seeds):.2f} over {len(seeds)} seeds"
    rows = [
        _words("original network, as published", published_in, published_out),
        [
            *_words("original network, trained again", number(before, 2)),
            Cell(number(sum(seeds) / len(seeds), 2), spread),
        ],
    ]
    for wander, found in (("", section["rows"]), (", the record's wander left in", section["raw"])):
        for row in found:
            hum = ", hum at 60 Hz" if row["powerline"] == 60 else ""
            name = f"{row['method']}, streamed{wander}{hum}"
            rows.append(_words(name, number(row["in"], 2), number(row["out"], 2)))
    return [Table("B0: ten seconds of record 100, SNR in dB", ["", "input", "output"], rows)]


def b2(section: Section) -> list[Table]:
    """All cells, the worst record of each, and where a filter is better than the first model."""
    cells = section["cells"]
    methods = list(dict.fromkeys(cell["method"] for cell in cells))
    by_cell: dict[tuple[str, int | None], dict[str, Any]] = {}
    for cell in cells:
        by_cell.setdefault((cell["kind"], cell["level"]), {})[cell["method"]] = cell
    all_rows, worst_rows, better = [], [], []
    for (kind, level), found in by_cell.items():
        names = _words(kind, "" if level is None else f"{level} dB")
        best = max(found[method]["mean"] for method in methods)
        row, worst = list(names), list(names)
        for method in methods:
            c = found[method]
            interval = f"{number(c['low'])} to {number(c['high'])}"
            mark = "best" if c["mean"] == best else ""
            row.append(Cell(number(c["mean"]), interval, mark))
            worst.append(Cell(number(c["worst"]), c["worst_record"]))
            ahead = c["mean"] - found[methods[0]]["mean"]
            if method not in section["models"] and ahead > 0:
                better.append([*names, *_words(method, number(ahead, 1, "+"))])
        all_rows.append(row)
        worst_rows.append(worst)
    headings = ["noise", "input", *methods]
    tables = [
        Table("B2: mean ΔSNR in dB over records (clean: SNR of the output)", headings, all_rows, 2),
        Table("B2: the record that each fares worst on, dB", headings, worst_rows, 2),
    ]
    kept = [
        [
            *_words(cell["kind"], "" if cell["level"] is None else f"{cell['level']} dB"),
            *_words(number(cell["mean"]), number(cell["mean"] - usual, 1, "+")),
        ]
        for cell in section["keeping_st"]
        for usual in [by_cell[cell["kind"], cell["level"]][methods[0]]["mean"]]
    ]
    title = f"B2: {methods[0]} in the mode that keeps the ST segment, and what that costs, dB"
    tables.append(Table(title, ["noise", "input", "ΔSNR", "beside the usual mode"], kept, 2))
    if better:
        title = f"B2: where a filter is better than {methods[0]}"
        tables.append(Table(title, ["noise", "input", "filter", "by, dB"], better, 3))
    return tables


def b1(section: Section) -> list[Table]:
    """Beats alone beside what others published, and in a live stream."""
    published = [
        [Cell(f"{name}, published"), *(Cell(f"{value:g}") for value in values)]
        for name, values in section["published"].items()
    ]
    alone, live = (
        [
            [
                Cell(row["method"]),
                *(_spread(row[metric]) for metric in ("ssd", "mad", "prd", "cossim")),
            ]
            for row in section[name]
        ]
        for name in ("beats", "live")
    )
    headings = ["", "SSD, mV²", "MAD, mV", "PRD, %", "CosSim"]
    beats = f"{section['beats'][0]['beats']:,} beats, {section['list']} list"
    if section["list"] == "published":
        alone = published + alone
    return [
        Table(f"B1: {beats}, mean (± sd)", headings, alone),
        Table("B1 live: the same beats in one continuous stream, mean (± sd)", headings, live),
    ]


def _spread(mean_and_deviation: tuple[float, float]) -> Cell:
    mean, deviation = mean_and_deviation
    return Cell(number(mean, 3), f"± {number(deviation, 3)}")


def b3(section: Section) -> list[Table]:
    """F1 for each detector, then Se and +P."""
    cells = section["cells"]
    methods = list(dict.fromkeys(cell["method"] for cell in cells))
    by_row: dict[tuple[str, int], dict[str, Any]] = {}
    for cell in cells:
        by_row.setdefault((cell["detector"], cell["level"]), {})[cell["method"]] = cell
    rows = []
    for (detector, level), found in sorted(
        by_row.items(), key=lambda r: (r[0][0] != "xqrs", -r[0][1])
    ):
        best = max(cell["f1"] for cell in found.values())
        row = _words(detector, f"{level} dB")
        for method in methods:
            c = found[method]
            detail = f"Se {number(c['se'])}, +P {number(c['ppv'])}"
            row.append(Cell(number(c["f1"]), detail, "best" if c["f1"] == best else ""))
        rows.append(row)
    title = "B3: F1 of beat detection in %, records 118 and 119 with electrode motion"
    return [Table(title, ["detector", "input", *methods], rows, 2)]


def b4(section: Section) -> list[Table]:
    """Beats of clean records, of those an expert marked, and the pulse."""
    places = {"mitdb": "clean stretches of MIT-BIH", "qtdb": "QTDB, at an expert's marks"}
    headings = [
        "",
        "beats",
        "R within 1 sample, %",
        "ST change, µV: median",
        "95th percentile",
        "QRS height: median",
        "SNR, dB",
        "worst record, dB",
    ]
    out = []
    for database, place in places.items():
        rows = []
        for row in section[database]:
            heights = f"{number(row['amplitude_p5'], 3)} to {number(row['amplitude_p95'], 3)}"
            rows.append(
                [
                    *_words(row["method"], f"{row['beats']:,}"),
                    *_words(number(row["shift_within_1"], 2), number(row["st_median"])),
                    *_words(number(row["st_p95"])),
                    Cell(number(row["amplitude_median"], 3), heights),
                    *_words(number(row["db_mean"])),
                    Cell(number(row["worst_db"]), row["worst_record"]),
                ]
            )
        if rows:
            out.append(Table(f"B4: {place}", headings, rows))
    after = ("offset", "slope", "later_offset", "later_slope")
    rows = [
        [Cell(row["method"]), *(Cell(number(row[key], 3)) for key in after)]
        for row in section["pulse"]
    ]
    spans = ("0 to 200 ms after it", "100 to 300 ms")
    names = [f"{what}, {span}" for span in spans for what in ("offset in mV", "slope in mV/s")]
    return [*out, Table("B4: after a pulse of 3 mV and 100 ms", ["", *names], rows)]


def doubt(section: Section) -> list[Table]:
    """How often the flag is right by level, and what another threshold would give."""
    what = ("flagged", "wrong", "wrong_if_flagged", "wrong_if_not", "found", "right")
    names = ["of them flagged", "wrong", "wrong if flagged", "wrong if not", "found", "right"]

    def row(name: str, counts: Mapping[str, Any]) -> list[Cell]:
        figures = (number(counts[figure]) for figure in what)
        return _words(name, f"{counts['stretches']:,}", *figures)

    levels = [row(f"{level} dB", counts) for level, counts in section["levels"].items()]
    thresholds = [row(number(c["threshold"], 2), c) for c in section["thresholds"]]
    return [
        Table(
            "`uncertain`: five-second stretches with beats missed or made up, %",
            ["input", "stretches", *names],
            [*levels, row("all", section["all"])],
        ),
        Table(
            f"The same over all levels at other thresholds (it is {section['all']['threshold']:g})",
            ["threshold", "stretches", *names],
            thresholds,
        ),
    ]


def delay_curve(section: Section) -> list[Table]:
    """Gain over delay."""
    by_delay: dict[int, dict[str, Any]] = {}
    for row in section["curve"]:
        by_delay.setdefault(row["delay"], {})[row["kind"]] = row
    kinds = list(dict.fromkeys(row["kind"] for row in section["curve"]))
    rows = [
        _words(
            f"{delay} ({delay / 360:.2f} s)",
            next(iter(found.values()))["hop"],
            *(number(found[kind]["mean"], 2) for kind in kinds),
        )
        for delay, found in by_delay.items()
    ]
    headings = ["delay in samples", "hop", *(f"{kind} at 0 dB" for kind in kinds)]
    return [Table("Mean ΔSNR in dB over the delay", headings, rows)]


TABLES: dict[str, Callable[[Section], list[Table]]] = {
    "b0": b0,
    "b1": b1,
    "b2": b2,
    "b3": b3,
    "doubt": doubt,
    "b4": b4,
    "delay_curve": delay_curve,
}
"""By benchmark, what its section of a report becomes; the first table is the one that counts."""
