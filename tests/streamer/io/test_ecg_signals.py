"""Only ECG is denoised: by name where any signal has the name of one, else by unit."""

from __future__ import annotations

import pytest

from ecgstream.streamer.io.base import FormatError, Signal
from ecgstream.streamer.io.ecg_names import ecg_names
from ecgstream.streamer.io.ecg_signals import reasons_to_copy

LEADS = [
    *"ECG EKG ECG1 EKG1-EKG2 ECGL-ECGR EcgWaveform ECG_LL-RA_24BIT_CAL ECG_Raw ECG_Clean".split(),
    *"I II III i ii aVR AVR -aVR aVL aVF V V1 V6 V9 V4R VX VY VZ DII D3 Ⅱ LA-RA E-S".split(),
    *"MLII ML5 MV2 MCL1 CM5 CC5 CM2 mod.V1 V4-V5 Lead_II II_filtered ЭКГ".split(),
    *("ECG (lead II)", "Lead I", "lead 0", "ECG I", "EEG EKG1-REF", "V5 (raw)", "Ableitung II"),
]  # fmt: skip
OTHERS = [
    *"EEG1 C3-A2 C4 Fp1-F7 O1-M2 E1-M2 F4:A1 Cz EEG(sec) EOG(L) EOG-L ROC LOC EMG Chin LAT".split(),
    *"EDA RSP Flow Snore Thor Abdo Pres Therm PLETH PPG_raw ABP SpO2 SaO2 OxStatus HR DHR".split(),
    *"ECG_HR ECG_Rate ECG_R_Peaks ECG_Quality EKG_Off EEG1_Off BVP SCG Photosensor AccX".split(),
    *"ax x nSeq counter marker label Status trigger time Timestamp Index".split(),
    *("EEG Fpz-Cz", "Resp oro-nasal", "Accel Channel 0", "Sample Index", "Lead off", "ECG HR"),
]


@pytest.mark.parametrize("name", LEADS)
def test_ecgs_are_known_by_their_names(name: str) -> None:
    assert ecg_names([name]) == [True]


@pytest.mark.parametrize("name", OTHERS)
def test_other_signals_are_known_by_theirs(name: str) -> None:
    assert ecg_names([name]) == [False]


def signals(*described: str, fs: float = 250) -> list[Signal]:
    """Signals from texts as `ECG mV`; without a unit, no voltage."""
    found = []
    for text in described:
        name, _, unit = text.rpartition(" ")
        found.append(Signal(name, fs, unit, 1, 0, millivolts={"mV": 1, "uV": 1e-3}.get(unit)))
    return found


def denoised(*described: str, wanted: list[str] | None = None) -> list[str]:
    given = signals(*described)
    reasons = reasons_to_copy(given, wanted)
    return [signal.name for signal, why in zip(given, reasons, strict=True) if why is None]


@pytest.mark.parametrize(
    ("described", "ecgs"),
    [
        ("EKG mV, EOG-L uV, EEG1 uV, Chin uV, C3-A2 uV, ROC uV, EKG_Off mV, Snore mV", ["EKG"]),
        ("channel 1 mV, channel 2 uV, SpO2 %", ["channel 1", "channel 2"]),
        ("channel 1 mV, EEG Fpz-Cz uV", ["channel 1"]),
        ("channel 1 mV, II mV", ["II"]),
        ("ECG adu, channel 1 mV", []),
        ("I mV, II mV, C1 mV, C2 mV, C3 mV, C4 mV, C5 mV, C6 mV", "I II C1 C2 C3 C4 C5 C6".split()),
        ("ECG mV, C3 uV, C4 uV", ["ECG"]),
        ("X mV, Y mV, Z mV", ["X", "Y", "Z"]),
        ("ECG mV, X g, Y g, Z g", ["ECG"]),
        ("X mV, Y g, Z g", []),
        ("Abdomen_1 uV, Direct_1 uV", ["Abdomen_1", "Direct_1"]),
        ("Fp1-A2 uV, C3 uV, EMG mV", []),
    ],
)
def test_a_name_counts_more_than_a_unit(described: str, ecgs: list[str]) -> None:
    assert denoised(*described.split(", ")) == ecgs


@pytest.mark.parametrize(
    ("wanted", "ecgs"),
    [
        (["EEG1"], ["EEG1"]),
        (["ekg,EEG1"], ["EKG", "EEG1"]),
        (["0", "3"], ["EKG", "V4,V5"]),
        (["1-3"], ["EEG1", "EEG2", "V4,V5"]),
        (["V4,V5"], ["V4,V5"]),
    ],
)
def test_the_user_overrides_by_name_and_number(wanted: list[str], ecgs: list[str]) -> None:
    assert denoised("EKG mV", "EEG1 uV", "EEG2 uV", "V4,V5 mV", "HR bpm", wanted=wanted) == ecgs


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ("II", r"no signal 'II'; it has 0 \(EKG\), 1 \(HR\)"),
        ("0-2", "no signal '0-2'"),
        ("HR", "HR cannot be denoised: bpm is no voltage"),
    ],
)
def test_what_cannot_be_denoised_is_not_chosen(wanted: str, why: str) -> None:
    with pytest.raises(FormatError, match=why):
        denoised("EKG mV", "HR bpm", wanted=[wanted])


def test_an_ecg_beyond_the_rates_of_the_engine_is_copied() -> None:
    (why,) = reasons_to_copy(signals("ECG mV", fs=50))
    assert why == "50 Hz is not within 100 to 2000 Hz"
