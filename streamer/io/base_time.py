"""Time of day and date of a record's first sample, as WFDB headers state them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import NamedTuple


class BaseTime(NamedTuple):
    """Start of a record; many have a time of day without a date."""

    time: time
    date: date | None = None

    def moved(self, seconds: float) -> BaseTime:
        """Return the base time of a record that begins that much later.

        To the millisecond, as headers have it. A time without a date begins again at midnight.
        """
        day = self.date or date(2000, 1, 1)
        moved = datetime.combine(day, self.time) + timedelta(seconds=round(seconds, 3))
        return BaseTime(moved.time(), moved.date() if self.date else None)

    def __str__(self) -> str:
        digits = "milliseconds" if self.time.microsecond else "seconds"
        return self.time.isoformat(digits) + (f" {self.date:%d/%m/%Y}" if self.date else "")
