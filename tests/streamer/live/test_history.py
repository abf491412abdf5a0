"""History keeps the newest samples, aligned, in bounded memory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgstream import Block, Quality
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.live.history import History
from ecgstream.streamer.live.sources.base import Piece

LENGTH = 50


def numbers(start: int, stop: int) -> Floats:
    """Two signals: the sample's number, and its negative."""
    number = np.arange(start, stop, dtype=np.float32)
    return np.stack([number, -number], axis=1)


def add(history: History, size: int, delay: int = 7, flag: int = 0, hole: int = 0) -> None:
    """The next `size` samples, after a hole; what is `delay` behind comes out."""
    start = history.received + hole
    out = max(history.denoised + hole * bool(history.denoised), start + size - delay)
    begin = history.denoised + hole * bool(history.denoised)
    x, y = numbers(start, start + size), numbers(begin, out)
    half = (x / 2).astype(np.float32)
    history.add(Piece(start, x, half), Block(y, begin, np.full(y.shape, flag, np.uint8)))


@settings(deadline=None)
@given(st.lists(st.integers(0, 130), max_size=12), st.integers(-20, 900), st.integers(0, 200))
def test_every_segment_holds_each_sample_at_its_number(
    sizes: list[int], stop: int, seconds: int
) -> None:
    history = History(LENGTH, 2)
    for size in sizes:
        add(history, size)
    assert history.received == sum(sizes) and history.received - history.oldest <= LENGTH
    segment = history.segment(stop - seconds, stop)
    n = len(segment.input)
    assert history.oldest <= segment.start <= segment.start + n <= history.received
    if history.oldest <= stop - seconds and stop <= history.received:
        assert (segment.start, n) == (stop - seconds, seconds)
    expected = numbers(segment.start, segment.start + n)
    np.testing.assert_array_equal(segment.input, expected)
    np.testing.assert_array_equal(segment.clean, expected / 2)
    out = max(0, min(n, history.denoised - segment.start))
    np.testing.assert_array_equal(segment.output[:out], expected[:out])
    assert np.isnan(segment.output[out:]).all()


def test_dropped_samples_are_nan_and_not_older_samples() -> None:
    history = History(LENGTH, 2)
    add(history, 45, flag=int(Quality.SETTLING))
    add(history, 20, hole=10)
    segment = history.last(LENGTH)
    hole = slice(45 - segment.start, 55 - segment.start)
    assert np.isnan(segment.input[hole]).all() and np.isnan(segment.clean[hole]).all()
    lost = slice(38 - segment.start, 48 - segment.start)
    assert np.isnan(segment.output[lost]).all() and (segment.quality[lost] == Quality.GAP).all()


def test_a_segment_is_not_changed_by_later_samples() -> None:
    history = History(LENGTH, 2)
    add(history, 40)
    segment = history.last(20)
    before = [part.copy() for part in segment[1:]]
    add(history, 40)
    for part, kept in zip(segment[1:], before, strict=True):
        np.testing.assert_array_equal(part, kept)


def test_unflagged_share_counts_samples_without_a_flag() -> None:
    history = History(LENGTH, 2)
    assert np.isnan(history.unflagged_share(10))
    add(history, 20, delay=0)
    add(history, 10, delay=0, flag=int(Quality.UNCERTAIN))
    assert history.unflagged_share(10) == 0 and history.unflagged_share(20) == 0.5
    assert history.unflagged_share(30) == pytest.approx(2 / 3)


def test_delta_snr_is_nan_without_a_reference() -> None:
    history = History(LENGTH, 2)
    x = numbers(0, 40)
    history.add(Piece(0, x, x * np.nan), Block(x, 0, np.zeros(x.shape, np.uint8)))
    assert np.isnan(history.delta_snr(40))


def test_delta_snr_is_the_mean_over_the_signals() -> None:
    rng = np.random.default_rng(1)
    clean, noise = rng.standard_normal((2, 40, 2)).astype(np.float32)
    history = History(LENGTH, 2)
    output = clean + noise * np.array([0.1, 0.01], np.float32)
    history.add(Piece(0, clean + noise, clean), Block(output, 0, np.zeros(clean.shape, np.uint8)))
    assert history.delta_snr(40) == pytest.approx(30, abs=0.01)
