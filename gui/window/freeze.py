"""The end of the sheet in the stream: the newest sample, or a frozen one."""

from __future__ import annotations

from ecgstream.gui.playback.snapshot import Excerpt, ExcerptSource


class Freeze:
    """Freeze the sheet at a sample while the stream goes on.

    The run that holds the samples is kept, so that they can be viewed when another run has begun.
    """

    def __init__(self) -> None:
        self.end: int | None = None
        """Sample at the right edge; None while the sheet follows the stream."""
        self.excerpt_source: ExcerptSource | None = None
        """See `ecgstream.gui.playback.snapshot.Snapshot`; None while the newest is shown."""
        self._run_number = 0

    def hold(self, shown: Excerpt, excerpt_source: ExcerptSource | None) -> None:
        """Freeze at the newest sample of an excerpt."""
        self.end, self._run_number, self.excerpt_source = (
            shown.received,
            shown.run_number,
            excerpt_source,
        )

    def release(self) -> None:
        """Follow the stream again."""
        self.end = self.excerpt_source = None

    def knows(self, shown: Excerpt) -> bool:
        """Return whether an excerpt is of the frozen run; else another record was chosen."""
        return shown.run_number == self._run_number

    def lacks(self, shown: Excerpt, span: float) -> bool:
        """Return whether a part of the last `span` seconds before the end is no longer held."""
        return self.end is not None and 0 < shown.held > self.end - round(span * shown.fs)

    def move(self, shown: Excerpt, seconds: float, span: float) -> bool:
        """Move a sheet of `span` seconds later by `seconds`; return whether it moved."""
        if self.end is None:
            return False
        before = self.end
        end = self._nearest(shown, before + round(seconds * shown.fs), span)
        if (end - before) * seconds > 0:  # never forward on the way back
            self.end = end
        return self.end != before

    def look_at(self, shown: Excerpt, second: float, span: float) -> None:
        """Centre the sheet at a second of the record."""
        self.end = self._nearest(shown, round((second + span / 2) * shown.fs) - shown.first, span)

    def _nearest(self, shown: Excerpt, end: int, span: float) -> int:
        """Return the end nearest to `end` whose sheet is full of held samples."""
        oldest = min(shown.held + round(span * shown.fs), shown.received)
        return min(max(end, oldest), shown.received)
