"""ECG records: read one by name or path, download them from PhysioNet.

>>> from ecgstream.io import read_record
>>> record = read_record("208b")
>>> record.fs, record.leads
(360.0, ('MLII',))
"""

from ecgstream.streamer.io.physionet import DownloadError, download_database, download_record
from ecgstream.streamer.io.records import (
    Annotations,
    Record,
    RecordError,
    find_record,
    read_record,
)

__all__ = [
    "Annotations",
    "DownloadError",
    "Record",
    "RecordError",
    "download_database",
    "download_record",
    "find_record",
    "read_record",
]
