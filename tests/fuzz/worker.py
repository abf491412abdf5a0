"""Run cases in a process that may die, hang or run out of memory, and name the case that did it."""

from __future__ import annotations

import faulthandler
import multiprocessing
import shutil
import tempfile
import traceback
import warnings
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ecgstream.streamer.network.process_limits import limit_process
from fuzz import models, records, settings, streams
from fuzz.outcome import Case, Outcome, Product

KINDS = {
    "streams": (streams.echoes, streams.PUSHES, 0.22),
    "streams, shipped model": (streams.shipped, streams.PUSHES, 0.01),
    "options": (settings.options, 1, 0.27),
    "rates": (settings.rates, 1, 0.04),
    "records": (records.record, 1, 0.44),
    "models": (models.model, 1, 0.02),
}
"""What makes a case of each kind, the inputs in it, and its share of all cases."""

SECONDS = 30.0
"""That one case may take; the slowest take one."""
MEMORY = 2 << 30
"""Bytes that the worker may take on top of what it began with."""
_LOG = "log"
"""Where the worker writes what it was doing when it ended."""


class Result(NamedTuple):
    """Outcome of one case."""

    number: int
    kind: str
    inputs: int
    outcome: Outcome
    fault: str
    """What was neither correct output nor an error as promised, a sentence and then where it
    happened; empty when nothing was."""


def kind_of(seed: int, number: int) -> str:
    """Kind of a case, determined by the seed and its number."""
    shares = [share for _, _, share in KINDS.values()]
    return str(np.random.default_rng([seed, number, 0]).choice(list(KINDS), p=shares))


def run_case(seed: int, number: int, product: Product, within: Path | None = None) -> Result:
    """Throw one case; its files lie in a folder, `within` another, that is gone afterwards."""
    kind = kind_of(seed, number)
    throw, inputs, _ = KINDS[kind]
    rng = np.random.default_rng([seed, number, 1])
    outcome, fault = Outcome(), ""
    with (
        tempfile.TemporaryDirectory(prefix="ecgstream-fuzz-", dir=within) as folder,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("error")
        # wfdb 4.3 with pandas 3.
        warnings.filterwarnings("ignore", "The inplace keyword in DataFrame")
        try:
            outcome = throw(Case(rng, Path(folder), product))
        except Exception as error:
            fault = f"{type(error).__name__}: {error}\n{traceback.format_exc()}"
    return Result(number, kind, inputs, outcome, fault)


def run_cases(seed: int, numbers: Iterator[int], product: Product) -> Iterator[Result]:
    """Throw these cases, in a worker that is started again when it dies or hangs."""
    worker = None
    try:
        for number in numbers:
            worker = worker or _Worker(seed, product)
            result = worker.run(number)
            if result is None:
                inputs = KINDS[kind_of(seed, number)][1]
                fault = worker.stop()
                worker = None
                result = Result(number, kind_of(seed, number), inputs, Outcome(), fault)
            yield result
    finally:
        if worker is not None:
            worker.stop()


class _Worker:
    """The worker process."""

    def __init__(self, seed: int, product: Product) -> None:
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._folder = Path(tempfile.mkdtemp(prefix="ecgstream-fuzz-"))
        arguments = (theirs, seed, product, self._folder)
        self._process = context.Process(target=_serve, args=arguments)
        self._process.start()
        theirs.close()
        self._ours.recv()  # it has imported everything

    def run(self, number: int) -> Result | None:
        """Throw a case; None when that was the end of the process, or it did not answer."""
        try:
            self._ours.send(number)
            if self._ours.poll(SECONDS):
                result: Result = self._ours.recv()
                return result
        except (EOFError, OSError):
            pass
        return None

    def stop(self) -> str:
        """End the process; say how it ended, where it had ended by itself."""
        self._ours.close()  # what waits for the next case ends with it
        self._process.join(0.5)
        code = self._process.exitcode
        if code is None:
            self._process.kill()
            self._process.join()
        where = (self._folder / _LOG).read_text(errors="replace")
        shutil.rmtree(self._folder, ignore_errors=True)
        how = f"hung for {SECONDS:g} s" if code is None else f"the process ended with code {code}"
        return f"{how}\n{where}".strip()


def _serve(pipe: Connection, seed: int, product: Product, folder: Path) -> None:
    with (folder / _LOG).open("w") as file:
        faulthandler.enable(file)
        limit_process(MEMORY)
        pipe.send(None)
        while True:
            try:
                number = pipe.recv()
            except (EOFError, KeyboardInterrupt):
                return
            faulthandler.dump_traceback_later(0.9 * SECONDS, file=file)
            result = run_case(seed, number, product, folder)
            faulthandler.cancel_dump_traceback_later()
            pipe.send(result)
