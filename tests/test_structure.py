"""The rules of the structure: arrows go down, no circles, one import name, a deterministic core."""

from __future__ import annotations

import ast
import hashlib
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from ecgstream.streamer.network.shipped import SHIPPED_MODEL
from helpers.paths import ROOT

_FOLDERS = ("streamer", "model", "gui", "tools")
_MAY_IMPORT = {
    "streamer": {"streamer"},
    "model": {"streamer", "model"},
    "gui": {"streamer", "gui"},
    "tools": {"streamer", "model", "gui", "tools"},
}
_WITHIN_STREAMER = {
    "engine": {"engine", "quality"},
    "network": {"engine", "network"},
    "io": {"engine", "quality", "io"},
    "ecg": {"engine", "quality", "io", "ecg"},
    "quality": set(),
    "denoiser": {"engine", "network", "quality"},
    "pool": {"engine", "network", "quality", "denoiser"},
    "live": {"engine", "network", "quality", "ecg", "io", "denoiser", "pool", "live"},
}
_CLOCKS_THREADS_AND_FRAMEWORKS = {
    *("time", "datetime", "threading", "multiprocessing", "asyncio", "concurrent", "queue"),
    *("tensorflow", "keras", "pyqtgraph", "PyQt5", "click", "rich", "random"),
}
_FILES = {"io", "os", "pathlib", "shutil", "socket", "subprocess", "tempfile"}
_POSIX_ONLY = {"fcntl", "grp", "pwd", "resource", "termios", "tty"}


def _files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(("ecgstream", *parts[: -1 if parts[-1] == "__init__" else None]))


@cache
def _modules() -> frozenset[str]:
    return frozenset(_module(path) for folder in _FOLDERS for path in _files(folder))


def _imports(path: Path, top_level_only: bool = False) -> Iterator[str]:
    """Modules that a file imports anywhere in it, in functions and for type checkers, too."""
    tree = ast.parse(path.read_text())
    for node in tree.body if top_level_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path} has a relative import"
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in _modules() else str(node.module)


def _first(modules: Iterator[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules}


@pytest.mark.parametrize("folder", _FOLDERS)
def test_arrows_between_the_four_folders_go_down_only(folder: str) -> None:
    files = _files(folder)
    assert files
    for path in files:
        ours = [name.split(".") for name in _imports(path) if name.startswith("ecgstream.")]
        assert {name[1] for name in ours} <= _MAY_IMPORT[folder], path


@pytest.mark.parametrize("room", _WITHIN_STREAMER)
def test_arrows_within_the_library_go_down_only(room: str) -> None:
    place = ROOT / "streamer" / room
    for path in sorted(place.rglob("*.py")) or [place.with_suffix(".py")]:
        ours = [name.split(".") for name in _imports(path) if name.startswith("ecgstream.")]
        assert {name[2] for name in ours} <= _WITHIN_STREAMER[room], path


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Neither at import time, nor in a function, nor for type checkers alone."""
    paths = [path for folder in _FOLDERS for path in _files(folder)]
    graph = {_module(path): set(_imports(path)) & _modules() for path in paths}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_nothing_is_imported_by_another_name_than_ecgstream() -> None:
    for folder in _FOLDERS:
        for path in _files(folder):
            names = set(_imports(path))
            assert not _first(iter(names)) & set(_FOLDERS), path
            assert "ecgstream" not in names, f"{path}: import from the module that defines it"


def test_every_module_is_loaded_under_one_name_only() -> None:
    code = (
        "import importlib, os, sys\n"
        "for name in sys.argv[1:]:\n    importlib.import_module(name)\n"
        "seen = {}\n"
        "for name, module in list(sys.modules.items()):\n"
        "    file = getattr(module, '__file__', None)\n"
        "    if file and name != '__main__' and file.endswith('.py') and 'ecgstream' in file:\n"
        "        seen.setdefault(os.path.realpath(file), []).append(name)\n"
        "print([names for names in seen.values() if len(names) > 1], len(seen))\n"
    )
    library = [name for name in sorted(_modules()) if name.startswith("ecgstream.streamer")]
    done = subprocess.run(
        [sys.executable, "-c", code, *library], capture_output=True, text=True, check=True
    )
    twice, count = done.stdout.rsplit(maxsplit=1)
    assert twice == "[]" and int(count) >= len(library)


@pytest.mark.parametrize("room", ["engine", "network"])
def test_the_core_has_no_clock_thread_window_or_framework(room: str) -> None:
    for path in _files(f"streamer/{room}"):
        assert not _first(_imports(path)) & _CLOCKS_THREADS_AND_FRAMEWORKS, path


def test_the_engine_opens_no_file() -> None:
    for path in _files("streamer/engine"):
        assert not _first(_imports(path)) & _FILES, path


def test_no_private_module_or_name_of_a_library_is_used() -> None:
    documented = {"os._exit"}
    for folder in _FOLDERS:
        for path in _files(folder):
            used = set(_library_names(ast.parse(path.read_text()))) - documented
            private = [name for name in used if re.search(r"(^|\.)_(?!_)", name)]
            assert not private, path


def _library_names(tree: ast.Module) -> Iterator[str]:
    """Names that a file imports, or takes from a module or name that it imported."""
    modules = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules.update({alias.asname or alias.name: alias.name for alias in node.names})
        elif isinstance(node, ast.ImportFrom) and node.module not in {None, "__future__"}:
            named = {alias.asname or alias.name: alias.name for alias in node.names}
            modules.update({name: f"{node.module}.{named[name]}" for name in named})
    yield from modules.values()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = modules.get(node.value.id)
            if module is not None:
                yield f"{module}.{node.attr}"


def test_no_module_needs_a_posix_system_to_be_imported() -> None:
    for folder in _FOLDERS:
        for path in _files(folder):
            posix = _first(_imports(path, top_level_only=True)) & _POSIX_ONLY
            assert not posix, f"{path}: import {posix} where it is used"


def test_model_card_is_that_of_the_shipped_model() -> None:
    card = (ROOT / "model" / "CARD.md").read_text()
    assert hashlib.sha256(SHIPPED_MODEL.read_bytes()).hexdigest() in card
