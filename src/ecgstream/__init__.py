"""Clean an ECG while it arrives: a deterministic streaming engine around a TFLite denoiser."""

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

from ecgstream.streamer.denoiser import StreamingDenoiser
from ecgstream.streamer.ecg.qrs import BeatDetector
from ecgstream.streamer.engine.stream import Block
from ecgstream.streamer.network.tflite import Network
from ecgstream.streamer.pool import StreamerPool
from ecgstream.streamer.quality import Quality

__all__ = [
    "BeatDetector",
    "Block",
    "Network",
    "Quality",
    "StreamerPool",
    "StreamingDenoiser",
    "io",
    "live",
]

if TYPE_CHECKING:
    from ecgstream import io, live
else:

    def __getattr__(name: str) -> ModuleType:
        """Import `ecgstream.io` or `ecgstream.live` at its first use: few programs need both."""
        if name in ("io", "live"):
            return importlib.import_module(f"{__name__}.{name}")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
