"""Well-formed calendars of every kind, against icalendar and recurring-ical-events, which we don't use for reading.

The library says when something happens; which nights that closes is worked out here, night by night. Where we mean
to differ from it:

- The first date of an entry always happens (RFC 5545 §3.8.5.3), also when its own rule doesn't name it.
- Left out are rules that never happen again (the library looks for them until the year 9999) and lists that mix "MO"
  with "1MO" (dateutil wants both to hold, RFC 5545 either).
- An occurrence that is both taken out (EXDATE) and changed (RECURRENCE-ID) keeps its change; the library drops both.
  Left out here.
- The library gives a cancelled or transparent entry too; it closes nothing here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events
from hypothesis import given
from hypothesis import strategies as st

from domain.house import House
from domain.ics import State, Window, read
from domain.spans import NIGHT, Span

TODAY = date(2026, 11, 21)
WINDOW = Window(date(2026, 10, 22), date(2027, 11, 30))  # two clock changes on either hemisphere
HOUSES = (
    House(ZoneInfo("Europe/Madrid")),
    House(ZoneInfo("Pacific/Auckland"), time(14), time(10)),
    House(ZoneInfo("America/Santiago"), time(16), time(12)),
)
LONGEST_DAYS = 5
ZONES = ("Europe/Madrid", "America/New_York", "Pacific/Auckland", "America/Santiago", "Z", "")


def listed(name: str, values: Sequence[object]) -> str:
    return f"{name}=" + ",".join(map(str, values))


WEEKDAYS, ORDINALS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"], ["1MO", "-1FR", "2SU", "5TU"]
weekdays = st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=4, unique=True)
ordinals = st.lists(st.sampled_from(ORDINALS), min_size=1, max_size=3, unique=True)
numbers = st.lists(st.integers(1, 31) | st.integers(-31, -1), min_size=1, max_size=4, unique=True)
months = st.lists(st.integers(1, 12), min_size=1, max_size=4, unique=True)


@st.composite
def rules(draw: st.DrawFn, ends: tuple[str, ...]) -> str:
    """A rule that happens again; `ends` are the values that its UNTIL may have."""
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = [f"FREQ={frequency}", f"INTERVAL={draw(st.integers(1, 3))}"]
    is_short = frequency in ("DAILY", "WEEKLY")
    if draw(st.booleans()):
        parts.append(listed("BYDAY", draw(weekdays if is_short else st.one_of(ordinals, weekdays))))
        if not is_short and draw(st.booleans()):
            parts.append(f"BYSETPOS={draw(st.sampled_from([1, -1]))}")
        if is_short and draw(st.booleans()):
            parts.append(listed("BYMONTH", draw(months)))
    elif not is_short and draw(st.booleans()):
        parts.append(listed("BYMONTHDAY", draw(numbers)))
    if draw(st.booleans()):
        parts.append(f"WKST={draw(st.sampled_from(['MO', 'SU']))}")
    end = draw(st.sampled_from(["", "COUNT", "UNTIL"]))
    if end == "COUNT":
        parts.append(f"COUNT={draw(st.integers(1, 40))}")
    elif end:
        parts.append(f"UNTIL={draw(st.sampled_from(ends))}")
    return ";".join(parts)


@dataclass(frozen=True)
class Entry:
    """One entry of a calendar: its lines, and whether its first date happens whatever the library says."""

    first: date | datetime
    length: timedelta
    lines: tuple[str, ...]
    is_first_kept: bool = True
    overrides: tuple[tuple[str, ...], ...] = field(default=())

    def text(self, uid: int) -> list[str]:
        found = []
        for lines in (self.lines, *self.overrides):
            found += ["BEGIN:VEVENT", f"UID:{uid}", *lines, "END:VEVENT"]
        return found


def dated(name: str, *moments: date | datetime, zone: str) -> str:
    """The line for dates, or for wall times in a zone (`Z` for UTC, empty for floating)."""
    if not isinstance(moments[0], datetime):
        return f"{name};VALUE=DATE:" + ",".join(f"{each:%Y%m%d}" for each in moments)
    suffix = "Z" if zone == "Z" else ""
    params = f";TZID={zone}" if zone not in ("Z", "") else ""
    return f"{name}{params}:" + ",".join(f"{each:%Y%m%dT%H%M%S}{suffix}" for each in moments)


def ends_of(zone: str, *, is_all_day: bool) -> tuple[str, ...]:
    if is_all_day:
        return ("20271231", "20270501")
    return ("20271231T120000", "20270328T013000") if not zone else ("20271231T120000Z", "20270328T013000Z")


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    """An entry of dates or of times, perhaps repeated, with exceptions, extra dates, moved and cancelled ones."""
    is_all_day, zone = draw(st.booleans()), draw(st.sampled_from(ZONES))
    day = draw(st.dates(date(2024, 1, 1), date(2027, 10, 1)))
    first: date | datetime = day
    length = timedelta(days=draw(st.integers(1, LONGEST_DAYS)))
    if not is_all_day:
        first = datetime.combine(
            day, draw(st.sampled_from([time(0), time(2, 30), time(11), time(15), time(22)]))
        )
        length = timedelta(hours=draw(st.integers(1, 24 * LONGEST_DAYS)))
    end = draw(st.sampled_from(["DTEND", "DURATION"])) if is_all_day else "DTEND"
    lines = [dated("DTSTART", first, zone=zone)]
    lines.append(dated(end, first + length, zone=zone) if end == "DTEND" else f"DURATION:P{length.days}D")
    lines += draw(st.sampled_from([(), ("STATUS:CONFIRMED",), ("STATUS:CANCELLED",), ("TRANSP:TRANSPARENT",),
                                   ("TRANSP:OPAQUE", "STATUS:TENTATIVE")]))  # fmt: skip
    if draw(st.booleans()):
        return Entry(first, length, tuple(lines))
    lines.append("RRULE:" + draw(rules(ends_of(zone, is_all_day=is_all_day))))
    near = [first + timedelta(count) for count in range(36)]
    gone = draw(st.lists(st.sampled_from(near), max_size=3, unique=True))
    if gone:
        lines.append(dated("EXDATE", *gone, zone=zone))
    extra = draw(st.lists(st.sampled_from(near).map(lambda at: at + timedelta(365)), max_size=2, unique=True))
    if extra:
        lines.append(dated("RDATE", *extra, zone=zone))
    rest = [at for at in near if at not in gone]
    overrides, changed = [], draw(st.lists(st.sampled_from(rest), max_size=2, unique=True))
    for at in changed:
        to = at + timedelta(draw(st.integers(-3, 9)))
        overrides.append(
            (dated("RECURRENCE-ID", at, zone=zone), dated("DTSTART", to, zone=zone),
             dated("DTEND", to + length, zone=zone), *draw(st.sampled_from([(), ("STATUS:CANCELLED",)])))
        )  # fmt: skip
    is_first_kept = first not in [*gone, *changed]
    return Entry(first, length, tuple(lines), is_first_kept, tuple(overrides))


def closed(start: date | datetime, end: date | datetime, house: House) -> set[date]:
    """The nights that something closes, looked at one by one."""
    if not isinstance(start, datetime) or not isinstance(end, datetime):
        return set(Span(start, end).nights())
    begins, ends = (
        (each if each.tzinfo else each.replace(tzinfo=house.zone)).astimezone(UTC) for each in (start, end)
    )
    near = [begins.date() + timedelta(count) for count in range(-2, (ends - begins).days + 4)]
    return {day for day in near if begins < house.night(day).end and house.night(day).start < ends}


def takes_time(component: icalendar.Event) -> bool:
    return str(component.get("STATUS")) != "CANCELLED" and str(component.get("TRANSP")) != "TRANSPARENT"


def expected(body: bytes, calendar: list[Entry], house: House) -> set[date]:
    """The nights that the library's occurrences close, and those of each first date."""
    components = icalendar.Calendar.from_ical(body)
    happening = recurring_ical_events.of(components).between(
        WINDOW.start - (LONGEST_DAYS + 2) * NIGHT, WINDOW.end + 2 * NIGHT
    )
    found = set().union(*(closed(each.start, each.end, house) for each in happening if takes_time(each)))
    for entry, component in zip(calendar, masters(components), strict=True):
        if entry.is_first_kept and takes_time(component):
            found |= closed(component.start, component.end, house)
    return {night for night in found if WINDOW.start <= night < WINDOW.end}


def masters(components: icalendar.Component) -> list[icalendar.Event]:
    events = [each for each in components.walk("VEVENT") if isinstance(each, icalendar.Event)]
    return [each for each in events if "RECURRENCE-ID" not in each]


@given(st.lists(entries(), min_size=1, max_size=3), st.sampled_from(HOUSES))
def test_a_well_formed_calendar_closes_the_nights_that_an_independent_library_says(
    calendar: list[Entry], house: House
) -> None:
    lines = [line for number, entry in enumerate(calendar) for line in entry.text(number)]
    body = "\r\n".join(["BEGIN:VCALENDAR", *lines, "END:VCALENDAR", ""]).encode()
    found = read(body, house, WINDOW, today=TODAY)
    assert found.state is State.OK
    assert found.nights == expected(body, calendar, house)
