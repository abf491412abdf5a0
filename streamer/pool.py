"""Denoise many independent streams in one process, their windows together."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.denoiser import State, StreamingDenoiser, run_network
from ecgstream.streamer.engine.block import Block
from ecgstream.streamer.engine.framer import Windows
from ecgstream.streamer.engine.reconstructor import DenoisedWindows
from ecgstream.streamer.engine.stream import Steps
from ecgstream.streamer.engine.validation import SamplesError
from ecgstream.streamer.network.base import Network, load_network

_Name = TypeVar("_Name", bound=Hashable)
_MAX_WINDOWS = 1024
"""Windows denoised in one call, unless one stream has more: bounds the memory of long pushes."""


class StreamerPool:
    """Streams by name, added and removed at any time, that share one network.

    Each gives the same bits as a `StreamingDenoiser` of its own would.

    Parameters
    ----------
    model : path of a `.tflite` file, or any `Network`; the shipped CDAE-BAM when None.
    runtime : `auto`, `litert`, `tflite-runtime` or `tensorflow`.

    Raises
    ------
    FileNotFoundError, ecgstream.ModelError, RuntimeError : see `TFLiteNetwork`.

    Examples
    --------
    >>> import numpy as np
    >>> from ecgstream import StreamerPool
    >>> pool = StreamerPool()
    >>> pool.add("bed 1")
    >>> pool.add("bed 2", fs=250, channels=2)
    >>> blocks = pool.push({"bed 1": np.zeros(360), "bed 2": np.zeros((250, 2))})
    >>> {name: block.signal.shape for name, block in blocks.items()}
    {'bed 1': (245, 1), 'bed 2': (150, 2)}
    >>> pool.remove("bed 1").start
    245
    """

    def __init__(self, model: str | Path | Network | None = None, runtime: str = "auto") -> None:
        self.network = load_network(model, runtime)
        self._streams: dict[Hashable, StreamingDenoiser] = {}

    def __copy__(self) -> StreamerPool:
        return deepcopy(self)  # two pools must not share what their streams have received

    def __len__(self) -> int:
        return len(self._streams)

    def __getitem__(self, name: Hashable) -> StreamingDenoiser:
        """The stream of that name, to read its delay or to change its strength.

        Raises
        ------
        KeyError : there is none.
        """
        return self._streams[name]

    def add(self, name: Hashable, **options: Any) -> None:
        """Begin a stream; `options` are those of `StreamingDenoiser` but for model and runtime.

        Raises
        ------
        ValueError : the name is taken, or an option impossible.
        """
        if name in self._streams:
            raise ValueError(f"there is a stream {name!r} already")
        self._streams[name] = StreamingDenoiser(self.network, **options)

    def push(self, samples: Mapping[_Name, npt.ArrayLike]) -> dict[_Name, Block]:
        """Take new samples of some streams; return all output that they complete, by name.

        Raises
        ------
        KeyError : there is no stream of a name. No sample was taken.
        ValueError : samples of a wrong shape or type. No sample was taken.

        After any other error, or an interruption, all of these streams have to be reset.
        """
        streams = [self._streams[name] for name in samples]
        try:
            steps = [
                stream._push_steps(x) for stream, x in zip(streams, samples.values(), strict=True)
            ]
            _set_states(streams, State.BROKEN)
            blocks = dict(zip(samples, _run(steps, self.network), strict=True))
            _set_states(streams, State.OPEN)
            return blocks
        except SamplesError:
            raise
        except BaseException:
            _set_states(streams, State.BROKEN)
            raise

    def remove(self, name: Hashable) -> Block:
        """End a stream and return its last samples.

        Raises
        ------
        KeyError : there is none of that name.
        """
        return self._streams.pop(name).flush()


def _set_states(streams: Sequence[StreamingDenoiser], state: State) -> None:
    for stream in streams:
        stream._state = state


def _run(streams: Sequence[Steps], network: Network) -> list[Block]:
    """Run generators of windows to their ends; one call of the network denoises many windows."""
    blocks: dict[int, Block] = {}
    waiting: dict[int, Windows] = {}

    def resume(number: int, denoised: DenoisedWindows | None) -> None:
        try:
            waiting[number] = streams[number].send(denoised)  # type: ignore[arg-type]
        except StopIteration as end:
            blocks[number] = end.value

    for number in range(len(streams)):
        resume(number, None)
    while waiting:
        numbers, windows, contexts = [], [], []
        count = 0
        while waiting and count < _MAX_WINDOWS:
            number, batch = waiting.popitem()
            numbers.append(number)
            windows.append(batch.window)
            contexts.append(batch.context)
            count += len(batch.window)
        signal, error = run_network(np.concatenate(windows), np.concatenate(contexts), network)
        end = 0
        for number, window in zip(numbers, windows, strict=True):
            its = slice(end, end + len(window))
            end = its.stop
            resume(number, DenoisedWindows(signal[its], None if error is None else error[its]))
    return [blocks[number] for number in range(len(streams))]
