"""Which stretch is looked at: the newest, or one that the user holds on to."""

from __future__ import annotations

from gui.view import Shown


class Freeze:
    """Holds the sheet at a place in the stream's count while the stream goes on."""

    def __init__(self) -> None:
        self.end: int | None = None
        """The count at the right edge; None while the newest is shown."""
        self._passes = 0

    def hold(self, shown: Shown) -> None:
        """Stay at what is newest now."""
        self.end, self._passes = shown.received, shown.passes

    def release(self) -> None:
        """Show the newest again."""
        self.end = None

    def knows(self, shown: Shown) -> bool:
        """Whether the stream is still the one that was held on to; else its samples are gone."""
        return shown.passes == self._passes

    def move(self, shown: Shown, seconds: float, span: float) -> None:
        """Look so much later, at a sheet of `span` seconds."""
        if self.end is not None:
            self._look(shown, self.end + round(seconds * shown.fs), span)

    def look_at(self, shown: Shown, second: float, span: float) -> None:
        """Have that second of the record in the middle of the sheet."""
        self._look(shown, round((second + span / 2) * shown.fs) - shown.first, span)

    def _look(self, shown: Shown, end: int, span: float) -> None:
        """As near to `end` as there is something to fill the sheet with."""
        if self.knows(shown):
            oldest = min(shown.held + round(span * shown.fs), shown.received)
            self.end = min(max(end, oldest), shown.received)
