"""`ecgstream records list` and `show`; for `download` see test_physionet."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import wfdb
from click.testing import CliRunner

from streamer.records import ASSETS, RecordError
from tools.records import records


@pytest.fixture(autouse=True)
def _no_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ECG_DATA", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Headers of a record for each split, one of another rate, and one whole record."""
    folder = tmp_path / "data"
    for name, fs in {"mitdb/101": 360, "mitdb/114": 360, "mitdb/118": 360, "mitdb/102": 360,
                     "qtdb/sel100": 250}.items():  # fmt: skip
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        record = Path(name).name
        (folder / f"{name}.hea").write_text(
            f"{record} 2 {fs} 650000\n"
            f"{record}.dat 212 200 11 1024 0 0 0 V5\n{record}.dat 212 200 11 1024 0 0 0 V2\n"
        )
    where = str(folder / "mitdb")
    wfdb.wrsamp(
        "100", 360, ["mV"] * 2, ["MLII", "V5"], np.zeros((3600, 2)), fmt=["16"] * 2,
        comments=["69 M 1085 1629 x1", "Aldomet, Inderal"], write_dir=where,
    )  # fmt: skip
    wfdb.wrann("100", "atr", np.array([50, 400, 800]), ["N", "A", "N"], write_dir=where)
    return folder


def run(*arguments: str) -> str:
    result = CliRunner().invoke(records, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def rows(output: str) -> list[tuple[str, ...]]:
    """Cells of a table's lines; two spaces or more part them."""
    return [tuple(re.split(r"\s{2,}", line.strip())) for line in output.splitlines()]


def test_list_shows_what_is_bundled_and_how_to_get_more() -> None:
    output = run("list")
    assert ("208b", "MLII", "360 Hz", "5:00", "validation") in rows(output)
    assert "ecgstream records download mitdb" in output


def test_list_shows_every_record_of_the_data_folder_and_its_split(data: Path) -> None:
    output = run("list", "--data", str(data))
    assert rows(output)[3:] == [
        ("mitdb/100", "MLII, V5", "360 Hz", "0:10", "test (DS2)"),
        ("mitdb/101", "V5, V2", "360 Hz", "30:06", "training"),
        ("mitdb/102", "V5, V2", "360 Hz", "30:06", "—"),
        ("mitdb/114", "V5, V2", "360 Hz", "30:06", "validation"),
        ("mitdb/118", "V5, V2", "360 Hz", "30:06", "noise stress"),
        ("qtdb/sel100", "V5, V2", "250 Hz", "43:20", "—"),
    ]


def test_list_goes_on_after_a_damaged_header(data: Path) -> None:
    (data / "mitdb" / "101.hea").write_text("no header\n")
    table = rows(run("list", "--data", str(data)))
    assert ("mitdb/101", "its header is damaged", "—", "—", "—") in table
    assert table[-1][0] == "qtdb/sel100"


def test_list_refuses_a_folder_that_is_not_there(tmp_path: Path) -> None:
    result = CliRunner().invoke(records, ["list", "--data", str(tmp_path / "none")])
    assert result.exit_code != 0
    assert isinstance(result.exception, RecordError)
    assert "check --data or ECG_DATA" in str(result.exception)


def test_show_describes_a_record(data: Path) -> None:
    assert run("show", "mitdb/100", "--data", str(data)).splitlines() == [
        "record       100",
        f"header       {data}/mitdb/100.hea",
        "signals      0 MLII, 1 V5",
        "rate         360 Hz",
        "length       0:10 (3600 samples)",
        "annotations  3: 2 N, 1 A",
        "split        test (DS2)",
        "comments     69 M 1085 1629 x1",
        "             Aldomet, Inderal",
    ]


def test_show_describes_the_bundled_record() -> None:
    output = run("show", "208")
    assert f"header       {ASSETS}/208b.hea" in output
    assert "length       5:00 (108000 samples)" in output
    assert "split        validation" in output


def test_show_of_no_record_says_how_to_get_one() -> None:
    result = CliRunner().invoke(records, ["show", "mitdb/234"])
    assert result.exit_code != 0
    assert isinstance(result.exception, RecordError)
    assert "ecgstream records download mitdb/234" in str(result.exception)


def test_bundled_records_and_help_load_no_heavy_package() -> None:
    script = (
        "import sys\n"
        "from tools.records import records\n"
        "for arguments in (['--help'], ['list'], ['show', '208']):\n"
        "    records(arguments, standalone_mode=False)\n"
        "print(sorted({'wfdb', 'pandas', 'tensorflow', 'PyQt5', 'matplotlib'} & set(sys.modules)))"
    )
    root = Path(__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
