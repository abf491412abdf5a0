"""Flags that come with every denoised sample."""

from __future__ import annotations

from enum import IntFlag

import numpy as np
import numpy.typing as npt

Flags = npt.NDArray[np.uint8]


class Quality(IntFlag):
    """One byte per sample and signal; zero means nothing to report."""

    GAP = 1
    """No valid input here."""
    FLAT = 2
    """The input has not changed for half a second: a lead is off."""
    SATURATED = 4
    """The input stands at its highest or lowest value: an amplifier is at its rail."""
    SETTLING = 8
    """Less than one window since the stream, or the signal after a gap, began; or so near to a pop
    or step that the network saw it."""
    UNCERTAIN = 16
    """What the network takes away is steep beside what it leaves: beats found here may be wrong.
    See `ecgstream.streamer.engine.uncertainty`."""
