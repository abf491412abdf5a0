"""Reader of annotation files in the MIT format, annot(5) of the WFDB manual.

wfdb's own reader does not terminate on some damaged files: two notes that state the time resolution
are enough.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

SYMBOLS = ' NLRaVFJASEj/Q~ | sT*D"=pB^t+u?![]en@xf()r'
"""Symbol of each annotation code; a blank where none is defined."""
_NOTE, _SKIP, _MODIFIERS, _AUX = 22, 59, (60, 61, 62), 63
_MAX_NOTE_BYTES = 255


def read_annotations(file: Path) -> tuple[npt.NDArray[np.int64], list[str], list[str]]:
    """Read sample numbers (n,), symbols and notes of all annotations, in order of time.

    Annotations of undefined codes are left out, and so are notes on sample 0, which describe the
    file.

    Raises
    ------
    ValueError : the file is damaged or cut short.
    """
    content = file.read_bytes()
    if len(content) % 2:
        raise ValueError(f"{file.name} is cut short")
    words = np.frombuffer(content, "<u2").tolist()
    marks: list[tuple[int, int]] = []
    notes: list[str] = []
    time = at = 0
    while at < len(words) and words[at]:
        kind, value = words[at] >> 10, words[at] & 0x3FF
        at += 1
        if kind == _SKIP:
            if at + 2 > len(words):
                raise ValueError(f"{file.name} is cut short")
            skip = (words[at] << 16) + words[at + 1]
            time += skip - ((skip & 1 << 31) << 1)
            at += 2
        elif kind == _AUX:
            end = at + (value + 1) // 2
            if end > len(words) or value > _MAX_NOTE_BYTES or not notes:
                raise ValueError(f"{file.name} is damaged: a note lies outside")
            notes[-1] = content[2 * at : 2 * at + value].decode("latin-1").rstrip("\0")
            at = end
        elif kind not in _MODIFIERS:
            time += value
            marks.append((time, kind))
            notes.append("")
    kept = [
        (time, SYMBOLS[kind], note)
        for (time, kind), note in zip(marks, notes, strict=True)
        if kind < len(SYMBOLS) and SYMBOLS[kind] != " " and (time, kind) != (0, _NOTE)
    ]
    kept.sort(key=lambda mark: mark[0])
    times = np.array([time for time, _, _ in kept], np.int64)
    return times, [symbol for _, symbol, _ in kept], [note for _, _, note in kept]
