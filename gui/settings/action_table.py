"""Table of the monitor's actions, from which menus, keys and help are made."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ecgstream.gui.settings.display_settings import GAINS, PAPER_SPEEDS
from ecgstream.streamer.ecg.noise import NOISE_KINDS
from ecgstream.streamer.engine.delay import FS, MODES

NOISES: dict[str | None, str] = {
    None: "None",
    **{kind.name: kind.label for kind in NOISE_KINDS.values()},
}
SPEEDS = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Replay speeds to choose from, times real time."""


def delay_text(delay: str | int) -> str:
    """Return a delay mode or a number of samples at the engine's rate as text, with its seconds."""
    if isinstance(delay, int):
        return f"{delay / FS:.2f} s"
    return f"{delay.capitalize()}, {MODES[delay].samples / FS:.2f} s"


def speed_text(speed: float) -> str:
    """Return a speed with its unit; `max` for as fast as possible."""
    return f"{speed:g} ×" if math.isfinite(speed) else "max"  # noqa: RUF001


LEVELS = (-30.0, 60.0)
"""Lowest and highest SNR of the noise, dB."""
THEME_NAMES = {"paper": "Paper", "dark": "Dark"}
STEP = 0.2
"""Seconds that a step plays while paused: one bold square at 25 mm/s."""
JUMP = 2.0
"""Seconds that an arrow key moves the sheet."""
NUDGE = 0.02
"""Seconds that a key moves an end of the caliper."""


class Command(NamedTuple):
    """Action with its menu and its keys, as Qt writes them."""

    name: str
    menu: str
    text: str
    keys: tuple[str, ...] = ()
    toggles: bool = False
    begins: bool = False  # after a separator


class Setting(NamedTuple):
    """Submenu of values; the keys choose the next and the previous one."""

    name: str  # in `MonitorSettings` or `DisplaySettings`
    menu: str
    text: str
    values: Mapping[Any, str]
    keys: tuple[str, str]
    text_of: Callable[[Any], str] = str  # for values that only the command line can name


FILE, PLAY, SIGNAL, VIEW, HELP = "&File", "&Play", "&Signal", "&View", "&Help"
MENUS = (FILE, PLAY, SIGNAL, VIEW, HELP)

LEAD_KEYS = tuple(f"Ctrl+{n}" for n in range(1, 10))
"""Keys that show or hide the first nine leads; the menu lists all leads."""

TABLE: tuple[Command | Setting, ...] = (
    Command("open", FILE, "Open a record…", ("Ctrl+O",)),
    Command("folder", FILE, "Choose the data folder…", ("Ctrl+Shift+O",)),
    Command("recording", FILE, "Record to a file", ("R",), toggles=True, begins=True),
    Command("recordings", FILE, "Choose where recordings go…", ("Ctrl+Shift+R",)),
    Command("strip", FILE, "Save the strip as a picture…", ("Ctrl+S",)),
    Command("quit", FILE, "Quit", ("Ctrl+Q",), begins=True),
    Command("run", PLAY, "Run, pause, or try again", ("Space",)),
    Command("step", PLAY, f"Step {STEP:g} s, while paused", (".",)),
    Setting("speed", PLAY, "Speed", {x: speed_text(x) for x in SPEEDS}, ("+", "-"), speed_text),
    Command("freeze", PLAY, "Freeze, to look back", ("F",), toggles=True, begins=True),
    Command("caliper", PLAY, "Caliper", ("C",), toggles=True),
    Command("end later", PLAY, "Caliper's end later", ("Alt+Right",)),
    Command("end earlier", PLAY, "Caliper's end earlier", ("Alt+Left",)),
    Command("start later", PLAY, "Caliper's beginning later", ("Alt+Shift+Right",)),
    Command("start earlier", PLAY, "Caliper's beginning earlier", ("Alt+Shift+Left",)),
    Command("back", PLAY, "Back", ("Left",), begins=True),
    Command("forward", PLAY, "Forward", ("Right",)),
    Command("page back", PLAY, "A sheet back", ("PgUp", "Shift+Left")),
    Command("page forward", PLAY, "A sheet forward", ("PgDown", "Shift+Right")),
    Command("first", PLAY, "To the beginning, or the oldest held", ("Home",)),
    Command("last", PLAY, "To the newest", ("End",)),
    Command("go", PLAY, "Go to a time…", ("Ctrl+G",)),
    Setting("noise", SIGNAL, "Noise", NOISES, ("N", "Shift+N")),
    Command("less noise", SIGNAL, "Noise 1 dB weaker", ("Up",)),
    Command("more noise", SIGNAL, "Noise 1 dB stronger", ("Down",)),
    Setting(
        "delay", SIGNAL, "Delay", {x: delay_text(x) for x in MODES}, ("D", "Shift+D"), delay_text
    ),
    Command("st", SIGNAL, "Keep the ST segment", ("S",), toggles=True),
    Command("stronger", SIGNAL, "Denoise 10 % more", ("Ctrl+Up",)),
    Command("weaker", SIGNAL, "Denoise 10 % less", ("Ctrl+Down",)),
    Setting(
        "paper_speed", VIEW, "Paper speed", {x: f"{x:g} mm/s" for x in PAPER_SPEEDS}, ("]", "[")
    ),
    Setting("gain", VIEW, "Gain", {x: f"{x:g} mm/mV" for x in GAINS}, ("G", "Shift+G")),
    Command("sweep", VIEW, "Sweep instead of scrolling", ("M",), toggles=True, begins=True),
    Command("overlaid", VIEW, "Traces over each other", ("O",), toggles=True),
    Command("raw", VIEW, "Raw", ("1",), toggles=True, begins=True),
    Command("denoised", VIEW, "Denoised", ("2",), toggles=True),
    Command("clean", VIEW, "Clean, where it is known", ("3",), toggles=True),
    Command("removed", VIEW, "Removed by the denoiser", ("4",), toggles=True),
    Command("annotations", VIEW, "Annotations", ("A",), toggles=True, begins=True),
    Command("detections", VIEW, "Detected beats", ("B",), toggles=True),
    Command("flags", VIEW, "Quality flags", ("Q",), toggles=True),
    Setting("theme", VIEW, "Theme", THEME_NAMES, ("T", "Shift+T")),
    Command("full screen", VIEW, "Full screen", ("F11",), toggles=True),
    Command("help", HELP, "Keys", ("F1", "?")),
    Command("about", HELP, "About ecgstream", ("Shift+F1",)),
    Command("leave", HELP, "Leave help, caliper, frozen sheet", ("Esc",)),
)


def help_rows(menu: str) -> list[tuple[str, str]]:
    """Return the keys of one menu and their actions, for the help."""
    rows = [(" or ".join(map(_shown, row.keys)), _said(row)) for row in TABLE if row.menu == menu]
    if menu == VIEW:
        rows.append((f"{LEAD_KEYS[0]} … {LEAD_KEYS[-1][-1]}", "Show or hide a lead"))
    return rows


def _said(row: Command | Setting) -> str:
    if isinstance(row, Setting):
        return f"{row.text}: the next, or the one before"
    return row.text.removesuffix("…")


def _shown(key: str) -> str:
    arrows = {"Left": "←", "Right": "→", "Up": "↑", "Down": "↓", "PgDown": "PgDn", "-": "−"}  # noqa: RUF001
    *modifiers, last = key.split("+") if len(key) > 1 else [key]
    return "+".join((*modifiers, arrows.get(last, last)))
