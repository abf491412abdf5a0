"""The settings as the user changes them; the worker and the widgets are told of changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from pyqtgraph.Qt import QtCore

from ecgstream.gui.playback.worker import Worker
from ecgstream.gui.settings.action_table import LEVELS, Setting
from ecgstream.gui.settings.display_settings import DisplaySettings
from ecgstream.gui.settings.monitor_settings import MonitorSettings, Noise

_DISPLAYED = {field.name for field in fields(DisplaySettings)}


class SettingsModel(QtCore.QObject):
    """Settings and display settings; `changed` is emitted after every change."""

    changed = QtCore.Signal()

    def __init__(self, settings: MonitorSettings, display: DisplaySettings, worker: Worker) -> None:
        super().__init__()
        self.settings, self.display = settings, display
        self._apply_to_worker: dict[str, Callable[[MonitorSettings], None]] = {
            "speed": lambda s: worker.set_speed(s.speed),
            "noise": lambda s: worker.set_noise(Noise(s.noise, s.snr)),
            "snr": lambda s: worker.set_noise(Noise(s.noise, s.snr)),
            "delay": lambda s: worker.set_delay(s.delay),
            "strength": lambda s: worker.set_strength(s.strength),
            "st": lambda s: worker.set_st(s.st),
            "data": lambda s: worker.set_data(s.data),
        }

    def get(self, name: str) -> Any:
        """Return the value of a field of `MonitorSettings` or `DisplaySettings`."""
        return getattr(self.display if name in _DISPLAYED else self.settings, name)

    def set(self, name: str, value: Any) -> None:
        """Set a field, and tell the worker and the widgets."""
        if self.get(name) == value:
            return
        if name in _DISPLAYED:
            self.display = replace(self.display, **{name: value})
        else:
            self.settings = replace(self.settings, **{name: value})
            self._apply_to_worker[name](self.settings)
        self.changed.emit()

    def turn(self, setting: Setting, by: int) -> None:
        """Set the next value (`by` 1) or the one before (-1); values that are names wrap around."""
        values, now = list(setting.values), self.get(setting.name)
        if now not in values:
            self.set(setting.name, values[0])
            return
        at = values.index(now) + by
        round_and_round = any(isinstance(value, str) for value in values)
        self.set(setting.name, values[at % len(values) if round_and_round else _within(at, values)])

    def add_level(self, decibels: float) -> None:
        """Add to the noise's SNR."""
        self.set("snr", min(max(self.settings.snr + decibels, LEVELS[0]), LEVELS[1]))

    def add_strength(self, share: float) -> None:
        """Add a share (1 is 100 %) to the strength of denoising."""
        self.set("strength", round(min(max(self.settings.strength + share, 0.0), 1.0), 2))

    def toggle_kind(self, kind: str) -> None:
        """Show or hide a kind of trace; the last one shown stays."""
        self.set("kinds", self.display.kinds ^ {kind} or {kind})

    def toggle_lead(self, lead: int, leads: int) -> None:
        """Show or hide one of `leads` leads; the last one shown stays."""
        seen = frozenset(self.display.seen(leads)) ^ {lead} or {lead}
        self.set("hidden", frozenset(range(leads)) - seen)


def _within(at: int, values: list[object]) -> int:
    return min(max(at, 0), len(values) - 1)
