"""The high-pass without scipy is scipy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, sosfiltfilt

from ecgstream.streamer.ecg.filters import high_pass


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(10, 3000),
    fs=st.sampled_from([100.0, 250.0, 360.0, 2000.0]),
    corner=st.sampled_from([0.05, 0.5, 5.0]),
    seed=st.integers(0, 99),
)
def test_a_signal_is_filtered_as_scipy_filters_it(
    n: int, fs: float, corner: float, seed: int
) -> None:
    x = np.random.default_rng(seed).normal(size=n).cumsum()
    expected = sosfiltfilt(butter(2, corner, "highpass", fs=fs, output="sos"), x)
    np.testing.assert_allclose(high_pass(x, corner, fs), expected, atol=1e-8 * np.abs(x).max())


def test_a_signal_that_is_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="a signal of 9 samples is too short: it takes 10"):
        high_pass(np.zeros(9), 0.5, 360.0)
