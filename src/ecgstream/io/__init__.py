"""ECG records and file formats: read a record, download from PhysioNet, open any format.

>>> from ecgstream.io import read_record
>>> record = read_record("208b")
>>> record.fs, record.leads
(360.0, ('MLII',))
"""

from ecgstream.streamer.io.base import FormatError
from ecgstream.streamer.io.formats import FORMATS
from ecgstream.streamer.io.physionet import DownloadError, download_database, download_record
from ecgstream.streamer.io.records import (
    Annotations,
    Record,
    RecordError,
    find_record,
    read_record,
)

__all__ = [
    "FORMATS",
    "Annotations",
    "DownloadError",
    "FormatError",
    "Record",
    "RecordError",
    "download_database",
    "download_record",
    "find_record",
    "read_record",
]
