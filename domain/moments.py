"""What DTSTART, DTEND and DURATION say, however badly they say it (RFC 5545 §3.3.4-§3.3.6)."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from domain.house import House
from domain.prescan import Component, Line
from domain.problems import Problem, gettext_noop, problem
from domain.spans import NIGHT, Period, Span
from domain.vtimezone import defined_zone

type Moment = date | datetime

EARLIEST, LATEST = date(1970, 1, 2), date(2200, 1, 1)
LONGEST = LATEST - EARLIEST
LONGEST_ZONE_NAME = 100
INSTANT = timedelta(minutes=1)
MINUTES = 60
MOMENT = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)(?:[T ](\d\d):?(\d\d)(?::?(\d\d))?(?:[.,]\d+)?(Z|[+-]\d\d:?\d\d)?)?(?!\d|T)",
    re.IGNORECASE,
)
DURATION = re.compile(
    r"([+-])?P(?:(\d+)W)?(?:(\d+)D)?(?:T?(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", re.IGNORECASE
)
ZONE = re.compile(r'(?:^|;)\s*TZID\s*=\s*("[^"]*"|[^;]*)', re.IGNORECASE)
DATE_VALUE = re.compile(r"(?:^|;)\s*VALUE\s*=\s*\"?DATE\"?\s*(?:;|$)", re.IGNORECASE)

NO_START = gettext_noop("“%(event)s” has no date that can be read; nothing is opened until it has.")
NO_END = gettext_noop("“%(event)s” has no end that can be read; only its first night is closed.")
SWAPPED = gettext_noop("“%(event)s” ends before it begins; everything between the two dates is closed.")
TWICE = gettext_noop("“%(event)s” gives its dates more than once; the longest reading is closed.")
UNKNOWN_ZONE = gettext_noop(
    "The time zone “%(zone)s” is not known; its times are read in the property's own zone."
)


class Unreadable(ValueError):
    """A date, a time or a duration that means nothing."""


class Zones:
    """Time zones by the names a calendar uses; `unknown` collects the names that mean nothing."""

    def __init__(self, own: ZoneInfo, definitions: dict[str, str]) -> None:
        self.own = own
        self.unknown: list[str] = []
        self._definitions = definitions
        self._known: dict[str, tzinfo] = {}

    def __getitem__(self, name: str) -> tzinfo:
        if name not in self._known:
            self._known[name] = known_zone(name) or self._defined(name) or self._missing(name)
        return self._known[name]

    def _defined(self, name: str) -> tzinfo | None:
        text = self._definitions.get(name)
        return defined_zone(text) if text else None

    def _missing(self, name: str) -> tzinfo:
        self.unknown.append(name)
        return self.own

    def problems(self) -> list[Problem]:
        """One sentence for each unknown name."""
        return [problem(UNKNOWN_ZONE, zone=name) for name in self.unknown]


@lru_cache(maxsize=512)
def known_zone(name: str) -> ZoneInfo | None:
    """The IANA zone of that name, of the Windows name, or of the end of a "/vendor/…/Area/City" name."""
    if len(name) > LONGEST_ZONE_NAME:
        return None
    parts = [part for part in name.strip("/ ").split("/") if part]
    tails = ["/".join(parts[-count:]) for count in (len(parts), 3, 2) if 0 < count <= len(parts)]
    known = [tail for tail in (WINDOWS_TO_OLSON.get(name.strip(), ""), *tails) if tail in iana_names()]
    return ZoneInfo(known[0]) if known else None


@cache
def iana_names() -> frozenset[str]:
    """The names of all IANA zones; looking for a file under each name takes far longer.

    Without those that mean the clock of the machine, or none.
    """
    return frozenset(available_timezones() - {"localtime", "posixrules", "Factory"})


def moment(line: Line, zones: Zones) -> Moment:
    """A date, or an aware time in the zone the line names, else UTC or the property's. Raises Unreadable."""
    return moment_of(line.value, line.params, zones)


def moment_of(value: str, params: str, zones: Zones) -> Moment:
    """The same for one of several values of a line. Raises Unreadable."""
    found = MOMENT.match(value)
    if found is None:
        raise Unreadable(value)
    year, month, day, hour, minute, second, offset = found.groups()
    try:
        on = min(max(date(max(int(year), 1), int(month), int(day)), EARLIEST), LATEST)
        if hour is None or (params and DATE_VALUE.search(params)):
            return on
        clock = timedelta(hours=int(hour), minutes=int(minute), seconds=min(int(second or 0), 59))
        if clock > NIGHT or int(minute) >= MINUTES:
            raise Unreadable(value)
        return datetime(on.year, on.month, on.day, tzinfo=_zone(offset, params, zones)) + clock
    except ValueError as error:
        raise Unreadable(value) from error


def _zone(offset: str | None, params: str, zones: Zones) -> tzinfo:
    if offset:
        if offset in "Zz":
            return UTC
        minutes = int(offset[1:3]) * MINUTES + int(offset[-2:])
        return timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))
    named = ZONE.search(params)
    name = named[1].strip('" ') if named else ""
    return zones[name] if name else zones.own


def duration(value: str) -> timedelta:
    """A duration, at most as long as the years that are read. Raises Unreadable."""
    found = DURATION.fullmatch(value.strip())
    if found is None or not any(found.groups()[1:]):
        raise Unreadable(value)
    weeks, days, hours, minutes, seconds = (min(int((part or "0")[:9]), 10**8) for part in found.groups()[1:])
    try:
        length = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        length = LONGEST
    length = min(length, LONGEST)
    return -length if found[1] == "-" else length


@dataclass(frozen=True, slots=True)
class Extent:
    """From when to when an entry closes, half-open; both dates or both aware times.

    A pair of dates holds at least one night. `flaw` is the template of what is wrong with it, if anything.
    """

    start: Moment
    end: Moment
    flaw: str = ""


def extent(entry: Component, house: House, zones: Zones, *, ends_inclusive: bool = False) -> Extent:
    """The extent of an entry, read as closing rather more than less. Raises Unreadable without a start.

    `ends_inclusive` is for feeds whose all-day DTEND is the last night instead of the departure day.
    """
    starts, unreadable = _moments(entry.get("DTSTART", ()), zones)
    if not starts or unreadable:
        if not starts:
            raise Unreadable
        return _ordered(_earliest(starts), None, TWICE, house)
    ends, unreadable = _moments(entry.get("DTEND", ()), zones)
    flaw = TWICE if len(starts) > 1 or len(ends) > 1 else ""
    start = _earliest(starts)
    if ends:
        found = _ordered(start, _latest(ends), flaw or (NO_END if unreadable else ""), house)
        return _with_last_night(found, start, _latest(ends)) if ends_inclusive else found
    try:
        lengths = [duration(line.value) for line in entry.get("DURATION", ())]
    except Unreadable:
        return _ordered(start, None, NO_END, house)
    if not lengths:
        return _ordered(start, None, NO_END if unreadable else flaw, house)
    return _ordered(start, after(start, max(lengths)), flaw, house)


def _moments(lines: list[Line] | tuple[()], zones: Zones) -> tuple[list[Moment], bool]:
    found, unreadable = [], False
    for line in lines:
        try:
            found.append(moment(line, zones))
        except Unreadable:
            unreadable = True
    return found, unreadable


def _earliest(moments: list[Moment]) -> Moment:
    return moments[0] if len(moments) == 1 else min(moments, key=_sortable)


def _latest(moments: list[Moment]) -> Moment:
    return moments[0] if len(moments) == 1 else max(moments, key=_sortable)


def _sortable(value: Moment) -> datetime:
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    return datetime(value.year, value.month, value.day, tzinfo=UTC)


def after(start: Moment, length: timedelta) -> Moment:
    """The moment that much later; part of a day counts as a day after a date."""
    if isinstance(start, datetime):
        end = start.astimezone(UTC) + length
        return end.astimezone(start.tzinfo)
    whole = timedelta(days=-(-length // NIGHT)) if length >= timedelta() else timedelta(days=length.days)
    return start + whole


def _ordered(start: Moment, end: Moment | None, flaw: str, house: House) -> Extent:
    if isinstance(start, datetime):
        return _ordered_times(start, end, flaw, house)
    if isinstance(end, datetime):
        arrival = house.instant(start, house.check_in)
        if end > arrival:
            return Extent(arrival, end, flaw)
        end = end.astimezone(house.zone).date()
    if end is None or end == start:
        return Extent(start, start + NIGHT, flaw)
    return Extent(start, end, flaw) if end > start else Extent(end, start, flaw or SWAPPED)


def _with_last_night(found: Extent, start: Moment, end: Moment) -> Extent:
    """The extent of two dates with the night that its later date names."""
    if isinstance(start, datetime) or isinstance(end, datetime) or start == end:
        return found
    return Extent(found.start, found.end + NIGHT, found.flaw)


def _ordered_times(start: datetime, end: Moment | None, flaw: str, house: House) -> Extent:
    if end is not None and not isinstance(end, datetime):
        same_day = end == start.astimezone(house.zone).date()
        end = None if same_day else house.instant(end, house.check_out)
    if end is None:
        return Extent(start, start, flaw)
    if end.astimezone(UTC) < start.astimezone(UTC):
        return Extent(end, start, flaw or SWAPPED)
    return Extent(start, end, flaw)


def closing(found: Extent, house: House, window: Span) -> tuple[Span | None, Period | None]:
    """The nights, clipped to the window, and the period that an extent closes; (None, None) outside it.

    A time without length closes the night it falls in, or the one that begins on its day.
    """
    if not isinstance(found.start, datetime) or not isinstance(found.end, datetime):
        return Span(found.start, found.end).clip(window), None
    start, end = found.start.astimezone(UTC), found.end.astimezone(UTC)
    period = Period(start, max(end, start + INSTANT))
    nights = house.nights_of(period)
    if nights is None and start == end:
        day = start.astimezone(house.zone).date()
        nights = Span(day, day + NIGHT)
    if nights is not None:
        nights = nights.clip(window)
        return nights, period if nights else None
    day = start.astimezone(house.zone).date()
    return None, period if window.start <= day < window.end else None
