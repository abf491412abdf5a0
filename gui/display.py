"""How the traces are drawn: what a person chooses about the sheet, as pure data."""

from dataclasses import dataclass

KINDS = ("raw", "denoised", "clean", "removed")
"""What may be drawn of a lead; removed is what the denoiser took away, input less output."""
PAPER_SPEEDS = (12.5, 25.0, 50.0)
"""Paper speeds to choose from, in mm/s; 25 is usual."""
GAINS = (2.5, 5.0, 10.0, 20.0)
"""Gains to choose from, in mm/mV; 10 is usual."""


@dataclass(frozen=True)
class Display:
    """How the sheet is drawn; the window keeps it, and its settings remember it.

    Attributes
    ----------
    paper_speed, gain : mm that a second and a millivolt take.
    sweep : the newest sample is written over the oldest; else the paper scrolls.
    stacked : a lane for each lead and kind; else one for each lead, its kinds over each other.
    kinds : which of `KINDS` are drawn.
    hidden : names of the leads not drawn.
    theme : name in `gui.theme.THEMES`.
    annotations : annotated beats and rhythms are drawn.
    detections : detected R peaks are drawn.
    flags : gaps, flat lines, saturation and doubt are marked.
    """

    paper_speed: float = 25.0
    gain: float = 10.0
    sweep: bool = False
    stacked: bool = True
    kinds: frozenset[str] = frozenset({"raw", "denoised"})
    hidden: frozenset[str] = frozenset()
    theme: str = "paper"
    annotations: bool = True
    detections: bool = True
    flags: bool = True
