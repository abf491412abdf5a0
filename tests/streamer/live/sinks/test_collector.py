"""A collected run is whole and aligned."""

from __future__ import annotations

import numpy as np

from ecgstream import Quality, StreamingDenoiser
from ecgstream.live import Collector, Runner
from helpers.fakes import FakeClock, Identity
from helpers.numbered_source import CHUNK, Numbers, samples


def test_a_run_is_collected_whole_with_its_signals_aligned() -> None:
    collector = Collector()
    denoiser = StreamingDenoiser(Identity(), channels=2)
    Runner(Numbers(1000), denoiser, {"m": collector}, FakeClock(), CHUNK, live=False).run()
    result = collector.result()
    np.testing.assert_array_equal(result.input, samples(0, 1000))
    np.testing.assert_array_equal(result.clean, samples(0, 1000))
    np.testing.assert_allclose(result.output, samples(0, 1000), atol=1e-4)
    assert set(np.unique(result.quality)) == {0, int(Quality.SETTLING)}
    assert result.engine_seconds == 0  # by the clock of the test


def test_a_run_without_a_sample_is_an_empty_result() -> None:
    result = Collector().result()
    assert len(result.input) == len(result.output) == len(result.quality) == 0
