"""Streaming resampling by a fixed ratio."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.engine.ring_buffer import RingBuffer

_ZEROS = 10
"""Zero crossings of the low-pass on either side, as in `scipy.signal.resample_poly`."""
_BETA = 5.0
"""Of its Kaiser window, as there."""


_MAX_TERM = 20_000
"""Largest numerator and denominator of a ratio; rates in steps of 0.1 Hz up to 2 kHz have their
exact ratio to 360."""


def ratio(fs: float, to: float) -> Fraction:
    """`to` over `fs`, as the nearest fraction whose numbers are not beyond 20,000.

    That is exact for rates in whole tenths of a Hz and at most 25 ppm off for any other, less than
    a recorder's own clock. Nothing drifts: what was resampled by a ratio comes back by its exact
    inverse, so all that is off is the network's idea of time, by 0.006 samples in a window.
    """
    exact = Fraction(to) / Fraction(fs)
    if exact > 1:
        return 1 / (1 / exact).limit_denominator(_MAX_TERM)
    return exact.limit_denominator(_MAX_TERM)


@lru_cache(maxsize=1)  # there and back have the same
def _low_pass(n: int) -> npt.NDArray[np.float64]:
    """A Kaiser low-pass (2 * half + 1,) at the n-th part of the band."""
    half = _ZEROS * n
    place = np.arange(half + 1) / half
    window = np.i0(_BETA * np.sqrt(1 - place**2))
    after = window * np.sinc(_ZEROS * place)
    return np.concatenate([after[:0:-1], after])


@lru_cache(maxsize=16)
def _bank(up: int, down: int) -> Floats:
    """Taps of each phase (up, taps), newest sample last: a low-pass at the lower rate."""
    low_pass = _low_pass(max(up, down))
    taps = -(-len(low_pass) // up)
    phases = np.pad(low_pass, (0, taps * up - len(low_pass))).reshape(taps, up).T
    phases = phases / phases.sum(axis=1, keepdims=True)  # a constant stays one in every phase
    return np.ascontiguousarray(phases[:, ::-1], dtype=np.float32)


class Resampler:
    """Polyphase resampling of some signals (Crochiere & Rabiner 1983), without their delay.

    Output sample m lies at input time m / ratio. Before its first sample a signal is taken to
    have had the value that `fill` names. The output depends on the samples alone and not on how
    they were cut into pushes.
    """

    def __init__(self, rows: int, ratio: Fraction) -> None:
        self._up, self._down = ratio.numerator, ratio.denominator
        self._half = _ZEROS * max(self._up, self._down)
        self._bank = _bank(self._up, self._down)
        self._tail = RingBuffer(rows, self._bank.shape[1])
        self.fill = self._tail.fill
        self._received = 0
        self._given = 0

    @property
    def reach(self) -> int:
        """Output samples on either side that an input sample is smeared over."""
        return -(-self._half // self._down)

    def newest_input(self, output: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Index of the input sample that completes each output sample."""
        return (output * self._down + self._half) // self._up

    def first_output(self, inputs: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Index of the first output sample that takes each input sample, or one after it."""
        return -((self._half - inputs * self._up) // self._down)

    def push(self, x: Floats) -> Floats:
        """Take samples (rows, n); return those (rows, m) that they complete."""
        self._tail.append(x)
        self._received += x.shape[1]
        done = max(0, -(-(self._received * self._up - self._half) // self._down))
        outputs = np.arange(self._given, done)
        self._given = done
        taps = self._bank.shape[1]
        if not len(outputs):
            return np.empty((len(x), 0), np.float32)
        newest = self.newest_input(outputs)
        span = self._received - int(newest[0]) - 1 + taps
        kept = self._tail.newest(span)
        windows = np.lib.stride_tricks.sliding_window_view(kept, taps, axis=1)
        products = windows[:, newest - newest[0]]
        products = products * self._bank[(outputs * self._down + self._half) % self._up]
        return np.asarray(np.add.reduce(products, axis=2))

    def flush(self, total: int) -> Floats:
        """Return the rest of `total` output samples; the last input sample is held."""
        given = self._given
        missing = int(self.newest_input(np.array(total - 1))) + 1 - self._received
        held = np.repeat(self._tail.newest(1), max(missing, 0), axis=1)
        return self.push(held)[:, : total - given]
