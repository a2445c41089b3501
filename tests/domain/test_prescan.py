"""What is refused before anything is read, and what heals on the way."""

from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.house import House
from domain.ics import Reading, State, Window, read
from domain.prescan import LONGEST_LINE, MOST_BYTES, MOST_EVENTS, NotACalendar, scan, unfolded

FEEDS = Path(__file__).parent / "feeds"
TODAY = date(2026, 11, 21)
WINDOW = Window(TODAY - timedelta(30), TODAY + timedelta(730))
HOUSE = House(ZoneInfo("Europe/Madrid"))
EVENT = b"BEGIN:VEVENT\r\nUID:a\r\nDTSTART;VALUE=DATE:20261201\r\nEND:VEVENT\r\n"


def reading(body: bytes) -> Reading:
    return read(body, HOUSE, WINDOW, today=TODAY)


def calendar(inside: bytes) -> bytes:
    return b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" + inside + b"END:VCALENDAR\r\n"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "empty"),
        (b" \r\n\r\n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"<!DOCTYPE html><title>Log in</title>", "web page"),
        (b"\n  <html>BEGIN:VCALENDAR\nEND:VCALENDAR", "web page"),
        (b'{"error": "gone"}', "JSON"),
        (b"[]", "JSON"),
        (b"Not found", "BEGIN:VCALENDAR is missing"),
        (EVENT, "BEGIN:VCALENDAR is missing"),
        (calendar(EVENT)[:-20], "END:VCALENDAR is missing"),
        (b"BEGIN:VCALENDAR", "END:VCALENDAR is missing"),
        (calendar(EVENT) + b"BEGIN:VCALENDAR\r\n" + EVENT, "END:VCALENDAR is missing"),
        (calendar(b"X-A:" + b"a" * LONGEST_LINE + b"\n"), "64 KB in one line"),
        (calendar(b"X-A:1\n" * 100_001), "100000 lines"),
        (calendar(b"X" * MOST_BYTES), "2 MB"),
        (calendar(b"BEGIN:X\n" * 50_000), "levels of nesting"),
        (calendar(b"BEGIN:VEVENT\n" * 50_000), f"{MOST_EVENTS} events"),
        (calendar(b"BEGIN:VTIMEZONE\nTZID:%d\nEND:VTIMEZONE\n" * 60 % tuple(range(60))), "50 time zones"),
        ("BEGIN:VCALENDAR\nEND:VCALENDAR\n".encode("utf-16"), "BEGIN:VCALENDAR is missing"),
    ],
)  # fmt: skip
def test_what_is_no_calendar_or_too_much_of_one_is_refused_with_a_reason(body: bytes, says: str) -> None:
    found = reading(body)
    assert (found.state, found.events, found.frees) == (State.REFUSED, (), False)
    assert says in str(found.problems[0])


@given(st.integers(0, 4_000))
def test_a_feed_cut_off_anywhere_never_frees_a_night(length: int) -> None:
    body = (FEEDS / "airbnb.ics").read_bytes().rstrip()
    assert reading(body[: min(length, len(body) - 1)]).frees is False


def test_a_fold_inside_a_character_heals() -> None:
    event = EVENT.replace(b"UID:a", b"UID:m\xc3\r\n \xbcller")
    assert reading(calendar(event)).events[0].uid == "müller"


def test_what_is_not_utf8_is_read_as_windows_text() -> None:
    event = EVENT.replace(b"UID:a", b"UID:m\xfcller\x00")
    assert reading(calendar(event)).events[0].uid == "müller"


def test_a_line_separator_of_unicode_does_not_break_a_line() -> None:
    assert unfolded("SUMMARY:a\u2028b\x85c\n".encode()) == ["SUMMARY:a\u2028b\x85c", ""]


@pytest.mark.parametrize(
    "inside",
    [EVENT.replace(b"END:VEVENT\r\n", b"") + EVENT, EVENT.replace(b"END:VEVENT\r\n", b""), EVENT + b"END:VEVENT\r\n",
     EVENT.replace(b"BEGIN:VEVENT", b"BEGIN VEVENT")],
)  # fmt: skip
def test_entries_that_are_not_cleanly_separated_close_but_free_nothing(inside: bytes) -> None:
    assert reading(calendar(EVENT + inside)).state is State.DEGRADED
    assert len(reading(calendar(EVENT + inside)).nights) == 1


def test_a_warning_before_the_calendar_or_an_event_after_it_frees_nothing() -> None:
    assert reading(b"PHP Notice: undefined\n" + calendar(EVENT)).state is State.DEGRADED
    late = reading(calendar(b"") + EVENT)
    assert (late.state, len(late.nights)) == (State.DEGRADED, 1)


def test_the_refusal_names_its_problem() -> None:
    with pytest.raises(NotACalendar, match="empty") as refusal:
        scan(b"")
    assert str(refusal.value) == str(refusal.value.problem)
