"""A whole array denoised in one call: aligned, of its shape, and with the bits of the stream."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ecgstream
from ecgstream import Quality, StreamingDenoiser
from ecgstream.streamer.engine.normalization import Floats
from helpers.fakes import Identity
from helpers.streams import flags, joined, stream


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(0, 2500),
    channels=st.sampled_from([None, 1, 2, 3]),
    sizes=st.lists(st.integers(0, 500), max_size=8),
    gaps=st.sampled_from(["nan", "hold"]),
    fs=st.sampled_from([250.0, 360.0]),
)
def test_an_array_gets_the_bits_of_a_stream_in_chunks(
    seed: int, n: int, channels: int | None, sizes: list[int], gaps: str, fs: float
) -> None:
    rng = np.random.default_rng(seed)
    shape = (n,) if channels is None else (n, channels)
    x = (rng.normal(size=shape).cumsum(axis=0) / 20).astype(np.float32)
    for _ in range(2):
        start = int(rng.integers(n + 1))
        x[start : start + int(rng.integers(200))] = np.nan
    network = Identity(past=512)
    whole = ecgstream.denoise(x, fs, model=network, gaps=gaps)
    denoiser = StreamingDenoiser(network, channels or 1, fs, "best", gaps=gaps)
    blocks = stream(denoiser, x, sizes)
    assert whole.signal.shape == whole.quality.shape == shape
    np.testing.assert_array_equal(whole.signal, joined(blocks).reshape(shape))
    np.testing.assert_array_equal(whole.quality, flags(blocks).reshape(shape))
    if gaps == "nan":
        np.testing.assert_array_equal(np.isnan(whole.signal), np.isnan(x))


def test_the_shipped_model_gives_an_array_the_bits_of_the_stream(ecg: Floats) -> None:
    whole = ecgstream.denoise(ecg)
    blocks = stream(StreamingDenoiser(delay="best"), ecg, [7, 500, 1])
    np.testing.assert_array_equal(whole.signal, joined(blocks)[:, 0])


def test_every_sample_keeps_its_place(ecg: Floats) -> None:
    np.testing.assert_allclose(ecgstream.denoise(ecg, model=Identity()).signal, ecg, atol=2e-5)


def test_integers_are_read_by_their_gain(ecg: Floats) -> None:
    adu = np.round(ecg * 200).astype(np.int16)
    adu[100] = np.iinfo(np.int16).min
    result = ecgstream.denoise(adu, gain=200, model=Identity())
    assert result.quality[100] == Quality.GAP and np.isnan(result.signal[100])
    with pytest.raises(ValueError, match="name the gain"):
        ecgstream.denoise(adu)


def test_masked_samples_and_lists_are_taken() -> None:
    masked = np.ma.array(np.zeros(400), mask=np.arange(400) == 300)
    result = ecgstream.denoise(masked, model=Identity())
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(result.signal)), [300])
    assert ecgstream.denoise([0.0] * 10, model=Identity()).signal.shape == (10,)


@pytest.mark.parametrize("x", [1.0, np.zeros((2, 3, 4)), np.zeros((5, 0)), [[1.0], [1.0, 2.0]]])
def test_other_shapes_are_refused(x: object) -> None:
    with pytest.raises(ValueError, match=r"shape|channels|no array"):
        ecgstream.denoise(x, model=Identity())  # type: ignore[arg-type]


def test_a_denoiser_tells_rate_mode_delay_model_and_position() -> None:
    denoiser = StreamingDenoiser(fs=250, channels=2)
    block = denoiser.push(np.zeros((500, 2)))
    said = repr(denoiser)
    for part in ("standard.tflite", "fs=250", "channels=2", "'balanced'", "open"):
        assert part in said
    assert f"{denoiser.delay_samples} samples" in said and f"sample {len(block.signal)}" in said
    denoiser.flush()
    assert "flushed" in repr(denoiser)
