"""Pops, steps, gaps and rails: flagged where they are, and over one window later."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import resample_poly

from ecgstream import Quality, StreamingDenoiser
from ecgstream.streamer.engine.delay import FS, MODES, WINDOW, delay_mode
from ecgstream.streamer.engine.detectors.artifact import MAX_SLOPE_MV_PER_S, ArtifactDetector
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
    mode = denoiser.mode
    first = (AT // mode.hop + 1) * mode.hop - 1 - mode.samples  # that the window with it completes
    np.testing.assert_array_equal(near, np.arange(first, AT + 6 + WINDOW + 1))


@pytest.mark.parametrize("fs", [100, 250, 360, 500, 2000])
@pytest.mark.parametrize("delay", MODES)
@pytest.mark.parametrize("height", [5.0, 100.0])
def test_no_sample_before_a_pop_is_wrong_without_a_flag(fs: int, delay: str, height: float) -> None:
    original = read_record("208b").signal(0)[:6000]
    x = resample_poly(original, fs, 360).astype(np.float32)
    denoiser = StreamingDenoiser(delay=delay, fs=fs)
    unharmed = joined(stream(denoiser, x))[:, 0]
    for offset in range(0, 24, 5):
        denoiser.reset()
        faulty = x.copy()
        at = AT * fs // 360 + offset
        faulty[at : at + 7] += height
        blocks = stream(denoiser, faulty)
        trusted = flags(blocks)[:at, 0] == 0
        assert np.count_nonzero(trusted) > 0.8 * at
        off = np.abs(joined(blocks)[:at, 0] - unharmed[:at])[trusted]
        assert off.max() < 1e-4


def test_no_beat_is_taken_for_a_jump() -> None:
    assert np.abs(np.diff(read_record("208b").signal(0))).max() < MAX_SLOPE_MV_PER_S / FS / 2


@settings(max_examples=50, deadline=None)
@given(
    places=st.lists(st.integers(0, 3000), max_size=8),
    sizes=st.lists(st.integers(1, 500), min_size=1, max_size=40),
    delay=st.sampled_from([*MODES, 24, 60]),
)
def test_jumps_are_near_from_where_their_windows_count_to_a_window_after(
    places: list[int], sizes: list[int], delay: str | int
) -> None:
    mode = delay_mode(delay)
    x = np.zeros((2, 4000), np.float32)
    expected = np.zeros((2, 4000), bool)
    for place in places:
        x[1, place:] += 2.5
        if place:  # before the first sample the signal was constant
            first = (place // mode.hop + 1) * mode.hop - 1 - mode.samples
            expected[1, max(0, first) : place + WINDOW] = True
    jumps = ArtifactDetector(2, FS, Fraction(1), mode, 0)
    found, start, end = [], 0, 0
    for size in [*sizes, 4000]:
        piece = x[:, end : end + size]
        if not piece.shape[1]:
            break
        jumps.push(
            x[:, max(0, end - 1) : end + size] if end else np.pad(piece, ((0, 0), (1, 0)), "edge")
        )
        end += piece.shape[1]
        # What the windows up to here have completed.
        known = max(start, end // mode.hop * mode.hop - mode.samples + mode.hop - 1)
        known = min(known, end) if end < 4000 else 4000
        near = jumps.near(start, known - start)
        found.append(np.zeros((2, known - start), bool) if near is None else near)
        start = known
    np.testing.assert_array_equal(np.concatenate(found, axis=1), expected)
