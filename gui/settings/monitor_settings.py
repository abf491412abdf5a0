"""Initial settings of the monitor."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ecgstream.streamer.io.records import BUNDLED
from ecgstream.streamer.network.base import Network


class Noise(NamedTuple):
    """Noise to mix in: kind in `ecgstream.streamer.ecg.noise.KINDS` or None, and its SNR in dB."""

    kind: str | None
    snr: float


class Source(NamedTuple):
    """Record by name or path, index of its signal (None: all) and start in seconds."""

    record: str
    signal: int | None = None
    start: float = 0.0


@dataclass(frozen=True)
class MonitorSettings:
    """Initial settings; all but signal, start, model and runtime can be changed in the window.

    Attributes
    ----------
    record : name or path of a WFDB record; the bundled one when None.
    data : folder of databases; see `ecgstream.streamer.io.records.data_folder`.
    signal, start : index of the record's signal (None: all) and start in seconds.
    noise, snr : kind of noise to mix in (None: no noise) and its SNR in dB.
    model, delay, strength, st, runtime : as `ecgstream.StreamingDenoiser` takes them.
    speed : times real time; infinite for as fast as possible.
    with_patient : whether recordings get the comments of the record's header (age, sex, drugs).
    """

    record: str | None = None
    data: Path | None = None
    signal: int | None = None
    start: float = 0.0
    noise: str | None = "em"
    snr: float = 6.0
    model: str | Path | Network | None = None
    delay: str | int = "balanced"
    strength: float = 1.0
    st: bool = False
    runtime: str = "auto"
    speed: float = 1.0
    with_patient: bool = False

    @property
    def source(self) -> Source:
        """Source to replay first."""
        return Source(self.record or next(iter(BUNDLED.values())), self.signal, self.start)
