"""From denoised windows to blocks, in stages.

Overlap-add, output detectors, ST mode, resampling to the input's rate, flags of the input,
dry/wet mix, gaps: one method each, in this order.
"""

from __future__ import annotations

import numpy as np

from ecgstream.streamer.engine.block import Block, empty_block
from ecgstream.streamer.engine.delay import WINDOW
from ecgstream.streamer.engine.detectors.base import OUTPUT_DETECTORS
from ecgstream.streamer.engine.dry_wet import DryWet
from ecgstream.streamer.engine.framer import Framer
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.engine.overlap_add import OverlapAdd
from ecgstream.streamer.engine.resampling import Resampler
from ecgstream.streamer.engine.ring_buffer import RingBuffer
from ecgstream.streamer.engine.settings import StreamSettings
from ecgstream.streamer.engine.st_mode import StMode
from ecgstream.streamer.quality import Flags, Quality

# Numbers of numpy's own are several times faster than an enum's.
_GAP = np.uint8(Quality.GAP)


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
        self._detectors = [detector(channels, mode.hop) for detector in OUTPUT_DETECTORS]
        self._st = StMode(channels, mode.hop) if settings.st else None
        resampled = framer.rate != 1
        self.to_input_rate = Resampler(channels, 1 / framer.rate) if resampled else None
        self._flags = RingBuffer(channels, settings.past + mode.hop, np.uint8)  # at FS
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

    def reconstruct(self, denoised: Floats) -> Block:
        """Put out all samples that the newest windows complete, (n, WINDOW) denoised in mV."""
        windows = denoised.reshape(self._channels, -1, WINDOW)
        rebuilt = self._overlap_add.add(windows[..., self._part])
        end = self._framer.framed - WINDOW + self._mode.first + self._mode.hop
        before = rebuilt.shape[1] - max(0, end - self.rebuilt)  # the stream's first sample
        return self._put_out(rebuilt[:, before:] if before else rebuilt)

    def drain(self, denoised: Floats | None = None) -> Block:
        """Put out all that is left, with the stream's last window denoised, if there is one."""
        if denoised is None:
            return self._put_out(np.empty((self._channels, 0), np.float32), last=True)
        left = self._framer.arrived - self.rebuilt
        rest = denoised[:, WINDOW - left :]
        if self._framer.framed:
            # Sums and weights that earlier windows have given to these samples.
            sums, weight = self._overlap_add.pending()
            skip = max(0, WINDOW - self._mode.first - self._mode.hop - self._framer.framed)
            sums, weight = sums[:, skip : skip + left], weight[skip : skip + left]
            rest[:, : len(weight)] *= 1 - weight
            rest[:, : len(weight)] += sums
        return self._put_out(rest, last=True)

    def _put_out(self, rebuilt: Floats, last: bool = False) -> Block:
        """Samples (channels, m) at `FS` as a block at the input's rate."""
        m = rebuilt.shape[1]
        noisy = self._framer.samples.newest(m, self._framer.arrived - self.rebuilt - m)
        flags = self._detect(noisy, rebuilt)
        self.rebuilt += m
        if self._st is not None:
            rebuilt = self._keep_st(self._st, noisy, rebuilt, last)
        if self.to_input_rate is not None:
            rebuilt = self._resample(self.to_input_rate, rebuilt, last)
        n = rebuilt.shape[1]
        if self._st is not None or self.to_input_rate is not None:
            self._flags.append(flags)
            flags = self._flags_at_input_rate(n)
        checks, waiting = self._framer.checks, self._framer.received - self.emitted - n
        flags = flags | checks.flags.newest(n, waiting)
        if not self.dry_wet.is_wet(self.emitted):
            rebuilt = self.dry_wet.mix(checks.samples.newest(n, waiting), rebuilt, self.emitted)
        block = Block(self._open_gaps(rebuilt, flags).T, self.end, flags.T)
        self.emitted += n
        return block

    def _detect(self, noisy: Floats, rebuilt: Floats) -> Flags:
        artifacts = self._framer.artifacts.near(self.rebuilt, rebuilt.shape[1])
        flags = np.zeros(rebuilt.shape, np.uint8)
        removed = noisy - rebuilt
        for detector in self._detectors:
            detector.mark(flags, removed, rebuilt, artifacts)
        return flags

    def _keep_st(self, st: StMode, noisy: Floats, rebuilt: Floats, last: bool) -> Floats:
        kept = st.push(noisy, rebuilt)
        return np.concatenate([kept, st.flush()], axis=1) if last else kept

    def _resample(self, resampler: Resampler, rebuilt: Floats, last: bool) -> Floats:
        resampled = resampler.push(rebuilt)
        if not last:
            return resampled
        return np.concatenate([resampled, resampler.flush(self._framer.received)], axis=1)

    def _flags_at_input_rate(self, n: int) -> Flags:
        """Flags of the output detectors for the next `n` samples to be put out, (channels, n)."""
        rate = self._framer.rate
        at = np.arange(self.emitted, self.emitted + n) * rate.numerator // rate.denominator
        first = int(at[0]) if n else self.rebuilt
        return np.asarray(self._flags.newest(self.rebuilt - first)[:, at - first])

    def _open_gaps(self, rebuilt: Floats, flags: Flags) -> Floats:
        gaps = flags & _GAP
        if np.count_nonzero(gaps) and not self._hold_gaps:
            return np.where(gaps, np.float32(np.nan), rebuilt)
        return rebuilt
