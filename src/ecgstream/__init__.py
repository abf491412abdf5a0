"""Clean an ECG while it arrives: a deterministic streaming engine around a TFLite denoiser."""

import importlib
from typing import TYPE_CHECKING, Any

from ecgstream.streamer.denoiser import StreamingDenoiser, denoise
from ecgstream.streamer.ecg.heart_rate import Beat, HeartRate
from ecgstream.streamer.ecg.qrs import BeatDetector
from ecgstream.streamer.engine.block import Block
from ecgstream.streamer.network.base import Network, load_network
from ecgstream.streamer.pool import StreamerPool
from ecgstream.streamer.quality import Quality

# isort: split
# Public names of 0.1.0, kept for one version.
from ecgstream.streamer.engine.delay import FS as FS
from ecgstream.streamer.engine.delay import MODES as MODES
from ecgstream.streamer.engine.delay import WINDOW as WINDOW
from ecgstream.streamer.network.runtimes import RUNTIMES as RUNTIMES
from ecgstream.streamer.network.sandbox import ModelError as ModelError
from ecgstream.streamer.network.shipped import SHIPPED_MODEL as SHIPPED_MODEL
from ecgstream.streamer.network.tflite import TFLiteNetwork as TFLiteNetwork

__all__ = [
    "Beat",
    "BeatDetector",
    "Block",
    "HeartRate",
    "Network",
    "Quality",
    "StreamerPool",
    "StreamingDenoiser",
    "__version__",
    "denoise",
    "io",
    "live",
    "load_network",
]

if TYPE_CHECKING:
    from ecgstream import io, live

    __version__: str
else:

    def __getattr__(name: str) -> Any:
        """Import at the first use what few programs need: `io`, `live` and the version."""
        if name in ("io", "live"):
            return importlib.import_module(f"{__name__}.{name}")
        if name == "__version__":
            return importlib.import_module("importlib.metadata").version(__name__)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
