"""Tell ECG signals from others by their names.

Names are those of PhysioNet's databases, of the standard leads (IEC 60601-2-25, also in its older
AHA and European codes), of EDF+'s signal types (Kemp and Olivan 2003, section 2.1.3), of the
10-20 system of EEG electrodes, and of polysomnographs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_ECG = re.compile(r"e[ck]g|экг|ele[ck]trocardio|elektrokardio|心電|心电|심전도")
_LEAD_WORD = re.compile(r"^(lead|ableitung|d[ée]rivation|derivaci[óo]n)(?![^\W_])[\s_:.-]*", re.I)
_LEAD = re.compile(
    r"""[+-]?i{1,3}|lii|liii|di{2,3}|d[1-4]        # limb leads: II, LII, DII, D2
    | -?av[rlf]\+?                                    # augmented: aVR, -aVR
    | v(\d|1\d)?r?|v[rlf]|v[xyz]                      # chest, unipolar and Frank: V, V5, V4R, VX
    | v\d-v\d|mod\.?v\d                               # QTDB's V4-V5 and mod.V1
    | ml(i{1,3}|\d)|mv\d|mcl\d?|c[mcsbr]v?\d          # monitors: MLII, MV2, MCL1, CM5, CC5
    | (ra|la|ll|rl|vx|v\d)-(ra|la|ll|rl)|[eas]-[si]   # electrodes: LL-RA, E-S
    """,
    re.X,
)
_LEAD_NUMBER = re.compile(r"\d{1,2}")
_LEAD_REMARKS = frozenset("raw clean cleaned filt filtered cal signal adc ch mv uv".split())
"""Words after the name of a lead that leave it a lead."""
_LEAD_GROUPS = (
    frozenset({"c1", "c2", "c3", "c4", "c5", "c6"}),
    frozenset({"di", "dii", "diii"}),
    frozenset({"es", "as", "ai"}),
    frozenset({"ra", "la", "ll"}),
)
"""Names that are leads where all of a group are there."""
_AXES = frozenset("xyz")
"""Frank leads where all three are voltages; else axes of an accelerometer."""
_DERIVED = frozenset(
    """hr rate bpm rr rri rrs ibi nn hrv peak peaks rpeak rpeaks onset onsets offset offsets off
    quality sqi status contact impedance imp event events beat beats marker markers annotation
    annotations label labels phase interval intervals flag flags time timestamp index count counter
    resp respiration edr derived temp""".split()
)
"""Words that make a signal something else than the ECG that it is named after."""
_OTHER_WORDS = frozenset(
    """erg ep meg mcg eng gsr eda sc scl scr rsp rip bvp pulse so2 o2 co2 etco2 flow nasal cannula
    canula ptaf pres press snore sound mic audio thor thorax thx abd abdo abdomen belt effort chin
    jaw leg legs tib rat plm plml plmr loc roc abp art bp nbp pap cvp icp cpp uap fap pos body light
    lux acc ax ay az gyr gyro gx gy gz mag mx my mz hr dhr pr rr rri ibi nn bpm rate event events
    trig sti class target symbol symbols stage hypnogram battery batt count seq nseq packet index
    idx time clock scg bcg pcg icg imp impedance z0 dzdt force weight cpap leak dc off di do digital
    alt lat lon speed steps x y z""".split()
)
_OTHER_STEMS = (
    *("eeg", "emg", "eog", "ppg", "pleth", "resp", "spo2", "sao2", "photo", "accel", "gyro"),
    *("magnet", "temp", "therm", "snore", "pressure", "marker", "trigger", "annot", "label"),
    *("status", "counter", "timestamp", "position", "airflow", "thorac", "abdom", "sensorid"),
)
_ABDOMINAL = re.compile(r"(abdomen|thorax)[ _]?\d")
"""Electrodes of fetal ECG databases; a belt for respiration has no number."""
_SITE = r"((fp|af|fc|ft|cp|tp|po|sp|pg|f|c|t|p|o|a|m)(z|\d{1,2})|e[12])"
_EEG = re.compile(
    rf"{_SITE}(\s*[-/:]\s*({_SITE}|ref|le|re|avg?|ar|cz|a1a2|m1m2|lm|x))?|oz|cz|iz|nz|rocl?|locr?"
)


def ecg_names(names: Sequence[str]) -> list[bool | None]:
    """Say of each name whether it is that of an ECG; None where the name does not tell.

    Names are judged together: C1 to C6 are leads where all six are there, and EEG electrodes else.
    """
    keys = [_key(name) for name in names]
    grouped = set().union(*(group for group in _LEAD_GROUPS if group <= set(keys)))
    return [key in grouped or _is_ecg(name) for name, key in zip(names, keys, strict=True)]


def are_frank_leads(names: Sequence[str]) -> bool:
    """Whether names, all of voltages, hold the leads X, Y and Z."""
    return {_key(name) for name in names} >= _AXES


def is_axis(name: str) -> bool:
    """Whether a name is X, Y or Z."""
    return _key(name) in _AXES


def _is_ecg(name: str) -> bool | None:
    text = unicodedata.normalize("NFKC", name).strip()
    words = name_words(text)
    if _ECG.search(text.lower()):
        return not words & _DERIVED
    lead, bare = bool(_LEAD_WORD.match(text)), _LEAD_WORD.sub("", text)
    parts = [part for part in re.split(r"[\s_()\[\]]+", bare.lower()) if part]
    if parts and (
        _LEAD.fullmatch("".join(parts))
        or (lead and _LEAD_NUMBER.fullmatch(parts[0]))
        or (_LEAD.fullmatch(parts[0]) and set(parts[1:]) <= _LEAD_REMARKS)
    ):
        return True
    if _ABDOMINAL.fullmatch(text.lower()):
        return None
    letters = "".join(re.findall(r"\w", text.lower()))
    if (
        words & _OTHER_WORDS
        or any(stem in letters for stem in _OTHER_STEMS)
        or _EEG.fullmatch(text.lower())
    ):
        return False
    return None


def name_words(name: str) -> set[str]:
    """Words of a name in lower case, with and without the number at their end.

    EcgWaveform has the words ecgwaveform, ecg and waveform.
    """
    words = set()
    for part in re.findall(r"[^\W_]+", name):
        pieces = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\dA-Za-z]+", part)
        words |= {piece.lower() for piece in (part, *pieces)}
    return words | {word.rstrip("0123456789") for word in words} - {""}


def _key(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().lower()
