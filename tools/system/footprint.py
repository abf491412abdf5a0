"""Disk space of a package with all packages that it depends on."""

from __future__ import annotations

import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

_NAME = re.compile(r"[\w.-]+")


def installed_sizes(package: str = "ecgstream") -> dict[str, int]:
    """Sizes in bytes of a package and of the packages it requires without extras, by name.

    Packages that are not installed are left out.
    """
    sizes: dict[str, int] = {}
    waiting = [package]
    while waiting:
        name = waiting.pop()
        key = re.sub(r"[-_.]+", "-", name).lower()  # as PyPI takes names for equal
        if key in sizes:
            continue
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue
        sizes[key] = _size(found)
        waiting += [
            match.group()
            for requirement in found.requires or ()
            if "extra ==" not in requirement and (match := _NAME.match(requirement))
        ]
    return sizes


def _size(found: Distribution) -> int:
    paths = (Path(str(found.locate_file(file))) for file in found.files or ())
    return sum(path.stat().st_size for path in paths if path.is_file())
