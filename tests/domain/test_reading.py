"""What each shape seen in the wild closes: the rule behind all is never to read a feed as freer than it may be."""

from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from domain.events import Kind
from domain.house import House
from domain.ics import Reading, State, Window, content_digest, read

FEEDS = Path(__file__).parent / "feeds"
TODAY = date(2026, 11, 21)
WINDOW = Window(TODAY - timedelta(30), TODAY + timedelta(730))
MADRID = House(ZoneInfo("Europe/Madrid"))


def reading(*lines: str, before: tuple[str, ...] = (), house: House = MADRID) -> Reading:
    """One event made of the lines, read in a calendar of its own."""
    text = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        *before,
        "BEGIN:VEVENT",
        *lines,
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]
    return read("\r\n".join(text).encode(), house, WINDOW, today=TODAY)


def feed(name: str) -> Reading:
    return read((FEEDS / f"{name}.ics").read_bytes(), MADRID, WINDOW, today=TODAY)


def nights(found: Reading) -> list[str]:
    return [f"{night:%m-%d}" for night in sorted(found.nights)]


def test_an_all_day_event_closes_its_nights_and_not_the_departure_day() -> None:
    found = reading("UID:a", "DTSTART;VALUE=DATE:20261201", "DTEND;VALUE=DATE:20261204")
    assert (found.state, nights(found)) == (State.OK, ["12-01", "12-02", "12-03"])


def test_backwards_dates_close_what_lies_between_and_are_told() -> None:
    found = reading("UID:a", "SUMMARY:Odd", "DTSTART;VALUE=DATE:20261204", "DTEND;VALUE=DATE:20261202")
    assert (found.state, nights(found), found.frees) == (State.DEGRADED, ["12-02", "12-03"], False)
    assert str(found.problems[0]).startswith("“Odd” ends before it begins")


def test_backwards_times_close_the_night_between_them() -> None:
    found = reading(
        "DTSTART;TZID=Europe/Paris:20261218T234500", "DTEND;TZID=Europe/Paris:20261218T233000", "UID:a"
    )
    assert (found.state, nights(found)) == (State.DEGRADED, ["12-18"])


@pytest.mark.parametrize("value", ["20261345", "", "soon", "2026120", "202612011", "20261201T9", "20260230"])
def test_an_impossible_start_is_counted_told_and_frees_nothing(value: str) -> None:
    found = reading("UID:a", "SUMMARY:Broken", f"DTSTART;VALUE=DATE:{value}", "DTEND;VALUE=DATE:20261203")
    assert (found.state, found.unreadable, found.frees) == (State.DEGRADED, 1, False)
    assert "“Broken” has no date" in str(found.problems[0])


def test_an_event_without_a_start_is_counted() -> None:
    assert reading("UID:a", "SUMMARY:Nothing").unreadable == 1


def test_an_impossible_end_closes_the_first_night_and_degrades() -> None:
    found = reading("UID:a", "DTSTART;VALUE=DATE:20261201", "DTEND;VALUE=DATE:20261345")
    assert (found.state, nights(found), found.unreadable) == (State.DEGRADED, ["12-01"], 0)


def test_one_bad_event_costs_the_others_nothing() -> None:
    found = reading(
        "DTSTART;VALUE=DATE:20261345", "END:VEVENT", "BEGIN:VEVENT", "DTSTART;VALUE=DATE:20261201"
    )
    assert (nights(found), found.unreadable) == (["12-01"], 1)


def test_the_year_9999_and_the_year_1_are_clipped_to_the_window() -> None:
    found = reading("UID:a", "DTSTART;VALUE=DATE:00010101", "DTEND;VALUE=DATE:99991231")
    assert (found.state, len(found.nights)) == (State.OK, 760)
    timed = reading("UID:a", "DTSTART:00010101T000000Z", "DTEND:99991231T235959Z")
    assert (timed.state, len(timed.nights)) == (State.OK, 760)


def test_an_endless_duration_closes_to_the_horizon() -> None:
    assert len(reading("UID:a", "DTSTART;VALUE=DATE:20261121", "DURATION:P999999999999999999W").nights) == 730


def test_no_summary_opens_a_night() -> None:
    for summary in ("Available", "Free", "Cancelled", "Check-out: nobody", ""):
        assert nights(reading(f"SUMMARY:{summary}", "DTSTART;VALUE=DATE:20261201")) == ["12-01"], summary


def test_an_event_without_uid_and_stamp_gets_a_stable_uid() -> None:
    first, again = reading("DTSTART;VALUE=DATE:20261201"), reading("DTSTART;VALUE=DATE:20261201")
    assert first.events[0].uid.startswith("no-uid-")
    assert first.events == again.events


def test_a_very_long_uid_is_shortened_without_collision() -> None:
    for length in (400, 40_000):
        one, other = (reading(f"UID:{'x' * length}{end}", "DTSTART;VALUE=DATE:20261201") for end in "ab")
        assert one.events[0].uid != other.events[0].uid
        assert len(one.events[0].uid) <= 255


def test_a_summary_is_one_short_line_without_control_characters() -> None:
    found = reading("UID:a", "DTSTART;VALUE=DATE:20261201", "SUMMARY:A\x07\\nB\\, C\\; \\\\" + "x" * 300)
    summary = found.events[0].summary
    assert summary.startswith("A  B, C; \\xxx")
    assert len(summary) == 200


def test_alarms_inside_an_event_are_not_read() -> None:
    found = reading(
        "UID:a", "DTSTART;VALUE=DATE:20261201", "BEGIN:VALARM", "SUMMARY:Alarm", "DURATION:P9D",
        "REPEAT:2147483648", "END:VALARM",
    )  # fmt: skip
    assert (nights(found), found.events[0].summary) == (["12-01"], "")


def test_an_empty_calendar_is_a_reading_without_events() -> None:
    found = feed("booking_empty")
    assert (found.state, found.events, found.problems, found.frees) == (State.OK, (), (), True)


def test_many_problems_are_told_in_few_sentences() -> None:
    bad = ("DTSTART:x", "END:VEVENT", "BEGIN:VEVENT")
    lines = [line for number in range(100) for line in (f"SUMMARY:{number}", *bad)]
    found = reading(*lines, "DTSTART:y")
    assert (found.unreadable, len(found.problems)) == (101, 21)
    assert str(found.problems[-1]) == "And 81 more like these."


def test_each_channel_s_own_format_is_read_to_the_night() -> None:
    assert nights(feed("airbnb_2020")) == [*(f"12-{day:02}" for day in range(2, 12)), "02-27", "02-28"]
    assert nights(feed("abritel")) == ["12-05", "12-06", "12-07", "12-24", "12-25", "12-26", "01-10", "01-11"]
    assert nights(feed("expedia")) == ["12-15", "12-23", "12-24", "12-25", "12-26"]
    assert nights(feed("ownerrez")) == ["12-01", "12-02", "12-03"]
    assert len(feed("booking").nights) == 4 + 10 + 355
    assert nights(feed("google")) == ["12-01", "12-02", "12-06", "12-10"]


def test_a_reading_keeps_only_what_touches_the_window() -> None:
    assert "Réservée - Camille" not in {event.summary for event in feed("abritel").events}
    assert len(feed("abritel").events) == 3


def test_an_hour_by_day_closes_no_night_but_is_kept() -> None:
    found = reading("UID:a", "SUMMARY:Cleaning", "DTSTART:20261201T113000", "DTEND:20261201T140000")
    (event,) = found.events
    assert (event.kind, event.nights, found.nights) == (Kind.HOURS, None, frozenset())
    assert event.period is not None
    assert event.period.start == datetime(2026, 12, 1, 11, 30, tzinfo=MADRID.zone)


def test_a_minute_into_a_night_closes_it() -> None:
    assert nights(reading("DTSTART:20261201T100000", "DTEND:20261201T110000")) == ["11-30"]
    assert nights(reading("DTSTART:20261201T110000", "DTEND:20261201T150000")) == []
    assert nights(reading("DTSTART:20261201T110000", "DTEND:20261201T150100")) == ["12-01"]


def test_a_time_without_length_closes_the_night_it_falls_in_or_the_next() -> None:
    assert nights(reading("DTSTART:20261201T180025")) == ["12-01"]
    assert nights(reading("DTSTART:20261201T140000")) == ["12-01"]
    assert nights(reading("DTSTART:20261201T080000", "DTEND:20261201T080000")) == ["11-30"]


def test_a_house_with_other_times_has_other_nights() -> None:
    early = House(ZoneInfo("Europe/Madrid"), check_in=time(10), check_out=time(9))
    assert nights(reading("DTSTART:20261201T113000", "DTEND:20261201T140000", house=early)) == ["12-01"]


def test_the_digest_ignores_stamps_and_line_endings_only() -> None:
    body = (FEEDS / "airbnb.ics").read_bytes()
    stamped = body.replace(b"DTSTAMP:20261121T101500Z", b"DTSTAMP:20261121T1\r\n 03000Z")
    assert stamped != body
    assert content_digest(body) == content_digest(stamped) == content_digest(body.replace(b"\r\n", b"\n"))
    assert content_digest(body) != content_digest(body.replace(b"20261205", b"20261206", 1))
    assert content_digest(body) != content_digest(body.replace(b"DTSTAMP", b"DTSTAMPX", 1))


def test_a_line_folded_after_the_stamp_does_not_hide_a_change() -> None:
    one = b"BEGIN:VEVENT\nDTSTAMP:1\n folded\nDTSTART;VALUE=DATE:20261201\nEND:VEVENT\n"
    assert content_digest(one) != content_digest(one.replace(b"1201", b"1202"))
    assert (
        content_digest(b"DTSTAMP:1\nX:1")
        == content_digest(b"DTSTAMP:2\nX:1")
        != content_digest(b"DTSTAMP:1\nX:2")
    )
