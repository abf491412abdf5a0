"""Places in the checkout."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "cases"
"""A folder for each file of the world that was once read or written wrongly."""
