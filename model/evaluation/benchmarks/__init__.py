"""Benchmarks of quality, one module each; `registry` loads them.

This module imports none of them, so that `ecgstream evaluate --help` needs no training extra.
"""

from __future__ import annotations

MODULES = {
    "b0": "b0_original",
    "b1": "b1_qtdb",
    "b2": "b2_noise",
    "delay_curve": "delay_curve",
    "b3": "b3_beat_detection",
    "b4": "b4_fidelity",
    "band": "b6_error_band",
    "real": "b6_real_noise",
    "invention": "b6_invention",
    "rate": "b6_heart_rate",
    "consistency": "b6_consistency",
    "delineation": "b7_delineation",
    "mixed": "b8_mixed_noise",
}
"""Module of each benchmark by its name, in the order of the report."""
