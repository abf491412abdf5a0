"""Models that come with the package, by name."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

_ASSETS = Path(__file__).parents[1] / "assets"


class ShippedModel(NamedTuple):
    """File of a model, and its SHA-256: files of that content are run without the sandbox."""

    path: Path
    sha256: str


SHIPPED = {
    "standard": ShippedModel(
        _ASSETS / "standard.tflite",
        "b60b15deb0b8225b8b847f38be6bde2a1bf7af1dd0e2be0c6b9c381a68ce4935",
    ),
}
SHIPPED_MODEL = SHIPPED["standard"].path
"""The model that is run unless another is named."""


def model_path(model: str | Path | None = None) -> Path:
    """Path of the shipped model of that name, the default's when None; else the path given."""
    if model is None:
        return SHIPPED_MODEL
    return SHIPPED[model].path if isinstance(model, str) and model in SHIPPED else Path(model)
