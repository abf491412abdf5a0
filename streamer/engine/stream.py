"""A stream of signals: samples in, windows out; denoised windows in, blocks out.

Its generators yield windows and are sent the denoised ones, so that the network can run for one
stream (`StreamingDenoiser`) or for many at once (`StreamerPool`).
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from ecgstream.streamer.engine.block import Block, joined
from ecgstream.streamer.engine.delay import WINDOW
from ecgstream.streamer.engine.framer import Framer, Windows
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.engine.reconstructor import DenoisedWindows, Reconstructor
from ecgstream.streamer.engine.settings import StreamSettings
from ecgstream.streamer.engine.st_mode import LOOK_AHEAD
from ecgstream.streamer.quality import Quality

_GAP = np.uint8(Quality.GAP)

Steps = Generator[Windows, DenoisedWindows, Block]
"""Yields windows, is sent them denoised, and returns a block."""


class Stream:
    """A framer and a reconstructor with the network between them.

    Parameters
    ----------
    settings : of the stream.
    strength : share of the noise that is removed.
    origin : number of its first sample.
    """

    def __init__(self, settings: StreamSettings, strength: float = 1.0, origin: int = 0) -> None:
        self.settings, self._origin = settings, origin
        self._framer = Framer(settings)
        self._reconstructor = Reconstructor(settings, self._framer, strength, origin)
        self.delay_samples = self._delay_samples()

    @property
    def received(self) -> int:
        """Samples taken."""
        return self._framer.received

    @property
    def end(self) -> int:
        """Number of the sample that will be put out next."""
        return self._reconstructor.end

    @property
    def strength(self) -> float:
        """Share of the noise that is removed, now or at the end of a ramp."""
        return self._reconstructor.dry_wet.share

    @strength.setter
    def strength(self, share: float) -> None:
        self._reconstructor.dry_wet.change(share, self._reconstructor.emitted)

    @property
    def active(self) -> Stream:
        """Stream to continue with: this one (see `CrossFade`)."""
        return self

    @property
    def fading_out(self) -> Stream:
        """Stream to fade out when settings change: this one (see `CrossFade`)."""
        return self

    def nothing(self) -> Block:
        """A block without samples."""
        return self._reconstructor.nothing()

    def successor(self, settings: StreamSettings) -> tuple[Stream, Floats]:
        """A stream to take over, and the samples (channels, n) to push into it first."""
        framer, checks = self._framer, self._framer.checks
        n = min(framer.received, framer.keep)
        gaps = checks.flags.newest(n) & _GAP
        held = checks.samples.newest(n)
        samples = np.where(gaps, np.float32(np.nan), held)
        if n < framer.received:  # the value held through a gap came before
            samples[checks.begun, 0] = held[checks.begun, 0]
        return Stream(settings, self.strength, self._origin + framer.received - n), samples

    def push_steps(self, samples: Floats) -> Steps:
        """Take samples (channels, n) in mV; return all output that they complete."""
        blocks = []
        begin = 0
        for end in self._framer.cuts(samples):
            windows = self._framer.frame(samples[:, begin:end])
            begin = end
            if windows is not None:
                blocks.append(self._reconstructor.reconstruct((yield windows)))
        return joined(blocks) if blocks else self.nothing()

    def flush_steps(self) -> Steps:
        """End the stream; return all output that is left.

        The samples still waiting are completed by one last window that ends with the stream.
        """
        framer, reconstructor = self._framer, self._reconstructor
        blocks = []
        windows = framer.drain()
        if windows is not None:
            blocks.append(reconstructor.reconstruct((yield windows)))
        if framer.arrived > reconstructor.rebuilt:
            blocks.append(reconstructor.drain((yield framer.last_window())))
        else:
            blocks.append(reconstructor.drain())
        return joined(blocks)

    def _delay_samples(self) -> int:
        """Algorithmic delay: most samples that arrive after one before it is put out."""
        mode, rate = self.settings.mode, self._framer.rate
        to_model, to_input = self._framer.to_model_rate, self._reconstructor.to_input_rate
        look_ahead = LOOK_AHEAD if self.settings.st else 0
        if to_model is None or to_input is None:
            return mode.samples + look_ahead
        hop, after = mode.hop, WINDOW - mode.first + look_ahead
        # Of the samples that take the same window, the first one waits longest; after as many
        # windows as the ratio's numerator all begins again.
        begun = -(-after // hop) + WINDOW  # windows on, that no sample is before the first
        window_end = np.arange(begun, begun + rate.numerator) * hop
        put_out = to_input.first_output(window_end - after)
        return int((to_model.newest_input(window_end - 1) - put_out).max())
