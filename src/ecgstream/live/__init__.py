"""Live runs: a source, the engine and any number of sinks, none of which waits for another.

>>> from ecgstream import StreamingDenoiser
>>> from ecgstream.live import Collector, Runner, open_source
>>> source, collector = open_source("record:208b?duration=10"), Collector()
>>> report = Runner(source, StreamingDenoiser(), {"memory": collector}, live=False).run()
>>> report.received, collector.result().output.shape
(3600, (3600, 1))
"""

from ecgstream.streamer.io.base_time import BaseTime
from ecgstream.streamer.live.clock import Clock, Pacer, SystemClock
from ecgstream.streamer.live.history import History, Segment
from ecgstream.streamer.live.interrupt import Interrupt
from ecgstream.streamer.live.queues import SampleCount
from ecgstream.streamer.live.report import Failure, Report
from ecgstream.streamer.live.runner import Runner
from ecgstream.streamer.live.sinks.base import Sink, Step
from ecgstream.streamer.live.sinks.callback import Callback
from ecgstream.streamer.live.sinks.collector import Collector, Result
from ecgstream.streamer.live.sinks.recorder import Kept, Recorder, RecordingError
from ecgstream.streamer.live.sources.base import Piece, Source
from ecgstream.streamer.live.sources.lines import LineSource
from ecgstream.streamer.live.sources.paced import Paced
from ecgstream.streamer.live.sources.record import Replay
from ecgstream.streamer.live.sources.registry import open_source

__all__ = [
    "BaseTime",
    "Callback",
    "Clock",
    "Collector",
    "Failure",
    "History",
    "Interrupt",
    "Kept",
    "LineSource",
    "Paced",
    "Pacer",
    "Piece",
    "Recorder",
    "RecordingError",
    "Replay",
    "Report",
    "Result",
    "Runner",
    "SampleCount",
    "Segment",
    "Sink",
    "Source",
    "Step",
    "SystemClock",
    "open_source",
]
