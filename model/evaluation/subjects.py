"""What is under test in one run, each with a fingerprint that tells its results from all others."""

from __future__ import annotations

import hashlib
import inspect
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

from ecgstream import streamer
from ecgstream.model.evaluation import baselines as filters_module
from ecgstream.model.evaluation import methods
from ecgstream.model.evaluation.methods import Method
from ecgstream.streamer.network.base import Network
from ecgstream.streamer.network.runtimes import RUNTIMES

T = TypeVar("T")


@dataclass(frozen=True)
class Candidate(Generic[T]):
    """A method or a network, and what tells it from every other one."""

    subject: T
    fingerprint: str


def fingerprint(*parts: object) -> str:
    """Hash of what a result depends on; of a module its source counts."""
    texts = [inspect.getsource(p) if isinstance(p, ModuleType) else repr(p) for p in parts]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


_ENGINE = fingerprint(
    methods, *(path.read_text() for path in sorted(Path(streamer.__file__).parent.rglob("*.py")))
)
_FILTERS = fingerprint(filters_module)


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
        self.network: Candidate[Network] = Candidate(
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

    def streamed(self, delay: str | int, st: bool = False) -> Candidate[Method]:
        """The model through the engine, at that delay, keeping the ST segment or not."""
        return Candidate(
            methods.streamed(self.network.subject, delay, st),
            fingerprint(self.network.fingerprint, delay, st),
        )


def filters() -> dict[str, Candidate[Method]]:
    """The comparison filters."""
    versions = [version(package) for package in ("numpy", "scipy", "neurokit2", "PyWavelets")]
    return {
        name: Candidate(method, fingerprint(name, versions, _FILTERS))
        for name, method in methods.filters().items()
    }
