"""The engine stays a deterministic core that nothing else leaks into."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamer import SHIPPED_MODEL

_ROOT = Path(__file__).parents[1]
_ALLOWED = {
    "streamer": {"streamer"},
    "model": {"streamer", "model"},
    "gui": {"streamer", "gui"},
    "tools": {"streamer", "model", "gui", "tools"},
}
_OUTSIDE_THE_CORE = {
    *("time", "datetime", "threading", "multiprocessing", "asyncio", "concurrent", "queue"),
    *("tensorflow", "keras", "pyqtgraph", "PyQt5", "click", "rich", "random"),
}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


@pytest.mark.parametrize("package", list(_ALLOWED))
def test_packages_import_only_what_they_may(package: str) -> None:
    modules = list((_ROOT / package).rglob("*.py"))
    assert modules
    for path in modules:
        assert set(imports(path)) & set(_ALLOWED) <= _ALLOWED[package], path


def test_core_has_no_clock_thread_window_or_framework() -> None:
    for path in (_ROOT / "streamer").rglob("*.py"):
        assert not set(imports(path)) & _OUTSIDE_THE_CORE, path


def test_model_card_is_that_of_the_shipped_model() -> None:
    card = (_ROOT / "model" / "CARD.md").read_text()
    assert hashlib.sha256(SHIPPED_MODEL.read_bytes()).hexdigest() in card
