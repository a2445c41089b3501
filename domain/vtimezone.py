"""Zones that a calendar defines itself (VTIMEZONE, RFC 5545 §3.6.5), worked out for the years that are read.

Libraries walk the rules of a zone from their first year (often 1601) at each look-up, and a hostile rule for ever.
Here each rule is walked once, from the window on, and counted.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from operator import attrgetter
from typing import override

from domain.rrule import CannotExpand, Effort, parse
from domain.spans import Span

LONGEST = 16_384
MOST_PARTS = 200
BEFORE, BEHIND = timedelta(days=800), timedelta(days=400)  # beyond the window, for stays that reach into it
WALL = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)?)?(Z?)", re.IGNORECASE)
OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)(?::?(\d\d))?")
PART = re.compile(r"BEGIN:(?:STANDARD|DAYLIGHT)\s*\n(.*?)\nEND:(?:STANDARD|DAYLIGHT)", re.IGNORECASE | re.DOTALL)
FREQUENCY = "FREQ=YEARLY"


@dataclass(frozen=True, slots=True)
class Change:
    """From the wall time `onset`, on the clock as it was before, the offset is `after` instead of `before`."""

    onset: datetime
    before: timedelta
    after: timedelta


class DefinedZone(tzinfo):
    """The offsets of one VTIMEZONE; before its first change in the years read, the clock is as it was then."""

    def __init__(self, name: str, changes: list[Change]) -> None:
        self.name = name
        self.changes = sorted(changes, key=attrgetter("onset"))
        self.walls = [each.onset for each in self.changes]
        self.instants = [each.onset - each.before for each in self.changes]

    @override
    def utcoffset(self, dt: datetime | None) -> timedelta:
        """The offset at a wall time; a time that is there twice is the first one unless its fold is set."""
        wall = (dt or datetime.min).replace(tzinfo=None, fold=0)
        at = bisect_right(self.walls, wall)
        if dt and dt.fold and at < len(self.changes):
            coming = self.changes[at]
            at += wall >= coming.onset - (coming.before - coming.after)
        return self._offset(at)

    @override
    def fromutc(self, dt: datetime) -> datetime:
        instant = dt.replace(tzinfo=None)
        at = bisect_right(self.instants, instant)
        wall = instant + self._offset(at)
        is_again = at > 0 and wall < self.walls[at - 1]
        return wall.replace(tzinfo=self, fold=int(is_again))

    def _offset(self, at: int) -> timedelta:
        return self.changes[at - 1].after if at else self.changes[0].before

    @override
    def dst(self, dt: datetime | None) -> timedelta:
        return timedelta()

    @override
    def tzname(self, dt: datetime | None) -> str:
        return self.name
