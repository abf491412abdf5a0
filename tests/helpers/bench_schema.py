"""The documented form of what `ecgstream bench --json` writes."""

import json

from helpers.paths import ROOT

SCHEMA = json.loads((ROOT / "docs" / "bench.schema.json").read_text())
