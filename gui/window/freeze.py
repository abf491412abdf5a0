"""Which stretch is looked at: the newest, or one that the user holds on to."""

from __future__ import annotations

from ecgstream.gui.playback.snapshot import Excerpt, ExcerptSource


class Freeze:
    """Holds the sheet at a place in the stream's count while the stream goes on.

    What holds the samples is kept, so that they can be looked at when the count begins anew.
    """

    def __init__(self) -> None:
        self.end: int | None = None
        """The count at the right edge; None while the newest is shown."""
        self.excerpt_source: ExcerptSource | None = None
        """See `ecgstream.gui.playback.snapshot.Snapshot`; None while the newest is shown."""
        self._run_number = 0

    def hold(self, shown: Excerpt, excerpt_source: ExcerptSource | None) -> None:
        """Stay at what is newest in it."""
        self.end, self._run_number, self.excerpt_source = (
            shown.received,
            shown.run_number,
            excerpt_source,
        )

    def release(self) -> None:
        """Show the newest again."""
        self.end = self.excerpt_source = None

    def knows(self, shown: Excerpt) -> bool:
        """Whether that is of what is held on to; else another record was chosen."""
        return shown.run_number == self._run_number

    def lacks(self, shown: Excerpt, span: float) -> bool:
        """Whether a part of the last `span` seconds up to the end is no longer held."""
        return self.end is not None and 0 < shown.held > self.end - round(span * shown.fs)

    def move(self, shown: Excerpt, seconds: float, span: float) -> bool:
        """Look so much later, at a sheet of `span` seconds; whether there was some way to go."""
        if self.end is None:
            return False
        before = self.end
        end = self._nearest(shown, before + round(seconds * shown.fs), span)
        if (end - before) * seconds > 0:  # never forward on the way back
            self.end = end
        return self.end != before

    def look_at(self, shown: Excerpt, second: float, span: float) -> None:
        """Have that second of the record in the middle of the sheet."""
        self.end = self._nearest(shown, round((second + span / 2) * shown.fs) - shown.first, span)

    def _nearest(self, shown: Excerpt, end: int, span: float) -> int:
        """As near to `end` as there is something to fill the sheet with."""
        oldest = min(shown.held + round(span * shown.fs), shown.received)
        return min(max(end, oldest), shown.received)
