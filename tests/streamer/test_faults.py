"""Pops, steps, gaps and rails: flagged where they are, and over one window later."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgstream import Quality, StreamingDenoiser
from ecgstream.streamer.engine.delay import MODES, WINDOW
from ecgstream.streamer.engine.detectors.artifact import MAX_STEP_MV, ArtifactDetector
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.io.records import read_record
from helpers.streams import flags, joined, stream

AT = 4000
Fault = Callable[[Floats], int]


def gap(n: int) -> Fault:
    def make(x: Floats) -> int:
        x[AT : AT + n] = np.nan
        return AT + n

    return make


def pop(n: int, millivolts: float) -> Fault:
    def make(x: Floats) -> int:
        x[AT : AT + n] += millivolts
        return AT + n

    return make


def rail(x: Floats) -> int:
    x[AT : AT + 360] = 5.0
    return AT + 360


def lead_off(x: Floats) -> int:
    x[AT : AT + 720] = 0.0
    return AT + 720


def step(x: Floats) -> int:
    x[AT:] += 2.0
    return AT


FAULTS = {
    "short gap": gap(50),
    "long gap": gap(1800),
    "pop": pop(7, 5.0),
    "large pop": pop(7, 20.0),
    "rail": rail,
    "lead off": lead_off,
    "step": step,
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("delay", MODES)
def test_one_window_after_a_fault_the_output_is_as_if_there_had_been_none(
    fault: str, delay: str
) -> None:
    x = read_record("208b").signal(0)[:8000]
    faulty = x.copy()
    end = FAULTS[fault](faulty)
    denoiser = StreamingDenoiser(delay=delay)
    blocks = stream(denoiser, faulty)
    out, quality = joined(blocks)[:, 0], flags(blocks)[:, 0]
    np.testing.assert_array_equal(np.isnan(out), np.isnan(faulty))
    unharmed = joined(stream(denoiser, x))[:, 0]
    later = slice(end + WINDOW, end + 5 * WINDOW)
    assert np.sqrt(np.mean((out - unharmed)[later] ** 2)) < 0.1 * x.std()
    # Until then something is said of every sample.
    assert quality[AT:end].all() or fault == "lead off"  # known when it has lasted
    assert quality[end : end + WINDOW - 2].all() or fault == "lead off"


@pytest.mark.parametrize("delay", MODES)
def test_what_the_network_saw_a_jump_from_is_flagged_too(delay: str) -> None:
    x = read_record("208b").signal(0)[:8000]
    faulty = x.copy()
    pop(7, 5.0)(faulty)
    denoiser = StreamingDenoiser(delay=delay)
    settling = flags(stream(denoiser, faulty))[:, 0] & Quality.SETTLING
    near = np.flatnonzero(settling[WINDOW:]) + WINDOW
    before = denoiser.mode.samples - denoiser.mode.hop + 1
    np.testing.assert_array_equal(near, np.arange(AT - before, AT + 7 + WINDOW))


def test_no_beat_is_taken_for_a_jump() -> None:
    assert np.abs(np.diff(read_record("208b").signal(0))).max() < MAX_STEP_MV / 2


@settings(max_examples=50, deadline=None)
@given(
    places=st.lists(st.integers(0, 3000), max_size=8),
    sizes=st.lists(st.integers(1, 500), min_size=1, max_size=40),
    before=st.integers(0, 255),
)
def test_jumps_are_near_from_before_them_to_a_window_after(
    places: list[int], sizes: list[int], before: int
) -> None:
    x = np.zeros((2, 4000), np.float32)
    expected = np.zeros((2, 4000), bool)
    for place in places:
        x[1, place:] += 2.5
        if place:  # before the first sample the signal was constant
            expected[1, max(0, place - before) : place + WINDOW] = True
    jumps = ArtifactDetector(2, before)
    found, start, end = [], 0, 0
    for size in [*sizes, 4000]:
        piece = x[:, end : end + size]
        if not piece.shape[1]:
            break
        jumps.push(
            x[:, max(0, end - 1) : end + size] if end else np.pad(piece, ((0, 0), (1, 0)), "edge")
        )
        end += piece.shape[1]
        known = max(start, end - before) if end < 4000 else 4000
        near = jumps.near(start, known - start)
        found.append(np.zeros((2, known - start), bool) if near is None else near)
        start = known
    np.testing.assert_array_equal(np.concatenate(found, axis=1), expected)
