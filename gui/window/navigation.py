"""Moving through the record, and through the samples held while the sheet is frozen."""

from __future__ import annotations

from ecgstream.gui.playback.snapshot import Excerpt, ExcerptSource, Snapshot
from ecgstream.gui.playback.worker import Worker
from ecgstream.gui.sheet.sheet import Sheet
from ecgstream.gui.window.banner import Banner
from ecgstream.gui.window.freeze import Freeze


class Navigation:
    """The excerpt on the sheet, and the ways to another one.

    A running sheet follows the stream, so moving jumps in the record; a frozen one moves over the
    samples that are still held.

    Parameters
    ----------
    worker : replays the record.
    sheet : whose width is one page.
    banner : reports that there is nothing older.
    """

    def __init__(self, worker: Worker, sheet: Sheet, banner: Banner) -> None:
        self._worker, self._sheet, self._banner = worker, sheet, banner
        self.freeze = Freeze()
        self.drawn: Excerpt | None = None
        """Excerpt on the sheet; None while it is empty."""
        self._excerpt_source: ExcerptSource | None = None

    def set_drawn(self, snapshot: Snapshot) -> None:
        """Remember the excerpt on the sheet and the run that holds its samples."""
        self.drawn, self._excerpt_source = snapshot.shown, snapshot.excerpt_source

    def snapshot(self, seconds: float) -> Snapshot:
        """Return the frozen stretch, or the newest one; another record ends the freeze."""
        snapshot = self._worker.snapshot(seconds, self.freeze.end, self.freeze.excerpt_source)
        if self.freeze.end is None or (snapshot.shown and self.freeze.knows(snapshot.shown)):
            return snapshot
        self.freeze.release()
        return self._worker.snapshot(seconds)

    def toggle_freeze(self) -> None:
        """Freeze the sheet as it is, or follow the stream again."""
        if self.freeze.end is not None:
            self.freeze.release()
        elif self.drawn is not None:
            self.freeze.hold(self.drawn, self._excerpt_source)

    def toggle_caliper(self) -> None:
        """Show the caliper on a frozen sheet, or hide it."""
        caliper = self._sheet.caliper
        caliper.active = not caliper.active
        if caliper.active and self.freeze.end is None:
            self.toggle_freeze()

    def move(self, seconds: float) -> None:
        """Move later by `seconds`, or earlier when negative."""
        shown = self.snapshot(0).shown
        if shown is None:
            return
        if self.freeze.end is not None:
            moved = self.freeze.move(shown, seconds, self._sheet.seconds)
            if not moved and seconds < 0 and shown.held:
                self._banner.show_news("What is older than ten minutes is gone.")
        else:
            self._jump(shown, (shown.first + shown.received) / shown.fs + seconds)

    def move_page(self, pages: int) -> None:
        """Move later by the time that the sheet shows, or earlier when negative."""
        self.move(pages * self._sheet.seconds)

    def move_to(self, second: float) -> None:
        """Move to that second of the record."""
        shown = self.snapshot(0).shown
        if shown is None:
            return
        if self.freeze.end is not None:
            self.freeze.look_at(shown, second, self._sheet.seconds)
        else:
            self._jump(shown, second)

    def move_to_newest(self) -> None:
        """Move a frozen sheet to the newest sample; it stays frozen."""
        snapshot = self._worker.snapshot(0)
        if snapshot.shown is not None and self.freeze.end is not None:
            self.freeze.hold(snapshot.shown, snapshot.excerpt_source)

    def scroll(self, seconds: float) -> None:
        """Move a frozen sheet, as the wheel and dragging do; a running one stays."""
        if self.freeze.end is not None:
            self.move(seconds)

    def drag_handle(self, second: float) -> None:
        """Follow the timeline's handle while it is dragged; only a frozen sheet does."""
        if self.freeze.end is not None:
            self.move_to(second)

    def drop_handle(self, second: float) -> None:
        """Jump in the record when the timeline's handle is released."""
        if self.freeze.end is None:
            self.move_to(second)

    def _jump(self, shown: Excerpt, second: float) -> None:
        latest = (shown.length - 1) / shown.fs
        self._worker.jump(min(max(second, 0.0), latest), before=self._sheet.seconds)
