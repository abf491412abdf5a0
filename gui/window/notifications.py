"""Notifications about recordings and downloads."""

from __future__ import annotations

from ecgstream.gui.playback.snapshot import Download, Recording, Snapshot
from ecgstream.gui.window.banner import Banner
from ecgstream.gui.window.messages import clock_time


class Notifications:
    """Compare each snapshot with the one before, and report changes in the banner."""

    def __init__(self, banner: Banner) -> None:
        self._banner = banner
        self._recording: Recording | None = None
        self._download: Download | None = None

    def update(self, snapshot: Snapshot, choosing: bool) -> None:
        """Report the changes; a failed download only while the record dialog is closed."""
        before, now = self._recording, snapshot.recording
        self._recording = now
        if now is not None and now.problem and (before is None or now.problem != before.problem):
            remedy = (
                "" if now.going else f" What came before is kept in {now.path}; R records again."
            )
            self._banner.show_warning(f"{now.problem.rstrip('.')}.{remedy}")
        elif now is not None and (before is None or before.path != now.path):
            self._banner.show_news(f"Recording to {now.path}")
        elif before is not None and now is None and before.going:
            self._banner.show_news(f"Recorded {clock_time(before.seconds)} to {before.path}")
        problem = snapshot.download.problem if snapshot.download is not None else ""
        known = self._download.problem if self._download is not None else ""
        self._download = snapshot.download
        if problem and problem != known and not choosing:
            self._banner.show_warning(f"The download has ended: {problem}")
