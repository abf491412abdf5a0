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
    "gui": {"streamer", "gui", "model", "tools"},
    "tools": {"streamer", "model", "gui", "tools"},
}
_OF_USE_TO_THE_WINDOW = {"model.physionet", "tools.recorder", "tools.runner"}
_OUTSIDE_THE_CORE = {
    *("time", "datetime", "threading", "multiprocessing", "asyncio", "concurrent", "queue"),
    *("tensorflow", "keras", "pyqtgraph", "PyQt5", "click", "rich", "random"),
}


def modules(path: Path) -> Iterator[str]:
    """What a file imports; `from model import runs` counts as `model.runs`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            names = [f"{module}.{alias.name}" for alias in node.names]
            yield from names if module in _ALLOWED else [module]


def imports(path: Path) -> Iterator[str]:
    return (module.partition(".")[0] for module in modules(path))


@pytest.mark.parametrize("package", list(_ALLOWED))
def test_packages_import_only_what_they_may(package: str) -> None:
    files = list((_ROOT / package).rglob("*.py"))
    assert files
    for path in files:
        assert set(imports(path)) & set(_ALLOWED) <= _ALLOWED[package], path


def test_the_window_needs_neither_training_nor_the_command_line() -> None:
    for path in (_ROOT / "gui").rglob("*.py"):
        theirs = {m for m in modules(path) if m.partition(".")[0] in ("model", "tools")}
        assert theirs <= _OF_USE_TO_THE_WINDOW, path


def test_core_has_no_clock_thread_window_or_framework() -> None:
    for path in (_ROOT / "streamer").rglob("*.py"):
        assert not set(imports(path)) & _OUTSIDE_THE_CORE, path


def test_model_card_is_that_of_the_shipped_model() -> None:
    card = (_ROOT / "model" / "CARD.md").read_text()
    assert hashlib.sha256(SHIPPED_MODEL.read_bytes()).hexdigest() in card
