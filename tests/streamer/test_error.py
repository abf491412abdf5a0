"""The error band: of every sample, in every mode, or NaN where the network does not tell."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ecgstream
from ecgstream import Block, StreamerPool, StreamingDenoiser
from ecgstream.streamer.engine.delay import MODES, WINDOW
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.engine.st_mode import MIN_LIMIT_MV
from helpers.fakes import Identity, Telling
from helpers.streams import errors, joined, stream

FS = 360
DELAYS = st.sampled_from([*MODES, 60])


class Removing(Telling):
    """Takes 30 % of the window away, and tells an error."""

    def __call__(self, window: Floats, context: Floats) -> Floats:
        return np.float32(0.7) * window[..., 0]


def wandering(n: int, seed: int = 0, channels: int = 1) -> Floats:
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(n, channels)).cumsum(axis=0) / 20).astype(np.float32)


def alternating(n: int) -> Floats:
    """A signal each of whose windows has a scale of 1 mV."""
    x = np.ones(n, np.float32)
    x[::2] = -1
    return x


@pytest.mark.parametrize("options", [{}, {"st": True}, {"fs": 250.0}, {"strength": 0.5}])
def test_without_a_second_output_the_error_is_nan(options: dict[str, Any]) -> None:
    blocks = stream(StreamingDenoiser(Identity(), channels=2, **options), wandering(1500, 0, 2))
    for block in blocks:
        assert block.error.shape == block.signal.shape
        assert block.error.dtype == np.float32
    assert np.isnan(errors(blocks)).all()
    whole = ecgstream.denoise(wandering(500)[:, 0], model=Identity())
    assert whole.error.shape == (500,) and np.isnan(whole.error).all()


def test_a_block_without_an_error_is_complete() -> None:
    x = np.zeros((5, 2), np.float32)
    block = Block(x, 7, x.astype(np.uint8))
    assert np.isnan(block.error).all() and block.error.shape == (5, 2)
    again = pickle.loads(pickle.dumps(block._replace(start=3)))
    assert type(again) is Block and again.start == 3
    np.testing.assert_array_equal(again.error, block.error)


@pytest.mark.parametrize("delay", [*MODES, 60])
@pytest.mark.parametrize("n", [100, 1500, 1503])
def test_an_error_that_all_windows_agree_on_is_that_of_every_sample(
    delay: str | int, n: int
) -> None:
    blocks = stream(StreamingDenoiser(Telling(step=0), delay=delay), alternating(n), [33, 40])
    found = errors(blocks)
    assert found.shape == (n, 1) and (found > 0).all()
    np.testing.assert_allclose(found[WINDOW:], 0.1, rtol=1e-5)


@settings(max_examples=25, deadline=None)
@given(place=st.integers(0, WINDOW // 4 - 1), delay=DELAYS, size=st.integers(1, 300))
def test_each_error_counts_at_its_four_samples_with_the_weights_of_the_signal(
    place: int, delay: str | int, size: int
) -> None:
    class Impulse(Telling):
        def answer_and_error(self, window: Floats, context: Floats) -> tuple[Floats, Floats]:
            error = np.zeros((len(window), WINDOW // 4), np.float32)
            error[:, place] = 1
            return self(window, context), error

    denoiser = StreamingDenoiser(Impulse(), delay=delay)
    mode = denoiser.mode
    out = errors(stream(denoiser, alternating(2000), [size] * 6))[500:1500, 0]
    weights = np.zeros(WINDOW)
    weights[mode.part] = mode.weights.ravel()[: mode.part.stop - mode.first]
    expected = np.zeros(2000 + WINDOW)
    for end in range(mode.hop, 2000, mode.hop):
        at = end - WINDOW + 4 * place
        if at >= 0:
            expected[at : at + 4] += weights[4 * place : 4 * place + 4]
    np.testing.assert_allclose(out, expected[500:1500], atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 999),
    n=st.integers(1, 2500),
    sizes=st.lists(st.integers(0, 400), max_size=9),
    fs=st.sampled_from([200.0, 250.0, 360.0, 1000.0]),
    delay=DELAYS,
    keep_st=st.booleans(),
    strength=st.sampled_from([0.0, 0.4, 1.0]),
    gaps=st.sampled_from(["nan", "hold"]),
)
def test_error_and_flags_do_not_depend_on_how_the_input_is_cut(
    seed: int,
    n: int,
    sizes: list[int],
    fs: float,
    delay: str | int,
    keep_st: bool,
    strength: float,
    gaps: str,
) -> None:
    x = wandering(n, seed, 2)
    x[n // 2 : n // 2 + 30] = np.nan
    options = {"channels": 2, "fs": fs, "delay": delay, "st": keep_st, "gaps": gaps}
    denoiser = StreamingDenoiser(Removing(past=512), strength=strength, **options)  # type: ignore[arg-type]
    whole, pieces = stream(denoiser, x), stream(denoiser, x, sizes)
    found = errors(whole)
    assert found.shape == x.shape and found.dtype == np.float32
    np.testing.assert_array_equal(errors(pieces), found)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(x))
    assert not (found < 0).any()
    np.testing.assert_array_equal(joined(pieces), joined(whole))
    together, alone = (np.concatenate([b.quality for b in blocks]) for blocks in (whole, pieces))
    np.testing.assert_array_equal(together, alone)


def test_an_array_and_a_pool_tell_the_error_of_the_stream() -> None:
    x = wandering(1800, 1, 3)
    network = Removing(past=512)
    expected = errors(stream(StreamingDenoiser(network, 3, delay="best"), x))
    np.testing.assert_array_equal(ecgstream.denoise(x, model=network).error, expected)
    pool = StreamerPool(network)
    for name in range(3):
        pool.add(name, delay="best")
    blocks = [pool.push({name: x[at : at + 600, name] for name in range(3)}) for at in (0, 600)]
    blocks.append(pool.push({name: x[1200:, name] for name in range(3)}))
    for name in range(3):
        alone = errors([*(block[name] for block in blocks), pool.remove(name)])
        np.testing.assert_array_equal(alone[:, 0], expected[:, name])


def test_noise_left_in_by_strength_widens_the_band() -> None:
    """So that the band around the mix holds the band around the denoised signal."""
    x = wandering(1500)
    wet = stream(StreamingDenoiser(Removing()), x)
    for strength in (0.0, 0.3):
        mixed = stream(StreamingDenoiser(Removing(), strength=strength), x)
        kept = np.abs(joined(mixed) - joined(wet))
        np.testing.assert_allclose(errors(mixed), errors(wet) + kept, rtol=1e-5)
    assert kept.max() > 0.1


def test_in_st_mode_slow_changes_are_no_error_and_unusual_noise_kept_is() -> None:
    class Flattening(Telling):
        """Answers zeros: all that is there is noise."""

        def __call__(self, window: Floats, context: Floats) -> Floats:
            return np.zeros(window.shape[:2], np.float32)

    x = 2 * np.sin(np.arange(3000) / 200).astype(np.float32)
    x[1500:1503] += 1.0
    plain = errors(stream(StreamingDenoiser(Flattening()), x))[:, 0]
    kept = errors(stream(StreamingDenoiser(Flattening(), st=True), x))[:, 0]
    quiet = np.ones(3000, bool)
    quiet[1480:1523] = False
    np.testing.assert_array_equal(kept[quiet], plain[quiet])
    assert (kept[1500:1503] - plain[1500:1503]).min() > 0.5 - MIN_LIMIT_MV
    assert (kept >= plain).all()


@pytest.mark.parametrize("fs", [200.0, 250.0, 1000.0])
@pytest.mark.parametrize("keep_st", [False, True])
def test_at_any_rate_the_error_is_told_of_the_time_that_it_is_of(fs: float, keep_st: bool) -> None:
    class Loud(Telling):
        """Is unsure where the window is positive."""

        def answer_and_error(self, window: Floats, context: Floats) -> tuple[Floats, Floats]:
            positive = window.reshape(len(window), -1, 4).mean(axis=2) > 0
            return self(window, context), positive.astype(np.float32)

    n = round(10 * fs)
    x = np.where(np.arange(n) / fs % 1 < 0.5, 1, -1).astype(np.float32)
    found = errors(stream(StreamingDenoiser(Loud(), fs=fs, st=keep_st), x))[:, 0]
    high = found[round(2 * fs) :] > 0.3
    wanted = x[round(2 * fs) :] > 0
    edge = max(1, round(8 * fs / FS))  # samples that the coarse error may be off
    off = np.flatnonzero(high != wanted)
    changes = np.flatnonzero(np.diff(wanted))
    assert all(np.abs(changes - at).min() <= edge for at in off)


@settings(max_examples=25, deadline=None)
@given(
    fs=st.sampled_from([250.0, 360.0]),
    at=st.integers(300, 1500),
    before=DELAYS,
    after=DELAYS,
    size=st.integers(1, 400),
)
def test_a_change_of_delay_fades_the_error_as_it_fades_the_signal(
    fs: float, at: int, before: str | int, after: str | int, size: int
) -> None:
    x = wandering(2500, 3)

    def run(cuts: int) -> list[Block]:
        denoiser = StreamingDenoiser(Removing(past=512), fs=fs, delay=before)
        blocks = [denoiser.push(x[:at])]
        denoiser.delay = after
        blocks += [denoiser.push(x[i : i + cuts]) for i in range(at, len(x), cuts)]
        return [*blocks, denoiser.flush()]

    found = errors(run(10_000))
    np.testing.assert_array_equal(errors(run(size)), found)
    old = errors(stream(StreamingDenoiser(Removing(past=512), fs=fs, delay=before), x))
    begun = len(run(10_000)[0].signal)
    np.testing.assert_array_equal(found[:begun], old[:begun])
    assert (found > 0).all()


def test_the_fade_of_the_error_lies_between_both_bands() -> None:
    x = alternating(3000)
    errors_of = {
        delay: errors(stream(StreamingDenoiser(Telling(), delay=delay), x))
        for delay in ("low", "best")
    }
    denoiser = StreamingDenoiser(Telling(), delay="low")
    blocks = [denoiser.push(x[:1536])]
    denoiser.delay = "best"
    found = errors([*blocks, denoiser.push(x[1536:]), denoiser.flush()])
    begin = len(blocks[0].signal)
    fade = slice(begin, begin + 36)
    np.testing.assert_allclose(found[: fade.start], errors_of["low"][: fade.start])
    np.testing.assert_allclose(found[fade.stop : 2500], errors_of["best"][fade.stop : 2500], 1e-5)
    share = (np.arange(36) + 0.5)[:, None] / 36
    old, new = (errors_of[delay][fade] for delay in ("low", "best"))
    np.testing.assert_allclose(found[fade], old + share * (new - old), rtol=1e-5)


def test_an_error_of_another_shape_is_refused() -> None:
    class Fine(Telling):
        def answer_and_error(self, window: Floats, context: Floats) -> tuple[Floats, Floats]:
            return self(window, context), np.ones((len(window), WINDOW), np.float32)

    with pytest.raises(ValueError, match=r"error has shape \(1, 256\), not \(1, 64\)"):
        StreamingDenoiser(Fine()).push(np.zeros(16))
