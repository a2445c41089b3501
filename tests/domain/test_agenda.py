"""The calendar that people subscribe to: the hours, to whoever reads them, by nothing but what stands in the file."""

import random
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import icalendar
import pytest
import recurring_ical_events
from hypothesis import example, given
from hypothesis import strategies as st

from domain.encode import Entry, Timed, agenda, clean, escaped
from domain.spans import Period, Span

STAMP = datetime(2026, 11, 21, 10, 15, tzinfo=UTC)
ODD = (
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "America/St_Johns",
    "Europe/Dublin",
    "UTC",
)
ZONES = [*ODD, "Europe/Madrid", "America/New_York", "Pacific/Auckland", "America/Sao_Paulo", "Asia/Tehran"]
MINUTE = timedelta(minutes=1)

instants = st.datetimes(datetime(2024, 1, 1), datetime(2029, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001 - bounds
    lambda at: at.replace(second=0, microsecond=0)
)
texts = st.text(max_size=40) | st.text(alphabet="\r\n\t ;,:\\\"'nN=üé漢🏠\u2028\x00", max_size=120)
days = st.dates(date(2024, 1, 1), date(2029, 1, 1))
spans = st.builds(lambda start, length: Span(start, start + timedelta(length)), days, st.integers(1, 40))
entries = st.builds(Entry, texts, spans, texts, instants)
timed = st.builds(
    lambda uid, start, minutes, text, at, perhaps: Timed(
        uid, Period(start, start + minutes * MINUTE), text, at, perhaps
    ),
    texts, instants, st.integers(1, 60 * 24 * 40), texts, instants, st.booleans(),
)  # fmt: skip
numbers = count()


def turns(zone: str, year: int) -> list[datetime]:
    """The instants of the year at which the zone's clock is changed, to the minute."""
    there, at, found = ZoneInfo(zone), datetime(year, 1, 1, tzinfo=UTC), []
    while at.year == year:
        if at.astimezone(there).utcoffset() != (at + 30 * MINUTE).astimezone(there).utcoffset():
            found += [
                t for t in (at + n * MINUTE for n in range(1, 31))
                if (t - MINUTE).astimezone(there).utcoffset() != t.astimezone(there).utcoffset()
            ]  # fmt: skip
        at += 30 * MINUTE
    return found


def read_by_the_file_alone(body: bytes, zone: str) -> icalendar.Calendar:
    """The calendar, with a zone of a name that no reader knows: its rules can only come from the file."""
    nobodys = f"Nobodys/Own{next(numbers)}".encode()  # icalendar keeps zones by name
    return icalendar.Calendar.from_ical(
        re.sub(rb"((?:TZID|TIMEZONE)[=:])" + zone.encode(), rb"\1" + nobodys, body)
    )


def told(seen: icalendar.Calendar) -> list[tuple[Any, ...]]:
    return sorted(
        (
            str(e["UID"]),
            str(_utc(e.start)),
            str(_utc(e.end)),
            str(e["SUMMARY"]),
            e["DTSTAMP"].dt,
            str(e["STATUS"]),
        )
        for e in seen.walk("VEVENT")
    )


def meant(items: Iterable[Entry | Timed]) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    for item in items:
        is_timed = isinstance(item, Timed)
        start, end = (
            (item.period.start, item.period.end) if is_timed else (item.nights.start, item.nights.end)
        )
        status = "TENTATIVE" if is_timed and item.is_tentative else "CONFIRMED"
        found.append((clean(item.uid), str(start), str(end), clean(item.summary), item.changed_at, status))
    return sorted(found)


def _utc(at: date) -> date:
    return at.astimezone(UTC) if isinstance(at, datetime) else at


@given(st.lists(timed | entries, max_size=5), st.sampled_from(ZONES), texts)
@example(
    [Timed("a", Period(STAMP, STAMP + 3000 * timedelta(days=1)), "long", STAMP)], "Africa/Casablanca", "x"
)
def test_an_independent_reader_finds_every_entry_by_the_zone_that_is_written_out(
    items: list[Entry | Timed], zone: str, name: str
) -> None:
    body = agenda(items, ZoneInfo(zone), name=name, since=STAMP)
    seen = read_by_the_file_alone(body, zone)
    assert told(seen) == meant(items)
    assert (str(seen["X-WR-CALNAME"]), len(seen.walk("VTIMEZONE"))) == (escaped(name), 1)
    assert all(0 < len(line) <= 75 for line in body.removesuffix(b"\r\n").split(b"\r\n"))


@pytest.mark.parametrize(
    "zone", ["Australia/Lord_Howe", "Africa/Casablanca", "Europe/Madrid", "America/St_Johns"]
)
def test_every_minute_around_a_changed_clock_is_read_back_also_the_hour_that_comes_twice(zone: str) -> None:
    changes = turns(zone, 2026)
    assert changes
    starts = [at + n * 10 * MINUTE for at in changes for n in range(-14, 15)]
    items = [Timed(f"{n}", Period(at, at + 25 * MINUTE), "x", STAMP) for n, at in enumerate(starts)]
    body = agenda(items, ZoneInfo(zone), name="x", since=STAMP)
    assert told(read_by_the_file_alone(body, zone)) == meant(items)
    assert told(icalendar.Calendar.from_ical(body)) == meant(items)


def test_a_second_reader_has_each_stay_on_the_days_that_it_takes() -> None:
    zone = ZoneInfo("Asia/Kathmandu")
    arrival = datetime(2026, 12, 1, 15, tzinfo=zone)
    leaving = datetime(2026, 12, 5, 11, tzinfo=zone)
    stay = Timed("stay", Period(arrival, leaving), "Booked", STAMP)
    closed = Entry("closed", Span(date(2026, 12, 5), date(2026, 12, 7)), "Closed", STAMP)
    seen = recurring_ical_events.of(
        icalendar.Calendar.from_ical(agenda([stay, closed], zone, name="x", since=STAMP))
    )
    midnights = {day: datetime(2026, 12, day, tzinfo=zone) for day in range(1, 9)}
    by_day = {
        day: sorted(str(e["UID"]) for e in seen.between(midnights[day], midnights[day + 1]))
        for day in range(1, 8)
    }
    assert by_day == {
        **{day: ["stay"] for day in (1, 2, 3, 4)},
        5: ["closed", "stay"],
        6: ["closed"],
        7: [],
    }


@given(st.lists(timed | entries, max_size=5), st.sampled_from(ZONES), st.randoms())
def test_the_bytes_are_those_of_the_entries_in_whatever_order_and_zone_they_are_asked_for(
    items: list[Entry | Timed], zone: str, chance: random.Random
) -> None:
    body = agenda(items, ZoneInfo(zone), name="x", since=STAMP)
    moved = [
        Timed(
            item.uid,
            Period(*(at.astimezone(ZoneInfo("Asia/Tokyo")) for at in (item.period.start, item.period.end))),
            item.summary, item.changed_at, item.is_tentative,
        )
        if isinstance(item, Timed) else item
        for item in items
    ]  # fmt: skip
    chance.shuffle(moved)
    assert agenda(iter(moved), ZoneInfo(zone), name="x", since=STAMP) == body


def test_without_entries_it_is_a_calendar_all_the_same_with_no_entry_in_the_past() -> None:
    for zone in sorted(available_timezones() & {*ZONES, "America/Argentina/Ushuaia", "Etc/GMT+5"}):
        seen = icalendar.Calendar.from_ical(agenda([], ZoneInfo(zone), name="x", since=STAMP))
        assert [one.name for one in seen.subcomponents] == ["VTIMEZONE"]
        assert seen.subcomponents[0].subcomponents  # RFC 5545 §3.6.5: one observance at least
