"""Units of voltage, and what one of each is in mV."""

from __future__ import annotations

_MV_PER_UNIT = {"mv": 1.0, "uv": 1e-3, "µv": 1e-3, "μv": 1e-3, "nv": 1e-6, "v": 1e3}
"""By the name in lower case; both letters that Unicode has for micro."""
_UNIT_NAMES = {1.0: "mV", 1e-3: "uV", 1e3: "V"}


def millivolts(unit: str) -> float | None:
    """One unit in mV; None when the unit is no voltage."""
    return _MV_PER_UNIT.get(unit.strip().lower())


def unit_name(factor: float) -> str:
    """Name of the unit that is `factor` mV; adu where it has none."""
    return _UNIT_NAMES.get(factor, "adu")
