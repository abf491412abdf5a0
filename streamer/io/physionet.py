"""Download records from PhysioNet: missing files only, each checked by its SHA-256.

The standard library's urllib does it: it obeys the proxy variables, and the rest (resuming,
checksums) is what clients on offer lack: pooch does not resume, wfdb does not check, the
`physionet` package does not resume and brings boto3 and pandas.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from ecgstream.streamer.io.records import RecordError

BASE_URL = "https://physionet.org/files"
VERSIONS = {"mitdb": "1.0.0", "nstdb": "1.0.0", "qtdb": "1.0.0"}
"""Databases, and the version of each that is downloaded."""

_CHECKSUMS = "SHA256SUMS.txt"
_SUFFIXES = ("dat", "atr", "man", "q1c", "q2c", "qt1", "qt2", "pu", "pu0", "pu1", "hea")
"""Signals, annotations and, last, the header: a record whose header is there is whole."""
_LISTED = re.compile(rf"^([0-9a-f]{{64}})[ \t]+\*?([\w-]+)\.({'|'.join(_SUFFIXES)})\s*$", re.M)
_BLOCK_BYTES = 1 << 16  # bytes
_MAX_LIST_BYTES = 1 << 24  # bytes
_TIMEOUT_SECONDS = 30.0  # seconds without an answer


class DownloadError(RecordError):
    """A record could not be downloaded; the message says why and what to do."""


class Transfer(NamedTuple):
    """How far a download is: `done` of `total` bytes of a file, the `number`-th of `files`."""

    file: str
    done: int
    total: int | None  # None when the server does not say
    number: int
    files: int


Progress = Callable[[Transfer], None]


def download_record(
    name: str, folder: Path, base_url: str = BASE_URL, progress: Progress | None = None
) -> Path:
    """Fetch the files of one record that `folder` does not hold yet; return its path, no suffix.

    Parameters
    ----------
    name : `mitdb/208`; without a database, `mitdb` is meant.
    folder : the data folder; the record goes into the database's folder in it.
    base_url : server and path under which `DATABASE/VERSION/FILE` lie.
    progress : called as bytes arrive.

    Raises
    ------
    DownloadError : no such record, no connection, a wrong checksum, or a file cannot be written.
        What has arrived of a file is kept beside it as `.part`, and the next call goes on there.
    """
    database, record, files = _record(name, base_url)
    _download(database, files, folder, base_url, progress)
    return folder / database / record


def download_database(
    database: str, folder: Path, base_url: str = BASE_URL, progress: Progress | None = None
) -> Path:
    """Fetch all records of a database; return its folder. Otherwise as `download_record`."""
    records = _listing(database, base_url)
    files = {file: checksum for record in records.values() for file, checksum in record.items()}
    _download(database, files, folder, base_url, progress)
    return folder / database


class Verified(NamedTuple):
    """What a folder holds of a database or a record; files as `mitdb/208.dat`."""

    good: list[str]
    damaged: list[str]
    missing: list[str]
    """Of records that are there in part."""
    absent: int
    """Records with no file there."""


def verify(
    name: str, folder: Path, base_url: str = BASE_URL, progress: Progress | None = None
) -> Verified:
    """Compare the files of a database, or of one record, with their checksums; change none.

    Parameters and errors are those of `download_record`; `name` may also be a database, and a
    file that cannot be read counts as damaged.
    """
    if name in VERSIONS:
        database, records = name, _listing(name, base_url)
    else:
        database, record, its_files = _record(name, base_url)
        records = {record: its_files}
    verified = Verified([], [], [], 0)
    total = sum(map(len, records.values()))
    number = 0
    for files in records.values():
        there = [file for file in files if (folder / database / file).is_file()]
        if not there:
            verified = verified._replace(absent=verified.absent + 1)
        for file, checksum in files.items():
            number += 1
            path = folder / database / file
            which = f"{database}/{file}"
            if file in there:
                (verified.good if _is(path, checksum) else verified.damaged).append(which)
            elif there:
                verified.missing.append(which)
            if progress is not None:
                size = path.stat().st_size if file in there else 0
                progress(Transfer(which, size, size, number, total))
    return verified


def _is(path: Path, checksum: str) -> bool:
    try:
        return _has(path, checksum)
    except OSError:
        return False


def _record(name: str, base_url: str) -> tuple[str, str, dict[str, str]]:
    """Split a name into database and record; return them and the record's files by checksum."""
    database, _, record = name.rpartition("/")
    database = database or "mitdb"
    records = _listing(database, base_url)
    if record not in records:
        raise DownloadError(
            f"{database} {VERSIONS[database]} has no record {record!r}: give DATABASE/RECORD, "
            f"the database one of {', '.join(VERSIONS)}"
        )
    return database, record, records[record]


def _url(database: str, file: str, base_url: str) -> str:
    return f"{base_url.rstrip('/')}/{database}/{VERSIONS[database]}/{file}"


def _listing(database: str, base_url: str) -> dict[str, dict[str, str]]:
    """Checksums by file, in order of download, for every record of a database."""
    if database not in VERSIONS:
        raise DownloadError(f"unknown database {database!r}: choose from {', '.join(VERSIONS)}")
    url = _url(database, _CHECKSUMS, base_url)
    content = b""
    with _open(url) as response:
        for block in _blocks(url, response):
            content += block
            if len(content) > _MAX_LIST_BYTES:
                raise DownloadError(
                    f"{url} is no list of checksums, it does not end: check --mirror"
                )
    text = content.decode(errors="replace")
    listed = sorted(_LISTED.findall(text), key=lambda row: (row[1], _SUFFIXES.index(row[2])))
    records: dict[str, dict[str, str]] = {}
    for checksum, record, suffix in listed:
        records.setdefault(record, {})[f"{record}.{suffix}"] = checksum
    records = {record: files for record, files in records.items() if f"{record}.hea" in files}
    if not records:
        raise DownloadError(f"{url} lists no records: check --mirror, or log in to the network")
    return records


def _download(
    database: str,
    files: dict[str, str],
    folder: Path,
    base_url: str,
    progress: Progress | None,
) -> None:
    for number, (file, checksum) in enumerate(files.items(), 1):
        target = folder / database / file
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            for done, total in _fetch(_url(database, file, base_url), target, checksum):
                if progress is not None:
                    progress(Transfer(f"{database}/{file}", done, total, number, len(files)))
        except OSError as error:
            raise DownloadError(
                f"cannot write {target}: {error.strerror}; check the free space and the "
                "permissions, then run the same command again to go on"
            ) from error


def _fetch(url: str, target: Path, checksum: str) -> Iterator[tuple[int, int | None]]:
    """Download a file unless it is complete; yield bytes done and in all."""
    if _has(target, checksum):
        return
    part = target.with_name(f"{target.name}.part")
    if not _has(part, checksum):
        yield from _receive(url, part)
        if not _has(part, checksum):
            part.unlink()
            raise DownloadError(
                f"{url} does not have the SHA-256 that {_CHECKSUMS} gives, so what came was "
                "deleted: try again, or name another server with --mirror"
            )
    part.replace(target)


def _has(path: Path, checksum: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == checksum


def _receive(url: str, part: Path) -> Iterator[tuple[int, int | None]]:
    """Complete `part`, or write it anew where the server does not support ranges."""
    with (
        _open(url, part.stat().st_size if part.is_file() else 0) as response,
        part.open("ab" if response.status == 206 else "wb") as file,
    ):
        done = file.tell()
        total = None if response.length is None else done + response.length
        for block in _blocks(url, response):
            file.write(block)
            done += len(block)
            yield done, total


def _open(url: str, first: int = 0) -> HTTPResponse:
    """Request the bytes from number `first` on."""
    if not url.startswith(("http://", "https://")):
        raise DownloadError(f"{url} is no web address: give --mirror as https://server/path")
    headers = {"User-Agent": "ecgstream"}
    if first:
        headers["Range"] = f"bytes={first}-"
    with _network(url):
        try:
            response: HTTPResponse = urlopen(
                Request(url, headers=headers), timeout=_TIMEOUT_SECONDS
            )
        except HTTPError as error:
            if error.code != 416:
                raise
            error.close()
        else:
            return response
    return _open(url)  # what is there is longer than the file and so no part of it


def _blocks(url: str, response: HTTPResponse) -> Iterator[bytes]:
    with _network(url):
        while block := response.read(_BLOCK_BYTES):
            yield block
        if response.length:
            raise ConnectionError(f"the connection broke off {response.length} bytes too early")


@contextmanager
def _network(url: str) -> Iterator[None]:
    """Convert network errors to `DownloadError`."""
    try:
        yield
    except HTTPError as error:
        error.close()
        raise DownloadError(
            f"the server answers {error.code} {error.reason} to {url}: check --mirror, or try later"
        ) from None
    except (OSError, HTTPException, ValueError) as error:
        raise DownloadError(
            f"cannot get {url}: {getattr(error, 'reason', error)}; check the network, the proxy "
            "variables and --mirror, then run the same command again to go on"
        ) from None
