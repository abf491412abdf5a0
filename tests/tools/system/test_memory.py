"""Memory of a process, as Linux and other systems tell it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecgstream.tools.system import memory


def test_the_peak_is_at_least_what_is_resident() -> None:
    assert 10 < memory.resident_memory() <= memory.peak_memory()


def test_without_proc_the_peak_of_getrusage_stands_for_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("resource")
    monkeypatch.setattr(memory, "_LINUX_STATUS", tmp_path / "none")
    assert 10 < memory.peak_memory() <= memory.resident_memory()
