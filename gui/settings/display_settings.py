"""How the traces are drawn: what a person chooses about the sheet, as pure data."""

from dataclasses import dataclass

TRACE_KINDS = ("raw", "denoised", "clean", "removed")
"""What may be drawn of a lead; removed is what the denoiser took away, input less output."""
PAPER_SPEEDS = (12.5, 25.0, 50.0)
"""Paper speeds to choose from, in mm/s; 25 is usual."""
GAINS = (2.5, 5.0, 10.0, 20.0)
"""Gains to choose from, in mm/mV; 10 is usual."""


@dataclass(frozen=True)
class DisplaySettings:
    """How the sheet is drawn; remembered from one window to the next, but for `hidden`.

    Attributes
    ----------
    paper_speed, gain : mm that a second and a millivolt take.
    sweep : the newest sample is written over the oldest; else the paper scrolls.
    stacked : a lane for each lead and kind; else one for each lead, its kinds over each other.
        None: as there is room, see `stacks`.
    kinds : which of `TRACE_KINDS` are drawn.
    hidden : numbers of the record's leads that are not drawn; names can be the same.
    theme : name in `ecgstream.gui.settings.theme.THEMES`.
    annotations : annotated beats and rhythms are drawn.
    detections : detected R peaks are drawn.
    flags : gaps, flat lines, saturation and doubt are marked.
    """

    paper_speed: float = 25.0
    gain: float = 10.0
    sweep: bool = False
    stacked: bool | None = None
    kinds: frozenset[str] = frozenset({"raw", "denoised"})
    hidden: frozenset[int] = frozenset()
    theme: str = "paper"
    annotations: bool = True
    detections: bool = True
    flags: bool = True

    def stacks(self, leads: int) -> bool:
        """Whether each kind has a lane of its own in a record of so many leads.

        Unless it was chosen: with more than one lead the lanes would be too low for a QRS.
        """
        return leads < 2 if self.stacked is None else self.stacked

    def seen(self, leads: int) -> tuple[int, ...]:
        """The leads drawn of a record of so many: those not hidden, or all were it none."""
        return tuple(n for n in range(leads) if n not in self.hidden) or tuple(range(leads))
