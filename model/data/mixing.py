"""Training windows, mixed on the fly from clean records and recorded noise.

Batch number i of a seed is always the same, so an interrupted training goes on exactly.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.signal import resample_poly

from ecgstream.model.data import synthetic_noise
from ecgstream.model.data.splits import EMG_RECORDS, MAIN_DATABASE, noise_half
from ecgstream.streamer.ecg.metrics import reference
from ecgstream.streamer.ecg.noise import RECORDED, recorded_noise
from ecgstream.streamer.engine.delay import FS, WINDOW
from ecgstream.streamer.engine.normalization import Floats, standardise
from ecgstream.streamer.io.records import read_record

EMG = "emg"
"""Name of recorded muscle activity among the kinds of noise."""
_STRETCH = 19 * 360
"""Samples over which powers are compared: noise comes in bursts, and a level of 0 dB means the
stretch's, not that of each window."""


@dataclass(frozen=True)
class Mixing:
    """How often what is mixed into a window, as shares of all windows."""

    snr: tuple[float, float] = (-8.0, 18.0)  # dB, uniform
    clean: float = 0.1  # nothing added
    several: float = 0.3  # a weighted sum of recorded kinds
    powerline: float = 0.15
    white: float = 0.06
    motion: float = 0.0  # synthetic
    motion_snr: tuple[float, float] = (-14.0, 4.0)  # dB, uniform
    emg: float = 0.0  # recorded muscle activity
    pops: float = 0.06  # electrode pops, on top of the rest
    steps: float = 0.0  # of an electrode's offset, with a slow recovery
    gain_steps: float = 0.02
    saturation: float = 0.02
    dropouts: float = 0.0
    short_past: float = 0.12  # streams that have just begun
    # Windows from each database whose records are given; the rest from MIT-BIH.
    qtdb: float = 0.4
    ludb: float = 0.0
    cpsc2021: float = 0.0
    cinc2021: float = 0.0
    gain: tuple[float, float] = (0.4, 2.5)  # of the ECG, log-uniform

    def draws_from(self, database: str) -> bool:
        """Whether windows come from a database."""
        return database == MAIN_DATABASE or getattr(self, database) > 0


class Stretches:
    """Many signals end to end, from which rows of equal length are cut.

    Parameters
    ----------
    signals : each (n,) float32, mV.
    length : samples of a row.
    chances : how often a row comes from each signal, in any unit; all alike when None.
    """

    def __init__(
        self, signals: Sequence[Floats], length: int, chances: Sequence[float] | None = None
    ) -> None:
        self._rows = np.lib.stride_tricks.sliding_window_view(np.concatenate(signals), length)
        moments = [_local_moments(s) for s in signals]
        self._mean, self._power = (np.concatenate(m) for m in zip(*moments, strict=True))
        ends = np.cumsum([len(s) for s in signals])
        starts = ends - [len(s) for s in signals]
        self._first, self._choices = starts, ends - starts - length + 1
        self._until = np.cumsum(np.ones(len(ends)) if chances is None else chances)

    def draw(self, rng: np.random.Generator, n: int) -> tuple[Floats, Floats]:
        """`n` random rows (n, length) and the variance of the stretch around each (n, 1).

        The stretch's mean is removed from the row.
        """
        which = np.searchsorted(self._until, rng.random(n) * self._until[-1], "right")
        start = self._first[which] + (rng.random(n) * self._choices[which]).astype(np.int64)
        middle = start + self._rows.shape[1] // 2
        return self._rows[start] - self._mean[middle, None], self._power[middle, None]


def _local_moments(signal: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of the stretch around each sample, both (n,)."""
    sums = np.concatenate(
        [np.zeros((2, 1)), np.cumsum([signal, signal**2], axis=1, dtype=float)], 1
    )
    at = np.arange(len(signal))
    low, high = np.maximum(at - _STRETCH // 2, 0), np.minimum(at + _STRETCH // 2, len(signal))
    mean, square = (sums[:, high] - sums[:, low]) / (high - low)
    return mean.astype(np.float32), np.maximum(square - mean**2, 1e-8).astype(np.float32)


def load_clean(name: str, data: Path) -> list[Floats]:
    """The references of all signals of a record (`mitdb/101`), at `FS`.

    Raises
    ------
    ecgstream.streamer.io.records.RecordError : the record is missing or damaged.
    """
    record = read_record(name, data)
    signals = [reference(s, record.fs) for s in record.signals.T]
    return [_at_fs(s, record.fs) for s in signals]


def _at_fs(signal: npt.NDArray[np.float64], fs: float) -> Floats:
    fraction = Fraction(FS / fs).limit_denominator(1000)
    up, down = fraction.numerator, fraction.denominator
    return (signal if up == down else resample_poly(signal, up, down)).astype(np.float32)


def load_noise(data: Path, *, emg: bool = False) -> dict[str, list[Floats]]:
    """The training halves of NSTDB, both channels, zero mean; `EMG` with the recordings of muscles.

    Raises
    ------
    ecgstream.streamer.io.records.RecordError : a record is missing or damaged.
    """
    halves = {k: noise_half(k, recorded_noise(k, data), test=False) for k in RECORDED}
    noise = {k: [(s - s.mean()).astype(np.float32) for s in h.T] for k, h in halves.items()}
    if emg:
        records = [read_record(f"emg/{name}", data) for name in EMG_RECORDS]
        noise[EMG] = [_at_fs(reference(r.signal(0), r.fs), r.fs) for r in records]
    return noise


def place_weights() -> Floats:
    """Weight of each place in the window, mean one.

    No delay mode takes much of its output from the first 100 or the last 16 samples.
    """
    weights = np.interp(np.arange(WINDOW), [0, 100, 239, 255], [0.3, 1.0, 1.0, 0.3])
    return (weights / weights.mean()).astype(np.float32)


def examples(
    past: Floats, clean: Floats, weights: Floats, output: str
) -> tuple[dict[str, Floats], Floats]:
    """What the network is shown, and the wanted answer beside the weight of each squared error.

    `past` (b, n) is noisy and `clean` (b, WINDOW) its end without the noise, both in mV; `weights`
    (b, WINDOW) are for squared errors in mV.
    """
    windows = standardise(past)
    target = clean / windows.scale
    if output == "noise":
        target = windows.window[..., 0] - target
    else:
        target -= windows.mean / windows.scale
    inputs = {"window": windows.window}
    if past.shape[1] > WINDOW:
        inputs["context"] = windows.context
    return inputs, np.stack([target, weights * np.square(windows.scale)], axis=-1)


def _chances(databases: Sequence[str], mixing: Mixing) -> list[float]:
    """How often a window comes from each signal, given the database of each."""
    count = Counter(databases)
    share = {name: getattr(mixing, name) for name in count if name != MAIN_DATABASE}
    share[MAIN_DATABASE] = 1 - sum(share.values())
    return [share[name] / count[name] for name in databases]


class Rows(NamedTuple):
    """Stretches of noisy signals."""

    noisy: Floats
    """(b, n), mV; the first sample again and again before the stream began."""
    clean: Floats
    """(b, n), mV."""
    power: Floats
    """(b, 1), mV²: what squared errors are weighed against."""
    counts: Floats
    """(b, n): 0 before the stream began, else 1."""


class NoisyWindows:
    """Batches of (inputs, target): `inputs` as the network takes them, `target` (b, WINDOW, 2).

    Mixed from the signals of records, by name (`mitdb/101`), and recorded noise, by kind.

    The target holds the wanted answer and, beside it, the weight of each squared error: nought
    before the stream began, else the place's weight over the power of the stretch's noise and of
    `floor` times its ECG.
    """

    def __init__(
        self,
        clean: dict[str, list[Floats]],
        noise: dict[str, list[Floats]],
        *,
        output: str,
        past: int,
        mixing: Mixing,
        batch: int,
        seed: int,
        floor: float,
    ) -> None:
        self.floor = floor
        signals = [(name, s) for name, signals in clean.items() for s in signals]
        chances = _chances([name.partition("/")[0] for name, _ in signals], mixing)
        self._clean = Stretches([s for _, s in signals], past, chances)
        self._noise = [Stretches(noise[kind], past) for kind in RECORDED]
        self._emg = Stretches(noise[EMG], past) if mixing.emg else None
        self._output, self._past, self._mixing = output, past, mixing
        self._batch, self._seed = batch, seed

    def __getitem__(self, index: int) -> tuple[dict[str, Floats], Floats]:
        rng = np.random.default_rng((self._seed, index))
        rows = self.rows(rng)
        weights = place_weights() / rows.power
        weights[rows.counts[:, -WINDOW:] == 0] = 0
        return examples(rows.noisy, rows.clean[:, -WINDOW:], weights, self._output)

    def rows(self, rng: np.random.Generator) -> Rows:
        """A batch of noisy stretches, each as long as `past`."""
        return self._disturb(*self.mix(rng), rng)

    def mix(self, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
        """Clean rows (b, past), the noise added to them, and what errors are weighed against.

        The last is the noise's mean square over the stretch (b, 1); all in mV.
        """
        mixing, b = self._mixing, self._batch
        clean, power = self._clean.draw(rng, b)
        low, high = np.log(mixing.gain)
        gain = np.exp(rng.uniform(low, high, (b, 1))) * rng.choice([-1.0, 1.0], (b, 1))
        clean = clean * gain.astype(np.float32)
        noise, in_motion = self._unit_noise(rng)
        snr = rng.uniform(*mixing.snr, (b, 1))
        snr[in_motion] = rng.uniform(*mixing.motion_snr, (len(in_motion), 1))
        level = np.sqrt(power) * np.abs(gain) * 10 ** (-snr / 20)
        level[rng.random(b) < mixing.clean] = 0
        noise *= level.astype(np.float32)
        return (
            clean,
            noise,
            (np.square(level) + power * np.square(gain * self.floor)).astype(np.float32),
        )

    def _unit_noise(self, rng: np.random.Generator) -> tuple[Floats, npt.NDArray[np.intp]]:
        """Rows (b, past) whose stretch has unit power, and which of them are motion."""
        mixing, b, n = self._mixing, self._batch, self._past
        kind = rng.random(b)
        shares = mixing.powerline, mixing.white, mixing.motion, mixing.emg
        hum, white, motion, other = np.cumsum(shares)
        several = kind > 1 - mixing.several
        share = np.where(several[:, None], rng.random((b, len(RECORDED))), 0.0)
        share[np.arange(b), rng.integers(len(RECORDED), size=b)] = 1.0
        share[kind < other] = 0
        share *= rng.choice([-1.0, 1.0], share.shape)
        share /= np.maximum(np.sqrt(np.square(share).sum(axis=1, keepdims=True)), 1e-9)
        noise = np.zeros((b, n), np.float32)
        for stretches, amount in zip(self._noise, share.T, strict=True):
            (rows,) = np.nonzero(amount)
            drawn, power = stretches.draw(rng, len(rows))
            noise[rows] += drawn * (amount[rows, None] / np.sqrt(power)).astype(np.float32)
        (rows,) = np.nonzero(kind < hum)
        noise[rows] = synthetic_noise.hum(rng, len(rows), n)
        (rows,) = np.nonzero((kind >= hum) & (kind < white))
        noise[rows] = rng.standard_normal((len(rows), n), np.float32)
        if self._emg is not None:
            (rows,) = np.nonzero((kind >= motion) & (kind < other))
            drawn, power = self._emg.draw(rng, len(rows))
            noise[rows] = drawn / np.sqrt(power)
        (rows,) = np.nonzero((kind >= white) & (kind < motion))
        noise[rows] = synthetic_noise.motion(rng, len(rows), n)
        return noise, rows

    def _disturb(
        self, clean: Floats, noise: Floats, power: Floats, rng: np.random.Generator
    ) -> Rows:
        mixing, (b, n) = self._mixing, clean.shape
        for row in np.flatnonzero(rng.random(b) < mixing.gain_steps):
            clean[row, rng.integers(n) :] *= rng.uniform(0.4, 2.5)
        x = clean + noise
        for share, jump in (
            (mixing.pops, synthetic_noise.pop),
            (mixing.steps, synthetic_noise.electrode_step),
        ):
            for row in np.flatnonzero(rng.random(b) < share):
                added = jump(rng, n, float(np.sqrt(power[row, 0])))
                x[row] += added
                power[row] += np.square(added).mean()
        for row in np.flatnonzero(rng.random(b) < mixing.saturation):
            synthetic_noise.saturate(rng, x[row])
        for row in np.flatnonzero(rng.random(b) < mixing.dropouts):
            synthetic_noise.drop_out(rng, x[row])
        counts = np.ones((b, n), np.float32)
        for row in np.flatnonzero(rng.random(b) < mixing.short_past):
            begin = n - int(np.exp(rng.uniform(np.log(16), np.log(n))))
            x[row, :begin] = x[row, begin]
            counts[row, :begin] = 0
        return Rows(x, clean, power, counts)
