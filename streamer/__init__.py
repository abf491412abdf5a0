"""Clean an ECG while it arrives: a deterministic streaming engine around a TFLite denoiser."""

from streamer.delay import MODES, WINDOW
from streamer.denoiser import FS, Block, StreamingDenoiser
from streamer.interpreter import RUNTIMES, SHIPPED_MODEL, ModelError, Network, TFLiteNetwork
from streamer.quality import Quality

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
    "StreamingDenoiser",
    "TFLiteNetwork",
]
