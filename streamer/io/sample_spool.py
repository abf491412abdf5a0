"""Samples kept on the disk until their range is known.

A format of integers states the range of a signal before its samples, and a denoised signal may
leave that of its input: an electrode's offset goes, and an R peak beside baseline wander rises.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ecgstream.streamer.io.base import Frames, OpenFiles, Samples


class SampleSpool:
    """Temporary files of the samples of several signals, to be read again once all are known.

    Parameters
    ----------
    open_files : closes, and thereby removes, the files.
    folder : on the disk that the output is written to.
    count : number of signals.
    """

    def __init__(self, open_files: OpenFiles, folder: Path, count: int) -> None:
        self._files = [open_files.temporary(folder) for _ in range(count)]
        self.counts = [0] * count
        """Number of samples of each signal."""
        self.extremes: list[tuple[float, float]] = [(np.inf, -np.inf)] * count
        """Smallest and largest sample of each signal; infinite and reversed without any."""
        self.whole = [True] * count
        """Whether all samples of a signal are whole numbers."""

    def write(self, frames: Frames) -> None:
        """Append samples of each signal; NaN marks a gap."""
        for i, samples in enumerate(frames):
            self._files[i].write(np.asarray(samples, float).tobytes())
            self.counts[i] += len(samples)
            known = samples[~np.isnan(samples)]
            if len(known):
                low, high = self.extremes[i]
                self.extremes[i] = min(low, float(known.min())), max(high, float(known.max()))
                self.whole[i] = self.whole[i] and bool((known == np.rint(known)).all())

    def rewind(self) -> None:
        """Read from the first sample on."""
        for file in self._files:
            file.seek(0)

    def take(self, i: int, count: int) -> Samples:
        """Read the next `count` samples of signal `i`, fewer at the end."""
        return np.frombuffer(self._files[i].read(8 * count))
