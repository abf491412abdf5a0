"""Record an ECG that arrives as lines of text, raw and denoised, without a display.

recorder.py [--fs HZ] [--gain ADU_PER_MV] FOLDER [DEVICE]

DEVICE is a serial port or a pipe, standard input by default. A line is one sample; one that is no
number is a sample that was lost. Each start makes a new WFDB record in FOLDER, named after the
time; a kill or a power cut leaves it readable. `ecg-recorder.service` runs it at boot.
"""

from __future__ import annotations

import argparse
import os
import select
import sys
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from ecgstream import StreamingDenoiser
from ecgstream.streamer.live.clock import SystemClock
from ecgstream.streamer.live.runner import Runner
from ecgstream.streamer.live.sinks.recorder import Recorder
from ecgstream.streamer.live.sources.base import Piece
from ecgstream.tools.system.interrupt import Interrupt

_PATIENCE = 0.5  # seconds to wait for samples before looking whether to stop


class Lines:
    """A `ecgstream.streamer.live.sources.base.Source` of lines."""

    def __init__(self, file: int, fs: float, gain: float) -> None:
        self.fs, self._file, self._gain = fs, file, gain
        self._received, self._rest = 0, b""

    def read(self, n: int) -> Piece | None:
        """What has arrived; None at the end."""
        ready, _, _ = select.select([self._file], [], [], _PATIENCE)
        data = os.read(self._file, 1 << 16) if ready else b""
        if ready and not data:
            return None
        *lines, self._rest = (self._rest + data).split(b"\n")
        samples = np.array([_number(line) for line in lines], np.float32) / self._gain
        start, self._received = self._received, self._received + len(samples)
        return Piece(start, samples, np.full_like(samples, np.nan))


def _number(line: bytes) -> float:
    try:
        return float(line)
    except ValueError:
        return float("nan")


def main() -> None:
    """Record until the device ends or this process is told to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--fs", type=float, default=360.0, help="sampling rate in Hz")
    parser.add_argument("--gain", type=float, default=1.0, help="what the device sends for 1 mV")
    parser.add_argument("folder", type=Path)
    parser.add_argument("device", nargs="?", type=Path)
    given = parser.parse_args()
    file = sys.stdin.fileno() if given.device is None else os.open(given.device, os.O_RDONLY)
    name = f"{datetime.now(timezone.utc):%Y%m%dT%H%M%S}"
    recorder = Recorder(given.folder / name, given.fs, ["ECG"])
    source = Lines(file, given.fs, given.gain)
    runner = Runner(source, StreamingDenoiser(fs=given.fs), {"disk": recorder}, SystemClock())
    with Interrupt() as interrupt:
        report = runner.run(lambda: interrupt.wanted)
    print(report, flush=True)
    if report.failures:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
