"""All benchmarks by name, loaded from the modules listed in the package."""

from __future__ import annotations

from importlib import import_module

from ecgstream.model.evaluation.benchmark import Benchmark
from ecgstream.model.evaluation.benchmarks import MODULES


def _load(name: str, module: str) -> Benchmark:
    benchmark = import_module(f"ecgstream.model.evaluation.benchmarks.{module}").BENCHMARK
    if not isinstance(benchmark, Benchmark) or benchmark.name != name:
        raise TypeError(f"benchmarks/{module}.py has no benchmark named {name}")
    return benchmark


BENCHMARKS = {name: _load(name, module) for name, module in MODULES.items()}
"""Every benchmark by name, in the order of the report."""
