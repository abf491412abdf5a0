"""Validation of options and samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
_FLOAT32 = np.dtype(np.float32)


class SamplesError(ValueError):
    """Samples that a stream does not take; it goes on as if they had not come."""


def number(value: object, low: float, high: float, what: str) -> float:
    """A number from `low` to `high`, of Python's or numpy's own types.

    Raises
    ------
    ValueError : it is none; the message begins with `what`.
    """
    real = isinstance(value, int | float | np.integer | np.floating)
    if real and not isinstance(value, bool) and low <= value <= high:  # type: ignore[operator]
        return float(value)  # type: ignore[arg-type]
    raise ValueError(f"{what}, not {_short(value)}")


def count(value: object, low: float, high: float, what: str) -> int:
    """A whole number from `low` to `high`; otherwise as `number`."""
    whole = isinstance(value, int | np.integer)
    if whole and not isinstance(value, bool) and low <= value <= high:  # type: ignore[operator]
        return int(value)  # type: ignore[call-overload,no-any-return]
    raise ValueError(f"{what}, not {_short(value)}")


def _short(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else f"{value!r:.60}"


def millivolts(x: npt.ArrayLike, channels: int, gain: float | None) -> Floats:
    """Samples (channels, n) in mV, NaN where they are masked or the smallest of their type.

    Parameters
    ----------
    x : (n,) for one signal or (n, channels), floats in mV or integers in adu; nothing at all may
        also come as (0,).
    gain : adu per mV.

    Raises
    ------
    SamplesError : another shape or type, or integers without a gain.
    """
    if type(x) is np.ndarray and x.dtype == _FLOAT32:
        return _rows(x, channels)
    samples = np.asarray(as_array(x))
    if samples.dtype.kind == "f":
        with np.errstate(over="ignore"):  # what float32 cannot hold is a gap
            floats = samples.astype(np.float32)
    elif samples.dtype.kind in "iu":
        floats = _from_adu(samples, gain)
    else:
        raise SamplesError(f"samples are of type {samples.dtype}, not real numbers")
    if isinstance(x, np.ma.MaskedArray):
        floats[np.ma.getmaskarray(x)] = np.nan
    return _rows(floats, channels)


def as_array(x: npt.ArrayLike) -> npt.NDArray[Any]:
    """Samples as an array, a mask kept.

    Raises
    ------
    SamplesError : not an array of numbers.
    """
    try:
        return np.asanyarray(x)
    except (ValueError, OverflowError) as error:
        raise SamplesError(f"samples are no array of numbers: {error}") from None


def _from_adu(adu: npt.NDArray[np.integer], gain: float | None) -> Floats:
    if gain is None:
        raise SamplesError(
            f"samples are of type {adu.dtype}: name the gain in adu per mV, or push mV"
        )
    with np.errstate(over="ignore"):
        samples = np.asarray(adu / gain, np.float32)
    if adu.dtype.kind == "i":
        samples[adu == np.iinfo(adu.dtype).min] = np.nan  # as in WFDB's formats
    return samples


def _rows(samples: Floats, channels: int) -> Floats:
    if samples.ndim == 1 and (channels == 1 or not len(samples)):
        return samples.reshape(channels, -1) if len(samples) else np.empty((channels, 0), _FLOAT32)
    if samples.ndim != 2 or samples.shape[1] != channels:
        raise SamplesError(
            f"samples have shape {samples.shape}; this stream takes (n, {channels})"
            + (" or (n,)" if channels == 1 else "")
        )
    return samples.T
