"""A live run: a source, the engine and any number of sinks, none of which waits for another.

The calling thread reads the source. The engine and each sink run in a thread of their own, behind
a bounded queue. A full queue drops its oldest entry, so that a slow sink loses samples of its own,
which are counted, and never holds up the source.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from ecgstream.streamer.denoiser import StreamingDenoiser
from ecgstream.streamer.engine.block import Block, empty_block
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.live.clock import Clock, SystemClock
from ecgstream.streamer.live.queues import Queue, SampleCount
from ecgstream.streamer.live.report import Failure, Report
from ecgstream.streamer.live.sinks.base import Sink, Step
from ecgstream.streamer.live.sources.base import Piece, Source

QUEUE_SECONDS = 10.0
"""Signal that a queue holds, in seconds, unless told otherwise."""
HOLE_SECONDS = 10.0
"""Longest part of a hole that is denoised at once, in seconds: no memory for a month."""
MAX_HOLE_DAYS = 366
"""Longest hole in a source's sample numbers that is taken for one."""


class Runner:
    """Run a source through the engine to the sinks until the source ends or `run` is stopped.

    Parameters
    ----------
    source : supplier of the samples.
    denoiser : the engine, which is reset; it must have as many channels as the source.
    sinks : receivers of the steps, by the names that the report gives them.
    clock : measures the time that the engine needs; the system's by default.
    chunk : samples to ask the source for at a time.
    live : whether a full queue drops its oldest entry. Otherwise, for a source that can wait, a
        full queue makes the thread before it wait, and nothing is dropped. May be changed during
        the run.
    queue_seconds : signal that a queue holds, in seconds.
    before_push : called in the engine's thread before each push; it may change the engine's
        settings.

    Examples
    --------
    >>> from ecgstream import StreamingDenoiser
    >>> from ecgstream.live import Collector, Runner, open_source
    >>> source, collector = open_source("record:208b?duration=10"), Collector()
    >>> report = Runner(source, StreamingDenoiser(), {"memory": collector}, live=False).run()
    >>> report.received, collector.result().output.shape
    (3600, (3600, 1))
    """

    def __init__(
        self,
        source: Source,
        denoiser: StreamingDenoiser,
        sinks: Mapping[str, Sink],
        clock: Clock | None = None,
        chunk: int = 32,
        live: bool = True,
        queue_seconds: float = QUEUE_SECONDS,
        before_push: Callable[[], object] = lambda: None,
    ) -> None:
        self._source, self._denoiser, self._sinks = source, denoiser, dict(sinks)
        self._clock = SystemClock() if clock is None else clock
        self._chunk, self._before_push = chunk, before_push
        self.live = live
        self._queue_size = max(1, round(queue_seconds * source.fs))
        self._pieces: Queue[Piece] = self._queue()
        # The engine iterates over it while sinks are attached: replaced, never changed.
        self._steps: dict[str, Queue[Step]] = {name: self._queue() for name in sinks}
        self._queues = list(self._steps.items())  # of detached sinks, too
        self._delivered = dict.fromkeys(sinks, SampleCount())
        self._failures: list[Failure] = []
        self._received = self._missing = self._denoised = self._pushed = 0
        self._engine_works = True
        self._attaching = threading.Lock()
        self._engine_ended = False

    @property
    def missing(self) -> int:
        """Samples that the engine has seen as gaps so far; see `Report`."""
        return self._missing

    @property
    def pushed(self) -> int:
        """Number of the next sample that the engine gets; for `before_push`."""
        return self._pushed

    @property
    def fill(self) -> float:
        """Fill level of the fullest queue, 0 to 1."""
        return max([self._pieces.fill, *(queue.fill for queue in self._steps.values())])

    def undelivered(self, name: str) -> SampleCount:
        """Return the samples dropped before the sink of that name so far."""
        total = SampleCount()
        for owner, queue in list(self._queues):
            if owner == name:
                total = total.plus(queue.dropped)
        return total

    def attach(self, name: str, sink: Sink) -> None:
        """Deliver every step from now on to one more sink; the run does not wait for its end.

        An error that the sink raises ends the run, as with any sink.

        Raises
        ------
        ValueError : there is a sink of that name.
        """
        queue = self._queue()
        with self._attaching:
            if name in self._steps:
                raise ValueError(f"there is a sink {name!r} already: detach it first")
            self._steps = {**self._steps, name: queue}
            self._queues.append((name, queue))
            if self._engine_ended:
                queue.close()
        serve = threading.Thread(target=self._serve, args=(name, sink, queue), name=name)
        serve.daemon = True
        serve.start()

    def detach(self, name: str) -> None:
        """Close the sink of that name, if there is one, after the steps in its queue."""
        with self._attaching:
            steps = dict(self._steps)
            queue = steps.pop(name, None)
            if queue is not None:
                queue.close()
            self._steps = steps

    def run(self, should_stop: Callable[[], bool] = lambda: False) -> Report:
        """Run until the source ends, `should_stop` returns True or a part fails; then flush.

        Whatever fails, all samples received reach the sinks that still work; if the engine failed,
        they come with an empty block. The report names the failures.
        """
        self._denoiser.reset()
        threads = [threading.Thread(target=self._denoise, name="engine")]
        threads += [
            threading.Thread(target=self._serve, args=(name, sink, self._steps[name]), name=name)
            for name, sink in self._sinks.items()
        ]
        for thread in threads:
            thread.daemon = True  # one that hangs must not keep the program from ending
            thread.start()
        try:
            self._acquire(should_stop)
        except Exception as error:
            self._failures.append(Failure("source", error))
        finally:  # after KeyboardInterrupt, too
            self._pieces.close()
            for thread in threads:
                thread.join()
        delivered = dict(self._delivered)
        return Report(
            self._received,
            self._missing,
            self._denoised,
            self._pieces.dropped.received,
            delivered,
            {name: self.undelivered(name) for name in delivered},
            list(self._failures),
        )

    def _queue(self) -> Queue[Any]:
        return Queue(self._queue_size, lambda: not self.live)

    def _acquire(self, should_stop: Callable[[], bool]) -> None:
        end = 0
        while (piece := self._source.read(self._chunk)) is not None:
            if piece.start < end:
                raise ValueError(f"sample {piece.start} came after sample {end - 1}")
            days = (piece.start - end) / self._source.fs / 86_400
            if days > MAX_HOLE_DAYS:
                raise ValueError(
                    f"a hole of {days:.0f} days: the source's sample numbers are wrong"
                )
            if len(piece.input):
                end = piece.start + len(piece.input)
                self._received += len(piece.input)
                self._pieces.put(
                    piece.as_columns(), SampleCount(len(piece.input)), len(piece.input)
                )
            if should_stop() or self._failures:
                return

    def _denoise(self) -> None:
        longest = max(1, round(HOLE_SECONDS * self._source.fs))
        try:
            end = 0
            for piece, _ in self._pieces:
                while hole := min(piece.start - end, longest):
                    self._missing += hole
                    gap = np.full((hole, piece.input.shape[1]), np.nan, np.float32)
                    self._step(Piece(end, gap, gap), partial(self._push, gap), hole)
                    self._pushed = end = end + hole
                self._step(piece, partial(self._push, piece.input))
                self._pushed = end = piece.start + len(piece.input)
            if end:
                none = piece.input[:0]
                self._step(Piece(end, none, none), self._denoiser.flush)
        except BaseException as error:
            self._failures.append(Failure("engine", error))
        finally:
            self._pieces.abandon()
            with self._attaching:
                self._engine_ended = True
                for queue in self._steps.values():
                    queue.close()

    def _push(self, samples: Floats) -> Block:
        self._before_push()
        return self._denoiser.push(samples)

    def _step(self, piece: Piece, denoise: Callable[[], Block], dropped: int = 0) -> None:
        began = self._clock.now()
        block = self._block(denoise)
        step = Step(piece, block, dropped, self._clock.now() - began)
        samples = SampleCount(len(piece.input), len(block.signal))
        # A hole takes the room of one chunk: it must not push signal out of the queues.
        size = min(dropped, self._chunk) if dropped else len(piece.input)
        for queue in self._steps.values():
            queue.put(step, samples, size)

    def _block(self, denoise: Callable[[], Block]) -> Block:
        """Return the engine's block, or an empty one once the engine has failed."""
        if self._engine_works:
            try:
                block = denoise()
                self._denoised = block.start + len(block.signal)
                return block
            except BaseException as error:
                self._engine_works = False
                self._failures.append(Failure("engine", error))
        return empty_block(self._denoiser.channels, self._denoised)

    def _serve(self, name: str, sink: Sink, queue: Queue[Step]) -> None:
        try:
            for step, samples in queue:
                try:
                    sink.write(step)
                except BaseException:  # sys.exit() in a callback, too
                    queue.abandon(samples)
                    raise
                self._delivered[name] = self._delivered.get(name, SampleCount()).plus(samples)
        except BaseException as error:
            self._failures.append(Failure(name, error))
        try:
            sink.close()
        except BaseException as error:
            self._failures.append(Failure(name, error))
        queue.abandon()  # the engine may be about to put one more step into it
