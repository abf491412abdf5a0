"""The engine: exact whatever the chunks, honest about its delay, and never silent about gaps."""

from __future__ import annotations

import doctest
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ecgstream import Quality, StreamingDenoiser
from ecgstream.streamer.engine.delay import MODES, WINDOW
from ecgstream.streamer.engine.normalization import MIN_SCALE, Floats
from helpers.fakes import Failing, Identity
from helpers.streams import flags, joined, stream

DELAYS = [*MODES, 24, 60, 122, 200, 255]
signals = hnp.arrays(np.float32, st.integers(1, 1500), elements=st.floats(-5, 5, width=32))
cuts = st.lists(st.integers(0, 700), max_size=12)


@given(x=signals, sizes=cuts, delay=st.sampled_from(DELAYS))
def test_identity_model_returns_its_input_edges_included(
    x: Floats, sizes: list[int], delay: str | int
) -> None:
    out = joined(stream(StreamingDenoiser(Identity(), delay=delay), x, sizes))
    assert out.shape == (len(x), 1)
    np.testing.assert_allclose(out[:, 0], x, atol=2e-5)


@given(x=signals, sizes=cuts, delay=st.sampled_from(DELAYS))
def test_output_does_not_depend_on_how_the_input_is_cut(
    x: Floats, sizes: list[int], delay: str | int
) -> None:
    denoiser = StreamingDenoiser(Identity(past=1024), delay=delay)
    whole, pieces = stream(denoiser, x), stream(denoiser, x, sizes)
    np.testing.assert_array_equal(joined(pieces), joined(whole))
    np.testing.assert_array_equal(flags(pieces), flags(whole))


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), sizes=cuts)
def test_shipped_model_gives_the_same_bits_for_any_chunks(seed: int, sizes: list[int]) -> None:
    x = np.random.default_rng(seed).normal(size=2500).cumsum().astype(np.float32) / 20
    denoiser = StreamingDenoiser()
    np.testing.assert_array_equal(joined(stream(denoiser, x, sizes)), joined(stream(denoiser, x)))


@pytest.mark.parametrize("size", [1, 7, 32])
def test_shipped_model_gives_the_same_bits_for_tiny_chunks(ecg: Floats, size: int) -> None:
    denoiser = StreamingDenoiser()
    pieces = stream(denoiser, ecg, [size] * (len(ecg) // size))
    np.testing.assert_array_equal(joined(pieces), joined(stream(denoiser, ecg)))


@given(x=signals, sizes=cuts, delay=st.sampled_from(DELAYS))
def test_blocks_follow_each_other_without_hole_or_overlap(
    x: Floats, sizes: list[int], delay: str | int
) -> None:
    expected = 0
    for block in stream(StreamingDenoiser(Identity(), delay=delay), x, sizes):
        assert block.start == expected
        assert block.signal.shape == block.quality.shape
        expected += len(block.signal)
    assert expected == len(x)


@pytest.mark.parametrize("delay", DELAYS)
def test_declared_delay_is_the_measured_one(delay: str | int) -> None:
    denoiser = StreamingDenoiser(Identity(), delay=delay)
    waits = []
    for place in range(1024, 1024 + denoiser.mode.hop):
        denoiser.reset()
        for n in range(place + 400):
            block = denoiser.push([1.0 if n == place else 0.0])
            where = np.flatnonzero(block.signal[:, 0] > 0.5)
            if len(where):
                assert block.start + where[0] == place
                waits.append(n - place)
    assert len(waits) == denoiser.mode.hop
    assert max(waits) == denoiser.delay_samples


@pytest.mark.parametrize("delay", DELAYS)
def test_no_sample_waits_longer_than_the_declared_delay(delay: str | int) -> None:
    denoiser = StreamingDenoiser(Identity(), delay=delay)
    emitted = 0
    for n in range(1, 1200):
        emitted += len(denoiser.push([0.0]).signal)
        assert n - emitted <= denoiser.delay_samples


def test_named_modes_have_the_documented_delays() -> None:
    seconds = {name: mode.samples / 360 for name, mode in MODES.items()}
    assert seconds == pytest.approx({"low": 0.13, "balanced": 0.34, "best": 0.71}, abs=0.005)
    assert seconds["balanced"] <= 0.35


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, WINDOW - 1), delay=st.sampled_from(DELAYS), size=st.integers(1, 300))
def test_each_place_of_a_window_counts_at_its_sample_with_its_weight(
    place: int, delay: str | int, size: int
) -> None:
    class Impulse(Identity):
        """Answers 1 mV at one place of every window of silence."""

        def __call__(self, window: Floats, context: Floats) -> Floats:
            answer = np.zeros((len(window), WINDOW), np.float32)
            answer[:, place] = 1 / MIN_SCALE
            return answer

    denoiser = StreamingDenoiser(Impulse(), delay=delay)
    mode = denoiser.mode
    out = joined(stream(denoiser, np.zeros(2000, np.float32), [size] * 6))[:1500, 0]
    expected = np.zeros(1500)
    weights = np.zeros(WINDOW)
    weights[mode.part] = mode.weights.ravel()[: mode.part.stop - mode.first]
    ends = np.arange(mode.hop, 2000, mode.hop)
    at = ends - WINDOW + place
    expected[at[(at >= 0) & (at < 1500)]] = weights[place]
    np.testing.assert_allclose(out, expected, atol=1e-6)


def test_signals_have_states_of_their_own(ecg: Floats) -> None:
    both = np.stack([ecg, -2 * ecg[::-1] + 1], axis=1)
    together = joined(stream(StreamingDenoiser(channels=2), both, [100, 900]))
    for i in range(2):
        alone = joined(stream(StreamingDenoiser(), both[:, i]))
        np.testing.assert_array_equal(together[:, i], alone[:, 0])


def test_reset_starts_a_new_stream(ecg: Floats) -> None:
    denoiser = StreamingDenoiser()
    first = joined(stream(denoiser, ecg))
    denoiser.reset()
    denoiser.push(ecg[500:1700] * 3)
    np.testing.assert_array_equal(joined(stream(denoiser, ecg)), first)


def test_a_constant_offset_of_the_input_does_not_change_the_output(ecg: Floats) -> None:
    denoiser = StreamingDenoiser()
    # A power of two keeps the sums exact.
    shifted = joined(stream(denoiser, np.round(ecg * 256) / 256 + 8))
    plain = joined(stream(denoiser, np.round(ecg * 256) / 256))
    np.testing.assert_array_equal(shifted, plain)


@given(
    x=hnp.arrays(np.float32, st.integers(300, 1200), elements=st.floats(-2, 2, width=32)),
    gap=st.tuples(st.integers(0, 1100), st.integers(1, 400)),
    bad=st.sampled_from([np.nan, np.inf, -np.inf]),
    sizes=cuts,
)
def test_a_gap_is_marked_where_it_is_and_nowhere_else(
    x: Floats, gap: tuple[int, int], bad: float, sizes: list[int]
) -> None:
    x[gap[0] : gap[0] + gap[1]] = bad
    missing = ~np.isfinite(x)
    blocks = stream(StreamingDenoiser(Identity(past=512)), x, sizes)
    out = joined(blocks)[:, 0]
    quality = flags(blocks)[:, 0]
    np.testing.assert_array_equal(np.isnan(out), missing)
    np.testing.assert_array_equal((quality & Quality.GAP) != 0, missing)
    np.testing.assert_allclose(out[~missing], x[~missing], atol=2e-5)


def test_first_window_and_the_one_after_a_gap_are_marked_as_settling() -> None:
    x = np.zeros(1500)
    x[700:710] = np.nan
    blocks = stream(StreamingDenoiser(Identity()), x, [333, 400])
    settling = (flags(blocks)[:, 0] & Quality.SETTLING) != 0
    expected = np.zeros(1500, bool)
    expected[:256] = expected[710:966] = True
    np.testing.assert_array_equal(settling, expected)


def test_nothing_that_is_not_a_number_reaches_the_model() -> None:
    seen: list[bool] = []

    class Watching(Identity):
        def __call__(self, window: Floats, context: Floats) -> Floats:
            seen.append(bool(np.isfinite(window).all() and np.isfinite(context).all()))
            return super().__call__(window, context)

    x = np.full(2000, np.nan)
    x[600:900], x[1200] = 0.5, np.inf
    stream(StreamingDenoiser(Watching(past=512)), x)
    assert seen and all(seen)


@given(
    lead=st.integers(0, 900), level=st.floats(-50, 50, width=32), sizes=cuts, seed=st.integers(0, 9)
)
def test_a_stream_that_begins_with_a_gap_starts_at_its_first_valid_sample(
    lead: int, level: float, sizes: list[int], seed: int
) -> None:
    windows: list[Floats] = []

    class Watching(Identity):
        def __call__(self, window: Floats, context: Floats) -> Floats:
            windows.append(np.abs(window).max(axis=1))
            return super().__call__(window, context)

    x = np.full(lead + 500, level)
    x[:lead] = np.nan
    whole = joined(stream(StreamingDenoiser(Watching(past=512)), x))
    np.testing.assert_allclose(whole[lead:, 0], level, rtol=1e-5, atol=1e-5)
    pieces = joined(stream(StreamingDenoiser(Watching(past=512)), x, sizes))
    np.testing.assert_array_equal(pieces, whole)
    # No window saw a jump from nothing to the first level.
    assert np.concatenate(windows).max() < 0.1


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("absurd", [1e25, -1e300, 2e4])
def test_what_no_electrode_can_give_is_a_gap(ecg: Floats, absurd: float) -> None:
    x = ecg.astype(float)
    x[1000:1040] = absurd
    out = joined(stream(StreamingDenoiser(Identity()), x))[:, 0]
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(out)), np.arange(1000, 1040))


def test_the_example_of_the_documentation_is_true() -> None:
    assert doctest.testmod(sys.modules[StreamingDenoiser.__module__]).failed == 0


def test_flushing_an_empty_stream_returns_nothing() -> None:
    denoiser = StreamingDenoiser(Identity())
    assert denoiser.push([]).signal.shape == (0, 1)
    assert denoiser.flush().signal.shape == (0, 1)


def test_a_stream_whose_network_failed_is_not_put_together_wrongly(ecg: Floats) -> None:
    network = Failing()
    denoiser = StreamingDenoiser(network)
    denoiser.push(ecg[:500])
    network.fails = True
    with pytest.raises(MemoryError):
        denoiser.push(ecg[500:1000])
    network.fails = False
    with pytest.raises(RuntimeError, match=r"call reset\(\)"):
        denoiser.push(ecg[1000:])
    with pytest.raises(RuntimeError, match=r"call reset\(\)"):
        denoiser.flush()
    np.testing.assert_allclose(joined(stream(denoiser, ecg))[:, 0], ecg, atol=2e-5)


def test_pushing_after_the_flush_is_refused() -> None:
    denoiser = StreamingDenoiser(Identity())
    denoiser.push([1.0])
    denoiser.flush()
    with pytest.raises(ValueError, match=r"flushed.*reset"):
        denoiser.push([1.0])


@pytest.mark.parametrize("shape", [(10, 3), (10,), (2, 10, 2)])
def test_samples_of_a_wrong_shape_are_refused_and_the_stream_goes_on(
    shape: tuple[int, ...],
) -> None:
    denoiser = StreamingDenoiser(Identity(), channels=2)
    denoiser.push(np.ones((50, 2)))
    with pytest.raises(ValueError, match=r"shape .* takes \(n, 2\)"):
        denoiser.push(np.ones(shape))
    denoiser.push(np.ones((50, 2)))
    assert denoiser.flush().signal[-1] == pytest.approx([1.0, 1.0])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"channels": 0}, "channels must be at least 1"),
        ({"fs": 50.0}, "sampling rate must be 100 to 2000 Hz"),
        ({"delay": "fast"}, "unknown delay mode 'fast': choose from low, balanced, best"),
        ({"delay": 300}, "delay of 300 samples is not possible"),
        ({"delay": 5}, "delay of 5 samples is not possible"),
    ],
)
def test_impossible_settings_say_what_is_possible(options: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        StreamingDenoiser(Identity(), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("delay", list(MODES))
def test_no_seam_where_one_window_takes_over_from_the_next(delay: str) -> None:
    class Uneven(Identity):
        """Windows that disagree by what a real model disagrees by."""

        def __call__(self, window: Floats, context: Floats) -> Floats:
            jitter = np.random.default_rng(0).normal(0, 0.05, (len(window), 1))
            return (window[..., 0] + jitter).astype(np.float32)

    x = np.random.default_rng(1).normal(size=200_000).cumsum().astype(np.float32) / 20
    denoiser = StreamingDenoiser(Uneven(), delay=delay)
    steps = np.abs(np.diff(joined(stream(denoiser, x))[:, 0]))
    hop = denoiser.mode.hop
    by_phase = steps[: len(steps) // hop * hop].reshape(-1, hop).mean(axis=0)
    assert by_phase.max() / by_phase.mean() < 1.1
