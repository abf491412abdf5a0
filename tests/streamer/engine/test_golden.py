"""The output of real records has the bits of release 0.1.0."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from ecgstream import StreamingDenoiser
from ecgstream.streamer.io.records import read_record
from ecgstream.streamer.network.runtimes import load_runtime
from ecgstream.streamer.network.shipped import SHIPPED_MODEL

RECORDS = (
    "mitdb/203",
    "qtdb/sel16272",
    "ludb/data/132",
    "cinc2017/A00109",
    "cpsc2021/data_92_19",
)
SECONDS = 60
MODES = [(delay, st) for delay in ("low", "balanced", "best") for st in (False, True)]

REFERENCE_FINGERPRINT = "3777edf7822f2cd0"
"""`fingerprint` of the machine that made the hashes."""
HASHES: dict[str, tuple[str, ...]] = {
    "208b": (
        "8a7594309cf296a5",
        "31bffc355be83e8d",
        "26ca05942d9ef58a",
        "6773ae25a4d4e143",
        "77611e7cf1a23227",
        "d445276b9c0bb740",
    ),
    "mitdb/203": (
        "b9deb75aa68086fb",
        "f6cdeac1d8ecd831",
        "24d8fd708f74a249",
        "f1f7089911211cb4",
        "d70441e256e9a423",
        "fba5958dbd764a49",
    ),
    "qtdb/sel16272": (
        "51673e3930ce856f",
        "2e117df25386e45a",
        "99fef22d08fd742b",
        "5502c1e4b9014678",
        "88b1344e35014bf6",
        "4bad784a9310ccfe",
    ),
    "ludb/data/132": (
        "450575d192cd4da5",
        "82837b8b14333655",
        "30093e2110ab16a4",
        "6260e7c741471b04",
        "87c3f2f48a5a1b61",
        "a8addae8c203cb02",
    ),
    "cinc2017/A00109": (
        "76929c961c987c7a",
        "1024b8e7be09f391",
        "2594f4ef517be2ed",
        "dc8ac2da2943225a",
        "f1c53fe4864153a7",
        "e24aa9746210623b",
    ),
    "cpsc2021/data_92_19": (
        "390e44f267f205ca",
        "a535f38e7438e699",
        "82d34ae7a99dddc0",
        "b2d16bcc55a32c00",
        "f6abde62ad8e0c4a",
        "6780e89b5d417eba",
    ),
}
"""First 16 digits of the sha256 of signal and flags, by record, in the order of `MODES`."""


def fingerprint() -> str:
    """Hash of the arithmetic below the engine, on fixed input: BLAS and the runtime's kernels."""
    rng = np.random.default_rng(11)
    found = hashlib.sha256()
    for n in (8, 15, 63, 256):
        x = rng.normal(size=(5, n)).astype(np.float32)
        ones = np.full((n, 1), 1 / n, np.float32)
        found.update(np.matmul(x[:, None, :], ones).tobytes())
        found.update(np.matmul(x[:, None, :], x[:, :, None]).tobytes())
    _, interpreter = load_runtime("auto")
    model = interpreter(model_path=str(SHIPPED_MODEL), num_threads=1)
    model.allocate_tensors()
    for _ in range(4):
        for tensor in model.get_input_details():
            values = rng.integers(-128, 128, size=tensor["shape"]).astype(tensor["dtype"])
            model.set_tensor(tensor["index"], values)
        model.invoke()
        found.update(model.get_tensor(model.get_output_details()[0]["index"]).tobytes())
    return found.hexdigest()[:16]


@pytest.fixture(scope="module")
def same_arithmetic() -> None:
    if fingerprint() != REFERENCE_FINGERPRINT:
        pytest.skip(
            "this processor's BLAS or runtime rounds otherwise than the reference machine's"
        )


def hashes(record: str) -> tuple[str, ...]:
    """Hash of the output in each of `MODES`, of the first minute of a record."""
    data = read_record(record)
    x = data.signals[: int(SECONDS * data.fs)]
    found = []
    for delay, st in MODES:
        denoiser = StreamingDenoiser(channels=x.shape[1], fs=data.fs, delay=delay, st=st)
        sha = hashlib.sha256()
        pieces = [denoiser.push(x[start : start + 997]) for start in range(0, len(x), 997)]
        for block in [*pieces, denoiser.flush()]:
            sha.update(block.signal.tobytes())
            sha.update(block.quality.tobytes())
        found.append(sha.hexdigest()[:16])
    return tuple(found)


@pytest.mark.usefixtures("same_arithmetic")
def test_bundled_record_has_the_same_bits_in_every_mode() -> None:
    assert hashes("208b") == HASHES["208b"]


@pytest.mark.usefixtures("same_arithmetic")
@pytest.mark.parametrize("record", RECORDS)
def test_real_record_has_the_same_bits_in_every_mode(record: str, databases: Path) -> None:
    if not (databases / f"{record}.hea").exists():
        pytest.skip(f"takes {record}")
    assert hashes(str(databases / record)) == HASHES[record]
