"""The public names: `import ecgstream` is quick, and its sub-packages come with it."""

from __future__ import annotations

import doctest
import subprocess
import sys

import pytest

import ecgstream.io
import ecgstream.live

_HEAVY = {"scipy", "PyQt5", "pyqtgraph", "tensorflow", "wfdb", "pandas", "http", "rich", "click"}


def _printed(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


def test_importing_the_package_loads_nothing_heavy() -> None:
    loaded = _printed("import sys, ecgstream; print(*sys.modules)").split()
    assert not _HEAVY & set(loaded)


def test_sub_packages_are_there_after_importing_the_package_alone() -> None:
    said = _printed("import ecgstream; print(ecgstream.live.Runner, ecgstream.io.read_record)")
    assert "live.runner.Runner" in said and "read_record" in said


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'ecgstream' has no attribute 'nothing'"):
        _ = ecgstream.nothing  # type: ignore[attr-defined]


@pytest.mark.parametrize("module", [ecgstream, ecgstream.io, ecgstream.live])
def test_every_public_name_is_there_and_examples_run(module: object) -> None:
    assert all(hasattr(module, name) for name in module.__all__)  # type: ignore[attr-defined]
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]
