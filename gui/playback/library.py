"""Records on offer: bundled, from the data folder and downloaded from PhysioNet."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from ecgstream.gui.playback.download import Downloading
from ecgstream.gui.playback.record_list import (
    bundled_choices,
    download_folder,
    folder_choices,
    listed_name,
)
from ecgstream.streamer.io.records import RecordError


class Library:
    """Bundled records and those of a data folder; more are downloaded into it.

    `data`, `choices` and `download` are replaced whole, so that any thread may read them.

    Parameters
    ----------
    data : the data folder.
    arrived : called with the name of a downloaded record, in the download's thread.
    """

    def __init__(self, data: Path | None, arrived: Callable[[str], object]) -> None:
        self._arrived = arrived
        self._lock = threading.Lock()  # orders the start, the end and the cancelling of downloads
        self.data = data
        self.choices = tuple(bundled_choices())
        self.download: Downloading | None = None

    def open(self, data: Path | None) -> None:
        """Change the data folder and list its records in the background."""
        self.data = data
        threading.Thread(target=self._list_again, name="ecgstream records", daemon=True).start()

    def list(self) -> None:
        """List the bundled records and those of the data folder.

        Raises
        ------
        RecordError : the data folder does not exist.
        """
        self.choices = (*bundled_choices(), *folder_choices(self.data))

    def fetch(self, name: str) -> None:
        """Start the download of a record; the one before is cancelled."""
        with self._lock:
            self._cancel()
            self.download = Downloading(name, download_folder(self.data), self._fetched)

    def cancel(self) -> None:
        """Cancel the download, and forget why it failed."""
        with self._lock:
            self._cancel()

    def _cancel(self) -> None:
        if self.download is not None:
            self.download.cancel()
            self.download = None

    def _fetched(self, download: Downloading, path: Path) -> None:
        self._list_again()
        with self._lock:
            if download is self.download:  # not cancelled meanwhile
                self._arrived(listed_name(str(path), self.data))
                self.download = None

    def _list_again(self) -> None:
        try:
            self.list()
        except RecordError:  # reported when a record is opened
            self.choices = tuple(bundled_choices())
