"""UNCERTAIN by the error band, where the network tells one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgstream import Quality, StreamingDenoiser
from ecgstream.streamer.engine.delay import MODES, WINDOW
from ecgstream.streamer.engine.detectors.error_band import MAX_BAND_RATIO
from ecgstream.streamer.engine.normalization import Floats
from helpers.fakes import Identity, Telling
from helpers.streams import flags, stream

FS = 360


class Doubting(Telling):
    """Is as unsure as the window is rough."""

    def answer_and_error(self, window: Floats, context: Floats) -> tuple[Floats, Floats]:
        rough = np.abs(np.diff(window[..., 0], 2, prepend=0, append=0))
        return self(window, context), rough.reshape(len(window), -1, 4).max(axis=2)


def uncertain(denoiser: StreamingDenoiser, x: Floats, sizes: list[int] | None = None) -> Floats:
    return np.asarray(flags(stream(denoiser, x, sizes or [])) & Quality.UNCERTAIN != 0)


def sine(seconds: float, height: float = 2.0) -> Floats:
    """A wave of 1 Hz, `height` mV from its lowest to its highest value."""
    t = np.arange(round(seconds * FS)) / FS
    return (height / 2 * np.sin(2 * np.pi * t)).astype(np.float32)


@pytest.mark.parametrize("delay", MODES)
def test_a_band_beyond_its_share_of_the_height_is_uncertain(delay: str) -> None:
    """Scaled by hand: windows of a sine have a deviation of 0.7 mV or less."""
    x = sine(10)
    wide, narrow = (Telling(first=share * MAX_BAND_RATIO, step=0) for share in (6.0, 1.5))
    assert uncertain(StreamingDenoiser(wide, delay=delay), x)[3 * FS :].all()
    assert not uncertain(StreamingDenoiser(narrow, delay=delay), x)[3 * FS :].any()


def test_the_height_does_not_matter_but_that_of_a_flat_line() -> None:
    network = Telling(first=6 * MAX_BAND_RATIO, step=0)
    found = [uncertain(StreamingDenoiser(network), sine(10, height)) for height in (0.5, 2, 32)]
    for other in found[1:]:
        np.testing.assert_array_equal(other[3 * FS :], found[0][3 * FS :])
    assert not uncertain(StreamingDenoiser(network), np.zeros(3600, np.float32)).any()
    assert not uncertain(StreamingDenoiser(network), sine(10, 0.01)).any()


def test_it_is_known_within_two_seconds_and_forgotten_after_two() -> None:
    x = sine(30)
    rough = slice(10 * FS, 20 * FS)
    x[rough] += np.float32(0.8) * np.resize([1, -1], 10 * FS).astype(np.float32)
    found = uncertain(StreamingDenoiser(Doubting()), x)[:, 0]
    assert not found[3 * FS : 10 * FS - WINDOW].any()
    assert found[12 * FS : 20 * FS].all()
    assert not found[22 * FS + WINDOW :].any()


def test_a_pop_makes_the_clean_signal_after_it_no_less_certain() -> None:
    x = sine(20)
    x[10 * FS : 10 * FS + 5] += 50
    network = Telling(first=MAX_BAND_RATIO, step=0)
    found = uncertain(StreamingDenoiser(network), x)[:, 0]
    assert not found[10 * FS + WINDOW :].any()


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 999),
    n=st.integers(1, 4000),
    sizes=st.lists(st.integers(0, 500), max_size=9),
    delay=st.sampled_from([*MODES, 60]),
)
def test_it_does_not_depend_on_how_the_input_is_cut(
    seed: int, n: int, sizes: list[int], delay: str | int
) -> None:
    rng = np.random.default_rng(seed)
    x = (rng.normal(size=(n, 2)).cumsum(axis=0) / 20).astype(np.float32)
    x += rng.normal(size=(n, 2)) * (rng.random((n, 1)).cumsum(axis=0) % 100 < 30) / 3
    x[n // 3 : n // 3 + 3] += 20.0 * rng.integers(0, 2)
    denoiser = StreamingDenoiser(Doubting(past=512), channels=2, delay=delay)
    np.testing.assert_array_equal(uncertain(denoiser, x, sizes), uncertain(denoiser, x))


def test_a_network_that_tells_no_error_is_judged_by_the_slopes_removed() -> None:
    class Smoothing(Identity):
        """Takes all fast changes away."""

        def __call__(self, window: Floats, context: Floats) -> Floats:
            return np.repeat(window[..., 0].reshape(len(window), -1, 8).mean(axis=2), 8, axis=1)

    class Sure(Smoothing):
        predicts_error = True

        def answer_and_error(self, window: Floats, context: Floats) -> tuple[Floats, Floats]:
            return self(window, context), np.zeros((len(window), WINDOW // 4), np.float32)

    x = (sine(10)[:, None] + 0.5 * np.resize([1, -1], (3600, 1))).astype(np.float32)
    assert uncertain(StreamingDenoiser(Smoothing()), x)[3 * FS :].all()
    assert not uncertain(StreamingDenoiser(Sure()), x).any()
