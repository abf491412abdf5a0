"""NumPy arrays: `.npy`, and one array of samples in an `.npz` beside whatever else is there."""

from __future__ import annotations

import errno
import shutil
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.io.base import (
    DEFAULT_GAIN_ADU_PER_MV,
    MAX_PIECE_SAMPLES,
    Format,
    FormatError,
    Frames,
    Reader,
    Signal,
    Writer,
    one_rate,
    quantize,
)
from ecgstream.streamer.io.sample_spool import SampleSpool
from ecgstream.streamer.io.units import unit_name

_NAMES = ("signals", "signal", "ecg", "samples", "x", "data", "arr_0")
"""Members of an `.npz` that hold samples, by preference, where there are several arrays."""
_MAX_SIGNALS = 256
_MAX_NPZ_BYTES, _MAX_NPZ_RATIO = 1 << 30, 100
"""Bytes to which an `.npz` may inflate whatever its size; beyond, the ratio to that size."""


class ArrayReader(Reader):
    """Reader of an array (n,) or (n, signals); gaps are NaN, or the smallest integer.

    Parameters
    ----------
    path : of the file.
    fs : Hz; None to take it from the member fs of an `.npz`.
    millivolts : value of 1 in mV; None allows floats only, in mV.
    """

    def __init__(self, path: Path, fs: float | None, millivolts: float | None) -> None:
        self.path, self.files = path, [path]
        self.member: str | None = None
        if path.suffix.lower() == ".npz":
            with _archive(path) as archive:
                self.member = _member(archive)
                fs = fs or _fs(archive)
        with self._open() as file:
            self.shape, self.by_column, self.dtype = _header(file)
            self._begin = file.tell()
        if self.dtype.kind not in "fiu" or len(self.shape) not in (1, 2):
            raise FormatError(
                f"it is an array {self.shape} of {self.dtype}, not (n,) or (n, signals) of numbers"
            )
        signals = self.shape[1] if len(self.shape) == 2 else 1
        if not self.shape[0] or not signals:
            raise FormatError("it holds no samples")
        if signals > min(self.shape[0], _MAX_SIGNALS):
            raise FormatError(f"it is an array {self.shape}: a column for each signal is expected")
        if fs is None:
            raise FormatError("nothing in it tells the rate: give --fs")
        if millivolts is None and self.dtype.kind != "f":
            raise FormatError(f"its samples are {self.dtype}: give --units, as adu per mV")
        factor = 1.0 if millivolts is None else millivolts
        gain = 1.0 if self.dtype.kind != "f" else DEFAULT_GAIN_ADU_PER_MV * factor
        bits = 0 if self.dtype.kind == "f" else 8 * self.dtype.itemsize
        self.signals = [
            Signal(f"signal {i}", fs, unit_name(factor), gain, 0, millivolts=factor, bits=bits)
            for i in range(signals)
        ]

    def _open(self) -> IO[bytes]:
        if self.member is None:
            return open(self.path, "rb")
        with _archive(self.path) as archive, _reporting_damage():
            return archive.open(self.member)  # which outlives its archive

    def pieces(self) -> Iterator[Frames]:
        """Yield all frames; see `Reader`."""
        n, signals = self.shape[0], len(self.signals)
        step = max(1, MAX_PIECE_SAMPLES // signals)
        with ExitStack() as stack:
            columns = signals if self.by_column else 1
            files = [stack.enter_context(self._open()) for _ in range(columns)]
            for i, file in enumerate(files):
                file.seek(self._begin + i * n * self.dtype.itemsize)
            for first in range(0, n, step):
                rows = min(step, n - first)
                parts = [self._take(file, rows * signals // columns) for file in files]
                table = np.stack(parts, axis=1) if self.by_column else parts[0].reshape(rows, -1)
                self.fraction_read = (first + rows) / n
                yield list(self._real(table).T)

    def _take(self, file: IO[bytes], count: int) -> npt.NDArray[Any]:
        with _reporting_damage():
            content = file.read(count * self.dtype.itemsize)
        if len(content) < count * self.dtype.itemsize:
            raise FormatError(f"it is cut short: its header gives {self.shape[0]} rows")
        return np.frombuffer(content, self.dtype)

    def _real(self, table: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        real = table.astype(float)
        if self.dtype.kind == "i":
            real[table == np.iinfo(self.dtype).min] = np.nan
        return real


class ArrayCopy(Writer):
    """Copy of the input with denoised samples, of the same shape.

    The type is that of the input, or the next larger one that holds the denoised samples: an
    unsigned integer holds no negative half of an ECG.
    """

    def __init__(
        self, folder: Path, name: str, reader: ArrayReader, changed: Sequence[int], about: str
    ) -> None:
        self.files = [name]
        super().__init__()
        self._reader, self._path = reader, folder / name
        self._spool = SampleSpool(self.open_files, folder, len(reader.signals))

    def write(self, frames: Frames) -> None:
        """Take the next rows; see `Writer`."""
        self._spool.write(frames)

    def close(self) -> None:
        """Write the array, and all other members of an `.npz`, then close the file.

        Raises
        ------
        FormatError : no type holds the samples.
        """
        reader, dtype = self._reader, self._type()
        if dtype != reader.dtype:
            self.remarks = [f"its samples are {dtype}, since {reader.dtype} does not hold them"]
        with self._output() as file:
            _write_header(file, dtype, reader.shape)
            self._spool.rewind()
            signals = len(reader.signals)
            step = max(1, MAX_PIECE_SAMPLES // signals)
            for _ in range(0, reader.shape[0], step):
                columns = [self._spool.take(i, step) for i in range(signals)]
                if dtype.kind != "f":
                    gap = np.iinfo(dtype).min
                    grid = zip(columns, reader.signals, strict=True)
                    columns = [quantize(samples, signal, gap) for samples, signal in grid]
                file.write(np.stack(columns, axis=1).astype(dtype).tobytes())
        self.open_files.close()

    def _type(self) -> np.dtype[Any]:
        """The smallest type, from the input's on, that holds all samples."""
        given = self._reader.dtype
        low = min(low for low, _ in self._spool.extremes)
        high = max(high for _, high in self._spool.extremes)
        if given.kind == "f":
            with np.errstate(over="ignore"):
                larger = (t for t in map(np.dtype, ("f4", "f8")) if t.itemsize > given.itemsize)
                for dtype in (given, *larger):
                    if np.isfinite(np.array([low, high]).astype(dtype)).all() or low > high:
                        return dtype.newbyteorder(given.byteorder)
        elif low > high:  # nothing but gaps
            return given
        else:
            signed = (np.dtype(f"i{n}") for n in (2, 4, 8) if n > given.itemsize)
            for dtype in (given, *signed):
                limits = np.iinfo(dtype)
                if limits.min + (dtype.kind == "i") <= np.rint(low) and np.rint(high) <= limits.max:
                    return dtype.newbyteorder(given.byteorder)
        raise FormatError(f"no type of array holds its samples, which go from {low:g} to {high:g}")

    @contextmanager
    def _output(self) -> Iterator[IO[bytes]]:
        """Open the file, or the member of an `.npz` after all others were copied."""
        member = self._reader.member
        if member is None:
            with open(self._path, "xb") as file:
                yield file
            return
        with (
            _archive(self._reader.path) as source,
            zipfile.ZipFile(self._path, "x", zipfile.ZIP_DEFLATED) as archive,
        ):
            for info in source.infolist():
                if info.filename != member:
                    with source.open(info) as other, archive.open(_like(info), "w") as copy:
                        shutil.copyfileobj(other, copy)
            with archive.open(_like(source.getinfo(member)), "w", force_zip64=True) as file:
                yield file


class ArrayWriter(Writer):
    """Writer of a new `.npy`: (n, signals), each signal in its own unit, NaN in gaps.

    Its samples are float32, or float64 for inputs of more than 16 bits.
    """

    keeps_annotations = False

    def __init__(self, folder: Path, name: str, reader: Reader, about: str) -> None:
        super().__init__()
        one_rate(reader.signals, ".npy")
        self.files = [name]
        self._written = 0
        self._signals = len(reader.signals)
        self._type = np.dtype("<f8" if max(s.bits for s in reader.signals) > 16 else "<f4")
        self._file = self.open_files.binary(folder / name)
        self._begin()

    def _begin(self) -> None:
        _write_header(self._file, self._type, (self._written, self._signals))

    def write(self, frames: Frames) -> None:
        """Write the next rows; see `Writer`."""
        self._file.write(np.stack(frames, axis=1).astype(self._type).tobytes())
        self._written += len(frames[0])

    def close(self) -> None:
        """Write the length into the header, which numpy pads for any length."""
        self._file.seek(0)
        self._begin()
        self.open_files.close()


class NumpyFormat(Format):
    """NumPy's `.npy` and `.npz`."""

    name, label, suffix, suffixes = "npy", "NumPy", ".npy", (".npy", ".npz")

    def reader(
        self,
        path: Path,
        fs: float | None = None,
        millivolts: float | None = None,
        signals: Sequence[str] | None = None,
        time: str | None = None,
    ) -> Reader:
        """Open an array; see `Format`."""
        return ArrayReader(path, fs, millivolts)

    def writer(
        self, folder: Path, name: str, reader: Reader, changed: Sequence[int], about: str
    ) -> Writer:
        """Copy an array with its type and layout, or create an `.npy`; see `Format`."""
        if isinstance(reader, ArrayReader):
            return ArrayCopy(folder, name, reader, changed, about)
        return ArrayWriter(folder, name, reader, about)


@contextmanager
def _reporting_damage() -> Iterator[None]:
    """Convert errors of zipfile and numpy's parser to `FormatError`."""
    try:
        yield
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error, TokenError) as error:
        raise FormatError(f"it is damaged: {error}") from None
    except OSError as error:
        if error.errno != errno.EINVAL:  # a seek to before the file's start
            raise
        raise FormatError("it is damaged: it refers to what it does not hold") from None


def _archive(path: Path) -> zipfile.ZipFile:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError) as error:
        raise FormatError(f"it is no .npz: {error}") from None
    packed, inflated = path.stat().st_size, sum(info.file_size for info in archive.infolist())
    if inflated > max(_MAX_NPZ_BYTES, _MAX_NPZ_RATIO * packed):
        archive.close()
        raise FormatError(
            f"it would inflate from {packed >> 10} kB to {inflated >> 20} MB: save it without "
            "compression (numpy.savez) if that is meant"
        )
    return archive


def _like(info: zipfile.ZipInfo) -> zipfile.ZipInfo:
    """Zip entry with the name, date and compression of another."""
    like = zipfile.ZipInfo(info.filename, info.date_time)
    like.compress_type = info.compress_type
    return like


def _member(archive: zipfile.ZipFile) -> str:
    """Name of the member that holds the samples."""
    shapes = {}
    for name in archive.namelist():
        if name.endswith(".npy"):
            with _reporting_damage(), archive.open(name) as file:
                shape, _, dtype = _header(file)
            if dtype.kind in "fiu" and shape:
                shapes[name.removesuffix(".npy")] = shape
    for name in _NAMES:
        if name in shapes:
            return f"{name}.npy"
    if len(shapes) != 1:
        raise FormatError(
            f"it has the arrays {', '.join(shapes) or 'none'}; name that of the samples signals"
        )
    return f"{next(iter(shapes))}.npy"


def _fs(archive: zipfile.ZipFile) -> float | None:
    if "fs.npy" not in archive.namelist():
        return None
    with _reporting_damage(), archive.open("fs.npy") as file:
        shape, _, dtype = _header(file)
        if dtype.kind not in "fiu" or any(n != 1 for n in shape):
            return None
        content = file.read(dtype.itemsize)
        return float(np.frombuffer(content, dtype, 1)[0])


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether stored in Fortran order, and type."""
    npy = np.lib.format
    try:
        version = npy.read_magic(file)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, by_column, dtype = read(file)
    except (ValueError, TokenError) as error:
        raise FormatError(f"it is no NumPy array: {error}") from None
    return shape, by_column and len(shape) > 1, dtype


def _write_header(file: IO[bytes], dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
    about = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, about)
