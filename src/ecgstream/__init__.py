"""Clean an ECG while it arrives: a deterministic streaming engine around a TFLite denoiser."""

from ecgstream.streamer.denoiser import StreamingDenoiser
from ecgstream.streamer.ecg.qrs import BeatDetector
from ecgstream.streamer.engine.stream import Block
from ecgstream.streamer.network.tflite import Network
from ecgstream.streamer.pool import StreamerPool
from ecgstream.streamer.quality import Quality

__all__ = ["BeatDetector", "Block", "Network", "Quality", "StreamerPool", "StreamingDenoiser"]
