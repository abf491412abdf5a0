"""Log uncaught exceptions and report them in the window."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType

from pyqtgraph.Qt import QtCore

_MAX_LOG_BYTES = 1_000_000
"""Size of the log file at which it starts over."""


class ExceptionReporter(QtCore.QObject):
    """Log uncaught exceptions of every thread; `reported` is emitted with one sentence for each."""

    reported = QtCore.Signal(str)

    def __init__(self, log: Path) -> None:
        super().__init__()
        self._log = log
        self._known: set[str] = set()

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Install the exception hooks; Ctrl+C still raises KeyboardInterrupt."""
        before = sys.excepthook, threading.excepthook
        sys.excepthook = self._take
        threading.excepthook = lambda args: self._take(
            args.exc_type, args.exc_value, args.exc_traceback
        )
        try:
            yield
        finally:
            sys.excepthook, threading.excepthook = before

    def _take(
        self,
        kind: type[BaseException],
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error or kind(), trace)
            return
        text = "".join(traceback.format_exception(kind, error, trace))
        if text in self._known:  # a frame that fails does so 60 times a second
            return
        self._known.add(text)
        where = self._write(text)
        self.reported.emit(
            f"Something went wrong that should not: {kind.__name__}: {error}. The monitor tries to "
            f"go on; please report it{where}, with the output of ecgstream info."
        )

    def _write(self, text: str) -> str:
        try:
            self._log.parent.mkdir(parents=True, exist_ok=True)
            full = self._log.exists() and self._log.stat().st_size > _MAX_LOG_BYTES
            with self._log.open("w" if full else "a") as file:
                file.write(f"{datetime.now():%Y-%m-%d %H:%M:%S}\n{text}\n")
        except OSError:
            return ""
        return f" with what {self._log} says"
