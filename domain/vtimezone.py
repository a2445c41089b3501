"""Zones that a calendar defines itself (VTIMEZONE, RFC 5545 §3.6.5), worked out once and with bounded work.

Libraries walk the rules of a zone from their first year, often 1601, at each look-up, and some rules for ever.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple, override

from domain.rrule import CannotExpand, Effort, parse
from domain.spans import NIGHT

FIRST, LAST = date(1971, 1, 1), date(2050, 1, 1)  # changes in between are followed
LONGEST_TEXT = 16_384
MOST_EFFORT = 10_000  # days looked at in one zone
FARTHEST = timedelta(hours=15)  # from UTC
CLOSEST = timedelta(days=2)  # between two changes
WALL = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)?(Z)?)?", re.IGNORECASE)
OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)(?::?(\d\d))?")

type Part = dict[str, list[str]]


class Change(NamedTuple):
    """At the wall time `onset`, on the clock as it was `before`, the offset becomes `after`."""

    onset: datetime
    before: timedelta
    after: timedelta


class DefinedZone(tzinfo):
    """The clock of a VTIMEZONE; times that it skips or shows twice are read as PEP 495 has it."""

    def __init__(self, first: timedelta, changes: list[Change]) -> None:
        self.offsets = [first, *(change.after for change in changes)]
        steps = list(pairwise(self.offsets))
        self.instants = [change.onset - before for change, (before, _) in zip(changes, steps, strict=True)]
        self.walls = [
            [instant + pick(step) for instant, step in zip(self.instants, steps, strict=True)]
            for pick in (max, min)
        ]

    @override
    def utcoffset(self, dt: datetime | None) -> timedelta:
        if dt is None:
            return self.offsets[0]
        return self.offsets[bisect_right(self.walls[dt.fold], dt.replace(tzinfo=None, fold=0))]

    @override
    def fromutc(self, dt: datetime) -> datetime:
        at = bisect_right(self.instants, dt.replace(tzinfo=None))
        wall = dt + self.offsets[at]
        is_again = at > 0 and wall.replace(tzinfo=None) < self.walls[0][at - 1]
        return wall.replace(fold=int(is_again))

    @override
    def dst(self, dt: datetime | None) -> None:
        return None

    @override
    def tzname(self, dt: datetime | None) -> None:
        return None


@lru_cache(maxsize=64)
def defined_zone(text: str) -> DefinedZone | None:
    """The zone that the lines between BEGIN and END of a VTIMEZONE describe; None when they can't be followed."""
    if len(text) > LONGEST_TEXT:
        return None
    effort = Effort(MOST_EFFORT)
    try:
        changes = sorted(change for part in _parts(text) for change in _changes(part, effort))
    except (ValueError, LookupError, ArithmeticError):
        return None
    if not changes:
        return None
    earlier = [change for change in changes if change.onset.date() < FIRST]
    first = earlier[-1].after if earlier else changes[0].before
    return DefinedZone(first, _apart([change for change in changes if FIRST <= change.onset.date() < LAST]))


def _parts(text: str) -> Iterator[Part]:
    """The values of each STANDARD and DAYLIGHT part by the names of their lines."""
    part: Part | None = None
    for line in text.split("\n"):
        head, _, value = line.partition(":")
        name, value = head.partition(";")[0].strip().upper(), value.strip()
        if name in ("BEGIN", "END"):
            if part:
                yield part
            part = defaultdict(list) if name == "BEGIN" else None
        elif part is not None:
            part[name].append(value)


def _changes(part: Part, effort: Effort) -> Iterator[Change]:
    """Each time that a part begins. Raises ValueError or LookupError."""
    before, after = _offset(part, "TZOFFSETFROM"), _offset(part, "TZOFFSETTO")
    for onset in _onsets(part, before, effort):
        yield Change(onset, before, after)


def _onsets(part: Part, before: timedelta, effort: Effort) -> Iterator[datetime]:
    if "EXDATE" in part or "EXRULE" in part:
        raise CannotExpand
    start = _wall(part["DTSTART"][0], before)
    yield start
    for values in part.get("RDATE", ()):
        yield from (_wall(value.partition("/")[0], before) for value in values.split(","))
    for text in part.get("RRULE", ()):
        rule = parse(text, start)
        until = _until(rule.until, before)
        for day in rule.days(FIRST, min(LAST, until.date()), effort):
            onset = datetime.combine(day, start.time())
            if onset <= until:
                yield onset


def _apart(changes: list[Change]) -> list[Change]:
    """The changes, of those that follow each other at once only the last."""
    kept: list[Change] = []
    for change in changes:
        if kept and change.onset - kept[-1].onset < CLOSEST:
            kept.pop()
        kept.append(change)
    return kept


def _until(text: str, before: timedelta) -> datetime:
    if not text:
        return datetime.combine(LAST, time())
    until = _wall(text, before)
    return until if "T" in text.upper() else until + NIGHT


def _wall(text: str, before: timedelta) -> datetime:
    """A wall time on the clock before a change; one in UTC is put on it. Raises ValueError."""
    found = WALL.fullmatch(text.strip())
    if found is None:
        raise ValueError(text)
    year, month, day, hour, minute, second = (int(number or 0) for number in found.groups()[:6])
    wall = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - a wall time
    return wall + before if found[7] else wall


def _offset(part: Part, name: str) -> timedelta:
    """An offset from UTC (RFC 5545 §3.3.14). Raises ValueError or LookupError."""
    found = OFFSET.fullmatch(part[name][0])
    if found is None:
        raise ValueError(name)
    hours, minutes, seconds = (int(number or 0) for number in found.groups()[1:])
    offset = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if offset > FARTHEST:
        raise ValueError(name)
    return -offset if found[1] == "-" else offset
