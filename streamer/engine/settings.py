"""Settings of a stream."""

from __future__ import annotations

from dataclasses import dataclass

from ecgstream.streamer.engine.delay import DelayMode, delay_mode

MIN_FS, MAX_FS = 100.0, 2000.0
"""Hz; below it too little of an ECG is left, beyond it nothing is gained."""


@dataclass(frozen=True)
class StreamSettings:
    """Settings that stay for the life of a stream; see `StreamingDenoiser`.

    `past` is the number of samples that the network sees, `WINDOW` included; `predicts_error`
    says whether it tells the size of its error.
    """

    channels: int
    fs: float
    delay: str | int
    past: int
    st: bool = False
    hold_gaps: bool = False
    predicts_error: bool = False

    @property
    def mode(self) -> DelayMode:
        """Delay mode: hop and synthesis window."""
        return delay_mode(self.delay)
