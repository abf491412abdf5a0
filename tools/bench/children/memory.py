"""Measure the memory that denoising takes."""

from __future__ import annotations

import json

from ecgstream.streamer.denoiser import StreamingDenoiser
from ecgstream.streamer.io.records import read_record
from ecgstream.tools.system.memory import peak_memory


def measure() -> float:
    """Peak memory in MB of this process after it denoised the bundled record hop by hop."""
    signal = read_record("208b").signal(0)
    denoiser = StreamingDenoiser()
    for start in range(0, len(signal), denoiser.mode.hop):
        denoiser.push(signal[start : start + denoiser.mode.hop])
    return peak_memory()


if __name__ == "__main__":
    print(json.dumps(measure()))
