"""Record an ECG that arrives as lines of text, raw and denoised, without a display.

recorder.py [--fs HZ] [--gain UNITS_PER_MV] FOLDER [DEVICE]

DEVICE is a serial port or a pipe, standard input by default. A line is one sample; a line that is
not a number counts as a lost sample. Each start makes a new WFDB record in FOLDER, named after the
time; a kill or a power cut leaves it readable. `ecg-recorder.service` runs it at boot.
"""

from __future__ import annotations

import argparse
from datetime import datetime, timezone
from pathlib import Path

import ecgstream
from ecgstream.live import BaseTime, Interrupt, LineSource, Recorder, Runner


def main() -> None:
    """Record until the device ends or this process is told to stop."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--fs", type=float, default=360.0, help="sampling rate in Hz")
    parser.add_argument("--gain", type=float, default=1.0, help="what the device sends for 1 mV")
    parser.add_argument("folder", type=Path)
    parser.add_argument("device", nargs="?", default="-")
    options = parser.parse_args()
    source = LineSource.from_address(options.device, options.fs, options.gain)
    now = datetime.now(timezone.utc)
    base = BaseTime(now.time(), now.date())
    name = f"{now:%Y%m%dT%H%M%S}"
    recorder = Recorder(options.folder / name, options.fs, ["ECG"], base=base)
    denoiser = ecgstream.StreamingDenoiser(fs=options.fs)
    with Interrupt() as interrupt:
        report = Runner(source, denoiser, {"disk": recorder}).run(lambda: interrupt.wanted)
    print(report, flush=True)
    if report.failures:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
