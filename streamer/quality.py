"""Flags that come with every denoised sample."""

from __future__ import annotations

from enum import IntFlag


class Quality(IntFlag):
    """One byte per sample and signal; zero means nothing to report."""

    GAP = 1
    """No valid input here; the output is NaN."""
    SETTLING = 2
    """Less than one window since the stream, or the signal after a gap, began."""
