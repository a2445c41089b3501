"""The calendar files of the channels, without a socket."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest
from icalendar import Calendar

from simulator import shapes
from simulator.channels import CHANNELS
from simulator.world import Booking, Import, Listing

NOW = datetime(2026, 8, 22, 20, 25, 25, tzinfo=UTC)
MADE = datetime(2026, 6, 1, 8, tzinfo=UTC)


def listing(channel: str, zone: str = "Europe/Rome") -> Listing:
    return Listing("flat", channel, "Flat, centre", zone)


def closure(
    arrival: date, departure: date, kind: str = "booking", guest: str = "Zoë Meyer", identity: str = ""
) -> Booking:
    name = identity or f"{arrival}"
    return Booking(name, arrival, departure, "block" if kind == "block" else "booking", guest, "", MADE, MADE)


STAYS = (
    closure(date(2026, 8, 20), date(2026, 8, 24)),
    closure(date(2026, 8, 24), date(2026, 8, 26)),
    closure(date(2026, 9, 1), date(2026, 9, 3), "block"),
)


def events(body: bytes) -> list[Any]:
    return Calendar.from_ical(body).walk("VEVENT")


def spans(body: bytes) -> list[tuple[date, date]]:
    return [(event["DTSTART"].dt, event["DTEND"].dt) for event in events(body)]


def written(channel: str, closures: Sequence[Booking], now: datetime = NOW) -> bytes:
    return CHANNELS[channel].shape(listing(channel), closures, now)


AIRBNB = b"""BEGIN:VCALENDAR\r
PRODID:-//Airbnb Inc//Hosting Calendar 1.0//EN\r
CALSCALE:GREGORIAN\r
VERSION:2.0\r
BEGIN:VEVENT\r
DTSTAMP:20260822T202525Z\r
DTSTART;VALUE=DATE:20260824\r
DTEND;VALUE=DATE:20260826\r
SUMMARY:Reserved\r
UID:1418fb94e984-be42ce6e7a27d90ff60e7f90d6f8f21e@airbnb.com\r
DESCRIPTION:Reservation URL: https://www.airbnb.com/hosting/reservations/de\r
 tails/HMQFHPEF3X\\nPhone Number (Last 4 Digits): 9174\r
END:VEVENT\r
BEGIN:VEVENT\r
DTSTAMP:20260822T202525Z\r
DTSTART;VALUE=DATE:20260901\r
DTEND;VALUE=DATE:20260903\r
SUMMARY:Airbnb (Not available)\r
UID:7f662ec65913-3f12656d943caee41fd34e60943a86b8@airbnb.com\r
END:VEVENT\r
END:VCALENDAR\r
"""

BOOKING = b"""BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//admin.booking.com\\\\\\, b.v.//NONSGML v1.0//EN\r
CALSCALE:GREGORIAN\r
METHOD:PUBLISH\r
BEGIN:VEVENT\r
DTSTAMP:20260822T202525Z\r
DTSTART;VALUE=DATE:20260822\r
DTEND;VALUE=DATE:20260826\r
UID:5801e13d0ae958b12a79de5e9cca13fc@booking.com\r
SUMMARY:CLOSED - Not available\r
ORGANIZER:mailto:noreply@booking.com\r
END:VEVENT\r
END:VCALENDAR\r
"""

VRBO = """BEGIN:VCALENDAR
VERSION:2.0
CALSCALE:GREGORIAN
PRODID:-//HomeAway.com, Inc.//EN
BEGIN:VEVENT
UID:be42ce6e-7a27-490f-b60e-7f90d6f8f21e
DTSTAMP:20260822T202525Z
DTSTART;VALUE=DATE:20260824
DTEND;VALUE=DATE:20260826
SUMMARY:Reserved - Zoë
END:VEVENT
BEGIN:VEVENT
UID:09012026-0901-2026-0903-202609032026
DTSTAMP:20260822T202525Z
DTSTART;VALUE=DATE:20260901
DTEND;VALUE=DATE:20260903
SUMMARY:Blocked
END:VEVENT
END:VCALENDAR
""".encode()


def test_airbnb_is_written_byte_for_byte() -> None:
    assert written("airbnb", STAYS[1:]) == AIRBNB


def test_booking_com_is_written_byte_for_byte() -> None:
    assert written("booking", STAYS[:2]) == BOOKING


def test_vrbo_is_written_byte_for_byte_with_bare_line_feeds() -> None:
    assert written("vrbo", STAYS[1:]) == VRBO


@pytest.mark.parametrize("channel", list(CHANNELS))
def test_an_independent_reader_finds_every_closed_night(channel: str) -> None:
    body = written(channel, STAYS)
    nights = set()
    for start, end in spans(body):
        first, last = (moment.date() if isinstance(moment, datetime) else moment for moment in (start, end))
        nights |= {date.fromordinal(day) for day in range(first.toordinal(), last.toordinal())}
    due = {date(2026, 8, number) for number in range(22, 26)} | {date(2026, 9, 1), date(2026, 9, 2)}
    assert nights - {date(2026, 8, 20), date(2026, 8, 21)} == due
    assert b"DTSTAMP:20260822T202525Z" in body


@pytest.mark.parametrize("channel", list(CHANNELS))
def test_no_line_is_longer_than_75_octets_and_no_character_is_split(channel: str) -> None:
    body = written(channel, [closure(date(2026, 9, 1), date(2026, 9, 4), guest="Ünïcödé" * 30)])
    for line in body.splitlines():
        assert len(line) <= 75
        line.decode()
    assert len(events(body)) == 1


@pytest.mark.parametrize("channel", list(CHANNELS))
def test_an_empty_calendar_is_still_a_calendar(channel: str) -> None:
    assert events(written(channel, [])) == []


def test_a_reservation_on_airbnb_keeps_its_uid_when_it_moves_and_a_block_does_not() -> None:
    before = [
        closure(date(2026, 9, 1), date(2026, 9, 3), identity="stay"),
        closure(date(2026, 9, 5), date(2026, 9, 6), "block", identity="block"),
    ]
    after = [
        closure(date(2026, 9, 1), date(2026, 9, 4), identity="stay"),
        closure(date(2026, 9, 5), date(2026, 9, 7), "block", identity="block"),
    ]
    old, new = events(written("airbnb", before)), events(written("airbnb", after))
    assert old[0]["UID"] == new[0]["UID"]
    assert old[1]["UID"] != new[1]["UID"]
    assert "DESCRIPTION" not in new[1]


def test_a_block_on_airbnb_has_the_same_uid_in_every_listing() -> None:
    block = [closure(date(2026, 9, 5), date(2026, 9, 6), "block")]
    here, there = listing("airbnb"), Listing("other", "airbnb", "Other", "UTC")
    assert (
        events(shapes.airbnb(here, block, NOW))[0]["UID"]
        == events(shapes.airbnb(there, block, NOW))[0]["UID"]
    )


def test_a_past_stay_leaves_airbnb_a_day_after_check_out() -> None:
    gone = closure(date(2026, 8, 18), date(2026, 8, 20))
    kept = closure(date(2026, 8, 18), date(2026, 8, 21))
    assert spans(written("airbnb", [gone])) == []
    assert spans(written("airbnb", [kept])) == [kept.span]


def test_booking_com_merges_touching_stays_and_clips_the_running_one_to_today() -> None:
    assert spans(written("booking", STAYS)) == [
        (date(2026, 8, 22), date(2026, 8, 26)),
        (date(2026, 9, 1), date(2026, 9, 3)),
    ]


def test_booking_com_rolls_over_at_local_midnight() -> None:
    just_after = datetime(2026, 8, 22, 22, 30, tzinfo=UTC)
    assert spans(written("booking", STAYS, just_after))[0][0] == date(2026, 8, 23)


def test_the_uid_on_booking_com_depends_on_the_first_night_alone() -> None:
    short, long, later = (
        events(written("booking", [closure(date(2026, 9, start), date(2026, 9, end), identity="x")]))[0][
            "UID"
        ]
        for start, end in ((1, 3), (1, 9), (2, 9))
    )
    assert short == long
    assert later != long


def test_booking_com_before_july_2026_keeps_stays_apart_and_first_days_in_the_past() -> None:
    body = written("booking_legacy", STAYS)
    assert spans(body) == [stay.span for stay in STAYS]
    assert b"ORGANIZER" not in body


def test_vrbo_and_google_keep_the_past() -> None:
    old = closure(date(2026, 2, 1), date(2026, 2, 3))
    assert len(events(written("vrbo", [old]))) == 1
    assert len(events(written("google", [old]))) == 1


def test_a_stay_on_vrbo_without_a_name_is_just_reserved() -> None:
    assert events(written("vrbo", [closure(date(2026, 9, 1), date(2026, 9, 2), guest="")]))[0]["SUMMARY"] == (
        "Reserved"
    )


def test_google_mixes_whole_days_utc_instants_and_zoned_ones() -> None:
    many = [closure(date(2026, 9, number), date(2026, 9, number + 1)) for number in range(1, 25)]
    starts = [line for line in written("google", many).splitlines() if line.startswith(b"DTSTART")]
    assert any(line.startswith(b"DTSTART;VALUE=DATE:") for line in starts)
    assert any(line.startswith(b"DTSTART;TZID=Europe/Rome:") for line in starts)
    assert any(line.startswith(b"DTSTART:202609") and line.endswith(b"Z") for line in starts)


def test_a_manager_tells_hours_and_where_the_booking_came_from() -> None:
    stay = Booking(
        "x", date(2026, 9, 1), date(2026, 9, 3), "booking", "Ana", "Booking.com", MADE, MADE, sequence=2
    )
    body = written("manager", [stay])
    assert b"DTSTART;TZID=Europe/Rome:20260901T160000\r\n" in body
    assert b"DTEND;TZID=Europe/Rome:20260903T110000\r\n" in body
    assert b"DESCRIPTION:Source: Booking.com\r\n" in body
    assert b"BYDAY=4SU" in body
    assert b"Ana" not in body


def test_a_time_zone_is_described_by_its_own_rules() -> None:
    new_york = "\n".join(shapes.timezone_lines("America/New_York", 2026))
    assert "DTSTART:19700308T020000\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU" in new_york
    assert "DTSTART:19701101T020000\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU" in new_york
    assert "DAYLIGHT" not in "\n".join(shapes.timezone_lines("Asia/Tokyo", 2026))
    assert "DTSTART:19701025T030000\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU" in "\n".join(
        shapes.timezone_lines("Europe/Rome", 2026)
    )


def test_imported_nights_go_out_again_only_where_the_listing_says_so() -> None:
    flat = listing("booking")
    flat.place(closure(date(2026, 9, 1), date(2026, 9, 3)))
    flat.imports["x"] = Import("x", "http://a.test/", "A", [(date(2026, 9, 2), date(2026, 9, 6))])
    assert [one.span for one in flat.exported(NOW)] == [(date(2026, 9, 1), date(2026, 9, 3))]
    flat.reexports_imports = True
    assert [one.span for one in flat.exported(NOW)] == [
        (date(2026, 9, 1), date(2026, 9, 3)),
        (date(2026, 9, 3), date(2026, 9, 6)),
    ]


def test_blocks_stay_at_home_where_only_reservations_are_exported() -> None:
    flat = listing("booking")
    flat.place(closure(date(2026, 9, 1), date(2026, 9, 3), "block"))
    flat.exports_blocks = False
    assert flat.exported(NOW) == []
