"""Repeated entries: when they happen inside the window, and never more work than is bounded here.

Rules run on the wall clock of the entry's own zone (RFC 5545 §3.3.10). What can't be expanded raises
CannotExpand, and the caller closes the entry's own dates instead.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta

from domain.moments import Extent, Moment, Unreadable, Zones, after, duration, moment, moment_of
from domain.prescan import MOST_DATES_PER_EVENT, Component, Line
from domain.problems import gettext_noop
from domain.rrule import CannotExpand, Effort, Rule, parse
from domain.spans import NIGHT, Span, merge

MOST_PER_SERIES = 3_500
MOST_PER_FEED = 20_000
MOST_RULES = 4
LONGEST_STAY = timedelta(days=400)
PERIOD_VALUE = "/"

REFUSED_RULE = gettext_noop(
    "The repetition of “%(event)s” (%(rule)s) can't be followed; only its first date is closed."
)
TOO_OFTEN = gettext_noop("“%(event)s” repeats too often to be followed to the end.")
IGNORED_EXCEPTION = gettext_noop("An exception to “%(event)s” can't be read; that date stays closed.")


@dataclass(slots=True)
class Budget:
    """How much repetition one feed may still cause."""

    occurrences: int = MOST_PER_FEED
    effort: Effort = field(default_factory=Effort)


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
            if kept > 1 and (kept > MOST_PER_SERIES or clock.budget.occurrences <= 0):
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
    for line in rules:
        rule = parse(line.value, _wall(first.start))
        for wall in _named(rule, first.start, clock, length):
            start = _like(first.start, wall)
            if start not in seen:
                seen.add(start)
                yield start, _like(first.end, wall + length)
    for line in master.get("RDATE", []):
        for value in _values(line):
            yield _extra(value, line, first, length, clock.zones)


def _extra(value: str, line: Line, first: Extent, length: timedelta, zones: Zones) -> tuple[Moment, Moment]:
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


def _named(rule: Rule, first: Moment, clock: Clock, length: timedelta) -> Iterator[datetime]:
    """The wall times a rule names, from those that reach into the window to its end."""
    low = clock.window.start - length - 2 * NIGHT
    until = _until(rule.until, first, clock.zones)
    high = clock.window.end + NIGHT
    high = high if until is None else min(high, until.date())
    for day in rule.days(low, high, clock.budget.effort):
        wall = datetime.combine(day, rule.start.time())
        if until is None or wall <= until:
            yield wall


def _until(text: str, start: Moment, zones: Zones) -> datetime | None:
    """The last wall time of a rule; a UTC time is put on the clock of the entry."""
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
