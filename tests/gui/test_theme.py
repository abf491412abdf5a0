"""Colours of the themes: contrast, and difference for colour-blind eyes."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest

from ecgstream.gui.settings.display_settings import TRACE_KINDS
from ecgstream.gui.settings.theme import THEMES, Theme
from ecgstream.streamer.quality import Quality

Vector = npt.NDArray[np.float64]

_SIMULATED = {
    "everybody": np.eye(3),
    # Machado, Oliveira & Fernandes (2009), severity 1, for linear RGB.
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
         [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
         [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
         [0.004733, 0.691367, 0.303900]]
    ),
}  # fmt: skip
_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
_WHITE = np.array([0.9505, 1.0, 1.0890])
_BANDS = tuple(flag for flag in Quality if flag is not Quality.GAP)
_TOLD_APART = 20.0
"""Difference in CIELAB, of which 2 can just be seen side by side."""


def _linear(colour: str) -> Vector:
    values = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _contrast(one: str, other: str) -> float:
    """WCAG 2.1's contrast ratio."""
    low, high = sorted(float((_TO_XYZ @ _linear(c))[1]) for c in (one, other))
    return (high + 0.05) / (low + 0.05)


def _lab(colour: str, eyes: Vector) -> Vector:
    xyz = _TO_XYZ @ np.clip(eyes @ _linear(colour), 0, 1) / _WHITE
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.fixture(params=THEMES)
def theme(request: pytest.FixtureRequest) -> Theme:
    return THEMES[request.param]


def test_traces_have_enough_contrast_on_paper_and_on_bands(theme: Theme) -> None:
    for kind in TRACE_KINDS:
        assert _contrast(getattr(theme, kind), theme.paper) >= 3
        for band in _BANDS:
            assert _contrast(getattr(theme, kind), theme.flag_colour(band)) >= 2


def test_texts_have_enough_contrast(theme: Theme) -> None:
    for ink in (theme.ink, theme.quiet, theme.beat, theme.caliper):
        assert _contrast(ink, theme.paper) >= 4.5
    for band in _BANDS:
        assert _contrast(theme.ink, theme.flag_colour(band)) >= 4.5
    for ink in (theme.text, theme.muted, theme.accent, theme.warning):
        for ground in (theme.window, theme.panel):
            assert _contrast(ink, ground) >= 4.5


@pytest.mark.parametrize("eyes", _SIMULATED)
def test_traces_differ_for_every_kind_of_colour_vision(theme: Theme, eyes: str) -> None:
    for one, other in combinations(TRACE_KINDS, 2):
        seen = [_lab(getattr(theme, kind), _SIMULATED[eyes]) for kind in (one, other)]
        assert np.linalg.norm(seen[0] - seen[1]) > _TOLD_APART, (one, other)


@pytest.mark.parametrize("eyes", _SIMULATED)
def test_unusual_beats_and_peaks_differ_for_every_kind_of_colour_vision(
    theme: Theme, eyes: str
) -> None:
    seen = [_lab(colour, _SIMULATED[eyes]) for colour in (theme.beat, theme.peak)]
    assert np.linalg.norm(seen[0] - seen[1]) > _TOLD_APART


def test_paper_lines_have_less_contrast_than_any_trace(theme: Theme) -> None:
    for line in (theme.fine, theme.bold):
        assert _contrast(line, theme.paper) < 2
    assert _contrast(theme.bold, theme.paper) > _contrast(theme.fine, theme.paper) > 1.05
