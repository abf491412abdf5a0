"""The engine's output on signals of the benchmarks: no seams in noise, and the ST segment kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ecgstream import StreamingDenoiser
from ecgstream.model.data.splits import VALIDATION
from ecgstream.model.evaluation import noisy_stretches
from ecgstream.model.evaluation.benchmarks.b4_fidelity import pulse
from ecgstream.streamer.engine.delay import MODES, DelayMode
from ecgstream.streamer.engine.normalization import Floats
from helpers.streams import joined, stream


def seam(x: Floats, delay: str | int) -> float:
    """Change from one sample to the next where windows take over, over that elsewhere.

    Of many signals (n, channels); beats, which fall anywhere, count as the steepest tenth.
    """
    denoiser = StreamingDenoiser(channels=x.shape[1], delay=delay)
    changes = np.abs(np.diff(joined(stream(denoiser, x)), axis=0))[2880:]
    changes = np.minimum(changes, np.percentile(changes, 90, axis=0))
    mode = denoiser.mode
    taken_over = (np.arange(len(changes)) + 2881 - mode.first) % mode.hop == 0
    return float(changes[taken_over].mean() / changes[~taken_over].mean())


@pytest.fixture(scope="module")
def noisy(databases: Path) -> Floats:
    """Stretches of patients with recorded noise at 0 dB, mV: (6840, 27)."""
    halves = noisy_stretches.noise_halves(databases, test=False)
    found = [
        case.noisy
        for record in VALIDATION
        for case in noisy_stretches.cases(record, databases, halves)
        if case.level == 0 and case.kind in ("em", "ma", "mix")
    ]
    return np.stack(found, axis=1).astype(np.float32)


@pytest.mark.parametrize("delay", [*MODES, 24, 60])
def test_no_seam_in_noisy_recordings_where_one_window_takes_over_from_the_next(
    noisy: Floats, delay: str | int
) -> None:
    assert seam(noisy, delay) == pytest.approx(1, abs=0.05)


def test_windows_that_are_not_cross_faded_leave_a_seam_that_is_found(
    noisy: Floats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MODES, "hard", DelayMode(64, 122, np.ones((1, 64), np.float32)))
    assert seam(noisy, "hard") > 1.2


@pytest.mark.parametrize("delay", MODES)
def test_st_mode_passes_the_pulse_of_the_standards(delay: str) -> None:
    def method(x: Floats) -> Floats:
        return joined(stream(StreamingDenoiser(delay=delay, st=True), x))

    found = pulse(method)
    assert max(found["offset"], found["later_offset"]) <= 0.1
    assert max(found["slope"], found["later_slope"]) <= 0.3
