"""Repeated entries, by hand; test_against_a_library.py compares them with an independent reader."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.house import House
from domain.ics import Reading, State, Window, read

TODAY = date(2026, 11, 21)
WINDOW = Window(TODAY - timedelta(30), TODAY + timedelta(730))
HOUSE = House(ZoneInfo("Europe/Madrid"))
DAY = "DTSTART;VALUE=DATE:20261201"
TIMED = ("DTSTART;TZID=Europe/Madrid:20261201T160000", "DTEND;TZID=Europe/Madrid:20261202T100000")


def body(*entries: tuple[str, ...]) -> bytes:
    lines = [line for entry in entries for line in ("BEGIN:VEVENT", "UID:a", *entry, "END:VEVENT")]
    return "\r\n".join(["BEGIN:VCALENDAR", *lines, "END:VCALENDAR", ""]).encode()


def reading(*entries: tuple[str, ...]) -> Reading:
    return read(body(*entries), HOUSE, WINDOW, today=TODAY)


def nights(found: Reading) -> list[str]:
    return [f"{night:%m-%d}" for night in sorted(found.nights)]


def test_an_endless_rule_is_clipped_to_the_window_and_joined() -> None:
    found = reading((DAY, "RRULE:FREQ=DAILY"))
    assert (found.state, len(found.nights), len(found.events)) == (State.OK, 720, 1)


def test_a_weekly_rule_that_began_long_ago_keeps_its_rhythm() -> None:
    found = reading(("DTSTART;VALUE=DATE:20200106", "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO"))
    every_other = {date(2020, 1, 6) + timedelta(14 * count) for count in range(300)}
    assert found.nights == {day for day in every_other if WINDOW.start <= day < WINDOW.end}


def test_a_stay_that_repeats_closes_all_of_its_nights() -> None:
    found = reading((DAY, "DTEND;VALUE=DATE:20261203", "RRULE:FREQ=MONTHLY;COUNT=2"))
    assert nights(found) == ["12-01", "12-02", "01-01", "01-02"]


def test_an_occurrence_before_the_window_that_reaches_into_it_closes() -> None:
    found = reading(("DTSTART;VALUE=DATE:20251012", "DURATION:P20D", "RRULE:FREQ=YEARLY;COUNT=2"))
    assert sorted(found.nights) == [WINDOW.start + timedelta(count) for count in range(10)]


def test_exceptions_that_are_understood_take_their_day_away() -> None:
    found = reading((DAY, "RRULE:FREQ=DAILY;COUNT=4", "EXDATE;VALUE=DATE:20261202,20261203"))
    assert (found.state, nights(found)) == (State.OK, ["12-01", "12-04"])
    timed = reading((*TIMED, "RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20261202T150000Z"))
    assert nights(timed) == ["12-01", "12-03"]


def test_exceptions_that_are_not_understood_take_nothing_away() -> None:
    for exception in ("EXDATE:20261399", "EXDATE:tomorrow", "EXRULE:FREQ=DAILY"):
        found = reading((DAY, "RRULE:FREQ=DAILY;COUNT=2", exception))
        assert (found.state, nights(found)) == (State.DEGRADED, ["12-01", "12-02"]), exception


def test_an_exception_at_another_hour_takes_nothing_away() -> None:
    assert nights(reading((*TIMED, "RRULE:FREQ=DAILY;COUNT=2", "EXDATE:20261202T160000Z"))) == [
        "12-01",
        "12-02",
    ]


def test_an_exception_on_a_single_event_does_not_open_it() -> None:
    assert nights(reading((DAY, "EXDATE;VALUE=DATE:20261201"))) == ["12-01"]


def test_a_moved_occurrence_closes_its_new_night_instead_of_the_old() -> None:
    moved = ("RECURRENCE-ID;VALUE=DATE:20261202", "DTSTART;VALUE=DATE:20261210")
    assert nights(reading((DAY, "RRULE:FREQ=DAILY;COUNT=2"), moved)) == ["12-01", "12-10"]


def test_a_cancelled_occurrence_opens_its_night() -> None:
    cancelled = ("RECURRENCE-ID;VALUE=DATE:20261202", "DTSTART;VALUE=DATE:20261202", "STATUS:CANCELLED")
    assert nights(reading((DAY, "RRULE:FREQ=DAILY;COUNT=2"), cancelled)) == ["12-01"]


def test_a_moved_occurrence_that_can_t_be_read_leaves_the_old_one_closed() -> None:
    found = reading((DAY, "RRULE:FREQ=DAILY;COUNT=2"), ("RECURRENCE-ID;VALUE=DATE:20261202", "DTSTART:soon"))
    assert (found.unreadable, nights(found)) == (1, ["12-01", "12-02"])


def test_a_change_of_all_that_follows_takes_nothing_away() -> None:
    change = ("RECURRENCE-ID;VALUE=DATE;RANGE=THISANDFUTURE:20261202", "DTSTART;VALUE=DATE:20261210")
    found = reading((DAY, "RRULE:FREQ=DAILY;COUNT=2"), change)
    assert (found.state, nights(found)) == (State.DEGRADED, ["12-01", "12-02", "12-10"])


def test_an_exception_without_its_series_is_an_event_of_its_own() -> None:
    assert nights(reading(("RECURRENCE-ID;VALUE=DATE:20261202", "DTSTART;VALUE=DATE:20261210"))) == ["12-10"]


def test_two_series_with_one_uid_keep_all_of_their_nights() -> None:
    change = ("RECURRENCE-ID;VALUE=DATE:20261202", "DTSTART;VALUE=DATE:20261210")
    found = reading((DAY, "RRULE:FREQ=DAILY;COUNT=2"), (DAY, "RRULE:FREQ=DAILY;COUNT=3"), change)
    assert nights(found) == ["12-01", "12-02", "12-03", "12-10"]


def test_extra_dates_and_periods_close() -> None:
    found = reading((DAY, "DTEND;VALUE=DATE:20261203", "RDATE;VALUE=DATE:20261210,20261220"))
    assert nights(found) == ["12-01", "12-02", "12-10", "12-11", "12-20", "12-21"]
    period = reading((*TIMED, "RDATE;VALUE=PERIOD:20261210T150000Z/20261212T090000Z,20261220T150000Z/PT10H"))
    assert nights(period) == ["12-01", "12-10", "12-11", "12-20"]


@pytest.mark.parametrize(
    "rule",
    ["FREQ=SECONDLY", "FREQ=MINUTELY;COUNT=2", "FREQ=HOURLY", "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;COUNT=0",
     "FREQ=DAILY;BYHOUR=1,2,3", "FREQ=YEARLY;BYWEEKNO=20", "FREQ=DAILY;BYEASTER=1", "FREQ=DAILY;UNTIL=soon",
     "nonsense", "FREQ=DAILY;FREQ=DAILY", "FREQ=MONTHLY;BYMONTHDAY=32",
     "FREQ=WEEKLY;BYDAY=2MO", "FREQ=WEEKLY;BYDAY=XX", "INTERVAL=2", "FREQ=DAILY;WKST=9"],
)  # fmt: skip
def test_a_rule_that_can_t_be_followed_closes_its_first_date_and_frees_nothing(rule: str) -> None:
    found = reading((DAY, "SUMMARY:Odd", f"RRULE:{rule}"))
    assert (found.state, nights(found), found.frees) == (State.DEGRADED, ["12-01"], False)
    assert "“Odd”" in str(found.problems[0])


def test_a_repeated_stay_of_more_than_a_year_closes_to_its_end() -> None:
    found = reading((DAY, "DTEND;VALUE=DATE:20281201", "RRULE:FREQ=DAILY"))
    assert (found.state, len(found.nights)) == (State.DEGRADED, 720)


def test_a_repeated_time_keeps_its_hour_over_a_clock_change() -> None:
    found = reading((*TIMED, "RRULE:FREQ=MONTHLY;COUNT=8"))
    assert {(event.start.hour, event.end.hour) for event in found.events} == {(16, 10)}
    assert len({event.period.start.hour for event in found.events if event.period}) == 2


def test_a_repeated_entry_closes_its_own_dates_even_when_others_used_up_all_repetitions() -> None:
    rule = "RRULE:FREQ=DAILY"
    many = [(f"SUMMARY:{n}", DAY, rule) for n in range(40)]
    lone = ("DTSTART;VALUE=DATE:20281001", "DTEND;VALUE=DATE:20281005", "RRULE:FREQ=YEARLY")
    found = reading(*many, lone)
    assert found.state is State.DEGRADED
    assert date(2028, 10, 1) in [event.start for event in found.events]
