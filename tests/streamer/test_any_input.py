"""Any rate, any type, any fault: every sample comes out once, at its place, with its flags."""

from __future__ import annotations

import tracemalloc
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgstream import Quality, StreamingDenoiser
from ecgstream.streamer.ecg.noise import noise_gain, unit_noise
from ecgstream.streamer.engine.delay import MODES
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.engine.resampling import ratio
from ecgstream.streamer.io.records import read_record
from helpers.fakes import Identity
from helpers.streams import flags, joined, stream

RATES = [100.0, 128.0, 250.0, 257.0, 360.0, 500.0, 1000.0, 2000.0]


def faulty(seed: int) -> Floats:
    """A coarse signal with some gaps, flat stretches and rails."""
    rng = np.random.default_rng(seed)
    x = np.round(rng.normal(size=int(rng.integers(1, 3000))).cumsum() * 2) / 20
    for _ in range(rng.integers(4)):
        start = int(rng.integers(len(x)))
        fault = slice(start, start + int(rng.integers(400)))
        kind = rng.integers(3)
        if kind == 0:
            x[fault] = np.nan
        elif kind == 1:
            x[fault] = x[start]
        else:
            x = np.clip(x, -1.5, 1.5)
    return x.astype(np.float32)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    sizes=st.lists(st.integers(0, 300), max_size=12),
    fs=st.sampled_from(RATES),
    delay=st.sampled_from([*MODES, 24]),
)
def test_output_and_flags_at_any_rate_do_not_depend_on_how_the_input_is_cut(
    seed: int, sizes: list[int], fs: float, delay: str | int
) -> None:
    x = faulty(seed)
    denoiser = StreamingDenoiser(Identity(past=512), fs=fs, delay=delay)
    whole, pieces = stream(denoiser, x), stream(denoiser, x, sizes)
    assert joined(whole).shape == (len(x), 1)
    np.testing.assert_array_equal(joined(pieces), joined(whole))
    np.testing.assert_array_equal(flags(pieces), flags(whole))


@pytest.mark.parametrize("fs", [250.0, 257.0, 1000.0])
@pytest.mark.parametrize("delay", list(MODES))
def test_declared_delay_is_the_longest_wait_at_any_rate(fs: float, delay: str) -> None:
    denoiser = StreamingDenoiser(Identity(past=512), fs=fs, delay=delay)
    put_out, waits = 0, []
    for n in range(1, round(12 * fs)):
        put_out += len(denoiser.push([0.0]).signal)
        waits.append(n - put_out)
    assert max(waits) == denoiser.delay_samples


@pytest.mark.parametrize("fs", [100.0, 250.0, 500.0, 2000.0])
def test_resampling_keeps_every_wave_at_its_place(fs: float) -> None:
    t = np.arange(round(20 * fs)) / fs
    x = np.sin(2 * np.pi * 5 * t) + 0.3 * np.sin(2 * np.pi * 17 * t)
    error = joined(stream(StreamingDenoiser(Identity(past=512), fs=fs), x))[:, 0] - x
    inner = slice(round(fs), -round(fs))
    assert error[inner].std() < 0.004 * x.std()
    assert np.abs(error).max() < 0.2  # at the edges a wave is taken to stand still


@settings(max_examples=30, deadline=None)
@given(fs=st.floats(100, 2000), samples=st.integers(1, 5000))
def test_any_rate_has_a_ratio_that_is_near_enough_and_small(fs: float, samples: int) -> None:
    rate = ratio(fs, 360)
    assert max(rate.numerator, rate.denominator) <= 20_000
    assert abs(float(rate) * fs / 360 - 1) < 25e-6
    denoiser = StreamingDenoiser(Identity(past=512), fs=fs)
    assert len(joined(stream(denoiser, np.ones(samples, np.float32)))) == samples


@pytest.mark.parametrize("fs", [128, 250, 257, 333.33, 500, 999.9, 1000, 1999.9])
def test_a_rate_in_tenths_of_a_hertz_has_its_exact_ratio(fs: float) -> None:
    assert ratio(fs, 360) == 36_000 / Fraction(round(100 * fs))


def test_an_odd_rate_takes_no_more_memory_than_any_other() -> None:
    import scipy.special  # noqa: F401 - not the stream's memory

    tracemalloc.start()
    StreamingDenoiser(Identity(past=1024), fs=1999.001)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20e6


def test_masked_samples_are_missing_ones(ecg: Floats) -> None:
    masked = np.ma.array(ecg, mask=np.zeros(len(ecg), bool))
    masked[700:720] = np.ma.masked
    out = joined(stream(StreamingDenoiser(Identity()), masked))[:, 0]
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(out)), np.arange(700, 720))


def test_nothing_may_be_pushed_into_many_signals() -> None:
    assert StreamingDenoiser(Identity(), channels=2).push([]).signal.shape == (0, 2)


@pytest.mark.parametrize("kind", ["f2", ">f4", ">f8", "g", "f8"])
def test_floats_of_any_form_are_the_same_signal(kind: str, ecg: Floats) -> None:
    coarse = np.round(ecg * 128) / 128
    expected = joined(stream(StreamingDenoiser(), coarse))
    got = joined(stream(StreamingDenoiser(), np.repeat(coarse.astype(kind), 2)[::2]))
    np.testing.assert_array_equal(got, expected)


def test_numbers_of_a_converter_are_taken_with_their_gain(ecg: Floats) -> None:
    adu = np.round(ecg * 200).astype(np.int16)
    adu[500] = np.iinfo(np.int16).min
    millivolts = np.round(ecg * 200) / 200
    millivolts[500] = np.nan
    taken = joined(stream(StreamingDenoiser(gain=200), adu))
    np.testing.assert_array_equal(taken, joined(stream(StreamingDenoiser(), millivolts)))
    with pytest.raises(ValueError, match="int16: name the gain"):
        StreamingDenoiser().push(adu)


@pytest.mark.parametrize("bad", [["a", "b"], [1j], [None, {}], [True], ["2020"], None, {}])
def test_what_is_no_number_is_refused(bad: list[object]) -> None:
    with pytest.raises(ValueError, match="not real numbers"):
        StreamingDenoiser(Identity()).push(bad)  # type: ignore[arg-type]


def test_a_flat_line_is_flagged_when_it_has_lasted_half_a_second(ecg: Floats) -> None:
    x = ecg[:3000].copy()
    x[1000:1500] = x[1000]
    flat = flags(stream(StreamingDenoiser(), x, [700, 320, 33]))[:, 0] & Quality.FLAT
    np.testing.assert_array_equal(np.flatnonzero(flat), np.arange(1179, 1500))


@pytest.mark.parametrize("sizes", [(), [1] * 2000, [700, 303, 5, 3]])
def test_a_rail_is_flagged_from_its_first_sample(ecg: Floats, sizes: list[int]) -> None:
    x = ecg[:3000].copy()
    x[1000:1040] = 5.0
    x[2000:2009] = 5.0  # shorter than what is sure
    railed = flags(stream(StreamingDenoiser(), x, sizes))[:, 0] & Quality.SATURATED
    np.testing.assert_array_equal(np.flatnonzero(railed), np.arange(1000, 1040))


@pytest.mark.parametrize("phase", range(16))
def test_rails_are_flagged_alike_however_the_input_is_cut_at_the_shortest_delay(phase: int) -> None:
    x = 2 * np.sin(np.arange(2500) / 20).astype(np.float32)
    x[1500 + phase : 1512 + phase] = x.max()
    denoiser = StreamingDenoiser(Identity(), delay=24)
    whole, pieces = stream(denoiser, x), stream(denoiser, x, [1] * 2499)
    np.testing.assert_array_equal(flags(pieces), flags(whole))
    assert (flags(whole) & Quality.SATURATED != 0).sum() >= 12


def test_clean_recordings_are_neither_flat_nor_at_a_rail(databases: Path) -> None:
    shares = []
    for name in ("100", "103", "114", "208", "231"):
        x = read_record(f"mitdb/{name}", databases).signals[:108_000]
        found = flags(stream(StreamingDenoiser(Identity(), channels=2), x))
        shares.append((found & (Quality.FLAT | Quality.SATURATED) != 0).mean())
    assert max(shares) < 1e-3


@given(strength=st.floats(0, 1), fs=st.sampled_from([250.0, 360.0]))
@settings(max_examples=20, deadline=None)
def test_strength_mixes_the_input_with_what_was_denoised(strength: float, fs: float) -> None:
    x = read_record("208b").signal(0)[:1500]
    denoiser = StreamingDenoiser(fs=fs)
    wet = joined(stream(denoiser, x))[:, 0]
    denoiser.strength = strength
    mixed = joined(stream(denoiser, x, [400, 77]))[:, 0]
    np.testing.assert_allclose(mixed, (1 - strength) * x + strength * wet, atol=1e-5)


def test_without_strength_the_input_comes_out_untouched(ecg: Floats) -> None:
    out = joined(stream(StreamingDenoiser(strength=0), ecg))[:, 0]
    np.testing.assert_array_equal(out, ecg)


def test_gaps_can_be_held_instead_of_left_open(ecg: Floats) -> None:
    x = ecg[:2000].copy()
    x[900:950] = np.nan
    blocks = stream(StreamingDenoiser(Identity(), gaps="hold"), x)
    assert np.isfinite(joined(blocks)).all()
    np.testing.assert_allclose(joined(blocks)[900:950, 0], x[899], atol=1e-5)
    gap = np.flatnonzero(flags(blocks)[:, 0] & Quality.GAP)
    np.testing.assert_array_equal(gap, np.arange(900, 950))


def test_strong_noise_is_flagged_as_uncertain_and_a_clean_signal_is_not(ecg: Floats) -> None:
    noise = unit_noise("em", len(ecg))
    noisy = ecg + noise * noise_gain(ecg, noise, -12)
    later = slice(2000, None)
    clean = flags(stream(StreamingDenoiser(), ecg))[later, 0] & Quality.UNCERTAIN
    assert not clean.any()
    drowned = flags(stream(StreamingDenoiser(), noisy))[later, 0] & Quality.UNCERTAIN
    assert (drowned != 0).mean() > 0.5


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"fs": 50.0}, "sampling rate must be 100 to 2000 Hz, not 50"),
        ({"fs": float("nan")}, "sampling rate must be"),
        ({"gain": 0.0}, "gain must be a number of adu per mV greater than 0"),
        ({"strength": 1.5}, "strength must be 0 to 1, not 1.5"),
        ({"gaps": "skip"}, "gaps is 'nan' or 'hold', not 'skip'"),
        ({"model": Identity(past=300)}, "past is 256 to 65536 samples, a multiple of 8, not 300"),
        ({"model": Identity(past=100)}, "past is 256 to 65536 samples"),
        ({"gaps": ["nan"]}, "gaps is 'nan' or 'hold'"),
        ({"fs": "360"}, "sampling rate must be 100 to 2000 Hz, not '360'"),
        ({"channels": 2.0}, "channels must be at least 1 and at most 1024, not 2"),
        ({"channels": True}, "channels must be at least 1"),
        ({"channels": 10**9}, "at most 1024"),
        ({"delay": 47.9}, "a whole number of samples, not 47.9"),
        ({"delay": None}, "a whole number of samples, not None"),
        ({"delay": True}, "a whole number of samples, not True"),
        ({"delay": 10**9}, "delay of 1000000000 samples is not possible"),
        ({"gain": "200"}, "gain must be a number"),
        ({"strength": None}, "strength must be 0 to 1, not None"),
        ({"st": 1}, "st is True or False, not 1"),
        ({"model": 5}, "model is a path or a Network, not 5"),
        ({"runtime": [], "model": None}, "unknown runtime"),
    ],
)
def test_impossible_settings_say_what_is_possible(options: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        StreamingDenoiser(**{"model": Identity(), **options})  # type: ignore[arg-type]
