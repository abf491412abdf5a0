"""A high-pass without delay for whole signals, in numpy alone.

`scipy.signal` does the same; but importing it takes 70 MB of memory, and its package 143 MB of
disk, more than a small device has for the whole program.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float64]

_BLOCK = 256
_EXTENSION = 9
"""Samples mirrored about either end, as `scipy.signal.sosfiltfilt` does for one section."""


def high_pass(signal: Samples, corner: float, fs: float) -> Samples:
    """A signal (n,) through a second-order Butterworth high-pass, forwards and backwards.

    As `scipy.signal.sosfiltfilt` to 1e-10 of the signal's size. `corner` and `fs` are in Hz.

    Raises
    ------
    ValueError : fewer than 10 samples.
    """
    if len(signal) <= _EXTENSION:
        raise ValueError(f"a signal of {len(signal)} samples is too short: it takes 10")
    before = 2 * signal[0] - signal[_EXTENSION:0:-1]
    after = 2 * signal[-1] - signal[-2 : -_EXTENSION - 2 : -1]
    extended = np.concatenate([before, signal, after])
    step = _Section(corner, fs)
    return step.filter(step.filter(extended)[::-1])[::-1][_EXTENSION:-_EXTENSION]


class _Section:
    """A second-order section, block by block: what a block makes of its input and of its past."""

    def __init__(self, corner: float, fs: float) -> None:
        k = np.tan(np.pi * corner / fs)  # bilinear transform
        b0 = 1 / (1 + np.sqrt(2) * k + k**2)
        a1, a2 = 2 * (k**2 - 1) * b0, (1 - np.sqrt(2) * k + k**2) * b0
        # The state after a sample: `turn` times the one before, and `take` times the sample.
        turn, take = np.array([[-a1, 1], [-a2, 0]]), np.array([-2 * b0 - a1 * b0, b0 - a2 * b0])
        powers = [np.eye(2)]
        for _ in range(_BLOCK):
            powers.append(turn @ powers[-1])
        later = np.array(powers[:-1]) @ take  # the state, row i: i samples after a unit pulse
        response = np.concatenate([[b0], later[:-1, 0]])
        lag = np.subtract.outer(np.arange(_BLOCK), np.arange(_BLOCK))
        self._of_input = np.where(lag >= 0, response[np.maximum(lag, 0)], 0)
        self._of_state = np.array(powers[:-1])[:, 0]
        self._to_state, self._turn = later[::-1], powers[-1]
        self._steady = np.linalg.solve(np.eye(2) - turn, take)

    def filter(self, signal: Samples) -> Samples:
        """The signal (n,) filtered, as if it had been at its first value for ever."""
        blocks = np.pad(signal, (0, -len(signal) % _BLOCK)).reshape(-1, _BLOCK)
        taken = blocks @ self._to_state
        states = np.empty((len(blocks), 2))
        state = self._steady * signal[0]
        for i in range(len(blocks)):
            states[i] = state
            state = self._turn @ state + taken[i]
        filtered = blocks @ self._of_input.T + states @ self._of_state.T
        return np.asarray(filtered.ravel()[: len(signal)])
