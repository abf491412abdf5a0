"""Selection of the signals that are denoised; all others are copied."""

from __future__ import annotations

import re

from ecgstream.streamer.engine.settings import MAX_FS, MIN_FS
from ecgstream.streamer.io.base import Signal

_OTHER_SIGNAL_TYPES = frozenset("EEG EMG EOG ERG EP MEG MCG ENG GSR RESP PLETH PPG".split())
"""First words of names of signals that are no ECG: EDF+'s list of types, and common usage."""


def reason_to_copy(signal: Signal) -> str | None:
    """Say why a signal is copied unchanged; None for an ECG, which is denoised."""
    if signal.fault:
        return signal.fault
    if signal.millivolts is None and not signal.unit.strip():
        return "it names no unit: give --units"
    if signal.millivolts is None:
        return f"{signal.unit} is no voltage"
    word = re.split(r"[\s_-]", signal.name.strip(), maxsplit=1)[0].upper()
    if word in _OTHER_SIGNAL_TYPES:
        return f"{word} is no ECG"
    if not MIN_FS <= signal.fs <= MAX_FS:
        return f"{signal.fs:g} Hz is not within {MIN_FS:g} to {MAX_FS:g} Hz"
    return None
