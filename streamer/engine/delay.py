"""Delay modes: how far behind the newest sample the output is taken, and with which weights.

Every `hop` samples one window of `WINDOW` samples is denoised. Each denoised window counts only
where its weight is not zero; the weights of neighbouring windows add up to one (overlap-add,
Griffin & Lim 1984). A sample is final when the last window that covers it has been denoised, so
the algorithmic delay is the distance from the first weighted place to the end of the window.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.engine.validation import count

FS = 360.0
"""Hz, the rate that the networks are trained at."""
WINDOW = 256
"""Samples that the network rebuilds in one call."""


@dataclass(frozen=True)
class DelayMode:
    """How the stream is cut into windows and put together again.

    Attributes
    ----------
    hop : samples from one window to the next; divides the weighted part into whole segments.
    samples : algorithmic delay in samples: the oldest sample that a window completes is this
        far behind the newest one.
    weights : (segments, hop) float32, the synthesis window from its first weighted place on;
        each column sums to one.
    """

    hop: int
    samples: int
    weights: npt.NDArray[np.float32]

    @property
    def first(self) -> int:
        """Place in the window of the first weighted sample."""
        return WINDOW - 1 - self.samples

    @property
    def part(self) -> slice:
        """Places in the window that count."""
        return slice(self.first, min(self.first + self.weights.size, WINDOW))


def _segments(synthesis: npt.NDArray[np.float64], hop: int) -> npt.NDArray[np.float32]:
    padded = np.pad(synthesis, (0, -len(synthesis) % hop)).reshape(-1, hop)
    return np.asarray(padded / padded.sum(axis=0), np.float32)


def _full(hop: int = 64) -> DelayMode:
    """The whole window under a periodic Hann synthesis window."""
    hann = np.sin(np.pi * np.arange(WINDOW) / WINDOW) ** 2
    return DelayMode(hop, WINDOW - 1, _segments(hann, hop))


@lru_cache  # one mode for one delay, by whatever name
def _slice(samples: int, hop: int = 16) -> DelayMode:
    """The places of each window from so far behind its end on, the first ones above all.

    The network answers best where it sees a second of past and what comes next, and less and less
    well towards the newest sample. So the weights rise fast and fall with the look-ahead that is
    left. Neighbouring windows overlap six times in `balanced`: their mean is better than any one.
    """
    rise = hop // 2
    least = hop + rise
    if not least <= samples < WINDOW:
        raise ValueError(
            f"delay of {samples} samples is not possible: it takes {least} to {WINDOW - 1}"
        )
    place = np.arange(max(least + 1, samples * 3 // 4)) + 0.5
    up = np.sin(np.pi / 2 * np.minimum(place / rise, 1)) ** 2
    down = np.cos(np.pi / 2 * place / len(place)) ** 2
    return DelayMode(hop, samples, _segments(up * down, hop))


MODES = {"low": _slice(47), "balanced": _slice(122), "best": _full()}
"""0.13 s, 0.34 s and 0.71 s at 360 Hz."""


def delay_mode(delay: str | int) -> DelayMode:
    """The delay mode of that name, or one with that many samples of delay.

    Raises
    ------
    ValueError : no such mode, or a delay that windows of `WINDOW` samples cannot give.
    """
    if isinstance(delay, str):
        if delay not in MODES:
            raise ValueError(f"unknown delay mode {delay!r:.60}: choose from {', '.join(MODES)}")
        return MODES[delay]
    what = f"delay is {', '.join(MODES)} or a whole number of samples"
    return _slice(count(delay, -np.inf, np.inf, what))
