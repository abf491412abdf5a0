"""Hostile input of every kind, and whether the fuzzing would find what it looks for."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from click.testing import CliRunner

from ecgstream import Block, StreamingDenoiser
from ecgstream.streamer.io.records import Record, RecordError, read_record
from ecgstream.streamer.network.tflite import TFLiteNetwork
from fuzz import worker
from fuzz.__main__ import fuzz, thrown
from fuzz.outcome import CORRECT, Product
from fuzz.worker import KINDS, Result, kind_of, run_case, run_cases

SEED = 20_261_122
COUNT = 3000


def first_case(kind: str, seed: int = SEED) -> int:
    return next(number for number in range(1000) if kind_of(seed, number) == kind)


def test_thousands_of_hostile_inputs_give_correct_output_or_a_typed_error(
    remark: Callable[[str], None],
) -> None:
    results = list(thrown(COUNT, SEED))
    assert [f"case {r.number} ({r.kind}): {r.fault}" for r in results if r.fault] == []
    assert {result.kind for result in results} == KINDS.keys()
    inputs = sum(result.inputs for result in results)
    correct = sum(result.outcome[CORRECT] for result in results)
    assert COUNT <= inputs == sum(result.outcome.total() for result in results)
    assert 0.5 * inputs < correct < inputs
    remark(
        f"fuzz: {inputs} hostile inputs, {correct} of them gave output, {inputs - correct} errors"
    )


def test_a_seed_and_a_number_make_the_same_case_again() -> None:
    for kind in ("streams", "options", "records"):
        number = first_case(kind)
        once, again = (run_case(SEED, number, Product()) for _ in range(2))
        assert once == again and not once.fault


def faults(kind: str, product: Product, cases: int = 40) -> list[str]:
    """What is said of cases of one kind that are thrown at something broken, here."""
    numbers = [n for n in range(cases * 10) if kind_of(SEED, n) == kind][:cases]
    return [fault for n in numbers if (fault := run_case(SEED, n, product).fault)]


class Broken(StreamingDenoiser):
    """An engine that does something to its blocks."""

    def push(self, x: npt.ArrayLike) -> Block:
        return self.broken(super().push(x))

    def broken(self, block: Block) -> Block:
        raise NotImplementedError


class Dropping(Broken):
    def broken(self, block: Block) -> Block:
        return Block(block.signal[1:], block.start, block.quality[1:])


class Shifting(Broken):
    def broken(self, block: Block) -> Block:
        return Block(np.roll(block.signal, 1, axis=0), block.start, block.quality)


class Leaking(Broken):
    def broken(self, block: Block) -> Block:
        signal = block.signal.copy()
        signal[:1] = np.nan
        return Block(signal, block.start, block.quality)


class Forgetful(Broken):
    def broken(self, block: Block) -> Block:
        return block._replace(quality=np.zeros_like(block.quality))


class Overwriting(Broken):
    memory = np.zeros((100_000, 3), np.float32)

    def broken(self, block: Block) -> Block:
        view = self.memory[: len(block.signal), : self.channels]
        view[:] = block.signal
        return block._replace(signal=view)


class Chunky(Broken):
    def broken(self, block: Block) -> Block:
        return block._replace(signal=block.signal + np.float32(1e-6) * (len(block.signal) > 100))


class Lax(StreamingDenoiser):
    def push(self, x: Any) -> Block:
        return super().push(np.zeros((1, self.channels)) if isinstance(x, (dict, str)) else x)


@pytest.mark.parametrize(
    ("engine", "words"),
    [
        (Dropping, "block at"),
        (Shifting, "NaN where there is no gap|values are off"),
        (Leaking, "NaN where there is no gap"),
        (Forgetful, "gaps are not flagged"),
        (Overwriting, "a block changed after it was given out"),
        (Chunky, "other cuts, other values"),
        (Lax, "taken for samples"),
    ],
)
def test_an_engine_that_does_something_wrong_is_found(
    engine: type[StreamingDenoiser], words: str
) -> None:
    said = faults("streams", Product(denoiser=engine))
    assert any(word in fault for fault in said for word in words.split("|"))


def careless_read(name: str, data: str | Path | None = None) -> Record:
    try:
        return read_record(name, data)
    except RecordError as error:
        raise KeyError("fs") from error


def reckless_read(name: str, data: str | Path | None = None) -> Record:
    path = Path(name)
    return read_record(str(path.parents[1] / "secret"), data)


def test_a_reader_that_raises_an_undocumented_error_is_found() -> None:
    assert any(
        fault.startswith("Fault: KeyError")
        for fault in faults("records", Product(read=careless_read))
    )


def test_a_reader_that_leaves_the_folder_is_found() -> None:
    said = faults("records", Product(read=reckless_read))
    assert any("other samples" in fault or "outside the folder" in fault for fault in said)


def deadly_load(path: str, runtime: str = "auto") -> TFLiteNetwork:
    if Path(path).name == "m.tflite":
        os.abort()
    return TFLiteNetwork(path, runtime)


def endless_load(path: str, runtime: str = "auto") -> TFLiteNetwork:
    while True:
        pass


def greedy_load(path: str, runtime: str = "auto") -> TFLiteNetwork:
    np.ones(worker.MEMORY, np.uint8)
    return TFLiteNetwork(path, runtime)


def worked(product: Product, *kinds: str) -> list[Result]:
    """A case of each kind, in a worker."""
    return list(run_cases(SEED, map(first_case, kinds), product))


def test_a_loader_that_kills_the_process_is_found_and_the_fuzzing_goes_on() -> None:
    deadly, innocent = worked(Product(load=deadly_load), "models", "options")
    assert "the process ended with code -6" in deadly.fault and "deadly_load" in deadly.fault
    assert not innocent.fault


def test_a_loader_that_hangs_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "SECONDS", 0.5)
    (hanging,) = worked(Product(load=endless_load), "models")
    assert "hung for 0.5 s" in hanging.fault


def test_a_loader_that_takes_all_memory_is_found() -> None:
    (greedy,) = worked(Product(load=greedy_load), "models")
    assert "MemoryError" in greedy.fault


def test_the_command_says_how_to_repeat_a_case_and_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fuzz.__main__.Product", lambda: Product(read=careless_read))
    number = next(
        n
        for n in range(1000)
        if kind_of(1, n) == "records" and run_case(1, n, Product(read=careless_read)).fault
    )
    result = CliRunner().invoke(fuzz, ["--seed", "1", "--only", str(number)])
    assert result.exit_code == 1
    assert f"make fuzz ARGS='--seed 1 --only {number}' repeats the first" in result.output


def test_the_command_prints_what_was_thrown_by_kind() -> None:
    result = CliRunner().invoke(fuzz, ["--count", "60", "--seed", "3"], env={"COLUMNS": "120"})
    assert result.exit_code == 0, result.output
    for words in (*KINDS, "correct", "errors as promised", "anything else"):
        assert words in result.output
