"""Sample formats of WFDB signal files, as signal(5) of the WFDB manual numbers them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class SampleFormat(NamedTuple):
    """Storage of one sample."""

    bytes: float
    """Per sample; 0 where compression makes it vary."""
    bits: int
    """Resolution."""


SAMPLE_FORMATS: Mapping[int, SampleFormat] = MappingProxyType(
    {
        8: SampleFormat(1.0, 8),
        80: SampleFormat(1.0, 8),
        16: SampleFormat(2.0, 16),
        61: SampleFormat(2.0, 16),
        160: SampleFormat(2.0, 16),
        24: SampleFormat(3.0, 24),
        32: SampleFormat(4.0, 32),
        212: SampleFormat(1.5, 12),
        310: SampleFormat(4 / 3, 10),
        311: SampleFormat(4 / 3, 10),
        508: SampleFormat(0.0, 8),
        516: SampleFormat(0.0, 16),
        524: SampleFormat(0.0, 24),
    }
)


def frames_in_file(size: int, number: int, samples_per_frame: int, offset: int = 0) -> int:
    """Whole frames that a signal file holds; 0 for a compressed one, whose size does not tell.

    Parameters
    ----------
    size : of the file, in bytes.
    number : of the sample format.
    samples_per_frame : of all signals in the file together.
    offset : bytes before the first sample.
    """
    frame = SAMPLE_FORMATS[number].bytes * samples_per_frame
    return int(max(0, size - offset) / frame) if frame else 0
