"""Find the arena of a model on TensorFlow Lite Micro."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ecgstream.model.export.tflm.network import arena_size


def measure(model: str) -> int:
    """Bytes of the smallest arena that TFLM runs an int8 model in."""
    return arena_size(Path(model).read_bytes())


if __name__ == "__main__":
    print(json.dumps(measure(*json.loads(sys.argv[1]))))
