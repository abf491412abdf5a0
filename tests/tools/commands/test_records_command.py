"""`ecgstream records list`, `show`, `splits` and `verify`; for `download` see test_physionet."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import wfdb
from click.testing import CliRunner

from ecgstream.streamer.io import physionet
from ecgstream.streamer.io.physionet import Transfer, download_database
from ecgstream.streamer.io.records import ASSETS, RecordError
from ecgstream.tools.cli import main
from ecgstream.tools.commands.records import records
from helpers.paths import ROOT
from helpers.physionet_server import PLACE, SIGNALS, SUMS, StandIn


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


def test_splits_are_told_for_every_database(data: Path) -> None:
    for name in ("sel102", "sel123", "sel38"):
        (data / "qtdb" / f"{name}.hea").write_text((data / "qtdb" / "sel100.hea").read_text())
    (data / "nstdb").mkdir()
    (data / "nstdb" / "em.hea").write_text((data / "mitdb" / "101.hea").read_text())
    told = {row[0]: row[-1] for row in rows(run("list", "--data", str(data)))}
    assert told["qtdb/sel102"] == "training"
    assert told["qtdb/sel123"] == "test (B1, published)"
    assert told["qtdb/sel38"] == "test (B1, development)"
    assert told["nstdb/em"] == "noise: one half trains, one tests"
    assert told["nstdb90"] == "noise: tests"


def test_splits_are_listed_with_their_records() -> None:
    listed = {row[0]: row[1:] for row in rows(run("splits"))}
    assert listed["validation"] == ("3", "114 208 223")
    assert listed["noise stress"] == ("2", "118 119")
    assert listed["test (DS2)"][0] == "22"


@pytest.fixture
def downloaded(server: StandIn, tmp_path: Path) -> Path:
    """A data folder with one of the two records of a database."""
    for suffix in ("hea", "dat", "atr"):
        server.files[f"{PLACE}/100.{suffix}"] = b"of another record"
    del server.files[SUMS]
    server.list_checksums()
    folder = tmp_path / "downloaded"
    physionet.download_record("208", folder, server.url)
    server.log.clear()
    return folder


def verified(folder: Path, server: StandIn, *names: str) -> tuple[int, str]:
    """Exit code and output of `records verify`."""
    asked = ["records", "verify", *names, "--data", str(folder), "--mirror", server.url]
    result = CliRunner().invoke(main, asked)
    return result.exit_code, " ".join(result.output.split())


def test_what_was_downloaded_is_verified_and_nothing_is_fetched(
    server: StandIn,
    downloaded: Path,
) -> None:
    code, output = verified(downloaded, server)
    assert (code, output) == (0, "mitdb: 3 files are right, 1 records were not downloaded")
    assert [answer.path for answer in server.log] == [SUMS]
    download_database("mitdb", downloaded, server.url)
    assert verified(downloaded, server, "mitdb") == (0, "mitdb: 6 files are right")


def test_damaged_and_missing_files_are_named_and_left_alone(
    server: StandIn,
    downloaded: Path,
) -> None:
    signals = downloaded / "mitdb" / "208.dat"
    signals.write_bytes(signals.read_bytes()[:-1] + b"?")
    (downloaded / "mitdb" / "208.atr").unlink()
    before = signals.read_bytes()
    code, output = verified(downloaded, server, "mitdb/208")
    assert code == 1
    said = "1 files are right, 1 damaged (mitdb/208.dat), 1 missing (mitdb/208.atr)"
    assert output.startswith(f"mitdb/208: {said} Error: not as PhysioNet has them")
    assert "ecgstream records download mitdb/208 mends them" in output
    assert signals.read_bytes() == before
    physionet.download_record("208", downloaded, server.url)
    assert verified(downloaded, server, "208")[0] == 0


def test_a_record_that_is_not_there_is_not_verified(
    server: StandIn,
    downloaded: Path,
) -> None:
    code, output = verified(downloaded, server, "100")
    assert code == 1 and output.startswith("100: 0 files are right, 1 records were not downloaded")


def test_verify_without_any_database_says_how_to_get_one(server: StandIn, data: Path) -> None:
    (data / "none").mkdir()
    code, output = verified(data / "none", server)
    assert code == 1 and "ecgstream records download mitdb" in output
    assert not server.log


def test_progress_of_verifying_names_every_file(server: StandIn, downloaded: Path) -> None:
    seen: list[Transfer] = []
    physionet.verify("mitdb", downloaded, server.url, seen.append)
    assert [transfer.number for transfer in seen] == [1, 2, 3, 4, 5, 6]
    assert {transfer.files for transfer in seen} == {6}
    assert [transfer.done for transfer in seen if "208.dat" in transfer.file] == [len(SIGNALS)]


def test_bundled_records_and_help_load_no_heavy_package() -> None:
    script = (
        "import sys\n"
        "from ecgstream.tools.commands.records import records\n"
        "for arguments in (['--help'], ['list'], ['show', '208']):\n"
        "    records(arguments, standalone_mode=False)\n"
        "print(sorted({'wfdb', 'pandas', 'tensorflow', 'PyQt5', 'matplotlib'} & set(sys.modules)))"
    )
    root = ROOT
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
