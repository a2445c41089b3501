"""What is refused before anything is read, and that hostile files cost little."""

import time
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


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_fail(noise: bytes) -> None:
    for body in (noise, calendar(noise), calendar(b"BEGIN:VEVENT\n" + noise + b"\nEND:VEVENT\n")):
        assert reading(body).state in State


PIECES = [
    "BEGIN:VEVENT",
    "END:VEVENT",
    "BEGIN:VALARM",
    "END:VALARM",
    "UID:a",
    "SUMMARY:x",
    "DTSTART:20261201T160000Z",
]
PIECES += [
    "DTSTART;VALUE=DATE:20261201",
    "DTEND;VALUE=DATE:20261203",
    "DTEND:99991231T235959Z",
    "DURATION:-P9D",
]
PIECES += ["RRULE:FREQ=DAILY", "RRULE:FREQ=YEARLY;BYDAY=5MO", "RRULE:FREQ=MONTHLY;INTERVAL=99999", "EXDATE:x"]
PIECES += [
    "RDATE;VALUE=PERIOD:20261201T160000Z/P2D",
    "RECURRENCE-ID:20261202T160000Z",
    "DTSTART;TZID=;:20261201",
]
PIECES += ["RDATE:20261201", "RDATE:1", "DTSTART:00010101", "DTEND:00010101T000000Z", " folded", ":"]
PIECES += [
    "DTSTART:20261201T160000+9999",
    "RRULE:",
    "RRULE:FREQ=WEEKLY;UNTIL=99991231T235959Z",
    "DURATION:P9W",
]


@given(st.lists(st.sampled_from(PIECES), max_size=25))
def test_no_order_of_lines_makes_the_reader_fail(lines: list[str]) -> None:
    assert reading(calendar("\n".join([*lines, ""]).encode())).state in State


def test_a_byte_order_mark_blank_lines_and_lone_returns_are_read_over() -> None:
    body = b"\xef\xbb\xbf\r\n" + calendar(b"\r\n" + EVENT)
    for variant in (body, body.replace(b"\r\n", b"\n"), body.replace(b"\r\n", b"\r"), body.lower()):
        found = reading(variant)
        assert (found.state, len(found.nights)) == (State.OK, 1)


def test_a_fold_inside_a_character_heals() -> None:
    event = EVENT.replace(b"UID:a", b"UID:m\xc3\r\n \xbcller")
    assert reading(calendar(event)).events[0].uid == "müller"


def test_what_is_not_utf8_is_read_as_windows_text() -> None:
    event = EVENT.replace(b"UID:a", b"UID:m\xfcller\x00")
    assert reading(calendar(event)).events[0].uid == "müller"


def test_a_line_separator_of_unicode_does_not_break_a_line() -> None:
    assert unfolded("SUMMARY:a\u2028b\x85c\n".encode()) == ["SUMMARY:a\u2028b\x85c", ""]


def test_a_parameter_in_quotes_may_hold_a_colon() -> None:
    event = EVENT.replace(b"DTSTART;VALUE=DATE", b'DTSTART;X-A="a:b;c";VALUE=DATE')
    assert len(reading(calendar(event)).nights) == 1


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


def test_a_note_after_the_calendar_does_not_matter() -> None:
    assert reading(calendar(EVENT) + b"<!-- cached -->\n").state is State.OK


def test_the_refusal_names_its_problem() -> None:
    with pytest.raises(NotACalendar, match="empty") as refusal:
        scan(b"")
    assert str(refusal.value) == str(refusal.value.problem)


def _event(*lines: str) -> bytes:
    return "\n".join(["BEGIN:VEVENT", *lines, "END:VEVENT", ""]).encode()


TIMED = ("DTSTART:20261201T160000Z", "DTEND:20261202T100000Z")
HOSTILE = {
    "a rule by the second": _event(*TIMED, "RRULE:FREQ=SECONDLY"),
    "a rule by the minute": _event(*TIMED, "RRULE:FREQ=MINUTELY", "EXRULE:FREQ=MINUTELY"),
    "an interval of nothing": _event(*TIMED, "RRULE:FREQ=DAILY;INTERVAL=0"),
    "hourly for thirty years": _event(TIMED[0], "DTEND:20561202T100000Z", "RRULE:FREQ=HOURLY"),
    "a date that never comes": b"".join(
        _event(
            f"DTSTART;VALUE=DATE:19700101\nSUMMARY:{number}",
            "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=5",
        )
        for number in range(2_000)
    ),
    "two thousand daily events": b"".join(
        _event(*TIMED, "RRULE:FREQ=DAILY", f"UID:{number}") for number in range(2_000)
    ),
    "thousands of exceptions": _event(*TIMED, "UID:a", "RRULE:FREQ=DAILY")
    + _event(*TIMED, "UID:a", "RECURRENCE-ID:20261203T160000Z") * 4_900,
    "every day since the year 1": _event("DTSTART;VALUE=DATE:00010101", "RRULE:FREQ=DAILY"),
    "forty thousand exception dates": _event(
        *TIMED, "RRULE:FREQ=DAILY", *["EXDATE:20261203T160000Z"] * 40_000
    ),
    "a count of four thousand digits": _event(*TIMED, f"RRULE:FREQ=DAILY;COUNT={'9' * 4000}"),
    "a cross product": b"".join(
        _event(
            f"DTSTART;VALUE=DATE:19700101\nSUMMARY:{number}",
            f"RRULE:FREQ=YEARLY;BYMONTHDAY={','.join(map(str, range(1, 32)))};BYDAY=MO,TU,WE,TH,FR;COUNT=99999",
        )
        for number in range(2_000)
    ),
    "a hundred thousand folds": b"X-A:1\n" + b" \n" * 90_000,
    "five thousand unknown zones": b"".join(
        _event(f"DTSTART;TZID=Z{number}/../../etc/passwd:20261201T160000") for number in range(5_000)
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_read_within_seconds_and_closes_its_first_night(name: str) -> None:
    began = time.process_time()
    found = reading(calendar(HOSTILE[name]))
    assert time.process_time() - began < 15
    if "DTSTART:2026" in HOSTILE[name].decode():
        assert date(2026, 12, 1) in found.nights
