"""A converter's rail whose values wobble is flagged, and tall complexes are not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgstream import Quality, StreamingDenoiser
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.io.records import read_record
from helpers.fakes import Identity
from helpers.streams import flags, stream


def _railed(x: Floats, sizes: Sequence[int] = (), fs: float = 360) -> npt.NDArray[np.bool_]:
    found = flags(stream(StreamingDenoiser(Identity(), fs=fs), x, sizes))
    return (found[:, 0] & Quality.SATURATED) != 0


def _at_a_wobbling_rail(fs: float) -> tuple[Floats, slice]:
    """An ECG thrown onto an upper rail for a second, and where it stands there."""
    rng = np.random.default_rng(0)
    n, second = round(8 * fs), round(fs)
    t = np.arange(n) / fs
    x = np.exp(-(((t % 0.8) - 0.4) ** 2) / 2e-4) + 0.01 * rng.standard_normal(n)
    rail = slice(4 * second, 5 * second)
    x[rail] = 3.3 + rng.uniform(-0.015, 0.015, second)  # some counts of a 12-bit converter
    return x.astype(np.float32), rail


@pytest.mark.parametrize("fs", [100.0, 250.0, 360.0, 500.0, 1000.0])
def test_a_rail_that_wobbles_is_flagged_from_its_first_sample_to_its_last(fs: float) -> None:
    x, rail = _at_a_wobbling_rail(fs)
    expected = np.zeros(len(x), bool)
    expected[rail] = True
    np.testing.assert_array_equal(_railed(x, fs=fs), expected)


def test_a_rail_that_lasts_for_seconds_stays_flagged() -> None:
    x, rail = _at_a_wobbling_rail(360)
    long = np.concatenate([x[: rail.stop], np.tile(x[rail], 5), x[rail.stop :]])
    assert _railed(long)[rail.start : rail.stop + 5 * 360].all()
    assert not _railed(long)[rail.stop + 5 * 360 + 8 :].any()


@given(sizes=st.lists(st.integers(1, 300), max_size=30), offset=st.sampled_from([0.0, 300.0]))
@settings(max_examples=25, deadline=None)
def test_wobbling_rails_are_flagged_alike_however_the_input_is_cut(
    sizes: list[int], offset: float
) -> None:
    x = _at_a_wobbling_rail(360)[0] + np.float32(offset)
    assert _railed(x).sum() == 360
    np.testing.assert_array_equal(_railed(x, sizes), _railed(x))


@pytest.mark.parametrize("fs", [100.0, 360.0, 1000.0])
def test_tall_and_wide_complexes_are_not_at_a_rail(fs: float) -> None:
    t = np.arange(round(20 * fs)) / fs
    for width in (0.008, 0.02, 0.05, 0.08):  # s, from a narrow R wave to a wide T wave
        for height in (4.0, -4.0):
            x = height * np.exp(-(((t % 0.8) - 0.4) ** 2) / (2 * width**2))
            assert not _railed(x.astype(np.float32), fs=fs).any(), (width, height)


def test_rails_of_a_wearable_are_flagged_where_its_converter_stands(motion: Path) -> None:
    standing, flagged = 0, 0
    for header in sorted(motion.glob("*_beh.hea"))[:8]:
        record = read_record(str(header.with_suffix("")))
        counts = np.rint(record.signals[:, 0] * 620.6 + 2048)
        at_a_rail = (counts <= 28) | (counts >= 4000)
        found = _railed(record.signals[:, :1], fs=record.fs)
        edges = np.flatnonzero(np.diff(np.pad(at_a_rail, 1).astype(int))).reshape(-1, 2)
        for begin, end in edges[edges[:, 1] - edges[:, 0] >= 0.04 * record.fs]:
            standing += end - begin
            flagged += int(found[begin:end].sum())
    assert flagged > 0.85 * standing > 0
