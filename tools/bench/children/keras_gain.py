"""Measure the accuracy of a trained model before its export."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ecgstream.model.training.trainer import KerasNetwork
from ecgstream.tools.bench.accuracy import gain


def measure(model: str, delay: str | int) -> dict[str, float]:
    """Gain of a `.keras` model in dB, see `ecgstream.tools.bench.accuracy`."""
    return gain(KerasNetwork(Path(model)), delay)


if __name__ == "__main__":
    print(json.dumps(measure(*json.loads(sys.argv[1]))))
