"""Which records train, which validate, which test. Patients never cross.

DS1 and DS2 are the inter-patient division of de Chazal et al. (2004). Records 201 and 202 are
one person, 118 and 119 are kept for the noise stress test, paced records are in neither.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

T = TypeVar("T", bound=np.generic)

DS1 = tuple(
    "101 106 108 109 112 114 115 116 118 119 122 124 "
    "201 203 205 207 208 209 215 220 223 230".split()
)
DS2 = tuple(
    "100 103 105 111 113 117 121 123 200 202 210 "
    "212 213 214 219 221 222 228 231 232 233 234".split()
)
NOISE_STRESS = ("118", "119")
VALIDATION = ("114", "208", "223")
"""Records of DS1 that choose between models and never train one; 208 is the bundled record."""
TRAINING = tuple(r for r in DS1 if r not in {*NOISE_STRESS, *VALIDATION, "201"})

NOISE_HALF = 325_000
"""Each NSTDB record is cut here; one half trains, the other tests."""
_TESTS_ON_FIRST_HALF = ("em", "ma")


def noise_half(kind: str, noise: npt.NDArray[T], *, test: bool) -> npt.NDArray[T]:
    """The half of an NSTDB record (n, channels) that trains, or the one that tests."""
    first = (kind in _TESTS_ON_FIRST_HALF) == test
    return noise[:NOISE_HALF] if first else noise[NOISE_HALF:]
