"""Quality flags of every denoised sample, and what readers of flags need to know of each."""

from __future__ import annotations

from enum import IntFlag
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Flags = npt.NDArray[np.uint8]


class _Traits(NamedTuple):
    """Properties of one flag, for its readers."""

    label: str
    severity: int
    of_input: bool
    scored: bool
    light: str
    dark: str


class Quality(IntFlag):
    """One byte per sample and signal; zero means nothing to report.

    Attributes
    ----------
    label : words for people; the lower-case `name` stands in files.
    severity : 1 (least) upwards; where several flags are set, the most severe one is shown.
    of_input : whether the flag speaks of the recorded signal, or of the denoised one alone.
    scored : whether flagged samples count in the signal-to-noise ratio of a live run.
    light, dark : colours (#rrggbb) of a flagged stretch on light and on dark paper.
    """

    label: str
    severity: int
    of_input: bool
    scored: bool
    light: str
    dark: str

    GAP = 1, _Traits("gap", 5, True, False, "#9a8f8c", "#5f6b76")
    """No valid input here."""
    FLAT = 2, _Traits("flat line", 3, True, True, "#dcd6e6", "#2d2a44")
    """The input has not changed for half a second: a lead is off."""
    SATURATED = 4, _Traits("saturated", 4, True, True, "#f7c7a3", "#4d2d17")
    """The input stands, or wobbles a little, at its highest or lowest value: an amplifier or a
    converter is at its rail."""
    SETTLING = 8, _Traits("settling", 1, False, False, "#ece9e6", "#1d242b")
    """Less than one window since the stream, or the signal after a gap, began; or so near to a pop
    or step that the network saw it."""
    UNCERTAIN = 16, _Traits("uncertain", 2, False, True, "#fdeeae", "#3f3710")
    """The error band is wide beside the signal, or, of a network that does not tell its error, the
    noise removed is steep: beats found here may be wrong."""

    def __new__(cls, value: int, traits: _Traits | None = None) -> Quality:
        """Make a member that carries its traits; combinations of flags have none."""
        flag = int.__new__(cls, value)
        flag._value_ = value
        if traits:
            flag.label, flag.severity, flag.of_input, flag.scored, flag.light, flag.dark = traits
        return flag


FLAGS_BY_SEVERITY = tuple(sorted(Quality, key=lambda flag: -flag.severity))
"""The most severe first."""
INPUT_FLAGS = np.uint8(sum(flag for flag in Quality if flag.of_input))
"""Bits of the flags that speak of the input."""
UNSCORED_FLAGS = np.uint8(sum(flag for flag in Quality if not flag.scored))
"""Bits of the flags whose samples do not count in a signal-to-noise ratio."""


def flag_names(flags: int) -> list[str]:
    """Lower-case names of the flags set, as they stand in files."""
    return [flag.name.lower() for flag in Quality if flags & flag and flag.name]
