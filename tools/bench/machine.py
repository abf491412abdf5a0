"""State of this device that a measurement depends on, and its energy meters.

All is read from `/sys` of Linux; None stands for what a system does not tell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

SYS = Path("/sys")
MAX_WARMING_CELSIUS = 5.0
"""Change of temperature that gives no warning."""
_MILLI, _MICRO = 1e-3, 1e-6
_JOULES_PER_WATT_HOUR = 3600.0


def state(sys: Path = SYS) -> dict[str, Any]:
    """Governors, highest temperature (°C) and load; None for what the system does not tell."""
    governors = {
        text
        for path in (sys / "devices/system/cpu").glob("cpu[0-9]*/cpufreq/scaling_governor")
        if (text := _read(path))
    }
    zones = (sys / "class/thermal").glob("thermal_zone*/temp")
    degrees = [value * _MILLI for path in zones if (value := _number(path)) is not None]
    return {
        "governor": ", ".join(sorted(governors)) or None,
        "temperature_c": max(degrees, default=None),
        "load": _load(),
    }


def warnings(before: dict[str, Any], after: dict[str, Any], cores: int) -> list[str]:
    """Sentences about conditions that make the figures unreliable."""
    found = []
    if before["governor"] != after["governor"]:
        found.append(
            f"the governor went from {before['governor']} to {after['governor']}: fix it and "
            "measure again"
        )
    cold, warm = before["temperature_c"], after["temperature_c"]
    if cold is not None and warm is not None and abs(warm - cold) > MAX_WARMING_CELSIUS:
        found.append(
            f"the temperature went from {cold:.0f} to {warm:.0f} °C: measure again now that it is "
            "there"
        )
    if before["load"] is not None and before["load"] > cores / 2:
        found.append(
            f"other programs kept {before['load']:.1f} of {cores} cores busy when it began: "
            "measure again on an idle device"
        )
    return found


@dataclass(frozen=True)
class Meter:
    """A counter of the energy that this device takes."""

    name: str
    joules: Callable[[], float]
    """Read the counter in J; only differences have a meaning."""

    def watts(self, measured: Callable[[], Any], now: Callable[[], float]) -> tuple[Any, float]:
        """Run a measurement; return its result and the mean power (W) meanwhile."""
        energy, began = self.joules(), now()
        result = measured()
        return result, (self.joules() - energy) / (now() - began)


def meter(sys: Path = SYS) -> Meter | None:
    """Readable counters of the processor (RAPL), else a battery in use, else None."""
    packages = []
    for folder in sorted((sys / "class/powercap").glob("intel-rapl:[0-9]*")):
        whole = folder.name.count(":") == 1  # the others are parts of these
        if whole and _number(folder / "energy_uj") is not None:
            packages.append(RaplCounter(folder))
    if packages:
        names = ", ".join(_read(p.folder / "name") or p.folder.name for p in packages)
        return Meter(f"RAPL ({names})", lambda: sum(package.joules() for package in packages))
    for folder in sorted((sys / "class/power_supply").glob("*")):
        in_use = (_read(folder / "type"), _read(folder / "status")) == ("Battery", "Discharging")
        if in_use and _remaining_joules(folder) is not None:
            return Meter(f"battery {folder.name}", partial(_drawn_joules, folder))
    return None


class RaplCounter:
    """An energy counter of RAPL, which wraps around to 0."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._range = _number(folder / "max_energy_range_uj") or 0.0
        self._last = _number(folder / "energy_uj") or 0.0
        self._past = 0.0

    def joules(self) -> float:
        """Energy (J), if it is read at least once between two wraps."""
        value = _number(self.folder / "energy_uj") or 0.0
        if value < self._last:
            self._past += self._range
        self._last = value
        return (self._past + value) * _MICRO


def _drawn_joules(folder: Path) -> float:
    return -(_remaining_joules(folder) or 0.0)


def _remaining_joules(folder: Path) -> float | None:
    """Energy left in a battery."""
    energy = _number(folder / "energy_now")  # µWh
    if energy is None:
        charge, voltage = _number(folder / "charge_now"), _number(folder / "voltage_now")
        if charge is None or voltage is None:
            return None
        energy = charge * voltage * _MICRO
    return energy * _MICRO * _JOULES_PER_WATT_HOUR


def _read(path: Path) -> str | None:
    try:
        return path.read_text().strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def _number(path: Path) -> float | None:
    try:
        return float(_read(path) or "")
    except ValueError:
        return None


def _load() -> float | None:
    try:
        from os import getloadavg
    except ImportError:  # Windows
        return None
    return getloadavg()[0]
