"""Hostile streams: each pushed sample is refused or comes out once, at its place."""

from __future__ import annotations

import contextlib
from functools import lru_cache

import numpy as np

from ecgstream import Block, Quality, StreamingDenoiser
from ecgstream.streamer.engine.delay import MODES
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.network.shipped import SHIPPED_MODEL
from ecgstream.streamer.quality import Flags
from fuzz.outcome import CORRECT, Case, Fault, Outcome, demand, refusal
from fuzz.samples import Push, push

PUSHES = 8
"""Pushes in a case."""
_KNOWN = int(sum(Quality))
_ST = 0.02
"""Amplitude in mV that the ST mode may remove from any signal."""


class Echo:
    """A network whose output is its window, so that the engine's output equals its input."""

    output = "signal"

    def __init__(self, past: int) -> None:
        self.past = past

    def __call__(self, window: Floats, context: Floats) -> Floats:
        """The windows (n, WINDOW)."""
        demand(np.isfinite(window).all() and np.isfinite(context).all(), "the network saw a NaN")
        return window[..., 0]


def echoes(case: Case) -> Outcome:
    """Run a stream through a network that returns its input, so that every value is known."""
    resampled = case.chance(0.3)
    fs = float(case.pick([100.0, 128.0, 250, 257.0, 333.33, 500.0, 1000.0, 2000.0]))
    options = {
        "channels": int(case.rng.integers(1, 4)),
        "fs": fs if resampled else 360.0,
        "delay": case.pick([*MODES, 24, 60, np.int64(200), 255]),
        "gaps": case.pick(["nan", "hold"]),
        "strength": case.pick([1, 1.0, np.float32(0.5), 0]),
        "gain": case.pick([None, 200, np.float64(1e-3), 1e6]),
        "st": case.chance(0.2),
    }
    network = Echo(int(case.rng.choice([256, 512, 1024])))
    holds, smooth = options["gaps"] == "hold", case.chance(0.3)
    stream = _Stream(case, case.product.denoiser(network, **options), holds, smooth)
    outcome = stream.run()
    if stream.exact:
        stream.compare(options["fs"] == 360.0, options["st"])
    if stream.exact and case.chance(0.2):
        stream.cut_otherwise()
    return outcome


def shipped(case: Case) -> Outcome:
    """Run a stream through the shipped network; check number, place and finiteness of samples."""
    denoiser = case.product.denoiser(
        _network(case.product.load),
        channels=int(case.rng.integers(1, 3)),
        fs=float(case.pick([250.0, 360.0, 360.0, 500.0])),
        delay=case.pick(list(MODES)),
    )
    stream = _Stream(case, denoiser, False, case.chance(0.3))
    outcome = stream.run()
    if stream.exact and case.chance(0.3):
        stream.cut_otherwise()
    return outcome


@lru_cache(maxsize=1)
def _network(load):  # type: ignore[no-untyped-def]
    return load(SHIPPED_MODEL)


class _Stream:
    """One stream from its first push to its flush."""

    def __init__(self, case: Case, denoiser: StreamingDenoiser, holds: bool, smooth: bool) -> None:
        self._case, self._denoiser, self._holds, self._smooth = case, denoiser, holds, smooth
        self._pushed: list[Floats] = [np.empty((0, denoiser.channels), np.float32)]
        self._blocks: list[Block] = []
        self._kept: list[bytes] = []
        self._received = self._emitted = 0
        self.exact = True
        """Whether no setting changed while it ran."""

    def run(self) -> Outcome:
        """Push, flush, and check what holds for every network."""
        outcome = Outcome()
        denoiser = self._denoiser
        for _ in range(PUSHES):
            thrown = push(
                self._case, denoiser.channels, denoiser.gain, self._smooth, self._received
            )
            outcome += self._push(thrown)
            if self._case.chance(0.05):
                self._change()
        self._take(denoiser.flush())
        self._check()
        return outcome

    def _push(self, thrown: Push) -> Outcome:
        before = np.asarray(thrown.x).tobytes() if isinstance(thrown.x, np.ndarray) else b""
        try:
            block = self._denoiser.push(thrown.x)
        except Exception as error:
            outcome = refusal(error, (ValueError,))
            demand(thrown.truth is None, f"good samples were refused: {error}")
            return outcome
        if thrown.truth is None:
            raise Fault(f"taken for samples: {type(thrown.x).__name__} {thrown.x!r:.80}")
        if isinstance(thrown.x, np.ndarray):
            demand(np.asarray(thrown.x).tobytes() == before, "the caller's samples were changed")
        self._pushed.append(thrown.truth)
        self._received += len(thrown.truth)
        self._take(block)
        waiting = self._received - self._emitted
        declared = self._denoiser.delay_samples
        demand(waiting <= declared, f"{waiting} samples wait, {declared} are declared")
        return Outcome([CORRECT])

    def _take(self, block: Block) -> None:
        demand(block.start == self._emitted, f"block at {block.start}, not at {self._emitted}")
        shape = (len(block.signal), self._denoiser.channels)
        demand(block.signal.shape == block.quality.shape == shape, "signal and flags differ")
        demand(block.signal.dtype == np.float32, f"signal of type {block.signal.dtype}")
        demand(block.quality.dtype == np.uint8, f"flags of type {block.quality.dtype}")
        demand(block.error.shape == shape, "signal and error differ")
        demand(block.error.dtype == np.float32, f"error of type {block.error.dtype}")
        self._emitted += len(block.signal)
        self._blocks.append(block)
        self._kept.append(block.signal.tobytes())

    def _change(self) -> None:
        """Change a setting while the stream runs, or try to."""
        denoiser, case = self._denoiser, self._case
        self.exact = False
        what = int(case.rng.integers(4))
        if what == 0:
            denoiser.strength = float(case.rng.random())
        elif what == 1:
            denoiser.delay = case.pick(["low", "balanced", "best", 100])
        elif what == 2:
            denoiser.st = not denoiser.st
        else:
            with contextlib.suppress(ValueError):
                denoiser.strength = case.pick([np.nan, 2, "1", None])
                raise Fault("an impossible strength was taken")

    def _check(self) -> None:
        kept = [block.signal.tobytes() for block in self._blocks]
        demand(kept == self._kept, "a block changed after it was given out")
        truth, signal, flags = self._joined()
        demand(len(signal) == len(truth), f"{len(truth)} samples in, {len(signal)} out")
        demand(not np.any(flags & ~np.uint8(_KNOWN)), "a flag that nobody knows")
        missing = np.isnan(truth)
        gap = (flags & Quality.GAP) != 0
        demand(np.array_equal(gap, missing), "gaps are not flagged where they are")
        silent = np.isnan(signal) if not self._holds else ~np.isfinite(signal)
        demand(np.array_equal(silent, missing & (not self._holds)), "NaN where there is no gap")
        demand(not np.isinf(signal).any(), "infinity in the output")

    def _joined(self) -> tuple[Floats, Floats, Flags]:
        signals = np.concatenate([block.signal for block in self._blocks])
        flags = np.concatenate([block.quality for block in self._blocks])
        return np.concatenate(self._pushed), signals, flags

    def compare(self, same_rate: bool, st: bool) -> None:
        """Check that the output equals the input for a network that returns its input."""
        truth, signal, _ = self._joined()
        valid = ~np.isnan(truth)
        if not valid.any():
            return
        largest = float(np.abs(truth[valid]).max())
        if same_rate:
            error = np.abs(signal[valid].astype(float) - truth[valid]).max()
            rounding = 2e-5 + 2e-5 * largest
            if st and not valid[0].all():
                rounding += _ST  # what came before the first sample was not taken away
            demand(error <= rounding, f"values are off by {error:.3g} mV")
        else:
            most = float(np.abs(signal[valid]).max())
            demand(most <= 1e-4 + 8 * largest, f"{most:.3g} mV from {largest:.3g} mV at most")

    def cut_otherwise(self) -> None:
        """Check that the output's bits do not depend on how the samples are cut into pushes."""
        truth, signal, flags = self._joined()
        denoiser = self._denoiser
        denoiser.reset()
        cuts = np.sort(self._case.rng.integers(len(truth) + 1, size=5))
        blocks = [denoiser.push(part) for part in np.split(truth, cuts)]
        blocks.append(denoiser.flush())
        again = np.concatenate([block.signal for block in blocks])
        demand(again.tobytes() == signal.tobytes(), "other cuts, other values")
        again = np.concatenate([block.quality for block in blocks])
        demand(again.tobytes() == flags.tobytes(), "other cuts, other flags")
