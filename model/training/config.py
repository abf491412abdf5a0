"""One readable file that says how a model is trained; saved with the result."""

from __future__ import annotations

import dataclasses
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from ecgstream.model.data.mixing import Mixing
from ecgstream.model.data.qtdb_beats import VERSIONS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FIRST = "first"
PRESETS = Path(__file__).parents[1] / "presets"
EXPERIMENTS = ("original", "records", "beats")


class ConfigError(ValueError):
    """The configuration cannot be used; the message says what is wrong in which file."""


@dataclass(frozen=True)
class Training:
    """Length and pace of a training.

    An epoch is `steps` batches of `batch` windows; the learning rate warms up and falls as a
    cosine over all of them. `average` is the momentum of the averaged weights that are kept.
    `exponent` shapes the loss: the relative squared error of each window to that power.
    `floor` is the share of the ECG that errors are weighed against beside the noise, at the first
    and at the last epoch. While it is high, noisy windows teach the network to denoise at all;
    as it falls, what is nearly clean counts more. (Begun low, a network learns to do nothing.)
    In the last `rounded` epochs weights and activations are rounded as int8 will, so that the
    network learns to live with it. An early stop after `patience` epochs without gain goes there.
    """

    seed: int = 1
    epochs: int = 60
    steps: int = 500
    batch: int = 256
    learning_rate: float = 2e-3
    average: float = 0.999
    exponent: float = 0.5
    floor: tuple[float, float] = (1.0, 0.05)
    patience: int = 15
    rounded: int = 0

    def floor_at(self, epoch: int) -> float:
        """The floor of that epoch, falling geometrically."""
        first, last = self.floor
        return float(first * (last / first) ** (epoch / max(self.epochs - 1, 1)))


@dataclass(frozen=True)
class Config:
    """A training.

    `experiment` is `original` (ten seconds of record 100), `records` (whole records and all noise,
    mixed as `mixing` says) or `beats` (those of DeepFilter's benchmark, see `qtdb_beats`). That
    one has two versions, which differ in the channels of their noise; 0 stands for both.
    """

    name: str
    experiment: str = "records"
    network: dict[str, Any] = field(default_factory=dict)
    mixing: Mixing = Mixing()
    training: Training = Training()
    version: int = 0
    begin: str = ""
    """Preset that is trained first; its weights are what this one begins with."""

    @property
    def trains_error(self) -> bool:
        """Whether the size of the error is trained, on a network whose answer is frozen."""
        return bool(self.network.get("error", False))

    @property
    def output(self) -> str:
        """What the network predicts, `noise` or `signal`."""
        return "signal" if self.network["kind"] == "original" else "noise"


def load_config(preset: str) -> Config:
    """The preset of that name, or the configuration at that path: TOML, or JSON as saved.

    Raises
    ------
    ConfigError : there is no such preset or file, or something in it is unknown.
    """
    path = PRESETS / f"{preset}.toml"
    if not path.is_file():
        path = Path(preset)
    if not path.is_file():
        names = ", ".join(sorted(p.stem for p in PRESETS.glob("*.toml")))
        raise ConfigError(f"no preset or configuration file {preset!r}; presets are {names}")
    try:
        text = path.read_text()
        values = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
        values["mixing"] = _table(Mixing, values.get("mixing", {}))
        values["training"] = _table(Training, values.get("training", {}))
        if values.get("network", {}).get("kind") not in ("cdae_bam", "original"):
            raise ValueError("[network] takes a kind, cdae_bam or original")
        if values.get("experiment", "records") not in EXPERIMENTS:
            raise ValueError(f"experiment is one of {', '.join(EXPERIMENTS)}")
        return Config(**{"name": path.stem, **values})
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{path}: {error}") from None


T = TypeVar("T", Mixing, Training)


def _table(kind: type[T], table: dict[str, Any]) -> T:
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}
    for name, default in dataclasses.asdict(kind()).items():
        given = values.get(name, default)
        if not isinstance(given, (int, float) if isinstance(default, float) else type(default)):
            raise ValueError(f"{name} is {given!r}, not of the form of {default!r}")
    return kind(**values)


def runs(config: Config, out: Path) -> dict[Path, Config]:
    """The trainings of a configuration in their order, each with its folder.

    That is `out`, with `out`/`FIRST` before it for what it begins with, or one for each version.
    """
    if config.experiment == "beats" and not config.version:
        return {out / str(v): dataclasses.replace(config, version=v) for v in VERSIONS}
    before = runs(load_config(config.begin), out / FIRST) if config.begin else {}
    return {**before, out: config}


def as_dict(config: Config) -> dict[str, Any]:
    """The configuration as plain values, to be saved beside what it made."""
    return dataclasses.asdict(config)
