"""A server on this machine that stands in for PhysioNet, and the fixtures that start it."""

from __future__ import annotations

import hashlib
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import urlsplit

import numpy as np
import pytest

from ecgstream.streamer.io.records import ASSETS

HEADER = (ASSETS / "208b.hea").read_bytes().replace(b"208b", b"208")
SIGNALS = (ASSETS / "208b.dat").read_bytes()
ANNOTATIONS = np.array([1 << 10 | 100, 5 << 10 | 200, 0], "<u2").tobytes()  # N at 100, V at 300
PLACE = "/files/mitdb/1.0.0"
SUMS = f"{PLACE}/SHA256SUMS.txt"


class Answer(NamedTuple):
    """What the server sent to one request."""

    path: str
    asked_from: int
    status: int
    sent: int


class StandIn(ThreadingHTTPServer):
    """Serves `files`, in parts if `ranges`; lets the connection drop where `cut` says."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files = {
            f"{PLACE}/208.hea": HEADER,
            f"{PLACE}/208.dat": SIGNALS,
            f"{PLACE}/208.atr": ANNOTATIONS,
        }
        self.list_checksums()
        self.cut: dict[str, int] = {}
        self.ranges = True
        self.log: list[Answer] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/files"

    def list_checksums(self, separator: str = " ") -> None:
        self.files[SUMS] = "".join(
            f"{hashlib.sha256(body).hexdigest()}{separator}{path.removeprefix(PLACE + '/')}\n"
            for path, body in self.files.items()
        ).encode()

    def answers(self, file: str) -> list[Answer]:
        return [answer for answer in self.log if answer.path.endswith(f"/{file}")]


class _Handler(BaseHTTPRequestHandler):
    server: StandIn

    def do_GET(self) -> None:
        server, path = self.server, urlsplit(self.path).path
        body = server.files.get(path)
        first = int(self.headers.get("Range", "bytes=0-")[6:-1]) if server.ranges else 0
        status = 404 if body is None else 416 if first >= len(body) else 206 if first else 200
        body = body[first:] if body is not None and status < 400 else b""
        sent = body[: server.cut.pop(path, len(body))]
        server.log.append(Answer(path, first, status, len(sent)))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(ConnectionError):
            self.wfile.write(sent)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing on the terminal."""


@pytest.fixture
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of the machine that runs the tests; urllib keeps those it has seen first."""
    for name in ("http_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(urllib.request, "_opener", None)


@pytest.fixture
def server(no_proxy: None) -> Iterator[StandIn]:
    with StandIn() as stand_in:
        thread = threading.Thread(target=stand_in.serve_forever, args=(0.01,))
        thread.start()
        yield stand_in
        stand_in.shutdown()
        thread.join()
