"""What the user has set, and who is told of a change: the worker, and whoever shows it."""

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
    """The settings and the display; `changed` says that one of them is another now."""

    changed = QtCore.Signal()

    def __init__(self, settings: MonitorSettings, display: DisplaySettings, worker: Worker) -> None:
        super().__init__()
        self.settings, self.display = settings, display
        self._tell: dict[str, Callable[[MonitorSettings], None]] = {
            "speed": lambda s: worker.set_speed(s.speed),
            "noise": lambda s: worker.set_noise(Noise(s.noise, s.snr)),
            "snr": lambda s: worker.set_noise(Noise(s.noise, s.snr)),
            "delay": lambda s: worker.set_delay(s.delay),
            "strength": lambda s: worker.set_strength(s.strength),
            "st": lambda s: worker.set_st(s.st),
            "data": lambda s: worker.set_data(s.data),
        }

    def get(self, name: str) -> Any:
        """The value of that field of `MonitorSettings` or `DisplaySettings`."""
        return getattr(self.display if name in _DISPLAYED else self.settings, name)

    def set(self, name: str, value: Any) -> None:
        """Let that field have this value from now on."""
        if self.get(name) == value:
            return
        if name in _DISPLAYED:
            self.display = replace(self.display, **{name: value})
        else:
            self.settings = replace(self.settings, **{name: value})
            self._tell[name](self.settings)
        self.changed.emit()

    def turn(self, setting: Setting, by: int) -> None:
        """Go to the next value (`by` 1) or to the one before (-1), round and round for names."""
        values, now = list(setting.values), self.get(setting.name)
        if now not in values:
            self.set(setting.name, values[0])
            return
        at = values.index(now) + by
        round_and_round = any(isinstance(value, str) for value in values)
        self.set(setting.name, values[at % len(values) if round_and_round else _within(at, values)])

    def add_level(self, decibels: float) -> None:
        """Change the noise's SNR by so much."""
        self.set("snr", min(max(self.settings.snr + decibels, LEVELS[0]), LEVELS[1]))

    def add_strength(self, share: float) -> None:
        """Denoise so much more (1: from nothing to wholly)."""
        self.set("strength", round(min(max(self.settings.strength + share, 0.0), 1.0), 2))

    def toggle_kind(self, kind: str) -> None:
        """Show that kind of trace, or no longer, unless it is the last."""
        self.set("kinds", self.display.kinds ^ {kind} or {kind})

    def toggle_lead(self, lead: int, leads: int) -> None:
        """Show that lead of so many, or no longer, unless it is the last."""
        seen = frozenset(self.display.seen(leads)) ^ {lead} or {lead}
        self.set("hidden", frozenset(range(leads)) - seen)


def _within(at: int, values: list[object]) -> int:
    return min(max(at, 0), len(values) - 1)
