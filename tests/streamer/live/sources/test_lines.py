"""Lines of text become samples, however they are cut on their way."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ecgstream.live import LineSource


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)


def test_a_line_that_arrives_in_two_parts_is_one_sample(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    source = LineSource(reading, fs=250.0, gain=200.0)
    os.write(writing, b"100\n-2")
    first = source.read(10)
    os.write(writing, b"00\n300\n")
    second = source.read(10)
    os.close(writing)
    assert first is not None and second is not None and source.read(10) is None
    assert (first.start, second.start) == (0, 1)
    np.testing.assert_array_equal(first.input, np.array([0.5], np.float32))
    np.testing.assert_array_equal(second.input, np.array([-1.0, 1.5], np.float32))
    assert np.isnan(second.clean).all()


def test_a_line_that_is_not_a_number_is_a_lost_sample(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    os.write(writing, b"1\n\nx1\n4\n")
    os.close(writing)
    piece = LineSource(reading).read(10)
    assert piece is not None
    np.testing.assert_array_equal(piece.input, np.array([1, np.nan, np.nan, 4], np.float32))


def test_a_silent_device_gives_an_empty_piece_so_that_a_run_can_stop(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, writing = pipe
    monkeypatch.setattr("ecgstream.streamer.live.sources.lines._TIMEOUT_SECONDS", 0.0)
    piece = LineSource(reading).read(10)
    os.close(writing)
    assert piece is not None and len(piece.input) == 0


@pytest.mark.parametrize("gain", [0.0, float("nan"), float("inf")])
def test_an_impossible_gain_is_refused(gain: float) -> None:
    with pytest.raises(ValueError, match="gain must be a number other than 0"):
        LineSource(0, gain=gain)


def test_a_device_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        LineSource.from_address(str(tmp_path / "ttyACM0"))
