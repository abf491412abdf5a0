"""Downloading records, against a server on this machine that stands in for PhysioNet."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from ecgstream.streamer.io import physionet
from ecgstream.streamer.io.physionet import (
    DownloadError,
    Transfer,
    download_database,
    download_record,
)
from ecgstream.streamer.io.records import read_record
from ecgstream.tools.commands.records import records
from helpers.physionet_server import (
    ANNOTATIONS,
    HEADER,
    PLACE,
    SIGNALS,
    SUMS,
    StandIn,
)


@pytest.mark.parametrize("name", ["../208", "..%2F208", "/tmp/208", "sub/208", "208/../../208"])
def test_a_mirror_cannot_name_a_file_outside_the_folder(
    name: str, server: StandIn, tmp_path: Path
) -> None:
    server.files[SUMS] += f"{hashlib.sha256(HEADER).hexdigest()} {name}.hea\n".encode()
    server.files[f"{PLACE}/{name}.hea"] = HEADER
    download_database("mitdb", tmp_path / "data", server.url)
    files = {file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*.*")}
    assert files == {f"data/mitdb/208.{suffix}" for suffix in ("hea", "dat", "atr")}


def test_a_list_that_does_not_end_is_refused(
    server: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(physionet, "_MAX_LIST_BYTES", 100)
    with pytest.raises(DownloadError, match="no list of checksums, it does not end"):
        download_record("mitdb/208", tmp_path, server.url)


def test_a_downloaded_record_reads_as_the_original(server: StandIn, tmp_path: Path) -> None:
    path = download_record("mitdb/208", tmp_path, server.url)
    assert path == tmp_path / "mitdb" / "208"
    record = read_record("mitdb/208", tmp_path)
    np.testing.assert_array_equal(record.signals, read_record("208b").signals)
    assert record.annotations is not None
    assert record.annotations.symbol == ["N", "V"]
    assert sorted(p.name for p in path.parent.iterdir()) == ["208.atr", "208.dat", "208.hea"]


def test_a_record_without_database_is_one_of_mitdb(server: StandIn, tmp_path: Path) -> None:
    assert download_record("208", tmp_path, server.url) == tmp_path / "mitdb" / "208"


def test_progress_ends_at_the_size_of_each_file(server: StandIn, tmp_path: Path) -> None:
    seen: list[Transfer] = []
    download_record("208", tmp_path, server.url, seen.append)
    ends = {transfer.file: transfer for transfer in seen}
    assert ends == {
        f"mitdb/208.{suffix}": Transfer(f"mitdb/208.{suffix}", len(body), len(body), number, 3)
        for number, (suffix, body) in enumerate(
            [("dat", SIGNALS), ("atr", ANNOTATIONS), ("hea", HEADER)], 1
        )
    }
    assert sum(transfer.file == "mitdb/208.dat" for transfer in seen) > 1


def test_a_cut_download_goes_on_where_it_stopped(server: StandIn, tmp_path: Path) -> None:
    server.cut[f"{PLACE}/208.dat"] = 100_000
    with pytest.raises(DownloadError, match=r"116000 bytes too early.*again to go on"):
        download_record("208", tmp_path, server.url)
    assert [p.name for p in (tmp_path / "mitdb").iterdir()] == ["208.dat.part"]
    seen: list[Transfer] = []
    path = download_record("208", tmp_path, server.url, seen.append)
    assert path.with_suffix(".dat").read_bytes() == SIGNALS
    assert server.answers("208.dat")[1][1:] == (100_000, 206, 116_000)
    assert seen[0].done > 100_000
    assert seen[0].total == len(SIGNALS)


def test_a_server_that_sends_no_parts_sends_the_whole_file(server: StandIn, tmp_path: Path) -> None:
    server.cut[f"{PLACE}/208.dat"] = 100_000
    with pytest.raises(DownloadError):
        download_record("208", tmp_path, server.url)
    server.ranges = False
    path = download_record("208", tmp_path, server.url)
    assert path.with_suffix(".dat").read_bytes() == SIGNALS
    assert server.answers("208.dat")[1].sent == len(SIGNALS)


def test_a_part_longer_than_the_file_is_begun_anew(server: StandIn, tmp_path: Path) -> None:
    (tmp_path / "mitdb").mkdir()
    (tmp_path / "mitdb" / "208.dat.part").write_bytes(b"?" + SIGNALS)
    path = download_record("208", tmp_path, server.url)
    assert path.with_suffix(".dat").read_bytes() == SIGNALS


def test_a_part_that_is_complete_is_not_fetched_again(server: StandIn, tmp_path: Path) -> None:
    (tmp_path / "mitdb").mkdir()
    (tmp_path / "mitdb" / "208.dat.part").write_bytes(SIGNALS)
    path = download_record("208", tmp_path, server.url)
    assert path.with_suffix(".dat").read_bytes() == SIGNALS
    assert not server.answers("208.dat")


def test_what_does_not_match_its_checksum_is_deleted(server: StandIn, tmp_path: Path) -> None:
    server.files[f"{PLACE}/208.dat"] = SIGNALS[::-1]
    with pytest.raises(DownloadError, match=r"208\.dat does not have the SHA-256.*deleted"):
        download_record("208", tmp_path, server.url)
    assert not list((tmp_path / "mitdb").iterdir())
    server.files[f"{PLACE}/208.dat"] = SIGNALS
    path = download_record("208", tmp_path, server.url)
    assert path.with_suffix(".dat").read_bytes() == SIGNALS


def test_finished_files_are_not_downloaded_again(server: StandIn, tmp_path: Path) -> None:
    download_record("208", tmp_path, server.url)
    server.log.clear()
    download_record("208", tmp_path, server.url)
    assert [answer.path for answer in server.log] == [SUMS]


def test_a_damaged_file_is_replaced(server: StandIn, tmp_path: Path) -> None:
    path = download_record("208", tmp_path, server.url)
    path.with_suffix(".dat").write_bytes(SIGNALS[:-2])
    server.log.clear()
    download_record("208", tmp_path, server.url)
    assert path.with_suffix(".dat").read_bytes() == SIGNALS
    assert [answer.path for answer in server.log] == [SUMS, f"{PLACE}/208.dat"]


@pytest.mark.parametrize("separator", [" ", "  ", " *"])
def test_a_database_is_all_records_of_its_list(
    server: StandIn, tmp_path: Path, separator: str
) -> None:
    del server.files[SUMS]
    for name in ("100.hea", "100.dat", "102-0.atr", "100.xws", "ANNOTATORS", "x_mitdb/x_108.hea"):
        server.files[f"{PLACE}/{name}"] = name.encode()
    server.list_checksums(separator)
    assert download_database("mitdb", tmp_path, server.url) == tmp_path / "mitdb"
    assert sorted(p.name for p in (tmp_path / "mitdb").rglob("*")) == [
        "100.dat",
        "100.hea",
        "208.atr",
        "208.dat",
        "208.hea",
    ]


def test_a_proxy_named_in_the_environment_is_used(
    server: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.server_port}")
    path = download_record("208", tmp_path, "http://physionet.invalid/files/")
    assert path.with_suffix(".dat").read_bytes() == SIGNALS


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("999", "mitdb 1.0.0 has no record '999': give DATABASE/RECORD"),
        ("mitdb/../208", "unknown database 'mitdb/..': choose from mitdb, nstdb, qtdb"),
        ("edb/e0103", "unknown database 'edb': choose from mitdb, nstdb, qtdb"),
        ("nstdb/em", "404 Not Found to .*nstdb/1.0.0/SHA256SUMS.txt: check --mirror"),
    ],
)
def test_a_record_that_is_not_there_is_named(
    server: StandIn, tmp_path: Path, name: str, message: str
) -> None:
    with pytest.raises(DownloadError, match=message):
        download_record(name, tmp_path, server.url)
    assert not list(tmp_path.iterdir())


def test_a_page_in_place_of_the_list_is_noticed(server: StandIn, tmp_path: Path) -> None:
    server.files[SUMS] = b"<html>Please log in to the guest network</html>"
    with pytest.raises(DownloadError, match="lists no records: check --mirror, or log in"):
        download_record("208", tmp_path, server.url)


def test_a_mirror_that_is_no_web_address_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="is no web address"):
        download_record("208", tmp_path, "/mnt/physionet")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_is_named(server: StandIn, tmp_path: Path) -> None:
    (tmp_path / "mitdb").mkdir()
    (tmp_path / "mitdb" / "208.dat.part").symlink_to("/dev/full")
    with pytest.raises(DownloadError, match=r"cannot write .*208\.dat: No space left on device"):
        download_record("208", tmp_path, server.url)


def test_a_folder_that_cannot_be_made_is_named(server: StandIn, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DownloadError, match=r"cannot write .*file/mitdb/208\.dat: Not a directory"):
        download_record("208", tmp_path / "file", server.url)


def test_the_command_says_where_the_record_is(server: StandIn, tmp_path: Path) -> None:
    arguments = ["download", "mitdb/208", "mitdb", "--mirror", server.url]
    result = CliRunner().invoke(records, arguments, env={"ECG_DATA": str(tmp_path)})
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        f"mitdb/208 is complete: {tmp_path / 'mitdb' / '208'}",
        f"mitdb is complete: {tmp_path / 'mitdb'}",
    ]


def test_downloads_are_found_when_no_folder_was_ever_named(
    server: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ECG_DATA", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    result = CliRunner().invoke(records, ["download", "208", "--mirror", server.url])
    assert result.exit_code == 0
    assert read_record("mitdb/208").annotations is not None


def test_without_a_server_the_command_fails_with_one_sentence(tmp_path: Path) -> None:
    with StandIn() as stand_in:
        url = stand_in.url
    arguments = ["download", "208", "--mirror", url, "--data", str(tmp_path)]
    result = CliRunner().invoke(records, arguments)
    assert result.exit_code != 0
    assert isinstance(result.exception, DownloadError)
    message = str(result.exception)
    assert message.startswith(f"cannot get {url}/mitdb/1.0.0/SHA256SUMS.txt: ")
    assert "Connection refused; check the network, the proxy variables and --mirror" in message
    assert "\n" not in message
