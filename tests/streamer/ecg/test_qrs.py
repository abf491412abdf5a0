"""Beats for the eye: found where they are, each once and for all, and none invented."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgstream import Quality, StreamingDenoiser
from ecgstream.streamer.ecg.annotations import record_marks
from ecgstream.streamer.ecg.heart_rate import Beat
from ecgstream.streamer.ecg.metrics import reference
from ecgstream.streamer.ecg.qrs import SPAN, BeatDetector
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.io.records import find_record, read_record
from ecgstream.streamer.quality import Flags

FS = 360
RECORDS = ("101", "106", "119", "203", "223")
"""Chosen before anything was measured: normal, ectopic beats, bigeminy, fibrillation, runs."""


def ecg() -> Floats:
    """A minute of the bundled record, (n, 1)."""
    return reference(read_record("208").signal(0)[: 60 * FS]).astype(np.float32)[:, None]


def regular(seconds: int) -> Floats:
    """Beats of 2 mV at 72 per minute, (n, 1)."""
    t = np.arange(seconds * FS) / FS
    return np.asarray(2 * np.exp(-((((t - 0.4) % (60 / 72) - 0.1) / 0.02) ** 2)), np.float32)[
        :, None
    ]


def detected(
    x: Floats, flags: Flags | None = None, size: int = 90, fs: float = FS
) -> tuple[list[Beat], BeatDetector]:
    """Beats of (n, channels), and the detector that found them, not yet flushed."""
    detector, beats = BeatDetector(fs, x.shape[1]), []
    quality = np.zeros(x.shape, np.uint8) if flags is None else flags
    for at in range(0, len(x), size):
        beats += detector.push(x[at : at + size], quality[at : at + size])
    return beats, detector


def peaks(beats: list[Beat]) -> npt.NDArray[np.int64]:
    return np.array([beat.sample for beat in beats], np.int64)


@pytest.mark.parametrize("record", RECORDS)
def test_heart_rate_of_the_denoised_stream_is_that_of_the_annotations(
    databases: Path, record: str, remark: Callable[[str], None]
) -> None:
    if find_record(f"mitdb/{record}", databases) is None:
        pytest.skip(f"record {record} is not in the data folder")
    recording = read_record(f"mitdb/{record}", databases)
    beats = record_marks(recording.annotations).beats.sample
    denoiser = StreamingDenoiser(channels=2, fs=FS)
    detector = BeatDetector(FS, 2)
    rates = []
    for at in range(0, len(recording.signals) - 10 * FS, 10 * FS):
        block = denoiser.push(recording.signals[at : at + 10 * FS])
        detector.push(block.signal, block.quality)
        end = block.start + len(block.signal)
        marked = beats[(beats >= end - SPAN * FS) & (beats < end)]
        rates.append((detector.heart_rate().bpm, 60 * FS / np.diff(marked).mean()))
    measured, true = np.array(rates).T
    near = np.abs(measured - true) <= np.maximum(5, 0.05 * true)
    remark(f"heart rate of {record}: {near.mean():.1%} of all ten seconds within 5 bpm or 5 %")
    assert near.mean() >= (0.85 if record == "203" else 0.95)  # whose fibrillation is noisy
    assert np.nanmean(measured) == pytest.approx(np.mean(true), rel=0.01)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, 2000), min_size=1, max_size=20))
def test_beats_and_rate_do_not_depend_on_how_the_stream_was_cut(sizes: list[int]) -> None:
    x = ecg()[: 20 * FS]
    x[3000:3500] = np.nan
    expected, whole = detected(x, size=len(x))
    cut, found = BeatDetector(FS), []
    for at, end in zip(np.cumsum([0, *sizes]), np.cumsum([*sizes, len(x)]), strict=True):
        found += cut.push(x[at:end])
    assert repr(found) == repr(expected)  # nan is nan
    assert cut.heart_rate() == whole.heart_rate()
    assert repr(cut.flush()) == repr(whole.flush())


def test_beats_come_in_order_once_and_within_the_declared_delay() -> None:
    x, detector = ecg(), BeatDetector(FS)
    found: list[Beat] = []
    for at in range(0, len(x), 6):
        new = detector.push(x[at : at + 6])
        assert all(0 < at + 6 - beat.sample <= detector.delay_samples for beat in new)
        found += new
    found += detector.flush()
    assert (np.diff(peaks(found)) > 0).all() and len(found) > 100


@pytest.mark.parametrize("fs", [100, 250, 1000])
def test_beats_lie_on_the_r_peaks_to_the_last_one_at_any_rate(fs: int) -> None:
    t = np.arange(30 * fs) / fs
    beats = np.arange(0.5, 29.9, 0.8)
    x = sum(np.exp(-(((t - beat) / 0.02) ** 2)) for beat in beats)
    detector = BeatDetector(fs)
    found = detector.push(np.asarray(x))
    assert detector.heart_rate().bpm == pytest.approx(75, abs=0.5)
    found += detector.flush()
    np.testing.assert_allclose(peaks(found) / fs, beats, atol=0.011)
    rr = np.array([beat.rr for beat in found])
    assert np.isnan(rr[0]) and all(beat.clear for beat in found)
    np.testing.assert_allclose(rr[1:], 0.8, atol=0.021)


@pytest.mark.parametrize(
    "flag",
    [Quality.GAP, Quality.FLAT, Quality.SATURATED, Quality.UNCERTAIN, Quality.SETTLING],
)
def test_nothing_is_found_where_nothing_can_be_known(flag: Quality) -> None:
    x = ecg()
    flags = np.zeros(x.shape, np.uint8)
    bad = slice(20 * FS, 40 * FS)
    flags[bad] = flag
    if flag is Quality.GAP:
        x[bad] = np.nan
    before, detector = detected(x[: bad.stop], flags[: bad.stop])
    assert detector.heart_rate().reason == flag.label
    after = detector.push(x[bad.stop :], flags[bad.stop :])
    assert peaks(before).max() < bad.start and peaks(after).min() >= bad.stop
    assert len(before) > 20 and len(after) > 20
    assert np.isnan(after[0].rr) and not np.isnan([beat.rr for beat in after[1:]]).any()
    expected = detected(ecg())[1].heart_rate().bpm
    assert detector.heart_rate().bpm == pytest.approx(expected, rel=0.02)


def test_the_rate_is_right_as_soon_as_it_is_back_after_a_gap() -> None:
    """It was 124, 111, 104 instead of 73: a median over parts counted those without signal."""
    x, whole = regular(60), regular(60)
    for start in (20, 40):
        x[start * FS : round((start + 7.5) * FS)] = np.nan
    detector, known = BeatDetector(FS), 0
    for at in range(0, len(x), FS):
        detector.push(x[at : at + FS])
        rate = detector.heart_rate()
        assert rate.reason or rate.bpm == pytest.approx(72, abs=1)
        known += not rate.reason
    assert known >= 35
    assert detected(whole)[1].heart_rate().bpm == pytest.approx(72, abs=1)


@pytest.mark.parametrize("noise", [0.0, 0.03])
def test_a_pause_is_no_heartbeat_and_soon_has_no_rate(
    rng: np.random.Generator, noise: float
) -> None:
    x = regular(60)
    pause = slice(30 * FS, 45 * FS)
    x[pause] = 0
    x += noise * rng.standard_normal(x.shape).astype(np.float32)
    beats, detector = detected(x[: pause.start + 5 * FS])
    assert detector.heart_rate().reason == "no beat"
    for at in range(pause.start + 5 * FS, len(x), FS):
        beats += detector.push(x[at : at + FS])
        rate = detector.heart_rate()
        assert rate.reason or rate.bpm == pytest.approx(72, abs=2)
    places = peaks(beats)
    assert not ((places > pause.start + 36) & (places < pause.stop - 36)).any()
    assert detector.heart_rate().bpm == pytest.approx(72, abs=2)


def test_a_gap_of_days_is_skipped_at_once() -> None:
    x, detector = regular(20), BeatDetector(FS)
    detector.push(x)
    detector.skip(2**31 + 7)
    assert detector.heart_rate().reason == "gap"
    beats = detector.push(x)
    assert detector.received == 2**31 + 7 + 2 * len(x)
    expected = 2**31 + 7 + len(x) + peaks(detected(x)[0])
    assert np.abs(peaks(beats)[1:] - expected[1 : len(beats)]).max() <= 1
    assert detector.heart_rate().bpm == pytest.approx(72, abs=1)


@pytest.mark.parametrize("n", [5, 3600, 7200, 7381, 20_000])
def test_skipping_is_pushing_a_gap(n: int) -> None:
    x, skips, pushes = regular(12), BeatDetector(FS), BeatDetector(FS)
    for detector in (skips, pushes):
        detector.push(x)
    skipped = skips.skip(n)
    assert repr(skipped) == repr(pushes.push(np.full((n, 1), np.nan)))
    assert repr(skips.push(x)) == repr(pushes.push(x))
    assert skips.heart_rate() == pushes.heart_rate()


def test_a_doubtful_beat_counts_for_no_rate() -> None:
    """A bump of a third of a beat's height, halfway between two, may be one or not."""
    x, t = regular(20), np.arange(20 * FS) / FS
    x[:, 0] += 0.75 * np.exp(-(((t - 13.417) / 0.02) ** 2))
    beats, detector = detected(x)
    assert detector.heart_rate().bpm == pytest.approx(72, abs=1)
    assert [round(beat.rr, 1) for beat in beats if not beat.clear]


def test_bad_input_is_refused_in_one_sentence() -> None:
    with pytest.raises(ValueError, match="the sampling rate must be 50 to 10000 Hz, not 5"):
        BeatDetector(5)
    with pytest.raises(ValueError, match="channels must be at least 1, not 0"):
        BeatDetector(360, 0)
    detector = BeatDetector(360, 2)
    with pytest.raises(ValueError, match=r"shape \(3,\), not \(n, 2\)"):
        detector.push(np.zeros(3))
    with pytest.raises(ValueError, match=r"quality has shape \(2, 2\), and the signal \(3, 2\)"):
        detector.push(np.zeros((3, 2)), np.zeros((2, 2), np.uint8))
    detector.flush()
    with pytest.raises(ValueError, match="flushed: make a new one"):
        detector.push(np.zeros((3, 2)))


@pytest.mark.parametrize("x", [np.zeros((3600, 1)), np.full((3600, 1), np.nan)])
def test_there_is_no_rate_without_beats(x: Floats) -> None:
    beats, detector = detected(x.astype(np.float32))
    assert not beats and not detector.flush()
    reason = "gap" if np.isnan(x[0, 0]) else "no beat"
    assert detector.heart_rate().reason == reason


def test_what_little_noise_is_left_is_no_heart(rng: np.random.Generator) -> None:
    x = ecg()
    x[30 * FS :] = 0.005 * rng.standard_normal((len(x) - 30 * FS, 1))
    beats, detector = detected(x)
    assert detector.heart_rate().reason == "no beat"
    assert peaks(beats).max() < 30.2 * FS


def test_a_lead_that_has_come_off_does_not_hide_the_other() -> None:
    x = np.concatenate([ecg(), np.full((60 * FS, 1), np.nan, np.float32)], axis=1)
    assert repr(detected(x)[0]) == repr(detected(ecg())[0])


def test_a_lead_of_low_complexes_takes_over_at_once_when_the_high_one_is_lost() -> None:
    x = np.concatenate([regular(30), 0.3 * regular(30)], axis=1)
    x[15 * FS :, 0] = np.nan
    beats, _ = detected(x)
    assert np.diff(peaks(beats)).max() < 0.9 * FS


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)
