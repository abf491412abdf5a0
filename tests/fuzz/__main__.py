"""`make fuzz`: hostile input for the engine, for reading records and for loading models."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import count as numbers_from

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from fuzz.outcome import CORRECT, Outcome, Product
from fuzz.worker import KINDS, Result, run_cases

_MAX_FAULTS_SHOWN = 20


@click.command()
@click.option(
    "--count", type=click.IntRange(1), default=100_000, show_default=True, help="Inputs to throw."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of all cases.")
@click.option("--only", type=click.IntRange(0), metavar="NUMBER", help="Throw this one case.")
def fuzz(count: int, seed: int, only: int | None) -> None:
    """Throw hostile input at the engine, at the reading of records and at the loading of models.

    An input is one push, set of options, sampling rate, record or model file: of wrong shapes and
    types, with gaps, huge and tiny values, broken headers, cut and bit-flipped files. Each must
    give correct output or an error of the promised type; a crash or a hang is found and named.
    The seed makes the cases, always the same. Exit code 1 when anything else came out.
    """
    console = Console()
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("fuzz", total=count)
        results = []
        for result in thrown(count, seed, only):
            results.append(result)
            progress.advance(task, result.inputs)
    console.print(table(results))
    faults = [result for result in results if result.fault]
    for result in faults[:_MAX_FAULTS_SHOWN]:
        fault = result.fault if only is not None else result.fault.partition("\n")[0]
        print(f"case {result.number} ({result.kind}): {fault}", file=sys.stderr)
    if faults:
        raise click.ClickException(
            f"{len(faults)} cases gave neither correct output nor an error as promised; "
            f"make fuzz ARGS='--seed {seed} --only {faults[0].number}' repeats the first"
        )


def thrown(
    count: int, seed: int, only: int | None = None, product: Product | None = None
) -> Iterator[Result]:
    """Run cases until at least `count` inputs were thrown, or run case `only`."""
    cases = numbers_from() if only is None else iter([only])
    left = count
    for result in run_cases(seed, cases, product or Product()):
        yield result
        left -= result.inputs
        if left <= 0:
            return


def table(results: list[Result]) -> Table:
    """Table of inputs and outcomes by kind."""
    table = Table("thrown", "inputs", CORRECT, "errors as promised", "anything else", box=None)
    for column in (table.columns[1], table.columns[2], table.columns[4]):
        column.justify = "right"
    for kind in [*KINDS, "all"]:
        part = [result for result in results if kind in (result.kind, "all")]
        outcome = sum((result.outcome for result in part), Outcome())
        errors = [f"{n} {name}" for name, n in outcome.most_common() if name != CORRECT]
        inputs = sum(result.inputs for result in part)
        faults = sum(bool(result.fault) for result in part)
        cells = f"{inputs}", f"{outcome[CORRECT]}", ", ".join(errors), f"{faults}"
        table.add_row(kind, *cells)
    return table


if __name__ == "__main__":
    fuzz(prog_name="make fuzz")
