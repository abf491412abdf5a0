"""Copied and pickled streams go on with the same bits; threads may share a network."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgstream import Block, StreamerPool, StreamingDenoiser, load_network
from ecgstream.streamer.engine.delay import MODES
from ecgstream.streamer.engine.normalization import Floats
from helpers.fakes import Identity

Copy = Callable[[StreamingDenoiser], StreamingDenoiser]
COPIES: dict[str, Copy] = {
    "pickle": lambda stream: pickle.loads(pickle.dumps(stream)),
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
}
_GO_ON = """
import pickle, sys
from pathlib import Path
folder = Path(sys.argv[1])
stream, samples = pickle.loads((folder / "before").read_bytes())
blocks = [stream.push(samples), stream.flush()]
(folder / "after").write_bytes(pickle.dumps(blocks))
"""


def signal(n: int, seed: int = 0) -> Floats:
    """Slow and fast noise with a gap and a pop."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2)) + 0.05 * rng.normal(size=(n, 2)).cumsum(axis=0)
    start = int(rng.integers(n - 60))
    x[start : start + 50, 0] = np.nan
    x[start + 50 : start + 55, 1] += 20
    return x.astype(np.float32)


def bits(blocks: list[Block]) -> list[tuple[int, bytes, bytes]]:
    return [(b.start, b.signal.tobytes(), b.quality.tobytes()) for b in blocks]


def rest(stream: StreamingDenoiser) -> list[tuple[int, bytes, bytes]]:
    return bits([stream.push(signal(700, 1)), stream.flush()])


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(sorted(COPIES)),
    n=st.integers(61, 3000),
    fs=st.sampled_from([128.0, 360.0, 500.0]),
    delay=st.sampled_from([*MODES, 60]),
    keep_st=st.booleans(),
    change=st.sampled_from(["nothing", "delay", "strength", "flush"]),
)
def test_a_copy_goes_on_with_the_same_bits(
    kind: str, n: int, fs: float, delay: str | int, keep_st: bool, change: str
) -> None:
    stream = StreamingDenoiser(Identity(), channels=2, fs=fs, delay=delay, st=keep_st)
    stream.push(signal(n))
    if change == "delay":
        stream.delay = 100  # a cross-fade is on its way
    elif change == "strength":
        stream.strength = 0.3
    elif change == "flush":
        stream.flush()
    copied = COPIES[kind](stream)
    assert repr(copied) == repr(stream)
    if change == "flush":
        for each in (stream, copied):
            with pytest.raises(ValueError, match="flushed"):
                each.push(signal(100))
            each.reset()
    expected = rest(stream)
    assert rest(copied) == expected


def test_a_stream_of_the_shipped_model_goes_on_in_another_process(tmp_path: Path) -> None:
    stream = StreamingDenoiser(channels=2)
    stream.push(signal(2000))
    (tmp_path / "before").write_bytes(pickle.dumps((stream, signal(700, 1))))
    subprocess.run([sys.executable, "-c", _GO_ON, str(tmp_path)], check=True, timeout=300)
    assert bits(pickle.loads((tmp_path / "after").read_bytes())) == rest(stream)


def test_a_copied_pool_shares_nothing_but_its_streams_share_one_network() -> None:
    pool = StreamerPool()
    for name in "ab":
        pool.add(name)
        pool.push({name: signal(500)[:, 1]})
    copied = copy.copy(pool)
    assert copied.network is not pool.network
    assert copied["a"].network is copied["b"].network is copied.network
    later = {name: signal(400, 2)[:, 1] for name in "ab"}
    expected = bits(list(pool.push(later).values()))
    assert bits(list(copied.push(later).values())) == expected


def test_streams_of_several_threads_may_share_a_network() -> None:
    network = load_network()

    def denoised(seed: int, network: object) -> list[tuple[int, bytes, bytes]]:
        stream = StreamingDenoiser(network, channels=2)  # type: ignore[arg-type]
        parts = np.array_split(signal(6000, seed), 60)
        return bits([*(stream.push(part) for part in parts), stream.flush()])

    expected = [denoised(seed, load_network()) for seed in range(8)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(denoised, range(8), [network] * 8))
    assert found == expected
