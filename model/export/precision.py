"""Number formats of exported models, and the limits that a file of each must meet."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Precision:
    """Limits that an exported file must meet before it is kept."""

    min_parity_db: float
    """Minimum power of the trained model's answers over that of the difference, dB, on windows of
    records that neither training nor calibration has seen."""
    max_cost_db: float
    """Maximum growth of the error against the true noise, relative to its level, dB."""
    types: frozenset[str]
    """Types that the tensors of operators may have."""


PRECISIONS = {
    # A network trained with rounding differs from itself without it by more (19.5 dB) than one
    # that was not (22 to 26 dB) and costs less, -0.25 dB. Calibrated on windows of a third of
    # the scale it reaches 10 dB and costs 1.4 dB.
    "int8": Precision(19.0, 0.4, frozenset({"INT8", "INT32"})),
    # 27 to 34 dB: activations of 16 bits lose nothing, the error comes from weights of 8 bits.
    "int16x8": Precision(24.0, 0.25, frozenset({"INT16", "INT8", "INT32", "INT64"})),
    # 57 to 60 dB, 49.8 dB for a network trained with rounding. The runtimes turn the weights into
    # float32 when they load the file.
    "float16": Precision(49.0, 0.01, frozenset({"FLOAT16", "FLOAT32", "INT32"})),
    # 117 to 130 dB.
    "float32": Precision(90.0, 0.001, frozenset({"FLOAT32", "INT32"})),
}
