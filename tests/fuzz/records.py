"""Hostile records: headers that lie, files that are cut, and names that lead elsewhere."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.io.records import Record, RecordError
from fuzz.outcome import CORRECT, Case, Outcome, demand, refusal

SECRET = 4242
"""Value in a file outside of the record's folder, which must never be read."""
_BYTES = {"16": 2, "61": 2, "160": 2, "24": 3, "32": 4, "80": 1, "212": 1.5}


class WrittenRecord:
    """A valid record `r` in a folder of its own, and its samples."""

    def __init__(self, case: Case) -> None:
        rng = case.rng
        self.folder = case.folder / "records"
        self.folder.mkdir()
        self.channels, self.length = int(rng.integers(1, 4)), int(rng.integers(1, 600))
        self.format = str(case.pick(list(_BYTES)))
        self.gain = float(case.pick([200, 1000, 0.5, 1e-3, 123.25]))
        self.baseline = int(rng.integers(-300, 300))
        size = int(np.ceil(_BYTES[self.format] * self.length * self.channels))
        self.data = rng.bytes(size)
        (self.folder / "r.dat").write_bytes(self.data)
        self.lines = [f"r {self.channels} 360 {self.length}"]
        spec = f"r.dat {self.format} {self.gain:g}({self.baseline})/mV 12 0 0 0 0"
        self.lines += [f"{spec} lead {i}" for i in range(self.channels)]
        self.header = self.folder / "r.hea"
        self.write()
        secret = np.full(4000, SECRET, "<i2").tobytes()
        (case.folder / "secret.dat").write_bytes(secret)
        (case.folder / "secret.hea").write_text("secret 1 360 4000\nsecret.dat 16 1/mV\n")
        self.secret = case.folder / "secret.dat"

    def write(self) -> None:
        """Write the header, after its lines were changed."""
        self.header.write_bytes(("\n".join(self.lines) + "\n").encode("latin-1", "replace"))

    def signals(self, data: bytes) -> Floats:
        """Signals (length, channels) in mV of a file with this content."""
        adu, invalid = _decode(self.format, data)
        adu = adu[: self.length * self.channels].reshape(-1, self.channels)
        signals = (adu.astype(float) - self.baseline) / self.gain
        return np.where(adu == invalid, np.nan, signals).astype(np.float32)


def _decode(form: str, data: bytes) -> tuple[npt.NDArray[np.int64], int]:
    """Samples of a signal file by signal(5) of the WFDB manual, and the value of an invalid one."""
    octets = np.frombuffer(data, np.uint8).astype(np.int64)
    if form in ("16", "61", "160"):
        part = octets[: len(octets) // 2 * 2].reshape(-1, 2)
        value = part[:, 1] + 256 * part[:, 0] if form == "61" else part[:, 0] + 256 * part[:, 1]
        bits = 16
    elif form in ("24", "32"):
        bits = int(form)
        part = octets[: len(octets) // (bits // 8) * (bits // 8)].reshape(-1, bits // 8)
        value = part @ (256 ** np.arange(bits // 8))
    elif form == "80":
        value, bits = octets, 8
    else:
        part = np.pad(octets, (0, -len(octets) % 3)).reshape(-1, 3)
        first = part[:, 0] + 256 * (part[:, 1] & 15)
        value, bits = np.stack([first, part[:, 2] + 256 * (part[:, 1] >> 4)], axis=1).ravel(), 12
    half = 1 << (bits - 1)
    value = value - half if form in ("160", "80") else (value + half) % (2 * half) - half
    return value, -half


def record(case: Case) -> Outcome:
    """Read a record that is valid or has one defect."""
    written = WrittenRecord(case)
    kinds: list[Callable[[Case, WrittenRecord], Outcome]] = [
        _sound,
        _damaged_samples,
        *[_damaged_header] * 3,
        *[_lying_header] * 4,
        _cut,
        _annotations,
        _names,
        _no_files,
        _segments,
    ]
    kind: Callable[[Case, WrittenRecord], Outcome] = case.pick(kinds)
    return kind(case, written)


def _read(case: Case, name: str | Path, refused: str = "") -> tuple[Outcome, Record | None]:
    """Read a record; `refused` says why it must not be possible."""
    try:
        found = case.product.read(
            str(name), case.folder if case.chance(0.1) and not refused else None
        )
    except Exception as error:
        return refusal(error, (RecordError,)), None
    demand(not refused, f"read all the same: {refused}")
    signals = found.signals
    demand(signals.ndim == 2 and signals.dtype == np.float32, "signals are no table of float32")
    demand(len(found.leads) == signals.shape[1], "leads and signals differ in number")
    demand(not np.isinf(signals).any(), "infinity in the signals")
    secret = np.count_nonzero(signals == SECRET)  # some samples may have the value by chance
    demand(secret < 0.5 * signals.size, "a file outside the folder was read")
    demand(0 < found.fs < np.inf, f"a rate of {found.fs} Hz")
    if found.annotations is not None:
        demand(all(isinstance(s, str) for s in found.annotations.symbol), "marks are no words")
    return Outcome([CORRECT]), found


def _same(written: WrittenRecord, data: bytes, found: Record | None) -> None:
    demand(found is not None, "a sound record was refused")
    assert found is not None
    expected = written.signals(data)
    same = np.allclose(found.signals, expected, rtol=1e-6, atol=0, equal_nan=True)
    demand(same, f"other samples than format {written.format} has")


def _sound(case: Case, written: WrittenRecord) -> Outcome:
    outcome, found = _read(case, written.folder / "r")
    _same(written, written.data, found)
    return outcome


def _damaged_samples(case: Case, written: WrittenRecord) -> Outcome:
    data = bytearray(written.data)
    for at in case.rng.integers(len(data), size=20):
        data[at] ^= 1 << case.rng.integers(8)
    data += case.rng.bytes(int(case.rng.integers(9)))
    (written.folder / "r.dat").write_bytes(data)
    outcome, found = _read(case, written.folder / "r")
    _same(written, bytes(data), found)
    return outcome


def _damaged_header(case: Case, written: WrittenRecord) -> Outcome:
    """Damage the header; what is read of it must be consistent."""
    rng, content = case.rng, bytearray(written.header.read_bytes())
    kind = int(rng.integers(7))
    if kind <= 1:
        for at in rng.integers(len(content), size=1 + 4 * kind):
            content[at] ^= 1 << rng.integers(8)
    elif kind == 2:
        content = content[: rng.integers(len(content))]
    elif kind == 3:
        at = int(rng.integers(len(content)))
        content[at:at] = rng.bytes(int(rng.integers(1, 40)))
    elif kind == 4:
        content = bytearray(content.decode("latin-1").encode("utf-16"))
    elif kind == 5:
        content = content.replace(
            b"\n", bytes(case.pick([b"\r\n", b"\r", b"\n\n", b"\0", b"\x0c", b" "]))
        )
    else:
        at, end = sorted(rng.integers(len(content), size=2))
        content = content[:at] + content[end:]
    written.header.write_bytes(content)
    return _read(case, written.folder / "r")[0]


_RECORD_LIES = [
    *("r 2", "r", "", "r x 360 10", "r -1 360 10", "r 0 360 10", "r 999999999 360 10"),
    *("r 1 0 10", "r 1 -360 10", "r 1 nan 10", "r 1 inf 10", "r 1 1e300 10", "r 1 .0 10"),
    *("r 1 360 1000000000000", "r 1 360 -5", "r 1 360 " + "9" * 5000, "r 1 " + "9" * 400 + " 10"),
    *("r/1 1 360 10", "r/999999999 1 360 10", "../r 1 360 10", "r 1 360/0/0 10", "r 1 3.6.0 10"),
    *("http://localhost/r 1 360 10", "r 1 360 10 99:99:99", "r 1 360 10 0:0:0 99/99/9999"),
]
_SIGNAL_LIES = [
    *("../secret.dat 16 1/mV", "/etc/passwd 16 1/mV", "~/x.dat 16 1/mV", "~root 16 1/mV"),
    *("- 16 1/mV", ". 80 1/mV", ".. 80 1/mV", "sub/r.dat 16 1/mV", "link.dat 16 1/mV"),
    *("pipe.dat 16 1/mV", "folder 16 1/mV", "s3://bucket/r.dat 16 1/mV", "nobody.dat 16 1/mV"),
    *("http://localhost:9/r.dat 16 1/mV", "memory://r.dat 16 1/mV", "file:///etc/passwd 80 1/mV"),
    *("simplecache::file:///etc/passwd 80 1/mV", "r.dat:../secret.dat 16 1/mV", "|id 16 1/mV"),
    *("r.dat 0 1/mV", "r.dat 999 1/mV", "r.dat x 1/mV", "r.dat 16x0 1/mV", "r.dat -16 1/mV"),
    *("r.dat 16x999999999 1/mV", "r.dat 16:999999999999 1/mV", "r.dat 16+999999999999 1/mV"),
    *("r.dat 508 1/mV", "r.dat 516 1/mV", "r.dat 524 1/mV", "r.dat 16 nan/mV", "r.dat 16 inf/mV"),
    *("r.dat 16 1e999/mV", "r.dat 16 1(99999999999999999999999)/mV", "r.dat 16 1(x)/mV"),
    *("r.dat 16 1/mmHg", "r.dat 16 1/\xb5V", "r.dat 16 --1/mV", "r.dat 16 1/mV" + " 0" * 4000),
    *("r.dat", "", "r.dat 16 1/mV 12 0 0 0 0 \0", "r\0.dat 16 1/mV", "r.dat  16 1e-320/mV"),
]
_HARMLESS = ("r 1 360 10 99:99:99", "r.dat 16 1/mV 12 0 0 0 0 \0", "r.dat  16 1e-320/mV")
"""Lines that may be read or refused."""
_PRESSURE = "r.dat 16 1/mmHg"
"""A line that is refused alone; beside an ECG it is left out."""


def _lying_header(case: Case, written: WrittenRecord) -> Outcome:
    """Write a header that asks for something impossible or forbidden, in one line or more."""
    (written.folder / "link.dat").symlink_to(written.secret)
    (written.folder / "folder").mkdir()
    os.mkfifo(written.folder / "pipe.dat")
    if case.chance(0.4):
        lie = str(case.pick(_RECORD_LIES))
        written.lines = [lie, "r.dat 16 200/mV 12 0 0 0 0 II"]
        harmless = lie in _HARMLESS
    else:
        lie = str(case.pick(_SIGNAL_LIES))
        written.lines = ["r 1 360 10", lie]
        beside = case.chance(0.3)
        if beside:
            written.lines = ["r 2 360 10", "r.dat 16 1/mV", lie]
        harmless = lie in _HARMLESS or (beside and lie == _PRESSURE)
    (written.folder / "r.dat").write_bytes(b"\1" * int(case.pick([20, 40, 4000])))
    written.write()
    return _read(case, written.folder / "r", "" if harmless else f"{lie:.60}")[0]


def _cut(case: Case, written: WrittenRecord) -> Outcome:
    """Cut the signal file, which then holds fewer samples than the header says."""
    (written.folder / "r.dat").write_bytes(written.data[: case.rng.integers(len(written.data))])
    if case.chance(0.5):
        return _read(case, written.folder / "r", "the signal file is cut")[0]
    written.lines[0] = f"r {written.channels} 360"  # of whatever length there is
    written.write()
    return _read(case, written.folder / "r")[0]


def _annotations(case: Case, written: WrittenRecord) -> Outcome:
    """Damage the annotations; the record must not be read as one without any."""
    rng = case.rng
    kinds = [
        lambda: rng.bytes(int(rng.integers(400))),
        lambda: b"\x10\x04" * int(rng.integers(2000)) + b"\0\0",
        lambda: b"\x00\xec\xff\xff\xff\x7f\x10\x04" * 300 + b"\0\0",
        lambda: b"\x10\x04" + rng.bytes(2) * 200,
        lambda: b"\x10\x04\xff\xfc" + rng.bytes(30),
        lambda: b"\x00\x58\x20\xfc## annotation type definitions\0\0" + rng.bytes(40),
        lambda: b"\0" * ((4 << 20) + 2),
    ]
    kind: Callable[[], bytes] = case.pick(kinds)
    (written.folder / "r.atr").write_bytes(kind())
    outcome, found = _read(case, written.folder / "r")
    if found is not None:
        _same(written, written.data, found)
    return outcome


_NAMES = [
    *("", ".", "..", "/", "~", "~nobody/x", "../../etc/passwd", "/etc/passwd", "/dev/zero", "r\0"),
    *("r\n", "*", "r*", "[r]", "?", "x" * 300, "x" * 70_000, "/".join("x" * 3000), "r.hea.hea"),
    *("http://localhost:9/r", "s3://bucket/r", "memory://r", "file:///etc/passwd", "mitdb/../r"),
    *("simplecache::http://localhost:9/r", "\udcff", "µ", "r;id", "$(id)", "`id`", "-r", "%s%n"),
]


def _names(case: Case, written: WrittenRecord) -> Outcome:
    name = str(case.pick(_NAMES))
    if case.chance(0.5):
        name = f"{written.folder}/{name}"
    return _read(case, name, f"a record {name!r:.80}")[0]


def _no_files(case: Case, written: WrittenRecord) -> Outcome:
    """Put pipes, folders, links or nothing in place of files."""
    file = written.folder / str(case.pick(["r.hea", "r.dat", "r.atr"]))
    file.unlink(missing_ok=True)
    kind = int(case.rng.integers(5))
    if kind == 0:
        os.mkfifo(file)
    elif kind == 1:
        file.mkdir()
    elif kind == 2:
        file.symlink_to(written.secret.with_suffix(file.suffix))
    elif kind == 3:
        file.symlink_to(file)
    else:
        file.write_bytes(b"")
    return _read(case, written.folder / "r", "" if file.suffix == ".atr" else str(kind))[0]


def _segments(case: Case, written: WrittenRecord) -> Outcome:
    """Write a record of several segments, valid or not."""
    n, channels = written.length, written.channels
    (written.folder / "part.hea").write_text(
        written.header.read_text().replace(f"r {channels}", f"part {channels}", 1)
    )
    sound = f"r/2 {channels} 360 {2 * n}", f"part {n}", f"part {n}"
    lies = [
        (f"r/2 {channels} 360 {2 * n}", f"r {n}", f"part {n}"),
        (f"r/1 {channels} 360 {n}", f"../secret {n}"),
        (f"r/1 {channels} 360 4000", f"{written.folder.parent}/secret 4000"),
        (f"r/2 {channels} 360 {10**12}", f"part {n}", f"~ {10**12}"),
        (f"r/2 {channels} 360 {2 * n}", f"part {n}"),
        (f"r/9999 {channels} 360 {9999 * n}", *[f"part {n}"] * 9999),
        (f"r/2 {channels} 360 {2 * n}", f"part {n}", f"nobody {n}"),
        (f"r/1 {channels} 360 {n}", f"http://localhost:9/part {n}"),
        (f"r/0 {channels} 360 {n}",),
    ]
    chosen: tuple[str, ...] = case.pick([sound, *lies])
    written.lines = list(chosen)
    written.write()
    outcome, found = _read(case, written.folder / "r", "" if chosen == sound else str(chosen)[:80])
    if chosen == sound:
        demand(found is not None and found.signals.shape == (2 * n, channels), "segments are lost")
    return outcome
