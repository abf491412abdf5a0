"""WFDB: a header, signal files and annotation files; see `wfdb_reader` and `wfdb_writer`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ecgstream.streamer.io.base import Format, Reader, Writer
from ecgstream.streamer.io.formats.wfdb_reader import WfdbReader
from ecgstream.streamer.io.formats.wfdb_writer import WfdbWriter

_MAX_HEADER_BYTES = 1 << 20


class WfdbFormat(Format):
    """Records of PhysioNet's Waveform Database; the header is the main file."""

    name, label, suffix, suffixes = "wfdb", "WFDB", ".hea", (".hea",)
    other_suffixes = (".dat",)
    flags_as_annotations = True

    def reader(
        self,
        path: Path,
        fs: float | None = None,
        millivolts: float | None = None,
        signals: Sequence[str] | None = None,
        time: str | None = None,
    ) -> Reader:
        """Open a record, whose header states rate and units; see `Format`."""
        return WfdbReader(path.with_suffix(""))

    def writer(
        self, folder: Path, name: str, reader: Reader, changed: Sequence[int], about: str
    ) -> Writer:
        """Create a record of one segment; see `Format`."""
        return WfdbWriter(folder, name.removesuffix(self.suffix), reader, changed, about)

    def target(self, path: Path) -> Path:
        """Path of the header of a copy."""
        return path.with_suffix(self.suffix)

    def parts(self, folder: Path, names: Sequence[str]) -> set[str]:
        """Headers of segments of multi-segment records."""
        segments: set[str] = set()
        for name in names:
            try:
                with open(folder / name, encoding="latin-1") as file:
                    text = file.read(_MAX_HEADER_BYTES)
            except OSError:
                continue  # reading the record itself reports it
            lines = [line for line in text.splitlines() if line[:1] not in "#"]
            if lines and re.match(r"\s*[-\w]+/\d+\s", lines[0]):
                rows = [line.split() for line in lines[1:]]
                segments.update(f"{row[0]}{self.suffix}" for row in rows if row)
        return segments

    def size(self, path: Path) -> int:
        """Bytes of the signal files."""
        files = [*path.parent.glob(f"{path.stem}.dat"), *path.parent.glob(f"{path.stem}_*.dat")]
        return sum(file.stat().st_size for file in files)
