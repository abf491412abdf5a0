"""A soak passes with a sound engine and fails with one that loses, invents or hoards."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner

from ecgstream import Block, StreamingDenoiser
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.live.clock import Pacer
from ecgstream.tools.commands.soak import (
    MAX_MEMORY_GROWTH_MB,
    Check,
    FastClock,
    RepeatedSignal,
    run,
    soak,
)
from helpers.fakes import Identity

SIGNALS = np.stack([np.sin(np.arange(4000) / 30), np.cos(np.arange(4000) / 7)], axis=1).astype("f4")


class Steady:
    """Resident memory that grows by `growth` MB from one measurement to the next."""

    def __init__(self, growth: float = 0.0) -> None:
        self.memory, self.growth = 100.0, growth

    def __call__(self) -> float:
        self.memory += self.growth
        return self.memory


class Forgetful(StreamingDenoiser):
    """An engine that loses its fifth block."""

    pushes = 0

    def push(self, x: object) -> Block:
        self.pushes += 1
        block = super().push(x)  # type: ignore[arg-type]
        if self.pushes == 5:
            block = block._replace(signal=block.signal[:0], quality=block.quality[:0])
        return block


class Leaking(Identity):
    """A network that lets NaN through."""

    def __call__(self, window: Floats, context: Floats) -> Floats:
        return super().__call__(window, context) * np.float32(np.nan)


def failed(checks: list[Check]) -> set[str]:
    return {check.name for check in checks if not check.passed}


def soaked(denoiser: StreamingDenoiser, growth: float = 0.0, hours: float = 0.025) -> list[Check]:
    return run(denoiser, SIGNALS, hours, float("inf"), Steady(growth))


@pytest.mark.parametrize("delay", ["low", 200])
def test_a_sound_engine_passes(delay: str | int) -> None:
    checks = soaked(StreamingDenoiser(Identity(), 2, delay=delay))
    assert not failed(checks)
    assert Check("samples in", "32400", True) in checks


def test_a_lost_block_is_found() -> None:
    assert "holes or overlaps" in failed(soaked(Forgetful(Identity(), 2)))


def test_output_that_is_not_finite_is_found() -> None:
    assert failed(soaked(StreamingDenoiser(Leaking(), 2))) == {"wrong samples"}


def test_growing_memory_is_found() -> None:
    assert failed(soaked(StreamingDenoiser(Identity(), 2), MAX_MEMORY_GROWTH_MB + 0.1)) == {
        "resident memory"
    }


def test_a_run_too_short_to_judge_memory_does_not_pass() -> None:
    checks = soaked(StreamingDenoiser(Identity(), 2), hours=0.01)
    assert failed(checks) == {"resident memory"}


def test_accumulating_lateness_is_found() -> None:
    class Sloppy(Pacer):
        def wait(self, sample: int) -> None:
            super().wait(sample)
            self.restart(sample)

    def drift(kind: type[Pacer]) -> int:
        clock = FastClock()
        source = RepeatedSignal(SIGNALS, 360.0, 360 * 3600, Pacer(360.0, clock))
        pacer = kind(360.0, clock)
        while source.read(360) is not None:
            pacer.wait(source.position + 360)
        return source.drift

    assert drift(Pacer) == 0
    assert drift(Sloppy) > 0


def test_the_command_prints_a_table_and_passes() -> None:
    result = CliRunner().invoke(soak, ["--hours", "0.02", "--channels", "2", "--delay", "low"])
    assert result.exit_code == 0, result.output
    for word in ("0.02 h", "25920, 0 of them gaps", "0 samples", "MB at the end"):
        assert word in result.output
