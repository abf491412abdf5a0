"""The records on offer are those that the engine takes, each under a name that finds it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ecgstream.gui.playback.record_list import (
    Choice,
    bundled_choices,
    download_folder,
    folder_choices,
    listed_name,
)
from ecgstream.streamer.io.records import (
    DATA_VARIABLE,
    DOWNLOADS,
    RecordError,
    find_record,
    read_record,
)
from helpers.worker_harness import running


def write_header(path: Path, fs: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"# a comment\n{path.stem} 1 {fs} 720\n{path.stem}.dat 16 200/mV\n")
    np.zeros(720, "<i2").tofile(path.with_suffix(".dat"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, fs in {
        "b": "360", "mitdb/100": "360", "qtdb/sel100": "250/1(0)", "ptb/s1": "1000",
        "slow/s": "99", "fast/f": "2001", "nstdb/em": "360", "odd/o": "?", "odd/p": "36.0.0",
    }.items():  # fmt: skip
        write_header(tmp_path / f"{name}.hea", fs)
    (tmp_path / "odd" / "empty.hea").write_text("")
    return tmp_path


def test_records_on_offer_are_those_that_the_engine_takes(folder: Path) -> None:
    names = ["b", "mitdb/100", "ptb/s1", "qtdb/sel100"]
    assert folder_choices(folder) == [Choice(name, name) for name in names]
    for name in names:
        assert find_record(name, folder) == folder / name


def test_without_a_folder_there_are_the_bundled_ones() -> None:
    assert folder_choices() == []
    for name, label in bundled_choices():
        assert read_record(name).name == name and "bundled" in label


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="check --data"):
        folder_choices(tmp_path / "gone")


@pytest.mark.parametrize("name", ["100", "mitdb/100", "{}/mitdb/100", "{}/mitdb/100.hea"])
def test_a_record_goes_by_the_name_that_lists_it(folder: Path, name: str) -> None:
    assert listed_name(name.format(folder), folder) == "mitdb/100"


def test_downloads_go_to_the_data_folder_or_the_users_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert download_folder() == Path(DOWNLOADS).expanduser()
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "named"))
    assert download_folder() == tmp_path / "named"
    assert download_folder(tmp_path) == tmp_path


def test_another_folder_can_be_chosen_while_it_runs(folder: Path) -> None:
    with running() as bench:
        bench.play(1)
        assert bench.snapshot.choices == tuple(bundled_choices())
        bench.worker.set_data(folder)
        snapshot = bench.until(lambda snapshot: len(snapshot.choices) > 1)
        assert Choice("ptb/s1", "ptb/s1") in snapshot.choices
        assert bench.play(1).received == 720
        bench.worker.set_data(folder / "gone")
        bench.until(lambda snapshot: snapshot.choices == tuple(bundled_choices()))
