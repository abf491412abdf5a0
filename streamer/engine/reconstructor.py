"""From denoised windows to blocks, in stages.

Overlap-add, output detectors, ST mode, resampling to the input's rate, flags of the input,
dry/wet mix, gaps: one method each, in this order. The half width of the error band takes the same
way: what a stage keeps of the noise removed widens it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ecgstream.streamer.engine.block import Block, empty_block
from ecgstream.streamer.engine.delay import WINDOW
from ecgstream.streamer.engine.detectors.base import OUTPUT_DETECTORS, OutputSegment
from ecgstream.streamer.engine.dry_wet import DryWet
from ecgstream.streamer.engine.framer import Framer
from ecgstream.streamer.engine.normalization import ERROR_STEP, Floats
from ecgstream.streamer.engine.overlap_add import OverlapAdd
from ecgstream.streamer.engine.resampling import Resampler
from ecgstream.streamer.engine.ring_buffer import RingBuffer
from ecgstream.streamer.engine.settings import StreamSettings
from ecgstream.streamer.engine.st_mode import StMode
from ecgstream.streamer.quality import Flags, Quality

# Numbers of numpy's own are several times faster than an enum's.
_GAP = np.uint8(Quality.GAP)
_SETTLING = np.uint8(Quality.SETTLING)


class DenoisedWindows(NamedTuple):
    """Windows as the network denoised them."""

    signal: Floats
    """(n, WINDOW), mV."""
    error: Floats | None
    """(n, WINDOW // ERROR_STEP), half widths of the error band in mV; None if it does not tell."""


class Reconstructor:
    """The output of a stream.

    Parameters
    ----------
    settings : of the stream.
    framer : the stream's input, read for its samples and flags.
    strength : share of the noise that is removed.
    origin : number of the stream's first sample.

    Attributes
    ----------
    rebuilt : samples reconstructed at `FS`.
    emitted : samples put out, at the input's rate.
    """

    def __init__(
        self, settings: StreamSettings, framer: Framer, strength: float, origin: int
    ) -> None:
        channels, mode = settings.channels, settings.mode
        self._channels, self._mode, self._part = channels, mode, mode.part
        self._hold_gaps = settings.hold_gaps
        self._framer, self._origin = framer, origin
        self._overlap_add = OverlapAdd(channels, mode)
        predicts_error = settings.predicts_error
        self._error_overlap_add = OverlapAdd(channels, mode) if predicts_error else None
        self._detectors = [detector(channels, mode.hop) for detector in OUTPUT_DETECTORS]
        self._st = StMode(channels, mode.hop, predicts_error) if settings.st else None
        resampled = framer.rate != 1
        self.to_input_rate = Resampler(channels, 1 / framer.rate) if resampled else None
        keep = settings.past + mode.hop
        self._flags = RingBuffer(channels, keep, np.uint8)  # at FS
        self._error = RingBuffer(channels, keep) if predicts_error and resampled else None  # at FS
        self._error_end = 0  # samples put into it
        self.dry_wet = DryWet(strength, settings.fs)
        self.rebuilt = 0
        self.emitted = 0

    @property
    def end(self) -> int:
        """Number of the sample that will be put out next."""
        return self._origin + self.emitted

    def nothing(self) -> Block:
        """A block without samples."""
        return empty_block(self._channels, self.end)

    def reconstruct(self, denoised: DenoisedWindows) -> Block:
        """Put out all samples that the newest windows complete."""
        signal, error = self._complete(self._overlap_add, denoised.signal), None
        if self._error_overlap_add is not None and denoised.error is not None:
            error = self._complete(self._error_overlap_add, _each_sample(denoised.error))
        return self._put_out(signal, error)

    def drain(self, denoised: DenoisedWindows | None = None) -> Block:
        """Put out all that is left, with the stream's last window denoised, if there is one."""
        if denoised is None:
            nothing = np.empty((self._channels, 0), np.float32)
            error = None if self._error_overlap_add is None else nothing
            return self._put_out(nothing, error, last=True)
        signal, error = self._rest(self._overlap_add, denoised.signal), None
        if self._error_overlap_add is not None and denoised.error is not None:
            error = self._rest(self._error_overlap_add, _each_sample(denoised.error))
        return self._put_out(signal, error, last=True)

    def _complete(self, overlap_add: OverlapAdd, denoised: Floats) -> Floats:
        """Samples (channels, m) that windows (n, WINDOW) complete."""
        windows = denoised.reshape(self._channels, -1, WINDOW)
        rebuilt = overlap_add.add(windows[..., self._part])
        end = self._framer.framed - WINDOW + self._mode.first + self._mode.hop
        before = rebuilt.shape[1] - max(0, end - self.rebuilt)  # the stream's first sample
        return rebuilt[:, before:] if before else rebuilt

    def _rest(self, overlap_add: OverlapAdd, denoised: Floats) -> Floats:
        """Samples (channels, m) left, from the last windows (channels, WINDOW)."""
        left = self._framer.arrived - self.rebuilt
        rest = denoised[:, WINDOW - left :]
        if self._framer.framed:
            # Sums and weights that earlier windows have given to these samples.
            sums, weight = overlap_add.pending()
            skip = max(0, WINDOW - self._mode.first - self._mode.hop - self._framer.framed)
            sums, weight = sums[:, skip : skip + left], weight[skip : skip + left]
            rest[:, : len(weight)] *= 1 - weight
            rest[:, : len(weight)] += sums
        return rest

    def _put_out(self, rebuilt: Floats, error: Floats | None, last: bool = False) -> Block:
        """Samples (channels, m) at `FS` as a block at the input's rate."""
        m = rebuilt.shape[1]
        noisy = self._framer.samples.newest(m, self._framer.arrived - self.rebuilt - m)
        flags = self._detect(noisy, rebuilt, error)
        self.rebuilt += m
        if self._st is not None:
            rebuilt, error = self._keep_st(self._st, noisy, rebuilt, error, last)
        if self.to_input_rate is not None:
            rebuilt = self._resample(self.to_input_rate, rebuilt, last)
        n = rebuilt.shape[1]
        if self._st is not None or self.to_input_rate is not None:
            self._flags.append(flags)
            flags = self._flags_at_input_rate(n)
        if self._error is not None and error is not None:
            self._error.append(error)
            self._error_end += error.shape[1]
            error = self._at_input_rate(self._error, self._error_end, n)
        checks, waiting = self._framer.checks, self._framer.received - self.emitted - n
        flags = flags | checks.flags.newest(n, waiting)
        if not self.dry_wet.is_wet(self.emitted):
            denoised = rebuilt
            rebuilt = self.dry_wet.mix(checks.samples.newest(n, waiting), denoised, self.emitted)
            if error is not None:
                error = error + np.abs(rebuilt - denoised)
        if error is not None:
            error = np.where(flags & _GAP, np.float32(np.nan), error).T
        block = Block(self._open_gaps(rebuilt, flags).T, self.end, flags.T, error)
        self.emitted += n
        return block

    def _detect(self, noisy: Floats, rebuilt: Floats, error: Floats | None) -> Flags:
        artifacts = self._framer.artifacts.near(self.rebuilt, rebuilt.shape[1])
        flags = np.zeros(rebuilt.shape, np.uint8)
        segment = OutputSegment(noisy - rebuilt, rebuilt, error, artifacts)
        for detector in self._detectors:
            detector.mark(flags, segment)
        return flags

    def _keep_st(
        self, st: StMode, noisy: Floats, rebuilt: Floats, error: Floats | None, last: bool
    ) -> tuple[Floats, Floats | None]:
        kept, error = st.push(noisy, rebuilt, error)
        if not last:
            return kept, error
        end, end_error = st.flush()
        if error is not None and end_error is not None:
            error = np.concatenate([error, end_error], axis=1)
        return np.concatenate([kept, end], axis=1), error

    def _resample(self, resampler: Resampler, rebuilt: Floats, last: bool) -> Floats:
        resampled = resampler.push(rebuilt)
        if not last:
            return resampled
        return np.concatenate([resampled, resampler.flush(self._framer.received)], axis=1)

    def _at_input_rate(self, at_fs: RingBuffer, end: int, n: int) -> Any:
        """Values for the next `n` samples to be put out, (channels, n).

        `at_fs` holds values at `FS`, the newest one that of sample `end` - 1.
        """
        rate = self._framer.rate
        at = np.arange(self.emitted, self.emitted + n) * rate.numerator // rate.denominator
        first = int(at[0]) if n else end
        return at_fs.newest(end - first)[:, at - first]

    def _flags_at_input_rate(self, n: int) -> Flags:
        """Flags for the next `n` samples to be put out; what an artifact spoils is smeared."""
        flags: Flags = self._at_input_rate(self._flags, self.rebuilt, n)
        if self.to_input_rate is None or not n:
            return flags
        rate = self._framer.rate
        reach = -(-self.to_input_rate.reach * rate.numerator // rate.denominator)
        at = np.arange(self.emitted, self.emitted + n) * rate.numerator // rate.denominator
        first, last = max(0, int(at[0]) - reach), min(self.rebuilt, int(at[-1]) + reach + 1)
        spoilt = self._flags.newest(self.rebuilt - first)[:, : last - first] & _SETTLING
        if not np.count_nonzero(spoilt):
            return flags
        count = np.pad(np.cumsum(spoilt != 0, axis=1), ((0, 0), (1, 0)))
        low, high = np.clip([at - reach - first, at + reach + 1 - first], 0, last - first)
        smeared: Flags = np.where(count[:, high] > count[:, low], _SETTLING, np.uint8(0))
        return flags | smeared

    def _open_gaps(self, rebuilt: Floats, flags: Flags) -> Floats:
        gaps = flags & _GAP
        if np.count_nonzero(gaps) and not self._hold_gaps:
            return np.where(gaps, np.float32(np.nan), rebuilt)
        return rebuilt


def _each_sample(error: Floats) -> Floats:
    """Half widths (n, WINDOW // ERROR_STEP) as one for each sample, (n, WINDOW)."""
    return np.repeat(error, ERROR_STEP, axis=1)
