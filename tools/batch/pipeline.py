"""Denoise all signals of a recording, aligned with those that are copied.

The engine delays its output, by a different time at each sampling rate. Signals are therefore
buffered until whole frames of all of them are complete.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.denoiser import StreamingDenoiser
from ecgstream.streamer.engine.block import Block
from ecgstream.streamer.io.base import FormatError, Frames, Reader, Signal, Writer
from ecgstream.streamer.quality import Quality
from ecgstream.tools.batch.flag_files import FlagSink


@dataclass
class Tally:
    """Totals of one recording."""

    seconds: float = 0.0
    """Duration of all denoised signals together."""
    gaps: int = 0
    """Samples without input."""
    uncertain: int = 0
    """Samples flagged as uncertain."""
    remarks: list[str] = field(default_factory=list)
    """What a user should know of the written file."""


class Pipeline:
    """Pipeline from a reader to a writer in pieces; memory does not grow with the length."""

    def __init__(
        self,
        reader: Reader,
        writer: Writer,
        flags: FlagSink,
        denoiser: Callable[[int, float], StreamingDenoiser],
    ) -> None:
        self._reader, self._writer, self._flags, self._denoiser = reader, writer, flags, denoiser
        self._tally = Tally()

    def run(self, ecgs: Sequence[int], progress: Callable[[float], None]) -> Tally:
        """Denoise the signals numbered `ecgs`, copy all others, and complete the files."""
        reader, signals = self._reader, self._reader.signals
        self._groups = [
            _Group([i for i in ecgs if signals[i].fs == fs], signals, self._denoiser)
            for fs in dict.fromkeys(signals[i].fs for i in ecgs)
        ]
        self._samples = _FrameBuffer(signals)
        self._quality = _FrameBuffer([signals[i] for i in ecgs])
        self._ecgs = list(ecgs)
        for piece in reader.pieces():
            if reader.after_break:
                if not self._writer.keeps_breaks:
                    raise FormatError("it has breaks in the time, which need its own format")
                self._flush()
            for i, samples in enumerate(piece):
                if i not in ecgs:
                    self._samples.put(i, samples)
            for group in self._groups:
                self._collect(group, group.push(piece))
            self._write_frames()
            progress(reader.fraction_read)
        self._flush()
        self._flags.close()
        self._writer.close()
        self._tally.remarks = list(self._writer.remarks)
        return self._tally

    def _flush(self) -> None:
        """Flush and reset the denoisers of all groups."""
        for group in self._groups:
            self._collect(group, group.flush())
        self._write_frames()

    def _collect(self, group: _Group, block: Block) -> None:
        for k, i in enumerate(group.numbers):
            samples = block.signal[:, k].astype(float) / group.factors[k]
            self._samples.put(i, samples)
            self._quality.put(self._ecgs.index(i), block.quality[:, k])
            self._tally.seconds += len(samples) / self._reader.signals[i].fs
        self._tally.gaps += int(np.count_nonzero(block.quality & Quality.GAP))
        self._tally.uncertain += int(np.count_nonzero(block.quality & Quality.UNCERTAIN))

    def _write_frames(self) -> None:
        frames, flags = self._samples.frames(), self._quality.frames()
        if len(frames[0]):
            self._writer.write(frames)
        if len(flags[0]):
            self._flags.write(flags)


class _Group:
    """Signals of one sampling rate, denoised together."""

    def __init__(
        self,
        numbers: Sequence[int],
        signals: Sequence[Signal],
        denoiser: Callable[[int, float], StreamingDenoiser],
    ) -> None:
        self.numbers = numbers
        self.factors = [signals[i].millivolts or 0.0 for i in numbers]
        self._denoiser = denoiser(len(numbers), signals[numbers[0]].fs)

    def push(self, piece: Frames) -> Block:
        pairs = zip(self.numbers, self.factors, strict=True)
        return self._denoiser.push(np.stack([piece[i] * factor for i, factor in pairs], axis=1))

    def flush(self) -> Block:
        block = self._denoiser.flush()
        self._denoiser.reset()
        return block


class _FrameBuffer:
    """Samples of several signals, buffered until frames are complete."""

    def __init__(self, signals: Sequence[Signal]) -> None:
        self._per_frame = [signal.per_frame for signal in signals]
        self._parts: list[list[npt.NDArray[Any]]] = [[np.empty(0, np.uint8)] for _ in signals]

    def put(self, i: int, samples: npt.NDArray[Any]) -> None:
        """Append samples of signal `i`."""
        self._parts[i].append(samples)

    def frames(self) -> list[npt.NDArray[Any]]:
        """Remove and return all complete frames."""
        whole = [np.concatenate([p for p in parts if len(p)] or parts) for parts in self._parts]
        n = min(len(x) // count for x, count in zip(whole, self._per_frame, strict=True))
        ends = [n * count for count in self._per_frame]
        self._parts = [[x[end:]] for x, end in zip(whole, ends, strict=True)]
        return [x[:end] for x, end in zip(whole, ends, strict=True)]
