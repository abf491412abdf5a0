"""Clean an ECG while it arrives: a deterministic streaming engine around a TFLite denoiser."""

from streamer.delay import FS, MODES, WINDOW
from streamer.denoiser import StreamingDenoiser
from streamer.interpreter import RUNTIMES, SHIPPED_MODEL, Network, TFLiteNetwork
from streamer.pool import StreamerPool
from streamer.quality import Quality
from streamer.stream import Block
from streamer.trial import ModelError

__all__ = [
    "FS",
    "MODES",
    "RUNTIMES",
    "SHIPPED_MODEL",
    "WINDOW",
    "Block",
    "ModelError",
    "Network",
    "Quality",
    "StreamerPool",
    "StreamingDenoiser",
    "TFLiteNetwork",
]
