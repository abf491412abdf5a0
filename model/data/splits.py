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
"""Records of DS1 that choose between models, with those of other databases in
`VALIDATION_RECORDS`, and never train one; 208 is the bundled record."""
TRAINING = tuple(r for r in DS1 if r not in {*NOISE_STRESS, *VALIDATION, "201"})

QTDB = tuple(
    "sel100 sel102 sel103 sel104 sel114 sel116 sel117 sel123 sel14046 sel14157 sel14172 sel15814 "
    "sel16265 sel16272 sel16273 sel16420 sel16483 sel16539 sel16773 sel16786 sel16795 sel17152 "
    "sel17453 sel213 sel221 sel223 sel230 sel231 sel232 sel233 sel30 sel301 sel302 sel306 sel307 "
    "sel308 sel31 sel310 sel32 sel33 sel34 sel35 sel36 sel37 sel38 sel39 sel40 sel41 sel42 sel43 "
    "sel44 sel45 sel46 sel47 sel48 sel49 sel50 sel51 sel52 sel803 sel808 sel811 sel820 sel821 "
    "sel840 sel847 sel853 sel871 sel872 sel873 sel883 sel891 sele0104 sele0106 sele0107 sele0110 "
    "sele0111 sele0112 sele0114 sele0116 sele0121 sele0122 sele0124 sele0126 sele0129 sele0133 "
    "sele0136 sele0166 sele0170 sele0203 sele0210 sele0211 sele0303 sele0405 sele0406 sele0409 "
    "sele0411 sele0509 sele0603 sele0604 sele0606 sele0607 sele0609 sele0612 sele0704".split()
)
QTDB_PUBLISHED = tuple(
    "sel123 sel14046 sel15814 sel16420 sel16795 sel233 sel302 sel307 sel32 sel49 sel820 sel853 "
    "sele0106 sele0121".split()
)
"""Test records of DeepFilter's benchmark (Romero et al. 2021) and of what was compared with it."""
QTDB_DEVELOPMENT = tuple(
    "sel14157 sel16272 sel16786 sel17453 sel231 sel308 sel38 sel52 sel821 sel871 sele0104 "
    "sele0129 sele0170 sele0411".split()
)
"""Records of the same kinds, for development without a look at the published ones."""
_CUT_FROM = {f"sel{r}": r for r in (*DS1, *DS2, "102", "104", "107", "217")}
"""Records of QTDB of these names are cut from the MIT-BIH record of that number."""
QTDB_TRAINING = tuple(
    r
    for r in QTDB
    if r not in {*QTDB_PUBLISHED, *QTDB_DEVELOPMENT}
    and _CUT_FROM.get(r, r) not in {*DS2, *NOISE_STRESS, *VALIDATION}
)
"""Patients that neither test nor validation of any benchmark holds."""

LUDB_TRAINING = tuple(f"data/{n}" for n in range(1, 201) if n % 10 in (4, 6, 8))
LUDB_VALIDATION = tuple(f"data/{n}" for n in range(1, 201) if n % 10 == 9)
LUDB_TEST = tuple(f"data/{n}" for n in range(1, 201) if n % 10 in (1, 2, 5))
CPSC2021_TRAINING = ("data_21_7", "data_21_8", "data_21_9", "data_84_1", "data_84_2", "data_84_3")
CPSC2021_VALIDATION = ("data_92_4", "data_92_12", "data_92_19")
"""The first number is the person's."""
CINC2021_TRAINING = (
    *(f"E{n:05}" for n in range(7500, 7516)),
    *(f"JS{n}" for n in range(20000, 20016)),
)
CINC2021_VALIDATION = (
    *(f"E{n:05}" for n in range(7516, 7520)),
    *(f"JS{n}" for n in range(20016, 20020)),
)
"""Each record is a person's; none of the Challenge 2017 trains, as B6 tests on it."""

MAIN_DATABASE = "mitdb"
"""Windows come from it where no other database has a share in the mixing."""
_TRAINING = {
    MAIN_DATABASE: TRAINING,
    "qtdb": QTDB_TRAINING,
    "ludb": LUDB_TRAINING,
    "cpsc2021": CPSC2021_TRAINING,
    "cinc2021": CINC2021_TRAINING,
}
_VALIDATION = {
    MAIN_DATABASE: VALIDATION,
    "qtdb": tuple(r for r in QTDB_DEVELOPMENT if _CUT_FROM.get(r, r) not in DS2),
    "ludb": LUDB_VALIDATION,
    "cpsc2021": CPSC2021_VALIDATION,
    "cinc2021": CINC2021_VALIDATION,
}
TRAINING_RECORDS = tuple(f"{base}/{r}" for base, rs in _TRAINING.items() for r in rs)
VALIDATION_RECORDS = tuple(f"{base}/{r}" for base, rs in _VALIDATION.items() for r in rs)
"""Records that choose between models and never train one."""

EMG_RECORDS = (
    "biosppy_emg",
    "biosppy_emg_1",
    "emg_adductor",
    "emg_adductor_solo",
    "emg_bursts",
    "emg_fatigue",
)
"""Muscle activity without a heart, from biosignalsnotebooks (MIT) and BioSPPy (BSD)."""

NOISE_HALF = 325_000
"""Each NSTDB record is cut here; one half trains, the other tests."""
_TESTS_ON_FIRST_HALF = ("em", "ma")


def noise_half(kind: str, noise: npt.NDArray[T], *, test: bool) -> npt.NDArray[T]:
    """The half of an NSTDB record (n, channels) that trains, or the one that tests."""
    first = (kind in _TESTS_ON_FIRST_HALF) == test
    return noise[:NOISE_HALF] if first else noise[NOISE_HALF:]
