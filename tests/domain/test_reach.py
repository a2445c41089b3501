"""How far a calendar reaches, for looking at it whole."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain import follow
from domain.house import House
from domain.ics import Reading, Window, read
from domain.reach import FARTHEST, MARGIN, whole, window
from tests.domain.snapshots import TODAY, calendar

MADRID = House(ZoneInfo("Europe/Madrid"))
NEAR = follow.window(TODAY)


def one(*lines: str) -> bytes:
    """A calendar with one entry."""
    return calendar("BEGIN:VEVENT", "UID:a", *lines, "END:VEVENT")


def seen(body: bytes) -> tuple[Window, Reading]:
    return whole(body, TODAY, lambda span: read(body, MADRID, span, today=TODAY))


def count(body: bytes) -> int:
    return len(seen(body)[1].nights)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        calendar(),
        one("SUMMARY:No date at all"),
        one("DTSTART;VALUE=DATE:20261210", "DTEND;VALUE=DATE:20261212"),
        one("DTSTART;VALUE=DATE:20261345", "DTEND;VALUE=DATE:00010101"),
    ],
)
def test_polling_s_window_is_enough_for_what_lies_in_it_and_for_what_names_no_date(body: bytes) -> None:
    assert window(body, TODAY) == NEAR


def test_an_old_entry_draws_the_window_back_to_it() -> None:
    found = window(one("DTSTART;VALUE=DATE:20190117", "DTEND;VALUE=DATE:20190119"), TODAY)
    assert found == Window(date(2019, 1, 17) - MARGIN, NEAR.end)


@pytest.mark.parametrize(
    "lines",
    [
        ("DTSTART;VALUE=DATE:20290301", "DTEND;VALUE=DATE:20290303"),
        ("DTSTART;VALUE=DATE:20261201", "DURATION:P823D"),
        ("DTSTART;VALUE=DATE:20261201", "DTEND;VALUE=DATE:20261203", "RDATE;VALUE=DATE:20270101,20290301"),
        ("DTSTART;VALUE=DATE:20261201", "DTEND;VALUE=DATE:20261203", "RRULE:FREQ=YEARLY;UNTIL=20290301"),
    ],
    ids=["end", "duration", "further date", "last repetition"],
)
def test_a_late_date_draws_the_window_past_it(lines: tuple[str, ...]) -> None:
    assert window(one(*lines), TODAY) == Window(NEAR.start, date(2029, 3, 3) + MARGIN)


def test_old_busy_times_draw_the_window_back_like_entries() -> None:
    period = "FREEBUSY:20190117T120000Z/P2D"
    found = window(calendar("BEGIN:VFREEBUSY", "UID:a", period, "END:VFREEBUSY"), TODAY)
    assert found == Window(date(2019, 1, 17) - MARGIN, NEAR.end)


def test_the_window_ends_three_years_ahead_whatever_is_named() -> None:
    body = one("DTSTART;VALUE=DATE:20270501", "DTEND;VALUE=DATE:20990101")
    assert window(body, TODAY).end == TODAY + FARTHEST
    assert count(body) == (TODAY + FARTHEST - date(2027, 5, 1)).days


def test_a_time_that_closes_the_night_before_its_date_is_in_the_window() -> None:
    assert count(one("DTSTART:20190117T003000", "DTEND:20190117T020000")) == 1
    assert sorted(seen(one("DTSTART:20190117T003000", "DTEND:20190117T020000"))[1].nights) == [
        date(2019, 1, 16)
    ]


def test_a_rule_without_end_is_shown_as_far_as_polling_reads() -> None:
    shown, found = seen(one("DTSTART;VALUE=DATE:20240101", "RRULE:FREQ=WEEKLY"))
    assert shown == Window(date(2024, 1, 1) - MARGIN, NEAR.end)
    assert max(found.nights) == date(2028, 11, 27)


def test_a_rule_too_long_to_follow_from_its_beginning_is_shown_as_polling_reads_it() -> None:
    shown, found = seen(one("DTSTART;VALUE=DATE:19990101", "RRULE:FREQ=DAILY"))
    assert (shown, found.problems) == (NEAR, ())
    assert len(found.nights) == (NEAR.end - NEAR.start).days


def test_of_more_rules_than_can_be_followed_the_nights_ahead_are_shown() -> None:
    rule = ("DTSTART;VALUE=DATE:19990101", "RRULE:FREQ=DAILY", "END:VEVENT")
    body = calendar(*(line for uid in range(40) for line in ("BEGIN:VEVENT", f"UID:{uid}", *rule)))
    shown, found = seen(body)
    assert shown == NEAR
    assert TODAY in found.nights


def test_a_rule_that_nobody_can_follow_hides_no_old_entry() -> None:
    body = calendar(
        *("BEGIN:VEVENT", "UID:a", "DTSTART:20261201T120000Z", "RRULE:FREQ=SECONDLY", "END:VEVENT"),
        *("BEGIN:VEVENT", "UID:b", "DTSTART;VALUE=DATE:20190117", "END:VEVENT"),
    )
    assert date(2019, 1, 17) in seen(body)[1].nights


def test_a_hundred_million_nights_are_not_looked_at_one_by_one() -> None:
    lines = ("DTSTART;VALUE=DATE:19700102", "DTEND;VALUE=DATE:21990101", "END:VEVENT")
    body = calendar(*(line for uid in range(4_000) for line in ("BEGIN:VEVENT", f"UID:{uid}", *lines)))
    shown, found = seen(body)
    assert shown == NEAR
    assert len(found.events) == 4_000


def test_a_flaw_of_an_old_entry_is_told() -> None:
    shown, found = seen(one("SUMMARY:Odd", "DTSTART;VALUE=DATE:20190119", "DTEND;VALUE=DATE:20190117"))
    assert shown.start == date(2019, 1, 17) - timedelta(days=2)
    assert (len(found.nights), len(found.problems)) == (2, 1)
