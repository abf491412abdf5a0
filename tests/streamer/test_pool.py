"""Many streams in one process give the bits that each alone would give."""

from __future__ import annotations

import doctest
import sys
from typing import Any

import numpy as np
import pytest

from ecgstream import Block, StreamerPool, StreamingDenoiser
from ecgstream.streamer.engine.normalization import Floats
from helpers.fakes import Failing, Identity
from helpers.streams import joined, stream

LENGTH = 2500


def test_streams_pushed_at_different_times_get_the_bits_of_streams_alone(ecg: Floats) -> None:
    rng = np.random.default_rng(0)
    pool = StreamerPool()
    out: dict[int, list[Block]] = {}
    signals: dict[int, Floats] = {}
    settings: dict[int, dict[str, Any]] = {}
    for name in range(12):
        channels = int(rng.integers(1, 3))
        settings[name] = {
            "fs": float(rng.choice([250, 360, 500])),
            "channels": channels,
            "delay": str(rng.choice(["low", "balanced", "best"])),
        }
        starts = rng.integers(len(ecg) - LENGTH, size=channels)
        signals[name] = np.stack([ecg[s : s + LENGTH] for s in starts], axis=1)
        pool.add(name, **settings[name])
        out[name] = []
    given = dict.fromkeys(signals, 0)
    while min(given.values()) < LENGTH:
        pushed = {}
        for name in rng.choice(12, 7, replace=False).tolist():
            n = int(rng.integers(1, 400))
            pushed[name] = signals[name][given[name] : given[name] + n]
            given[name] += n
        blocks = pool.push(pushed)
        for name in pushed:
            out[name].append(blocks[name])
    assert len(pool) == 12
    for name, given_out in out.items():
        given_out.append(pool.remove(name))
        alone = StreamingDenoiser(pool.network, **settings[name])
        np.testing.assert_array_equal(joined(given_out), joined(stream(alone, signals[name])))
    assert len(pool) == 0


def test_a_network_is_asked_once_for_all_windows_that_are_due() -> None:
    calls: list[int] = []

    class Counting(Identity):
        def __call__(self, window: Floats, context: Floats) -> Floats:
            calls.append(len(window))
            return super().__call__(window, context)

    pool = StreamerPool(Counting())
    for name in range(50):
        pool.add(name)
    pool.push({name: np.zeros(64) for name in range(50)})
    assert calls == [50 * 64 // 16]


def test_a_bad_piece_is_refused_before_any_stream_has_taken_its_own(ecg: Floats) -> None:
    pool = StreamerPool(Identity())
    pool.add("a")
    pool.add("b", channels=2)
    with pytest.raises(ValueError, match="shape"):
        pool.push({"a": ecg[:500], "b": ecg[:500]})
    with pytest.raises(KeyError):
        pool.push({"a": ecg[:500], "c": ecg[:500]})
    block = pool.push({"a": ecg[:500]})["a"]
    assert block.start == 0
    assert len(block.signal) + len(pool.remove("a").signal) == 500


def test_a_name_is_given_once() -> None:
    pool = StreamerPool(Identity())
    pool.add("bed 1")
    with pytest.raises(ValueError, match="there is a stream 'bed 1' already"):
        pool.add("bed 1")
    pool.remove("bed 1")
    pool.add("bed 1", strength=0.5)
    assert pool["bed 1"].strength == 0.5


def test_the_example_of_the_documentation_is_true() -> None:
    assert doctest.testmod(sys.modules[StreamerPool.__module__]).failed == 0


def test_streams_whose_network_failed_go_on_only_after_a_reset(ecg: Floats) -> None:
    network = Failing()
    pool = StreamerPool(network)
    for name in ("a", "b", "idle"):
        pool.add(name)
        pool.push({name: ecg[:300]})
    network.fails = True
    with pytest.raises(MemoryError):
        pool.push({"a": ecg[300:900], "b": ecg[300:301]})
    network.fails = False
    for name in ("a", "b"):  # even where no window was due: its block is lost
        with pytest.raises(RuntimeError, match=r"call reset\(\)"):
            pool.push({name: ecg[900:]})
        pool[name].reset()
    blocks = pool.push({name: ecg for name in ("a", "b")})
    assert blocks["a"].start == blocks["b"].start == 0
    assert pool.push({"idle": ecg[300:]})["idle"].start > 0


def test_a_pool_refuses_at_once_what_is_no_model() -> None:
    with pytest.raises(ValueError, match="model is a path or a Network, not 5"):
        StreamerPool(5)  # type: ignore[arg-type]
