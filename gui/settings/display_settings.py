"""Settings of the sheet: paper speed, gain, traces and marks."""

from dataclasses import dataclass

TRACE_KINDS = ("raw", "denoised", "clean", "removed")
"""Traces of a lead; `removed` is input minus output of the denoiser."""
PAPER_SPEEDS = (12.5, 25.0, 50.0)
"""Paper speeds to choose from, in mm/s; 25 is usual."""
GAINS = (2.5, 5.0, 10.0, 20.0)
"""Gains to choose from, in mm/mV; 10 is usual."""


@dataclass(frozen=True)
class DisplaySettings:
    """Settings of the sheet; all but `hidden` are kept as preferences.

    Attributes
    ----------
    paper_speed, gain : in mm/s and mm/mV.
    sweep : the newest sample is written over the oldest; else the paper scrolls.
    stacked : a lane for each trace; else one for each lead, its traces over each other.
        None: by the number of leads, see `stacks`.
    kinds : which of `TRACE_KINDS` are drawn.
    hidden : indices of the leads that are not drawn; two leads may have the same name.
    theme : name in `ecgstream.gui.settings.theme.THEMES`.
    annotations : annotated beats and rhythms are drawn.
    detections : detected R peaks are drawn.
    flags : quality flags are drawn.
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
        """Whether each trace has a lane of its own in a record with that number of leads.

        By default only with one lead: lanes of more would be too low for a QRS complex.
        """
        return leads < 2 if self.stacked is None else self.stacked

    def seen(self, leads: int) -> tuple[int, ...]:
        """Return the indices of the leads to draw: those not hidden, or all if all are hidden."""
        return tuple(n for n in range(leads) if n not in self.hidden) or tuple(range(leads))
