"""Units of voltage, and what one of each is in mV."""

from __future__ import annotations

_MV_PER_UNIT = {
    **dict.fromkeys(("mv", "millivolt", "millivolts"), 1.0),
    **dict.fromkeys(("uv", "µv", "μv", "mcv", "microvolt", "microvolts"), 1e-3),
    **dict.fromkeys(("nv", "nanovolt", "nanovolts"), 1e-6),
    **dict.fromkeys(("v", "volt", "volts"), 1e3),
}
"""By the name in lower case; both letters that Unicode has for micro."""
UNIT_NAMES = {1.0: "mV", 1e-3: "uV", 1e3: "V"}
"""By the value of 1 in mV."""
_COUNTS = frozenset(
    "adu a.u. au count counts digit digits integer lsb n/a none raw unit units unknown".split()
) | {"", "-", "?"}
"""Names, in lower case, that leave open which quantity it is."""


def millivolts(unit: str) -> float | None:
    """One unit in mV; None when the unit is no voltage."""
    return _MV_PER_UNIT.get(unit.strip().lower())


def overridden(unit: str, given: float | None) -> float | None:
    """One unit in mV where the user says `given`; that counts for voltages and unnamed units."""
    known = millivolts(unit)
    names_other = known is None and unit.strip().lower() not in _COUNTS
    return known if given is None or names_other else given


def unit_name(factor: float) -> str:
    """Name of the unit that is `factor` mV; adu where it has none."""
    return UNIT_NAMES.get(factor, "adu")


def is_count(unit: str) -> bool:
    """Whether a unit leaves open which quantity it is, as adu does."""
    return unit.strip().lower() in _COUNTS
