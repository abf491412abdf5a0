"""What the shipped model does on the bundled record: the demo must be worth watching."""

from __future__ import annotations

import numpy as np
import pytest

from ecgstream import StreamingDenoiser
from ecgstream.streamer.ecg.metrics import reference, snr
from ecgstream.streamer.ecg.noise import noise_gain, unit_noise
from ecgstream.streamer.engine.delay import MODES
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.io.records import read_record

_MINUTE = slice(36_000, 36_000 + 60 * 360)


@pytest.fixture(scope="module")
def clean() -> Floats:
    return reference(read_record("208b").signal(0)).astype(np.float32)


def denoised(noisy: Floats, delay: str = "balanced") -> Floats:
    denoiser = StreamingDenoiser(delay=delay)
    return np.concatenate([denoiser.push(noisy).signal, denoiser.flush().signal])[:, 0]


@pytest.mark.parametrize("kind", ["bw", "em", "ma", "mix", "pli50", "pli60"])
def test_every_kind_of_noise_is_reduced(kind: str, clean: Floats) -> None:
    noise = unit_noise(kind, len(clean))
    noisy = clean + noise * noise_gain(clean, noise, 0)
    out = denoised(noisy.astype(np.float32))
    gain = snr(clean[_MINUTE], out[_MINUTE]) - snr(clean[_MINUTE], noisy[_MINUTE])
    assert gain > 5


def test_a_clean_ecg_is_left_alone(clean: Floats) -> None:
    assert snr(clean[_MINUTE], denoised(clean)[_MINUTE]) > 20


@pytest.mark.parametrize("delay", list(MODES))
def test_no_seam_at_the_hop_on_a_noisy_record(delay: str, clean: Floats) -> None:
    noise = unit_noise("em", len(clean))
    noisy = clean + noise * noise_gain(clean, noise, 6)
    steps = np.abs(np.diff(denoised(noisy.astype(np.float32), delay)))
    mode = MODES[delay]
    # A new window takes over where its weights begin.
    border = np.arange(1, len(steps)) % mode.hop == (mode.first - 1) % mode.hop
    # The median: a QRS that happens to lie on a border is no seam.
    ratio = np.median(steps[1:][border]) / np.median(steps[1:][~border])
    assert ratio == pytest.approx(1, abs=0.1)
