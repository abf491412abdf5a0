"""Cache of finished results on disk, so that a killed evaluation resumes."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class ResultCache:
    """Results by key, one JSON file each, in a folder.

    A key is a mapping of plain values that names everything a result depends on. When one of
    them changes its result is not found any more; other results stay.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, key: Mapping[str, Any]) -> Any:
        """The result kept under that key; None when there is none, or its file is damaged."""
        try:
            entry = json.loads(self._path(key).read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        return entry["value"] if entry["key"] == key else None

    def keep(self, key: Mapping[str, Any], value: Any) -> None:
        """Write a result; a kill leaves the whole file or none."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._path(key)
        half = path.with_suffix(".half")
        half.write_text(json.dumps({"key": key, "value": value}))
        os.replace(half, path)

    def _path(self, key: Mapping[str, Any]) -> Path:
        text = json.dumps(key, sort_keys=True)
        return self._folder / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.json"
