"""Download of a record from PhysioNet in the background."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path

from ecgstream.gui.playback.snapshot import Download
from ecgstream.gui.window.messages import reason
from ecgstream.streamer.io import physionet


class _Cancelled(Exception):
    """The download was cancelled."""


class Downloading:
    """Downloads a record in a thread; a cancelled download can be resumed later.

    Parameters
    ----------
    name : as `ecgstream.streamer.io.physionet.download_record` takes it.
    folder : the data folder.
    done : called with this object and the record's path, in the download's thread.
    """

    def __init__(
        self, name: str, folder: Path, done: Callable[[Downloading, Path], object]
    ) -> None:
        self._name, self._folder, self._done = name, folder, done
        self._cancelled = False
        self.state = Download(name, 0, 0, "")
        # A daemon, so that a server that does not answer cannot keep the program from ending.
        thread = threading.Thread(target=self._run, name="ecgstream download", daemon=True)
        thread.start()

    def cancel(self) -> None:
        """Cancel the download when the next bytes arrive."""
        self._cancelled = True

    def _run(self) -> None:
        try:
            path = physionet.download_record(
                self._name, self._folder, physionet.BASE_URL, self._progress
            )
            self._check()
        except _Cancelled:
            pass
        # Any error is shown in the window.
        except Exception as error:
            self.state = self.state._replace(problem=_told(error))
        else:
            self._done(self, path)

    def _progress(self, transfer: physionet.Transfer) -> None:
        self._check()
        self.state = self.state._replace(done=transfer.done, total=transfer.total or 0)

    def _check(self) -> None:
        if self._cancelled:
            raise _Cancelled


def _told(error: Exception) -> str:
    """Return the reason, with a remedy for the window in place of a command's option."""
    what, option, _ = reason(error).partition("--mirror")
    if not option:
        return what or type(error).__name__
    what = re.split(r"[;:,] (?:or )?(?:check|give|try|name)\b", what)[0]
    return f"{what}. Check the network and press Download to go on."
