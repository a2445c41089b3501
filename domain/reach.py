"""How far the dates in a calendar reach: for looking at a file whole, old entries and far ones included."""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from domain import follow, freebusy
from domain.ics import Reading, Window
from domain.moments import EARLIEST, LONGEST, Unreadable, duration
from domain.prescan import Component, NotACalendar, scan
from domain.recurrence import REFUSED_RULE, TOO_OFTEN
from domain.spans import NIGHT

FARTHEST = timedelta(days=3 * 365 + 1)
MARGIN = 2 * NIGHT  # a time may close the night before its date, and no zone is further off
MOST_NIGHTS = 200_000  # over all entries; a hostile file could ask for a hundred million
NAMED = re.compile(r"(?<!\d)(\d{4})-?(\d\d)-?(\d\d)(?!\d)")
RULES = (TOO_OFTEN, REFUSED_RULE)


def whole(body: bytes, today: date, read: Callable[[Window], Reading]) -> tuple[Window, Reading]:
    """The nights that a calendar names, and what `read` says of them.

    The window is never smaller than polling's, and is polling's where the whole would be too much: a rule that
    can't be followed for so long, or more nights than anybody looks at.
    """
    near, wide = follow.window(today), window(body, today)
    reading = read(wide)
    closed = sum(len(event.nights) for event in reading.events if event.nights)
    if closed > MOST_NIGHTS or _given_up(reading):
        nearer = read(near)
        cut_short = TOO_OFTEN in _given_up(reading)
        if closed > MOST_NIGHTS or cut_short or len(_given_up(nearer)) < len(_given_up(reading)):
            return near, nearer
    return wide, reading


def window(body: bytes, today: date) -> Window:
    """From the earliest to past the latest date that the calendar names, and at least what polling reads.

    It ends three years ahead at the latest, whatever the calendar names.
    """
    near = follow.window(today)
    try:
        found = scan(body)
    except NotACalendar:
        return near
    entries = [*found.events, *(entry for busy in found.busy for entry in freebusy.entries(busy))]
    days = [day for entry in entries for day in _days(entry)]
    start = min([near.start, *(day - MARGIN for day in days)])
    end = max([near.end, *(day + MARGIN for day in days)])
    return Window(max(start, EARLIEST), min(end, today + FARTHEST))


def _given_up(reading: Reading) -> list[str]:
    """The templates of the problems that say that a rule wasn't followed."""
    return [problem.template for problem in reading.problems if problem.template in RULES]


def _days(entry: Component) -> Iterator[date]:
    """The days that the entry and its repetition name, and when the last of them would be over."""
    starts, ends = list(_named(entry, "DTSTART")), list(_named(entry, "DTEND"))
    if not starts:
        return
    length = max([max(starts + ends) - min(starts + ends), *_durations(entry)])
    begins = [*starts, *_named(entry, "RDATE"), *_named(entry, "RRULE")]
    yield from begins
    yield from ends
    if max(begins) <= date.max - length - MARGIN:
        yield max(begins) + length


def _named(entry: Component, name: str) -> Iterator[date]:
    for line in entry.get(name, ()):
        for year, month, day in NAMED.findall(line.value):
            try:
                found = date(int(year), int(month), int(day))
            except ValueError:
                continue
            if EARLIEST <= found <= EARLIEST + LONGEST:
                yield found


def _durations(entry: Component) -> Iterator[timedelta]:
    for line in entry.get("DURATION", ()):
        try:
            yield duration(line.value)
        except Unreadable:
            continue
