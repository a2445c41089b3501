"""Feeds whose all-day entries end with their last night (the host's switch), against a day-by-day oracle."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.house import House
from domain.ics import Reading, State, Window, read
from domain.spans import NIGHT
from domain.switches import PLAIN, Switches
from tests.domain.odd_feeds import AND, busy, calendar

TODAY = date(2026, 11, 21)
WINDOW = Window(TODAY - timedelta(30), TODAY + timedelta(730))
HOUSE = House(ZoneInfo("Europe/Madrid"))
INCLUSIVE = Switches(ends_inclusive=True)


def reading(body: bytes, switches: Switches = INCLUSIVE) -> Reading:
    return read(body, HOUSE, WINDOW, today=TODAY, switches=switches)


def nights(found: Reading) -> list[str]:
    return [f"{night:%m-%d}" for night in sorted(found.nights)]


def entry(start: date, end: date, *lines: str) -> tuple[str, ...]:
    return (f"DTSTART;VALUE=DATE:{start:%Y%m%d}", f"DTEND;VALUE=DATE:{end:%Y%m%d}", *lines)


def through(start: date, end: date) -> set[date]:
    """Each day from the earlier date to the later one, both included, as far as the window goes."""
    first, last = min(start, end), max(start, end)
    days = {first + timedelta(count) for count in range((last - first).days + 1)}
    return {day for day in days if WINDOW.start <= day < WINDOW.end}


@pytest.mark.parametrize(
    ("lines", "usual", "inclusive"),
    [
        (("DTSTART;VALUE=DATE:20261201", "DTEND;VALUE=DATE:20261203"), "12-01 12-02", "12-01 12-02 12-03"),
        (("DTSTART;VALUE=DATE:20261201", "DTEND;VALUE=DATE:20261202"), "12-01", "12-01 12-02"),
        (("DTSTART;VALUE=DATE:20261201", "DTEND;VALUE=DATE:20261201"), "12-01", "12-01"),
        (("DTSTART;VALUE=DATE:20261203", "DTEND;VALUE=DATE:20261201"), "12-01 12-02", "12-01 12-02 12-03"),
        (("DTSTART;VALUE=DATE:20261201",), "12-01", "12-01"),
        (("DTSTART;VALUE=DATE:20261201", "DURATION:P2D"), "12-01 12-02", "12-01 12-02"),
        (("DTSTART:20261201T160000", "DTEND:20261203T100000"), "12-01 12-02", "12-01 12-02"),
        (("DTSTART;VALUE=DATE:20261201", "DTEND:20261203T100000"), "12-01 12-02", "12-01 12-02"),
        (("DTSTART;VALUE=DATE:20261201T000000", "DTEND;VALUE=DATE:20261202T000000"), "12-01", "12-01 12-02"),
        (("DTSTART;VALUE=DATE:20261201", "DTEND;VALUE=DATE:20261202", "DTEND;VALUE=DATE:20261203"), "12-01 12-02",
         "12-01 12-02 12-03"),
        (("DTSTART;VALUE=DATE:20261201", "DTEND;VALUE=DATE:20261345"), "12-01", "12-01"),
        (("DTSTART;VALUE=DATE:20261001", "DTEND;VALUE=DATE:20261022"), "", "10-22"),
    ],
)  # fmt: skip
def test_the_switch_adds_the_night_that_an_all_day_end_names(
    lines: tuple[str, ...], usual: str, inclusive: str
) -> None:
    assert nights(reading(calendar(*lines), PLAIN)) == usual.split()
    assert nights(reading(calendar(*lines))) == inclusive.split()


def test_backwards_dates_are_told_with_the_switch_too() -> None:
    found = reading(calendar("DTSTART;VALUE=DATE:20261203", "DTEND;VALUE=DATE:20261201"))
    assert (found.state, found.frees) == (State.DEGRADED, False)


def test_the_event_shows_the_departure_day_as_its_end() -> None:
    (event,) = reading(calendar("DTSTART;VALUE=DATE:20261201", "DTEND;VALUE=DATE:20261203")).events
    assert (event.start, event.end) == (date(2026, 12, 1), date(2026, 12, 4))


def test_each_day_of_a_series_gets_its_last_night() -> None:
    series = (*entry(date(2026, 12, 1), date(2026, 12, 2)), "UID:a", "RRULE:FREQ=WEEKLY;COUNT=3")
    assert nights(reading(calendar(*series))) == ["12-01", "12-02", "12-08", "12-09", "12-15", "12-16"]
    without = reading(calendar(*series, "EXDATE;VALUE=DATE:20261208"))
    assert nights(without) == ["12-01", "12-02", "12-15", "12-16"]
    more = reading(calendar(*series, "RDATE;VALUE=DATE:20261220"))
    assert nights(more) == ["12-01", "12-02", "12-08", "12-09", "12-15", "12-16", "12-20", "12-21"]


def test_a_moved_day_of_a_series_gets_its_own_last_night() -> None:
    series = (*entry(date(2026, 12, 1), date(2026, 12, 2)), "UID:a", "RRULE:FREQ=WEEKLY;COUNT=2")
    moved = entry(date(2026, 12, 20), date(2026, 12, 22), "UID:a", "RECURRENCE-ID;VALUE=DATE:20261208")
    assert nights(reading(calendar(*series, *AND, *moved))) == ["12-01", "12-02", "12-20", "12-21", "12-22"]


def test_busy_times_are_as_without_the_switch() -> None:
    body = busy("FREEBUSY:20261201T150000Z/20261203T090000Z")
    assert reading(body) == reading(body, PLAIN)


dates = st.dates(TODAY - timedelta(60), TODAY + timedelta(800))
stays = st.lists(
    st.tuples(dates, st.integers(-3, 40)).map(lambda pair: (pair[0], pair[0] + timedelta(pair[1]))),
    max_size=10,
)


@given(stays)
def test_all_day_entries_close_both_of_their_dates_and_what_lies_between(
    pairs: list[tuple[date, date]],
) -> None:
    lines = [line for start, end in pairs for line in (*entry(start, end), *AND)]
    found = reading(calendar(*lines, "DTSTART;VALUE=DATE:20261201"))
    expected = {date(2026, 12, 1)}.union(*(through(start, end) for start, end in pairs))
    assert found.nights == expected
    assert found.frees or any(start > end for start, end in pairs)


@given(dates, st.integers(0, 9), st.integers(1, 40), st.integers(1, 12))
def test_repeated_entries_close_both_of_their_dates_each_time(
    start: date, days: int, pause: int, count: int
) -> None:
    rule = f"RRULE:FREQ=DAILY;INTERVAL={pause};COUNT={count}"
    found = reading(calendar(*entry(start, start + timedelta(days), rule)))
    starts = [start + timedelta(pause * number) for number in range(count)]
    assert found.state is State.OK
    assert found.nights == set().union(*(through(each, each + timedelta(days)) for each in starts))


@given(stays)
def test_the_switch_frees_no_night(pairs: list[tuple[date, date]]) -> None:
    lines = [line for start, end in pairs for line in (*entry(start, end), *AND)]
    body = calendar(*lines, "DTSTART;VALUE=DATE:20261201")
    before, after = reading(body, PLAIN).nights, reading(body).nights
    assert before <= after
    assert {night - NIGHT for night in after - before} <= before | {WINDOW.start - NIGHT}
