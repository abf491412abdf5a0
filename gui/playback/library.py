"""The records on offer, and more of them from PhysioNet."""

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
    """What can be chosen: the bundled records and those of a data folder.

    Parameters
    ----------
    change : guards what changes here.
    data : the data folder.
    arrived : called with the name of a record that was downloaded.
    """

    def __init__(
        self, change: threading.Condition, data: Path | None, arrived: Callable[[str], object]
    ) -> None:
        self._change, self._arrived = change, arrived
        self.data = data
        self.choices = tuple(bundled_choices())
        self.download: Downloading | None = None

    def open(self, data: Path | None) -> None:
        """Offer the records of that data folder as soon as they are listed."""
        with self._change:
            self.data = data
        threading.Thread(target=self._list_again, name="ecgstream records", daemon=True).start()

    def list(self) -> None:
        """Look for what there is.

        Raises
        ------
        RecordError : the data folder does not exist.
        """
        found = (*bundled_choices(), *folder_choices(self.data))
        with self._change:
            self.choices = found

    def fetch(self, name: str) -> None:
        """Download a record."""
        with self._change:
            self.cancel()
            self.download = Downloading(name, download_folder(self.data), self._fetched)

    def cancel(self) -> None:
        """Download no more, and forget what came in its way."""
        with self._change:
            if self.download is not None:
                self.download.cancel()
                self.download = None

    def _fetched(self, path: Path) -> None:
        self._list_again()
        with self._change:
            self.download = None
            self._arrived(listed_name(str(path), self.data))

    def _list_again(self) -> None:
        try:
            self.list()
        except RecordError:  # it is told when a record is opened
            with self._change:
                self.choices = tuple(bundled_choices())
