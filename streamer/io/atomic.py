"""Write files whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give the path of a temporary file that takes the place of `path` at the end.

    After an exception `path` is as it was and the temporary file is gone; a kill leaves `path` as
    it was.
    """
    partial = path.with_name(f"partial-{path.name}")  # the suffix stays, since some writers need it
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
