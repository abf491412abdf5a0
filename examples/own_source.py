"""Run a source of your own through the engine: acquire, denoise and record at the same time.

A source has a sampling rate and a method `read`. This one simulates a device that loses samples.
"""

import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

import ecgstream
from ecgstream.live import Collector, Piece, Recorder, Runner


class Device:
    """A simulated device: a beat each second, and 100 samples lost after ten seconds."""

    fs = 360.0

    def __init__(self, seconds: float) -> None:
        self._next, self._end = 0, round(seconds * self.fs)

    def read(self, n: int) -> Piece | None:
        """Return the next samples in mV; None ends the run."""
        if self._next == round(10 * self.fs):
            self._next += 100  # a jump in the count becomes a gap of that length
        if self._next >= self._end:
            return None
        numbers = np.arange(self._next, min(self._next + n, self._end))
        self._next = int(numbers[-1]) + 1
        beats = np.exp(-((numbers % self.fs / self.fs - 0.5) ** 2) / 0.0004)
        return Piece.without_reference(int(numbers[0]), beats.astype(np.float32))


path = Path(sys.argv[1] if len(sys.argv) > 1 else mkdtemp()) / "device"
collector, recorder = Collector(), Recorder(path, Device.fs, ["ECG"])
denoiser = ecgstream.StreamingDenoiser(fs=Device.fs)
runner = Runner(
    Device(seconds=20),
    denoiser,
    {"memory": collector, "disk": recorder},
    chunk=36,
    live=False,  # this source can wait: drop nothing
)
report = runner.run()
print(report)

quality = collector.result().quality
gap = (quality & ecgstream.Quality.GAP) != 0
print(f"{gap.sum()} samples are marked as a gap; recorded in {path}.dat")
