"""A live run: a source, the engine and any number of sinks, none of which waits for another.

The calling thread acquires; the engine and every sink have a thread of their own, each behind a
bounded queue. A queue that is full drops its oldest entry, so that a slow sink costs samples of
its own, which are counted, and never one of the acquisition.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from ecgstream.streamer.denoiser import StreamingDenoiser
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.engine.stream import Block
from ecgstream.streamer.live.clock import Clock
from ecgstream.streamer.live.queues import Amount, Queue
from ecgstream.streamer.live.report import Failure, Report
from ecgstream.streamer.live.sinks.base import Sink, Step
from ecgstream.streamer.live.sources.base import Piece, Source

HELD = 10.0
"""Seconds of signal that a queue holds."""


class Runner:
    """Runs a source through the engine to the sinks until the source ends or it is stopped.

    Parameters
    ----------
    source : where samples come from.
    denoiser : the engine; it is reset. Its `channels` must be the source's.
    sinks : by the name that the report gives them.
    clock : times the engine.
    chunk : samples to ask the source for at a time.
    live : a full queue drops its oldest entry; otherwise, for a source that can wait, nothing is
        dropped and a full queue makes the one before it wait. May be changed while it runs.
    held : seconds of signal that a queue holds.
    between : called in the engine's thread before each push; here the engine may be changed.
    """

    def __init__(
        self,
        source: Source,
        denoiser: StreamingDenoiser,
        sinks: Mapping[str, Sink],
        clock: Clock,
        chunk: int = 32,
        live: bool = True,
        held: float = HELD,
        between: Callable[[], object] = lambda: None,
    ) -> None:
        self._source, self._denoiser, self._sinks = source, denoiser, dict(sinks)
        self._clock, self._chunk, self._between = clock, chunk, between
        self.live = live
        self._size = max(1, round(held * source.fs / chunk))
        self._pieces: Queue[Piece] = self._queue()
        # The engine goes through it while sinks are attached: replaced, never changed.
        self._steps: dict[str, Queue[Step]] = {name: self._queue() for name in sinks}
        self._queues = list(self._steps.items())  # those of sinks that have gone, too
        self._taken = dict.fromkeys(sinks, Amount())
        self._failures: list[Failure] = []
        self._received = self._missing = self._denoised = 0
        self._engine_works = True
        self._attaching = threading.Lock()
        self._over = False  # the engine has ended

    @property
    def missing(self) -> int:
        """Samples that the engine has seen as gaps so far; see `Report`."""
        return self._missing

    @property
    def fill(self) -> float:
        """How full the fullest queue is, 0 to 1."""
        return max([self._pieces.fill, *(queue.fill for queue in self._steps.values())])

    def lost(self, name: str) -> Amount:
        """What was dropped before that sink so far."""
        lost = Amount()
        for whose, queue in list(self._queues):
            if whose == name:
                lost = lost.plus(queue.dropped)
        return lost

    def attach(self, name: str, sink: Sink) -> None:
        """Give a running sink's name every step from now on; the run does not wait for its end.

        It has to put up with failures of its own: one that raises ends the run, as any sink.

        Raises
        ------
        ValueError : there is one of that name.
        """
        queue = self._queue()
        with self._attaching:
            if name in self._steps:
                raise ValueError(f"there is a sink {name!r} already: detach it first")
            self._steps = {**self._steps, name: queue}
            self._queues.append((name, queue))
            if self._over:
                queue.close()
        serve = threading.Thread(target=self._serve, args=(name, sink, queue), name=name)
        serve.daemon = True
        serve.start()

    def detach(self, name: str) -> None:
        """Give it none any more, if it is there: it takes what its queue holds and is closed."""
        with self._attaching:
            steps = dict(self._steps)
            queue = steps.pop(name, None)
            if queue is not None:
                queue.close()
            self._steps = steps

    def run(self, stopped: Callable[[], bool] = lambda: False) -> Report:
        """Run to the end, or until `stopped` says so or a part fails; then flush and close.

        Whatever fails, all that was received reaches the sinks that work, the samples that the
        engine could no longer denoise without a block; the report says what failed.
        """
        self._denoiser.reset()
        threads = [threading.Thread(target=self._denoise, name="engine")]
        threads += [
            threading.Thread(target=self._serve, args=(name, sink, self._steps[name]), name=name)
            for name, sink in self._sinks.items()
        ]
        for thread in threads:
            thread.daemon = True  # one that hangs shall not keep the program from ending
            thread.start()
        try:
            self._acquire(stopped)
        except Exception as error:
            self._failures.append(Failure("source", error))
        finally:  # after KeyboardInterrupt, too
            self._pieces.close()
            for thread in threads:
                thread.join()
        taken = dict(self._taken)
        return Report(
            self._received,
            self._missing,
            self._denoised,
            self._pieces.dropped.received,
            taken,
            {name: self.lost(name) for name in taken},
            list(self._failures),
        )

    def _queue(self) -> Queue[Any]:
        return Queue(self._size, lambda: not self.live)

    def _acquire(self, stopped: Callable[[], bool]) -> None:
        end = 0
        while (piece := self._source.read(self._chunk)) is not None:
            if piece.start < end:
                raise ValueError(f"sample {piece.start} came after sample {end - 1}")
            if len(piece.input):
                end = piece.start + len(piece.input)
                self._received += len(piece.input)
                self._pieces.put(piece, Amount(len(piece.input)))
            if stopped() or self._failures:
                return

    def _denoise(self) -> None:
        try:
            end = 0
            for piece, _ in self._pieces:
                if hole := piece.start - end:
                    self._missing += hole
                    gap = np.full((hole, *piece.input.shape[1:]), np.nan, np.float32)
                    self._step(Piece(end, gap, gap), partial(self._push, gap), hole)
                self._step(piece, partial(self._push, piece.input))
                end = piece.start + len(piece.input)
            if end:
                none = piece.input[:0]
                self._step(Piece(end, none, none), self._denoiser.flush)
        except BaseException as error:  # a hole too large for the memory
            self._failures.append(Failure("engine", error))
        finally:
            self._pieces.abandon(Amount())
            with self._attaching:
                self._over = True
                for queue in self._steps.values():
                    queue.close()

    def _push(self, samples: Floats) -> Block:
        self._between()
        return self._denoiser.push(samples)

    def _step(self, piece: Piece, make: Callable[[], Block], dropped: int = 0) -> None:
        began = self._clock.now()
        block = self._block(make)
        step = Step(piece, block, dropped, self._clock.now() - began)
        amount = Amount(len(piece.input), len(block.signal))
        for queue in self._steps.values():
            queue.put(step, amount)

    def _block(self, make: Callable[[], Block]) -> Block:
        """What the engine gives; nothing any more once it has failed."""
        if self._engine_works:
            try:
                block = make()
                self._denoised = block.start + len(block.signal)
                return block
            except BaseException as error:
                self._engine_works = False
                self._failures.append(Failure("engine", error))
        nothing = np.empty((0, self._denoiser.channels))
        return Block(nothing.astype(np.float32), self._denoised, nothing.astype(np.uint8))

    def _serve(self, name: str, sink: Sink, queue: Queue[Step]) -> None:
        try:
            for step, amount in queue:
                try:
                    sink.take(step)
                except BaseException:  # sys.exit() in a callback, too
                    queue.abandon(amount)
                    raise
                self._taken[name] = self._taken.get(name, Amount()).plus(amount)
        except BaseException as error:
            self._failures.append(Failure(name, error))
        try:
            sink.close()
        except BaseException as error:
            self._failures.append(Failure(name, error))
        queue.abandon(Amount())  # should the engine still be about to put a step into it
