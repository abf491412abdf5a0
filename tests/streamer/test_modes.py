"""Delay, strength and the ST mode: changed while the stream runs, and what each one keeps."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgstream import Block, Quality, StreamingDenoiser
from ecgstream.streamer.ecg.noise import unit_noise
from ecgstream.streamer.engine.delay import MODES
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.io.records import read_record
from helpers.fakes import Failing, Identity
from helpers.streams import flags, joined, stream

FS = 360
CHANGES = st.one_of(
    st.tuples(st.just("delay"), st.sampled_from([*MODES, 60])),
    st.tuples(st.just("st"), st.booleans()),
    st.tuples(st.just("strength"), st.sampled_from([0.3, 1.0])),
)


class Leaning(Identity):
    """Answers with more and more added towards the end of the window."""

    def __call__(self, window: Floats, context: Floats) -> Floats:
        return (window[..., 0] + np.linspace(0, 5, 256)).astype(np.float32)


def changed(
    denoiser: StreamingDenoiser, x: Floats, changes: dict[int, tuple[str, Any]], size: int = 10**6
) -> list[Block]:
    """All blocks of a stream whose settings change at those samples."""
    denoiser.reset()
    blocks = []
    cuts = sorted({0, len(x), *changes, *range(0, len(x), size)})
    for start, stop in pairwise(cuts):
        if start in changes:
            setattr(denoiser, *changes[start])
        blocks.append(denoiser.push(x[start:stop]))
    return [*blocks, denoiser.flush()]


@settings(max_examples=60, deadline=None)
@given(
    fs=st.sampled_from([250.0, 360.0, 1000.0]),
    n=st.integers(1, 2500),
    changes=st.dictionaries(st.integers(0, 2500), CHANGES, max_size=4),
    size=st.integers(1, 400),
)
def test_changes_while_running_neither_lose_nor_double_nor_move_a_sample(
    fs: float, n: int, changes: dict[int, tuple[str, Any]], size: int
) -> None:
    t = np.arange(n) / fs
    x = np.sin(2 * np.pi * 3 * t).astype(np.float32)
    x[n // 3 : n // 3 + 40] = np.nan
    changes = {at: change for at, change in changes.items() if at < n}
    blocks = changed(StreamingDenoiser(Identity(past=512), fs=fs), x, changes, size)
    assert [b.start for b in blocks] == np.cumsum([0] + [len(b.signal) for b in blocks])[
        :-1
    ].tolist()
    out = joined(blocks)[:, 0]
    assert len(out) == n
    np.testing.assert_array_equal(np.isnan(out), np.isnan(x))
    # Resampled there and back, the edges of stream and gap ring.
    ringing = 2e-4 if fs == FS else 0.7
    np.testing.assert_allclose(out, x, atol=ringing)


@settings(max_examples=30, deadline=None)
@given(
    changes=st.dictionaries(st.integers(0, 2500), CHANGES, max_size=4),
    size=st.integers(1, 400),
    seed=st.integers(0, 9),
)
def test_changed_output_does_not_depend_on_how_the_input_is_cut(
    changes: dict[int, tuple[str, Any]], size: int, seed: int
) -> None:
    x = (np.random.default_rng(seed).normal(size=2600).cumsum() / 20).astype(np.float32)
    whole = changed(StreamingDenoiser(Leaning(past=512)), x, changes)
    pieces = changed(StreamingDenoiser(Leaning(past=512)), x, changes, size)
    np.testing.assert_array_equal(joined(pieces), joined(whole))
    np.testing.assert_array_equal(flags(pieces), flags(whole))


@pytest.mark.parametrize("before", MODES)
@pytest.mark.parametrize("after", MODES)
def test_after_a_change_the_output_is_that_of_the_new_delay(before: str, after: str) -> None:
    noise = 0.2 * unit_noise("em", 30 * FS)
    x = (read_record("208b").signal(0)[: 30 * FS] + noise).astype(np.float32)
    denoiser = StreamingDenoiser(delay=before)
    found = joined(changed(denoiser, x, {12 * FS // 64 * 64: ("delay", after)}))
    assert denoiser.delay_samples == MODES[after].samples
    settled = 13 * FS
    expected = joined(stream(StreamingDenoiser(delay=after), x))
    np.testing.assert_array_equal(found[settled:], expected[settled:])


@pytest.mark.parametrize("before", MODES)
@pytest.mark.parametrize("after", MODES)
def test_a_change_of_delay_does_not_click(before: str, after: str) -> None:
    x = np.zeros(3000, np.float32)
    x[::2] = 1.0  # so that a window has a scale
    denoiser = StreamingDenoiser(Leaning(past=512), delay=before)
    quiet = [
        np.ptp(joined(stream(StreamingDenoiser(Leaning(), delay=d), x))[1000:2000])
        for d in (before, after)
    ]
    loud = joined(changed(denoiser, x, {1500: ("delay", after)}))[1000:2000, 0]
    means = (loud[:-1:2] + loud[1::2]) / 2
    # Whole modes differ by more than 0.1 mV here; what is seen from one sample to the next is less.
    assert np.abs(np.diff(means)).max() < 0.1 * max(quiet)


def test_while_the_delay_changes_no_sample_waits_longer_than_declared() -> None:
    delays: list[str | int] = ["best", "low", 60, "balanced"]
    denoiser = StreamingDenoiser(Identity(), delay="low")
    emitted = 0
    for n in range(1, 4000):
        if n % 500 == 0:
            denoiser.delay = delays[n // 500 % 4]
        emitted += len(denoiser.push([0.0]).signal)
        assert n - emitted <= denoiser.delay_samples


def test_a_change_of_strength_does_not_click() -> None:
    class Silent(Identity):
        output = "noise"  # all of it

    x = np.full(2000, 2.0, np.float32) + np.sin(np.arange(2000) / 50).astype(np.float32)
    denoiser = StreamingDenoiser(Silent(), strength=0)
    out = joined(changed(denoiser, x, {900: ("strength", 1.0)}))[:, 0]
    assert np.abs(np.diff(out)).max() < 2 * 3 / 36
    np.testing.assert_array_equal(out[:700], x[:700])
    assert np.abs(out[1100:]).max() < 1e-3


def test_a_network_that_fails_during_a_change_leaves_the_stream_as_it_was(ecg: Floats) -> None:
    network = Failing()
    denoiser = StreamingDenoiser(network)
    blocks = [denoiser.push(ecg[:1000])]
    network.fails = True
    with pytest.raises(MemoryError):
        denoiser.delay = "best"
    network.fails = False
    assert denoiser.delay == "balanced"
    blocks += [denoiser.push(ecg[1000:]), denoiser.flush()]
    np.testing.assert_allclose(joined(blocks)[:, 0], ecg, atol=2e-5)


@pytest.mark.parametrize("hz", [0.05, 0.1, 0.3, 0.67, 1.0])
def test_st_mode_leaves_slow_changes_as_they_are(hz: float) -> None:
    n = 60 * FS
    ecg = read_record("208b").signal(0)[:n]
    wave = 0.5 * np.sin(2 * np.pi * hz * np.arange(n) / FS)

    def carried(st: bool) -> float:
        """Share of the wave that is found in the output."""
        plain, waved = (
            joined(stream(StreamingDenoiser(st=st), x.astype(np.float32)))[:, 0]
            for x in (ecg, ecg + wave)
        )
        return float((waved - plain) @ wave / (wave @ wave))

    assert carried(st=True) == pytest.approx(1, abs=0.02)
    assert carried(st=False) < 0.5


def test_st_mode_still_takes_hum_away() -> None:
    ecg = read_record("208b").signal(0)[: 30 * FS]
    hum = 0.2 * np.sin(2 * np.pi * 50 * np.arange(len(ecg)) / FS)
    plain, humming = (
        joined(stream(StreamingDenoiser(st=True), x.astype(np.float32)))[3 * FS :, 0]
        for x in (ecg, ecg + hum)
    )
    assert (humming - plain).std() < 0.25 * hum.std()


@pytest.mark.parametrize("fs", [250.0, 360.0])
@pytest.mark.parametrize("delay", MODES)
def test_declared_delay_of_the_st_mode_is_the_longest_wait(fs: float, delay: str) -> None:
    denoiser = StreamingDenoiser(Identity(), fs=fs, delay=delay, st=True)
    put_out, waits = 0, []
    for n in range(1, round(12 * fs)):
        put_out += len(denoiser.push([0.0]).signal)
        waits.append(n - put_out)
    assert max(waits) == denoiser.delay_samples


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 99),
    n=st.integers(1, 1500),
    sizes=st.lists(st.integers(0, 300), max_size=9),
    fs=st.sampled_from([200.0, 360.0]),
    delay=st.sampled_from([*MODES]),
)
def test_st_mode_is_as_exact_as_the_others(
    seed: int, n: int, sizes: list[int], fs: float, delay: str
) -> None:
    x = np.random.default_rng(seed).normal(size=(n, 2)).cumsum(axis=0).astype(np.float32) / 20
    x[n // 2 : n // 2 + 30] = np.nan
    denoiser = StreamingDenoiser(Leaning(), channels=2, fs=fs, delay=delay, st=True)
    whole, pieces = stream(denoiser, x), stream(denoiser, x, sizes)
    assert joined(whole).shape == x.shape
    np.testing.assert_array_equal(joined(pieces), joined(whole))
    np.testing.assert_array_equal(flags(pieces), flags(whole))
    np.testing.assert_array_equal((flags(whole) & Quality.GAP) != 0, np.isnan(x))


def test_changes_that_follow_each_other_at_once_cost_no_more_than_one() -> None:
    windows = []

    class Counting(Identity):
        def __call__(self, window: Floats, context: Floats) -> Floats:
            windows.append(len(window))
            return super().__call__(window, context)

    denoiser = StreamingDenoiser(Counting())
    x = np.sin(np.arange(12_000) / 20).astype(np.float32)
    blocks, costs = [denoiser.push(x[:2000])], []
    for start in range(2000, 12_000, 16):
        denoiser.st = not denoiser.st
        windows.clear()
        blocks.append(denoiser.push(x[start : start + 16]))
        costs.append(sum(windows))
    assert max(costs) <= 4  # each stream that runs, once
    for _ in range(2000):  # without a sample in between
        denoiser.st = not denoiser.st
    out = joined([*blocks, denoiser.flush()])[:, 0]
    np.testing.assert_allclose(out, x, atol=1e-3)


def test_a_change_within_a_gap_that_is_held_keeps_what_is_held() -> None:
    denoiser = StreamingDenoiser(Identity(past=512), gaps="hold")
    x = np.full(7000, np.nan)
    x[:1000] = 5.0
    out = joined(changed(denoiser, x.astype(np.float32), {5000: ("delay", "low")}))
    np.testing.assert_allclose(out[:, 0], 5.0, atol=1e-3)


def test_a_number_that_names_the_present_mode_changes_nothing() -> None:
    x = np.random.default_rng(0).normal(size=3000).astype(np.float32)
    once = joined(stream(StreamingDenoiser(Leaning()), x))
    np.testing.assert_array_equal(
        joined(changed(StreamingDenoiser(Leaning()), x, {1500: ("delay", 122)})), once
    )


@pytest.mark.parametrize("value", ["no", 1, None])
def test_an_st_mode_that_is_neither_on_nor_off_is_refused(value: Any) -> None:
    denoiser = StreamingDenoiser(Identity())
    with pytest.raises(ValueError, match="st is True or False"):
        denoiser.st = value
