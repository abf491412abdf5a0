"""Fixtures of the window's tests."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from helpers.patience import MAX_WAIT_SECONDS


@pytest.fixture
def qtbot(qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """pytest-qt's, whose `waitUntil` gives up after five seconds, with more patience."""
    waiting = partial(qtbot.waitUntil, timeout=round(1000 * MAX_WAIT_SECONDS))
    monkeypatch.setattr(qtbot, "waitUntil", waiting)
    return qtbot
