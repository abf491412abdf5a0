"""A live run: the source waits for nobody, drops are counted, a failure loses no sample."""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from ecgstream import Quality, StreamingDenoiser
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.live.queues import SampleCount
from ecgstream.streamer.live.report import Report
from ecgstream.streamer.live.runner import QUEUE_SECONDS, Runner
from ecgstream.streamer.live.sinks.base import Sink, Step
from ecgstream.streamer.live.sinks.callback import Callback
from ecgstream.streamer.live.sources.base import Piece, Source
from helpers.fakes import FakeClock, Identity
from helpers.patience import MAX_WAIT_SECONDS

N, CHUNK = 40 * 360, 36
QUEUE_STEPS = round(QUEUE_SECONDS * 360 / CHUNK)


class Counter:
    """A source of two signals: the sample's number in µV, and half of it."""

    fs = 360.0

    def __init__(self, n: int = N) -> None:
        self.n, self.position = n, 0
        self.ended = threading.Event()

    def read(self, n: int) -> Piece | None:
        if self.position >= self.n:
            self.ended.set()
            return None
        end = min(self.position + n, self.n)
        x = numbers(self.position, end)
        piece = Piece(self.position, x, x)
        self.position = end
        return piece


class Kept:
    """A sink that keeps every step."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.closed = 0

    def write(self, step: Step) -> None:
        self.steps.append(step)

    def close(self) -> None:
        self.closed += 1


class Broken(Kept):
    """A sink that fails at its third step."""

    def write(self, step: Step) -> None:
        if len(self.steps) == 2:
            raise OSError("no space left")
        super().write(step)


class BrokenNetwork(Identity):
    """A network that fails at its tenth call."""

    calls = 0

    def __call__(self, window: Floats, context: Floats) -> Floats:
        self.calls += 1
        if self.calls == 10:
            raise RuntimeError("tensor is gone")
        return super().__call__(window, context)


def numbers(start: int, end: int) -> Floats:
    number = np.arange(start, end) / 1000
    return np.stack([number, number / 2], axis=1).astype(np.float32)


def two_signals(network: Identity | None = None) -> StreamingDenoiser:
    return StreamingDenoiser(network or Identity(), channels=2)


def assert_aligned(steps: list[Step]) -> None:
    """Assert that every sample outside gaps is the one sent, at its number."""
    for step in steps:
        piece, block = step.piece, step.block
        sent = numbers(piece.start, piece.start + len(piece.input))
        there = ~np.isnan(piece.input)
        np.testing.assert_array_equal(piece.input[there], sent[there])
        due = numbers(block.start, block.start + len(block.signal))
        good = (block.quality & Quality.GAP) == 0
        assert np.isnan(block.signal[~good]).all()
        # Beside a hole the identity, too, is scaled by the held samples' deviation.
        np.testing.assert_allclose(block.signal[good], due[good], atol=5e-5)


def ranges(steps: list[Step]) -> tuple[list[int], list[int]]:
    """Return the numbers of all input and of all output samples."""
    given = [i for s in steps for i in range(s.piece.start, s.piece.start + len(s.piece.input))]
    made = [i for s in steps for i in range(s.block.start, s.block.start + len(s.block.signal))]
    return given, made


def run(source: Counter, denoiser: StreamingDenoiser, *, live: bool, **sinks: Sink) -> Report:
    return Runner(source, denoiser, sinks, FakeClock(), CHUNK, live).run()


def test_every_sink_receives_every_sample_once_at_its_number() -> None:
    first, second = Kept(), Kept()
    report = run(Counter(), two_signals(), live=False, first=first, second=second)
    for sink in (first, second):
        assert ranges(sink.steps) == (list(range(N)), list(range(N)))
        assert_aligned(sink.steps)
        assert sink.closed == 1
    assert report.received == report.denoised == N
    assert report.dropped == report.missing == 0 and not report.failures
    assert report.delivered == {"first": SampleCount(N, N), "second": SampleCount(N, N)}


def test_a_slow_sink_blocks_nobody_and_its_drops_are_counted() -> None:
    source, slow, quick = Counter(), Kept(), Kept()
    all_out = threading.Event()

    def wait(step: Step) -> None:
        assert all_out.wait(MAX_WAIT_SECONDS)  # or acquisition or engine hang behind this sink
        slow.write(step)

    def note(step: Step) -> None:
        quick.write(step)
        if not len(step.piece.input):  # the flush
            all_out.set()

    report = Runner(
        Patient(source, quick), two_signals(), {"slow": Callback(wait), "quick": Callback(note)},
        FakeClock(), CHUNK,
    ).run()  # fmt: skip
    assert ranges(quick.steps) == (list(range(N)), list(range(N)))
    given, made = ranges(slow.steps)
    assert len(slow.steps) <= 1 + QUEUE_STEPS + 1  # in its hands, in the queue, the empty flush
    assert report.delivered["slow"] == SampleCount(len(given), len(made))
    assert report.undelivered["slow"] == SampleCount(N - len(given), N - len(made))
    assert report.undelivered["slow"].received > 0 and report.undelivered["quick"] == SampleCount(
        0, 0
    )
    assert given[-1] == made[-1] == N - 1  # the oldest went, not the newest
    assert_aligned(slow.steps)


class Patient:
    """A source that a quick sink keeps up with, as one in real time would be."""

    fs = 360.0

    def __init__(self, source: Counter, sink: Kept) -> None:
        self._source, self._sink = source, sink
        self._seen = threading.Condition()
        write = sink.write

        def noticed(step: Step) -> None:
            with self._seen:
                write(step)
                self._seen.notify_all()

        sink.write = noticed  # type: ignore[method-assign]

    def read(self, n: int) -> Piece | None:
        with self._seen:
            behind = self._source.position // CHUNK
            assert self._seen.wait_for(lambda: len(self._sink.steps) >= behind, MAX_WAIT_SECONDS)
        return self._source.read(n)


def test_a_slow_model_causes_counted_gaps_and_shifts_no_sample() -> None:
    source, sink = Counter(), Kept()

    class Slow(Identity):
        def __call__(self, window: Floats, context: Floats) -> Floats:
            assert source.ended.wait(MAX_WAIT_SECONDS)  # or acquisition waits for the engine
            return super().__call__(window, context)

    report = run(source, two_signals(Slow()), live=True, sink=sink)
    given, made = ranges(sink.steps)
    lost = report.undelivered["sink"].received
    assert report.received == N and report.dropped == report.missing > 0
    assert report.denoised == N
    assert given[-1] == made[-1] == N - 1 and len(set(given)) == len(given) == N - lost
    gaps = sum(int(((s.block.quality & Quality.GAP) != 0)[:, 0].sum()) for s in sink.steps)
    missing = sum(int(np.isnan(s.piece.input[:, 0]).sum()) for s in sink.steps)
    assert missing == sum(step.dropped for step in sink.steps)
    if not lost:
        assert gaps == missing == report.dropped
    for step in sink.steps:
        sent = numbers(step.piece.start, step.piece.start + len(step.piece.input))
        there = ~np.isnan(step.piece.input)
        np.testing.assert_array_equal(step.piece.input[there], sent[there])


def test_samples_lost_by_the_device_become_a_gap() -> None:
    class Lossy(Counter):
        def read(self, n: int) -> Piece | None:
            if self.position == 30 * CHUNK:
                self.position += 100
            return super().read(n)

    sink = Kept()
    report = run(Lossy(), two_signals(), live=False, sink=sink)
    assert report.missing == 100 and report.received == N - 100 and report.dropped == 0
    assert ranges(sink.steps) == (list(range(N)), list(range(N)))
    quality = np.concatenate([s.block.quality for s in sink.steps])
    at = np.flatnonzero((quality[:, 0] & Quality.GAP) != 0)
    np.testing.assert_array_equal(at, np.arange(30 * CHUNK, 30 * CHUNK + 100))


@pytest.mark.parametrize("live", [True, False])
def test_a_sink_that_fails_ends_the_run_and_no_other_sink_loses_a_sample(live: bool) -> None:
    broken, good = Broken(), Kept()
    source = Counter()
    report = run(source, two_signals(), live=live, broken=broken, good=good)
    (failure,) = report.failures
    assert failure.part == "broken" and "no space left" in str(failure.error)
    assert broken.closed == good.closed == 1
    for name in ("broken", "good"):
        counted = report.delivered[name].plus(report.undelivered[name])
        assert counted == SampleCount(
            report.received + report.missing - report.dropped, report.denoised
        )
    assert report.delivered["broken"] == SampleCount(*(len(r) for r in ranges(broken.steps)))
    if not live:
        assert ranges(good.steps) == (list(range(report.received)),) * 2
    assert f"the broken failed (OSError: no space left); {source.position} samples" in str(report)


def test_a_failing_model_ends_the_run_with_all_raw_samples_delivered() -> None:
    sink = Kept()
    report = run(Counter(), two_signals(BrokenNetwork()), live=False, sink=sink)
    (failure,) = report.failures
    assert failure.part == "engine" and "tensor is gone" in str(failure.error)
    given, made = ranges(sink.steps)
    assert given == list(range(report.received))
    assert made == list(range(report.denoised)) and 0 < report.denoised < report.received
    assert sink.closed == 1
    assert_aligned(sink.steps)


def test_a_failing_source_ends_the_run_with_all_its_samples_denoised() -> None:
    class Unplugged(Counter):
        def read(self, n: int) -> Piece | None:
            if self.position >= 1000:
                raise OSError("device is gone")
            return super().read(n)

    sink = Kept()
    report = run(Unplugged(), two_signals(), live=False, sink=sink)
    assert [f.part for f in report.failures] == ["source"]
    assert ranges(sink.steps) == (list(range(report.received)),) * 2


def test_a_repeated_sample_is_refused() -> None:
    class Stutter(Counter):
        def read(self, n: int) -> Piece | None:
            if self.position == 10 * CHUNK:
                self.position -= 1
            return super().read(n)

    report = run(Stutter(), two_signals(), live=False, sink=Kept())
    assert "the source failed (ValueError: sample 359 came after sample 359)" in str(report)


class Leap(Counter):
    """Loses samples after its first piece."""

    def __init__(self, lost: int) -> None:
        super().__init__()
        self._lost = lost

    def read(self, n: int) -> Piece | None:
        piece = super().read(n)
        return piece._replace(start=self._lost + piece.start) if piece and piece.start else piece


def test_a_long_hole_is_denoised_in_pieces_that_a_queue_holds() -> None:
    sizes: list[int] = []
    sink = Callback(lambda step: sizes.append(len(step.piece.input)))
    report = Runner(Leap(1 << 20), two_signals(), {"s": sink}, FakeClock(), live=False).run()
    assert report.missing == 1 << 20 and sum(sizes) == N + (1 << 20)
    assert max(sizes) <= QUEUE_SECONDS * Leap.fs and not report.failures


def test_a_number_beyond_all_holes_ends_the_run() -> None:
    sink = Kept()
    report = run(Leap(10**15), two_signals(), live=False, sink=sink)
    assert "a hole of 32150206 days: the source's sample numbers are wrong" in str(report)
    assert [f.part for f in report.failures] == ["source"] and sink.closed == 1
    assert ranges(sink.steps)[0] == list(range(CHUNK))


def test_a_stopped_run_flushes_the_engine_and_closes_the_sinks() -> None:
    sink, source = Kept(), Counter()
    runner = Runner(source, two_signals(), {"sink": sink}, FakeClock(), CHUNK, live=False)
    report = runner.run(lambda: source.position >= 20 * CHUNK)
    assert report.received == report.denoised == 20 * CHUNK and sink.closed == 1
    assert ranges(sink.steps) == (list(range(20 * CHUNK)),) * 2


def test_an_interrupt_in_the_source_still_flushes_and_closes() -> None:
    class Interrupted(Counter):
        def read(self, n: int) -> Piece | None:
            if self.position >= 1000:
                raise KeyboardInterrupt
            return super().read(n)

    sink = Kept()
    with pytest.raises(KeyboardInterrupt):
        run(Interrupted(), two_signals(), live=False, sink=sink)
    given, made = ranges(sink.steps)
    assert given == made and len(given) >= 1000 and sink.closed == 1


def test_a_source_without_a_sample_gives_an_empty_report() -> None:
    sink = Kept()
    report = run(Counter(0), two_signals(), live=True, sink=sink)
    assert report.received == report.denoised == 0 and not sink.steps and sink.closed == 1


def test_output_does_not_depend_on_the_chunk_size() -> None:
    outputs = []
    for chunk in (7, 360):
        sink = Kept()
        Runner(Counter(3600), two_signals(), {"s": sink}, FakeClock(), chunk, live=False).run()
        outputs.append(np.concatenate([s.block.signal for s in sink.steps]))
    np.testing.assert_array_equal(outputs[0], outputs[1])


class Played:
    """A source that a test plays piece by piece."""

    fs = 360.0

    def __init__(self) -> None:
        self._counter, self._pieces = Counter(10**9), queue.Queue[int]()

    def play(self, pieces: int) -> None:
        """Release that many pieces; 0 ends the source."""
        for _ in range(pieces or 1):
            self._pieces.put(pieces)

    def read(self, n: int) -> Piece | None:
        return self._counter.read(n) if self._pieces.get(timeout=MAX_WAIT_SECONDS) else None


class Noticed(Kept):
    """A sink whose steps can be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self._noticed = threading.Condition()

    def write(self, step: Step) -> None:
        with self._noticed:
            super().write(step)
            self._noticed.notify_all()

    def close(self) -> None:
        with self._noticed:
            super().close()
            self._noticed.notify_all()

    def until(self, condition: Callable[[], bool]) -> None:
        with self._noticed:
            assert self._noticed.wait_for(condition, MAX_WAIT_SECONDS)


@contextmanager
def playing(source: Source, runner: Runner) -> Iterator[list[Report]]:
    """A run in a thread of its own, which ends when its source does."""
    reports: list[Report] = []
    thread = threading.Thread(target=lambda: reports.append(runner.run()))
    thread.start()
    yield reports
    thread.join(MAX_WAIT_SECONDS)
    assert not thread.is_alive()


def test_a_sink_attached_during_the_run_receives_every_step_until_detached() -> None:
    source, screen, guest = Played(), Noticed(), Noticed()
    runner = Runner(source, two_signals(), {"screen": screen}, FakeClock(), CHUNK)
    with playing(source, runner) as reports:
        for until in (10, 20, 30):
            source.play(10)
            screen.until(lambda until=until: len(screen.steps) == until)  # type: ignore[misc]
            if until == 10:
                runner.attach("guest", guest)
            elif until == 20:
                runner.detach("guest")
                guest.until(lambda: guest.closed == 1)
                runner.detach("guest")  # detaching twice is no error
        source.play(0)
    assert guest.closed == 1
    assert guest.steps == screen.steps[10:20]
    assert reports[0].received == 30 * CHUNK and not reports[0].failures
    assert reports[0].undelivered["guest"] == SampleCount()
    assert "guest: 360 received" in str(reports[0])


def test_a_second_sink_of_the_same_name_is_refused() -> None:
    source, screen = Played(), Noticed()
    runner = Runner(source, two_signals(), {"screen": screen}, FakeClock(), CHUNK)
    with playing(source, runner) as reports:
        with pytest.raises(ValueError, match="a sink 'screen' already: detach it first"):
            runner.attach("screen", Noticed())
        source.play(0)
    assert not reports[0].failures


@pytest.mark.parametrize("live", [True, False])
def test_a_callback_that_exits_the_program_ends_the_run_with_a_report(live: bool) -> None:
    sink = Kept()
    report = run(
        Counter(), two_signals(), live=live, sink=sink, leaving=Callback(lambda _: sys.exit())
    )
    assert [failure.part for failure in report.failures] == ["leaving"]
    assert sink.closed == 1


def test_fill_is_known_without_sinks() -> None:
    runner = Runner(Counter(), two_signals(), {}, FakeClock(), CHUNK)
    assert runner.fill == 0


def test_an_attached_sink_that_hangs_delays_neither_the_run_nor_its_end() -> None:
    going, screen, source = threading.Event(), Noticed(), Played()
    guest = Callback(lambda _: going.wait(MAX_WAIT_SECONDS))
    runner = Runner(
        source, two_signals(), {"screen": screen}, FakeClock(), CHUNK, queue_seconds=1.0
    )
    with playing(source, runner) as reports:
        runner.attach("guest", guest)
        for i in range(30):
            source.play(1)
            screen.until(lambda i=i: len(screen.steps) == i + 1)  # type: ignore[misc]
        assert runner.fill == 1
        assert runner.undelivered("guest").received == (30 - 1 - 10) * CHUNK
        assert runner.undelivered("screen") == runner.undelivered("nobody") == SampleCount()
        source.play(0)
    assert len(ranges(screen.steps)[0]) == reports[0].received
    going.set()


def test_a_sink_attached_after_the_run_is_closed_at_once() -> None:
    runner = Runner(Counter(0), two_signals(), {}, FakeClock(), CHUNK)
    runner.run()
    guest = Noticed()
    runner.attach("guest", guest)
    guest.until(lambda: guest.closed == 1)
    assert not guest.steps


def test_engine_settings_can_change_before_each_push() -> None:
    denoiser, sink, changes = two_signals(), Kept(), iter(["low", "low", "best", *["best"] * 2000])

    def change() -> None:
        denoiser.delay = next(changes)

    report = Runner(
        Counter(), denoiser, {"s": sink}, FakeClock(), CHUNK, live=False, before_push=change
    ).run()
    assert not report.failures and denoiser.delay == "best"
    assert ranges(sink.steps) == (list(range(N)), list(range(N)))
    assert_aligned(sink.steps)


def test_an_impossible_setting_ends_the_run_with_all_raw_samples_delivered() -> None:
    denoiser, sink = two_signals(), Kept()

    def change() -> None:
        denoiser.delay = "never"

    report = Runner(
        Counter(), denoiser, {"s": sink}, FakeClock(), CHUNK, live=False, before_push=change
    ).run()
    assert [f.part for f in report.failures] == ["engine"]
    assert ranges(sink.steps) == (list(range(report.received)), [])
