"""Recordings with noise that nobody added, and what people said of it.

`dpmotion`: a wearable front end (AD8232, 500 Hz) on five people at rest and in motion, a person's
grade for each two seconds; data of a diploma thesis (kalouskova/DP, GPL-3). No part of them is
in this project and no network is trained on them.

`cinc2017`: records of the PhysioNet/CinC Challenge 2017 (Clifford et al. 2017), hand-held, 300 Hz,
each of one class.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ecgstream.streamer.io.records import RecordError, find_record

DPMOTION = tuple(
    f"dpmotion/d{person:02}_{electrode:02}_{activity}"
    for person in range(1, 6)
    for electrode in range(1, 4)
    for activity in ("beh", "chodza", "drepy", "klud", "ruky")
)
"""Running, walking, squats, rest and moving the arms, with electrodes of three kinds."""
DPMOTION_HZ, CINC2017_HZ = 500.0, 300.0
"""Rate of the recordings of each database."""
GRADES = {
    1: "clean",
    2: "noise below half of R",
    3: "rhythm readable among false waves",
    4: "rhythm not readable",
}
"""What each grade of `dpmotion` means."""
GRADE_MEANINGS = "Grades: " + ", ".join(f"{n} {meaning}" for n, meaning in GRADES.items()) + "."
MOTION_TERMS = (
    "dpmotion is the data of a diploma thesis (kalouskova/DP), under GPL-3. No part of it is in "
    "this project. It trains nothing and sets no threshold: it is looked at for the report."
)
"""What every page with figures from `dpmotion` has to say."""

CINC2017 = tuple(
    f"cinc2017/A{number:05}"
    for number in (
        *(*range(1, 242, 2), 245, 247, 249, 253, 267, 271, 301, 321, 375, 395, 397, 405, 439, 441),
        *(465, 473, 509, 519, 551, 585, 1299, 1521, 1567, 1707, 1727, 1833, 2785, 2833, 3549),
        *(4137, 4701, 4735, 4805),
    )
)
"""About half of the Challenge's validation records; none of them trains a network."""
CLASSES = {"N": "normal", "A": "fibrillation", "O": "other rhythm", "~": "too noisy"}
"""What each class of `cinc2017` means."""
_CLASSES_FILE = Path("cinc2017", "REFERENCE.csv")


def labels_file(record: str) -> Path:
    """File under the data folder that holds the labels of a record of either database."""
    if record in CINC2017:
        return _CLASSES_FILE
    database, name = record.split("/")
    return Path(database, "labels", f"{name}.csv")


def absent(records: Sequence[str], data: Path) -> list[str]:
    """Records that are not in the data folder or have no label there, then those labels' files.

    Raises
    ------
    ecgstream.streamer.io.records.RecordError : the file of classes is damaged.
    """
    known = classes(data) if (data / _CLASSES_FILE).is_file() else {}
    records_absent, files_absent = [], []
    for record in records:
        file = labels_file(record)
        labelled = record in known if file == _CLASSES_FILE else (data / file).is_file()
        if not labelled:
            files_absent.append(file.as_posix())
        if not labelled or find_record(record, data) is None:
            records_absent.append(record)
    return [*records_absent, *dict.fromkeys(files_absent)]


def grades(record: str, data: Path, n: int) -> npt.NDArray[np.int64]:
    """Graded segments of a record of `dpmotion`, (k, 3): first sample, end and grade, 1 to 4.

    Samples are those of the recording, at its own rate, of which it has `n`.

    Raises
    ------
    ecgstream.streamer.io.records.RecordError : the file of labels is missing or damaged, or it
        is that of another recording.
    """
    path = data / labels_file(record)
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file, delimiter=";"))
        found = [(int(row["start"]), int(row["end"]), int(row["artifact"])) for row in rows]
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        raise RecordError(f"labels {path} cannot be read: {error!r}") from error
    segments = np.array(found, np.int64).reshape(-1, 3)
    if not np.isin(segments[:, 2], list(GRADES)).all():
        raise RecordError(f"labels {path} hold grades other than 1 to 4")
    starts, ends = segments[:, 0], segments[:, 1]
    if not ((starts >= 0) & (starts < ends) & (ends <= n)).all():
        raise RecordError(f"labels {path} are not those of a recording of {n} samples")
    return segments


def classes(data: Path) -> dict[str, str]:
    """Class of each record of `cinc2017` by its name, those of `CLASSES` alone.

    Raises
    ------
    ecgstream.streamer.io.records.RecordError : the file of classes is missing or damaged.
    """
    path = data / _CLASSES_FILE
    try:
        lines = path.read_text(encoding="utf-8").split()
        pairs = [line.split(",") for line in lines]
        return {f"cinc2017/{name}": label for name, label in pairs if label in CLASSES}
    except (OSError, ValueError) as error:
        raise RecordError(f"classes {path} cannot be read: {error}") from error
