"""Repeated entries: when they happen inside the window, and never more work than is bounded here.

Rules run on the wall clock of the entry's own zone (RFC 5545 §3.3.10). What can't be expanded raises
CannotExpand, and the caller closes the entry's own dates instead.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice

from dateutil.rrule import rrule, rrulestr  # type: ignore[import-untyped]  # it ships no types

from domain.moments import Extent, Moment, Unreadable, Zones, after, duration, moment, moment_of
from domain.prescan import MOST_DATES_PER_EVENT, Component, Line
from domain.problems import gettext_noop
from domain.spans import NIGHT, Span, merge

MOST_PER_SERIES = 3_500
MOST_PER_FEED = 20_000
MOST_EFFORT = 1_000_000  # days walked, over all rules of a feed
MOST_RULES = 4
MOST_TIMES_A_DAY = 4
MOST_VALUES = 62
LONGEST_NUMBER = 5
LONGEST_STAY = timedelta(days=400)
DAYS_PER_STEP = {"DAILY": 1, "WEEKLY": 7}
FREQUENCIES = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
LISTS = frozenset({"BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYMONTH", "BYSETPOS"})
TIMES = frozenset({"BYHOUR", "BYMINUTE", "BYSECOND"})
KNOWN = LISTS | TIMES | {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST"}
NUMBER = re.compile(r"\d+")
PERIOD_VALUE = "/"

REFUSED_RULE = gettext_noop(
    "The repetition of “%(event)s” (%(rule)s) can't be followed; only its first date is closed."
)
TOO_OFTEN = gettext_noop("“%(event)s” repeats too often to be followed to the end.")
IGNORED_EXCEPTION = gettext_noop("An exception to “%(event)s” can't be read; that date stays closed.")


class CannotExpand(ValueError):  # noqa: N818 - the name says what it is
    """A rule that is broken, or that would take too long."""


@dataclass(slots=True)
class Budget:
    """How much repetition one feed may still cause."""

    occurrences: int = MOST_PER_FEED
    effort: int = MOST_EFFORT

    def spend(self, effort: int) -> None:
        """Raise CannotExpand once the rules of a feed together walk too far."""
        self.effort -= effort
        if self.effort < 0:
            raise CannotExpand


@dataclass(frozen=True, slots=True)
class Clock:
    """What the rules of one feed share: its zones, the window and the budget."""

    zones: Zones
    window: Span
    budget: Budget


@dataclass(slots=True)
class Series:
    """What a repeated entry closes inside the window, and the templates of what is doubtful about it."""

    extents: list[Extent] = field(default_factory=list)
    doubts: set[str] = field(default_factory=set)


def expand(master: Component, first: Extent, overrides: list[Component], clock: Clock) -> Series:
    """Every occurrence that may reach into the window, the first included.

    Only exceptions that were understood take an occurrence away. A repetition that can't be followed leaves
    the first occurrence and a doubt.
    """
    found = Series()
    first = _in_one_zone(first)
    exceptions = _exceptions(master, overrides, clock.zones, found)
    kept = 0
    try:
        for start, end in _occurrences(master, first, clock):
            if exceptions.covers(start):
                continue
            kept += 1
            if kept > MOST_PER_SERIES or clock.budget.occurrences <= 0:
                found.doubts.add(TOO_OFTEN)
                break
            clock.budget.occurrences -= 1
            found.extents.append(Extent(start, end))
    except (CannotExpand, ValueError, ArithmeticError, LookupError, TypeError):
        found.doubts.add(REFUSED_RULE)
        found.extents.append(first)
    return found


def joined(extents: list[Extent]) -> list[Extent]:
    """The same, with all-day occurrences that touch or overlap joined into one."""
    spans = [Span(each.start, each.end) for each in extents if not isinstance(each.start, datetime)]
    timed = [each for each in extents if isinstance(each.start, datetime)]
    return [Extent(span.start, span.end) for span in merge(spans)] + timed


def _occurrences(master: Component, first: Extent, clock: Clock) -> Iterator[tuple[Moment, Moment]]:
    length = _wall(first.end) - _wall(first.start)
    rules = master.get("RRULE", [])
    if length > LONGEST_STAY or len(rules) > MOST_RULES:
        raise CannotExpand
    seen = {first.start}
    yield first.start, first.end
    low = datetime.combine(clock.window.start, time()) - length - 2 * NIGHT
    high = datetime.combine(clock.window.end, time()) + NIGHT
    for rule in rules:
        for wall in Rule(rule.value, first.start, clock.zones).between(low, high, clock.budget):
            start = _like(first.start, wall)
            if start not in seen:
                seen.add(start)
                yield start, _like(first.end, wall + length)
    for line in master.get("RDATE", []):
        for value in _values(line):
            yield _extra(value, line, first, length, clock.zones)


def _extra(
    value: str, line: Line, first: Extent, length: timedelta, zones: Zones
) -> tuple[Moment, Moment]:
    """One RDATE value: a date, a time, or a period with an end or a duration of its own."""
    at, slash, until = value.partition(PERIOD_VALUE)
    start = moment_of(at, line.params, zones)
    if slash:
        end = after(start, duration(until)) if until[:1] in "Pp" else moment_of(until, line.params, zones)
    else:
        end = after(start, length)
    if isinstance(start, datetime) is not isinstance(end, datetime) or _wall(end) < _wall(start):
        raise CannotExpand
    if not isinstance(start, datetime):
        if isinstance(first.start, datetime):
            raise CannotExpand
        end = max(end, start + NIGHT)
    return start, end


class Rule:
    """An RRULE on the wall clock. Raises CannotExpand when it is not one that hosts could mean."""

    def __init__(self, text: str, start: Moment, zones: Zones) -> None:
        self.start = _wall(start)
        self.parts = _parts(text)
        self.count = _number(self.parts.pop("COUNT", ""))
        self.until = self._until(self.parts.pop("UNTIL", ""), start, zones)
        self.step = DAYS_PER_STEP.get(self.parts["FREQ"], 0) * (_number(self.parts.get("INTERVAL", "")) or 1)

    def _until(self, text: str, start: Moment, zones: Zones) -> datetime | None:
        if not text:
            return None
        try:
            until = moment_of(text, "", zones)
        except Unreadable as error:
            raise CannotExpand from error
        if not isinstance(until, datetime):
            return datetime.combine(until, time.max)
        if not isinstance(start, datetime):
            return datetime.combine(until.date(), time.max)
        is_utc = text[-1:] in "Zz"
        return (until.astimezone(start.tzinfo) if is_utc else until).replace(tzinfo=None)

    def between(self, low: datetime, high: datetime, budget: Budget) -> Iterator[datetime]:
        """Its wall times in `[low, high]`."""
        start = self.start
        if self.count is None and self.step and start < low:
            start += timedelta(days=(low - start).days // self.step * self.step)
        budget.spend(max((high - start).days, 0) if self.step else (high - start).days // 28)
        until = high if self.until is None else min(high, self.until)
        text = ";".join(f"{name}={value}" for name, value in self.parts.items())
        rule: rrule = rrulestr(text, dtstart=start).replace(until=until)
        for wall in islice(rule, self.count):
            if wall >= low:
                yield wall


def _parts(text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in text.upper().replace(" ", "").split(";") if part]
    parts = {name: value for name, _, value in pairs}
    if len(parts) != len(pairs) or not parts.keys() <= KNOWN or parts.get("FREQ") not in FREQUENCIES:
        raise CannotExpand
    times = 1
    for name in parts.keys() & (LISTS | TIMES):
        values = parts[name].count(",") + 1
        times *= values if name in TIMES else 1
        if values > MOST_VALUES or times > MOST_TIMES_A_DAY:
            raise CannotExpand
    if _number(parts.get("INTERVAL", "1")) == 0 or _number(parts.get("COUNT", "1")) == 0:
        raise CannotExpand
    return parts


def _number(text: str) -> int | None:
    """The number; None when there is none, or one too large to matter."""
    if not text:
        return None
    if not NUMBER.fullmatch(text):
        raise CannotExpand
    return int(text) if len(text) <= LONGEST_NUMBER else None


@dataclass(slots=True)
class _Exceptions:
    instants: set[datetime] = field(default_factory=set)
    days: set[date] = field(default_factory=set)

    def add(self, at: Moment, *, is_all_day: bool) -> None:
        if not isinstance(at, datetime):
            self.days.add(at)
        elif not is_all_day:
            self.instants.add(at.astimezone(UTC))
        elif at.time() == time():
            self.days.add(at.date())

    def covers(self, start: Moment) -> bool:
        if not isinstance(start, datetime):
            return start in self.days
        return start.astimezone(UTC) in self.instants or start.date() in self.days


def _exceptions(master: Component, overrides: list[Component], zones: Zones, found: Series) -> _Exceptions:
    """What EXDATE and RECURRENCE-ID take away; what can't be understood takes nothing away."""
    ranges = [line for each in overrides for line in each["RECURRENCE-ID"]]
    single = [line for line in ranges if "RANGE" not in line.params.upper()]
    lines = [line._replace(value=value) for line in master.get("EXDATE", []) for value in _values(line)]
    lines += single
    if master.get("EXRULE") or len(single) < len(ranges) or len(lines) > MOST_DATES_PER_EVENT:
        found.doubts.add(IGNORED_EXCEPTION)
    taken = _Exceptions()
    for line in lines[:MOST_DATES_PER_EVENT]:
        try:
            taken.add(moment(line, zones), is_all_day=_is_all_day(master))
        except Unreadable:
            found.doubts.add(IGNORED_EXCEPTION)
    return taken


def _is_all_day(master: Component) -> bool:
    return all("T" not in line.value.upper() for line in master.get("DTSTART", []))


def _values(line: Line) -> list[str]:
    return [value.strip() for value in line.value.split(",") if value.strip()]


def _in_one_zone(first: Extent) -> Extent:
    """The extent with its end on the clock of its start, so that wall times can be subtracted."""
    if isinstance(first.start, datetime) and isinstance(first.end, datetime):
        return replace(first, end=first.end.astimezone(first.start.tzinfo))
    return first


def _wall(at: Moment) -> datetime:
    return at.replace(tzinfo=None) if isinstance(at, datetime) else datetime.combine(at, time())


def _like(model: Moment, wall: datetime) -> Moment:
    return wall.replace(tzinfo=model.tzinfo) if isinstance(model, datetime) else wall.date()
