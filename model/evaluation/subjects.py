"""Methods and networks under test, each with a fingerprint for the cache of results."""

from __future__ import annotations

import hashlib
import inspect
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

from ecgstream import streamer
from ecgstream.model.evaluation import baselines, methods
from ecgstream.model.evaluation.methods import FlaggedMethod, Method
from ecgstream.streamer.engine.delay import FS
from ecgstream.streamer.network.base import Network, predicts_error
from ecgstream.streamer.network.runtimes import RUNTIMES

T = TypeVar("T")


@dataclass(frozen=True)
class Subject(Generic[T]):
    """A method or a network, and what tells it from every other one."""

    value: T
    fingerprint: str


def fingerprint(*parts: object) -> str:
    """Hash of what a result depends on: source of a module, text of a file, `repr` of the rest."""
    texts = [_text(part) for part in parts]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def _text(part: object) -> str:
    if isinstance(part, ModuleType):
        return inspect.getsource(part)
    return part.read_text(encoding="utf-8") if isinstance(part, Path) else repr(part)


def streamer_sources(*parts: str) -> list[Path]:
    """Source files of modules and packages of `ecgstream.streamer`, sub-packages included.

    A part is a path inside the package without its suffix: `engine`, `io/records`.
    """
    root = Path(streamer.__file__).parent
    found: list[Path] = []
    for part in parts:
        path = root / part
        found += path.rglob("*.py") if path.is_dir() else [path.with_suffix(".py")]
    return sorted(found)


ENGINE_PARTS = ("denoiser", "ecg", "engine", "network", "pool", "quality")
"""Parts of `ecgstream.streamer` that the output of a streamed model depends on.

Live sources and file formats change no sample of it.
"""
_ENGINE = fingerprint(methods, *streamer_sources(*ENGINE_PARTS))
_FILTERS = fingerprint(baselines)


class Model:
    """A model file, loaded once, to be streamed at any delay.

    Raises
    ------
    ecgstream.ModelError, OSError, RuntimeError : see `ecgstream.TFLiteNetwork`.
    """

    def __init__(self, path: Path, runtime: str = "auto") -> None:
        self.path = path
        self.sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        network = methods.load_network(path, runtime)
        name = getattr(network, "runtime", "keras")
        self.runtime = f"{name} {version(RUNTIMES[name].package if name in RUNTIMES else name)}"
        self.network: Subject[Network] = Subject(
            network, fingerprint(self.sha256, self.runtime, _ENGINE)
        )

    @property
    def predicts_error(self) -> bool:
        """Whether the network tells the size of its error."""
        return predicts_error(self.network.value)

    @property
    def facts(self) -> dict[str, Any]:
        """What a report says of it; `quantized` is a file for a device, not a float model."""
        return {
            "file": self.path.name,
            "bytes": self.path.stat().st_size,
            "sha256": self.sha256,
            "runtime": self.runtime,
            "quantized": self.path.suffix == ".tflite",
        }

    def streamed(self, delay: str | int, st: bool = False) -> Subject[Method]:
        """The model through the engine, at that delay, keeping the ST segment or not."""
        return Subject(
            methods.streamed(self.network.value, delay, st),
            fingerprint(self.network.fingerprint, delay, st),
        )

    def flagged(self, delay: str | int, fs: float = FS) -> Subject[FlaggedMethod]:
        """The model through the engine at any rate, with flags and error band."""
        return Subject(
            methods.flagged(self.network.value, delay, fs),
            fingerprint(self.network.fingerprint, delay, fs),
        )


def filters() -> dict[str, Subject[Method]]:
    """The comparison filters."""
    versions = [version(package) for package in ("numpy", "scipy", "neurokit2", "PyWavelets")]
    return {
        name: Subject(method, fingerprint(name, versions, _FILTERS))
        for name, method in methods.filters().items()
    }
