"""Preferences of the monitor, kept in an ini file from one session to the next."""

from __future__ import annotations

import json
from collections.abc import Callable, Container
from dataclasses import replace
from pathlib import Path
from typing import Any

from pyqtgraph.Qt import QtCore

from ecgstream.gui.settings.action_table import LEVELS, NOISES, SPEEDS, THEME_NAMES
from ecgstream.gui.settings.display_settings import (
    GAINS,
    PAPER_SPEEDS,
    TRACE_KINDS,
    DisplaySettings,
)
from ecgstream.gui.settings.monitor_settings import MonitorSettings
from ecgstream.streamer.engine.delay import MODES

_Check = Callable[[Any], bool]


def _number(least: float, most: float) -> _Check:
    return lambda value: type(value) in (int, float) and least <= value <= most


def _one_of(values: Container[object]) -> _Check:
    # In Python `1 in (True, False)` holds, so a bool is refused by its type.
    return lambda value: not isinstance(value, (list, dict, bool)) and value in values


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool)


def _is_bool_or_none(value: Any) -> bool:
    return value is None or isinstance(value, bool)


def _are_kinds(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(kind in TRACE_KINDS for kind in value)


_SETTINGS: dict[str, _Check] = {
    "speed": _number(SPEEDS[0], SPEEDS[-1]),
    "noise": _one_of(NOISES),
    "snr": _number(*LEVELS),
    "delay": _one_of(MODES),
    "strength": _number(0, 1),
    "st": _is_bool,
    "data": lambda value: isinstance(value, str) and Path(value).is_dir(),
}
_DISPLAY: dict[str, _Check] = {
    "paper_speed": _one_of(PAPER_SPEEDS),
    "gain": _one_of(GAINS),
    "sweep": _is_bool,
    "stacked": _is_bool_or_none,
    "kinds": _are_kinds,
    "theme": _one_of(THEME_NAMES),
    "annotations": _is_bool,
    "detections": _is_bool,
    "flags": _is_bool,
}
_CONVERSIONS: dict[str, Callable[[Any], object]] = {"kinds": frozenset, "data": Path}
"""Conversions from the JSON value of a field to its own type."""


def own_folder(kind: str) -> Path:
    """Return the program's folder within the user's `Documents` or `Pictures`."""
    place = getattr(QtCore.QStandardPaths.StandardLocation, f"{kind}Location")
    return Path(QtCore.QStandardPaths.writableLocation(place)) / "ecgstream"


class Preferences:
    """Settings kept in a file; values that are damaged or no longer valid are ignored.

    Parameters
    ----------
    path : of the ini file; in the user's settings folder when None.
    """

    def __init__(self, path: Path | None = None) -> None:
        ini = QtCore.QSettings.Format.IniFormat
        user = QtCore.QSettings.Scope.UserScope
        self._file = (
            QtCore.QSettings(ini, user, "ecgstream", "monitor")
            if path is None
            else QtCore.QSettings(str(path), ini)
        )

    @property
    def path(self) -> Path:
        """Path of the ini file."""
        return Path(self._file.fileName())

    def recall(
        self, settings: MonitorSettings, display: DisplaySettings, given: Container[str] = ()
    ) -> tuple[MonitorSettings, DisplaySettings]:
        """Return both with the kept values, except for the fields in `given`."""
        return (
            replace(settings, **self._fields("settings", _SETTINGS, given)),
            replace(display, **self._fields("display", _DISPLAY, given)),
        )

    def geometry(self) -> QtCore.QByteArray:
        """Return the kept geometry of the window; empty when there is none."""
        return QtCore.QByteArray.fromBase64(str(self._read("window/geometry") or "").encode())

    def recordings(self) -> Path:
        """Return the folder for recordings."""
        kept = self._read("window/recordings")
        return Path(kept) if isinstance(kept, str) and kept else own_folder("Documents")

    def keep(
        self,
        settings: MonitorSettings,
        display: DisplaySettings,
        geometry: QtCore.QByteArray,
        recordings: Path,
    ) -> None:
        """Write all preferences to the file."""
        for name in _SETTINGS:
            self._write(f"settings/{name}", getattr(settings, name))
        for name in _DISPLAY:
            self._write(f"display/{name}", getattr(display, name))
        self._write("window/geometry", bytes(geometry.toBase64()).decode())
        self._write("window/recordings", recordings)
        self._file.sync()

    def _fields(
        self, group: str, checks: dict[str, _Check], given: Container[str]
    ) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, check in checks.items():
            if name in given or not self._file.contains(f"{group}/{name}"):
                continue
            value = self._read(f"{group}/{name}", damaged := object())
            if value is not damaged and check(value):
                found[name] = _CONVERSIONS.get(name, lambda v: v)(value)
        return found

    def _read(self, key: str, damaged: object = None) -> Any:
        try:
            return json.loads(self._file.value(key, "", str))
        except (ValueError, TypeError, RecursionError):  # TypeError: the value is not text
            return damaged

    def _write(self, key: str, value: object) -> None:
        plain = sorted(value) if isinstance(value, frozenset) else value
        self._file.setValue(key, json.dumps(plain, default=str))
