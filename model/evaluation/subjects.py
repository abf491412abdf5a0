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
from ecgstream.model.evaluation.methods import Method
from ecgstream.streamer.network.base import Network
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


def engine_sources() -> list[Path]:
    """Source files that the output of a streamed model depends on.

    These are the engine, the network and the signal processing, with their sub-packages, and the
    modules of the denoiser, the pool and the quality flags. Live sources and file formats are left
    out: they change no sample.
    """
    root = Path(streamer.__file__).parent
    folders = ("engine", "network", "ecg")
    inside = [path for folder in folders for path in (root / folder).rglob("*.py")]
    return sorted([*inside, *(root / f"{name}.py" for name in ("denoiser", "pool", "quality"))])


_ENGINE = fingerprint(methods, *engine_sources())
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


def filters() -> dict[str, Subject[Method]]:
    """The comparison filters."""
    versions = [version(package) for package in ("numpy", "scipy", "neurokit2", "PyWavelets")]
    return {
        name: Subject(method, fingerprint(name, versions, _FILTERS))
        for name, method in methods.filters().items()
    }
