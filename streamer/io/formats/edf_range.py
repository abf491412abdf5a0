"""Ranges of EDF and BDF signals: digital limits, and physical ones of eight characters."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import NamedTuple

from ecgstream.streamer.io.base import FormatError, Signal
from ecgstream.streamer.io.stored_range import adu_limits, fitted, too_large

_WIDTH = 8
"""Characters of a number."""
_MAX_COARSE_STEP_MV = 1e-3
"""Largest step in mV to which the 16 bits of EDF may force a denoised signal: 1 µV, a fifth of
what IEC 60601-2-25 asks of an electrocardiograph."""


class StoredRange(NamedTuple):
    """Range of a signal, as the header states it."""

    physical: tuple[str, str]
    """Values of the lowest and the highest step, in the signal's unit."""
    digital: tuple[int, int]
    """The lowest and the highest step, in adu."""
    signal: Signal
    """The signal with the gain and baseline that these express."""
    coarser: bool = False
    """The steps are larger than those of the input."""


def stored_range(signal: Signal, low: float, high: float, bits: int, changed: bool) -> StoredRange:
    """Choose a range for samples from `low` to `high`.

    The steps are those of the input, and zero lies where the input has it, unless the samples do
    not fit there; then the range is moved. A denoised signal that is too large even so gets larger
    steps, up to 1 µV.

    Raises
    ------
    FormatError : the samples do not fit.
    """
    largest = 2 ** (bits - 1) - 1
    label = "EDF" if bits == 16 else "BDF"
    moved = fitted(signal, low, high, largest, move=True)
    if moved is None:
        if not changed or bits > 16:
            raise too_large(signal, low, high, label, bits)
        gain = math.copysign((2 * largest - 2) / (high - low), signal.gain)
        step_mv = abs(1 / gain) * (signal.millivolts or 1.0)
        if step_mv > _MAX_COARSE_STEP_MV:
            raise too_large(signal, low, high, label, bits)
        moved = replace(signal, gain=gain, baseline=-gain * (low + high) / 2)
    ends = [(step - moved.baseline) / moved.gain for step in (-largest, largest)]
    for outward in (False, True):  # steps no larger than the input's, where the samples fit so
        found = _expressed(moved, ends, largest, outward)
        bottom, top = adu_limits(found.signal, low, high) if low <= high else (0, 0)
        if -largest <= bottom and top <= largest:
            coarser = abs(found.signal.gain) < 0.999 * abs(signal.gain)
            return found._replace(coarser=coarser)
    raise too_large(signal, low, high, label, bits)


def _expressed(signal: Signal, ends: list[float], largest: int, outward: bool) -> StoredRange:
    first_is_lower = ends[0] < ends[1]
    texts = (short(ends[0], first_is_lower == outward), short(ends[1], first_is_lower != outward))
    bottom, top = map(float, texts)
    if bottom == top:
        raise FormatError(f"EDF has no eight characters for {signal.name}: {ends[0]:g} {ends[1]:g}")
    gain = 2 * largest / (top - bottom)
    expressed = replace(signal, gain=gain, baseline=-largest - gain * bottom)
    return StoredRange(texts, (-largest, largest), expressed)


def short(number: float, down: bool) -> str:
    """Format a number in at most eight characters, as exactly as they allow.

    Parameters
    ----------
    number : to format.
    down : towards minus infinity; else towards plus infinity.
    """
    rounding = ROUND_FLOOR if down else ROUND_CEILING
    exact = Decimal(repr(float(f"{number:.15g}")))  # 6.05 is 6.05, whatever binary makes of it
    for digits in range(_WIDTH, 0, -1):
        rounded = Context(prec=digits, rounding=rounding).create_decimal(exact)
        for text in (f"{rounded:f}", f"{rounded.normalize():f}", f"{rounded.normalize():E}"):
            if len(text) <= _WIDTH:
                return text
    raise FormatError(f"EDF cannot write {number:g} in eight characters")
