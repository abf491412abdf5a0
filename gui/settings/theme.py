"""Colour themes of the monitor.

Colours after Okabe & Ito ("Color Universal Design", 2008), so that colour-blind people can tell
the traces apart. Contrast with the background is at least 3:1 for traces and 4.5:1 for text (WCAG
2.1).
"""

from __future__ import annotations

from typing import NamedTuple

from ecgstream.streamer.quality import Quality


class Theme(NamedTuple):
    """Colours of window, traces and paper, as Qt reads them (#rrggbb)."""

    # the window
    window: str
    panel: str
    border: str
    text: str
    muted: str  # secondary text
    accent: str
    warning: str
    # the traces, named after what they show
    raw: str
    denoised: str
    clean: str
    removed: str
    # the paper and what is printed on it
    paper: str
    fine: str  # the 1 mm lines
    bold: str  # the 5 mm lines
    ink: str
    quiet: str  # secondary ink: normal beats, seconds
    beat: str  # background of an abnormal beat; its symbol has the paper's colour
    peak: str  # a detected peak
    caliper: str
    dark: bool

    def flag_colour(self, flag: Quality) -> str:
        """Return the background colour of samples with this flag."""
        return flag.dark if self.dark else flag.light


THEMES = {
    "paper": Theme(
        window="#f4f5f7",
        panel="#ffffff",
        border="#d3d7dc",
        text="#22262b",
        muted="#545b64",
        accent="#0064b0",
        warning="#a63d00",
        raw="#26262b",
        denoised="#0064b0",
        clean="#d55e00",
        removed="#009e73",
        paper="#fffaf8",
        fine="#f9e7e3",
        bold="#efc6bd",
        ink="#22262b",
        quiet="#6f5f5b",
        beat="#6b1545",
        peak="#b35900",
        caliper="#5b2a86",
        dark=False,
    ),
    "dark": Theme(
        window="#171b21",
        panel="#20262e",
        border="#38414c",
        text="#e8ebee",
        muted="#a3adb8",
        accent="#56b4e9",
        warning="#ffb35c",
        raw="#f2f2f2",
        denoised="#56b4e9",
        clean="#e69f00",
        removed="#1a8a66",
        paper="#0e1216",
        fine="#192128",
        bold="#2a353f",
        ink="#e8ebee",
        quiet="#97a3af",
        beat="#ffc2e2",
        peak="#e69f00",
        caliper="#d9b8ff",
        dark=True,
    ),
}
"""Themes by name."""
