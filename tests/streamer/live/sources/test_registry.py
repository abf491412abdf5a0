"""An address opens a source, or says what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecgstream.live import LineSource, Replay, open_source


def test_a_record_is_opened_with_its_options() -> None:
    source = open_source("record:208b?start=10&duration=2")
    assert isinstance(source, Replay)
    assert (source.first, len(source), source.fs) == (3600, 720, 360.0)


def test_a_device_is_opened_at_its_rate(tmp_path: Path) -> None:
    (tmp_path / "lines").write_text("200\n")
    source = open_source(f"lines:{tmp_path / 'lines'}?fs=250&gain=200")
    assert isinstance(source, LineSource) and source.fs == 250
    piece = source.read(10)
    assert piece is not None and piece.input.tolist() == [1.0]


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("208b", "unknown source '208b': its address begins with one of record:, lines:"),
        ("radio:1", "unknown source 'radio:1'"),
        ("record:208b?speed=2", "unknown option 'speed' of record: choose from start, duration"),
        ("record:208b?start=soon", "option start of record: 'soon' is not a number"),
    ],
)
def test_a_wrong_address_says_what_would_be_right(address: str, problem: str) -> None:
    with pytest.raises(ValueError) as error:
        open_source(address)
    assert problem in str(error.value)
