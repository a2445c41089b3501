"""The file other sites read: what it holds, and that our own reader closes the same nights."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import icalendar
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.encode import Appointment, Entry, appointment, calendar
from domain.house import House
from domain.ics import State, Window, read
from domain.spans import Period, Span

STAMP = datetime(2026, 11, 21, 10, 15, tzinfo=UTC)
NIGHTS = Span(date(2026, 12, 1), date(2026, 12, 3))


def written(*entries: Entry, name: str = "Example") -> bytes:
    return calendar(entries, name=name, placeholder_stamp=STAMP)


spans = st.builds(
    lambda start, length: Span(start, start + timedelta(length)),
    st.dates(date(2000, 1, 1), date(2100, 1, 1)),
    st.integers(1, 400),
)
stamps = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001 - bounds
    lambda stamp: stamp.replace(microsecond=0)
)
texts = st.text() | st.text(alphabet="\r\n\t ;,:\\\"'nN=üé漢🏠\u2028\x85\x00", max_size=200)
entries = st.builds(Entry, texts, spans, texts, stamps)


@given(st.lists(entries, min_size=1, max_size=6))
def test_our_own_reader_closes_the_nights_that_were_written(items: list[Entry]) -> None:
    window = Window(date(1999, 1, 1), date(2102, 1, 1))
    found = read(written(*items), House(ZoneInfo("Europe/Madrid")), window, today=date(2026, 11, 21))
    assert found.state is State.OK
    assert found.nights == {night for item in items for night in item.nights.nights()}


def test_a_line_break_in_a_text_can_t_smuggle_a_line_in() -> None:
    body = written(Entry("a\r\nSTATUS:CANCELLED", NIGHTS, "x\rEND:VEVENT\nBEGIN:VEVENT", STAMP))
    assert body.count(b"\nEND:VEVENT") == 1
    assert b"\r\nSTATUS:CANCELLED" not in body


def test_the_file_has_what_channels_need_and_no_method() -> None:
    body = written(Entry("a", NIGHTS, "Reserved", STAMP.astimezone(timezone(timedelta(hours=9)))))
    lines = body.decode().split("\r\n")
    assert lines[:2] == ["BEGIN:VCALENDAR", "VERSION:2.0"]
    assert lines[2:4] == ["PRODID:-//Amplistay//Calendar 1.0//EN", "CALSCALE:GREGORIAN"]
    assert {"REFRESH-INTERVAL;VALUE=DURATION:PT15M", "X-PUBLISHED-TTL:PT15M"} <= set(lines)
    assert {"DTSTAMP:20261121T101500Z", "DTSTART;VALUE=DATE:20261201", "DTEND;VALUE=DATE:20261203"} <= set(
        lines
    )
    assert {"STATUS:CONFIRMED", "TRANSP:OPAQUE", "SUMMARY:Reserved"} <= set(lines)
    assert "METHOD" not in body.decode()


def test_an_empty_calendar_holds_one_stable_event_in_the_past() -> None:
    body = written()
    (event,) = icalendar.Calendar.from_ical(body).walk("VEVENT")
    assert (event.start, event.end) == (date(1970, 1, 1), date(1970, 1, 2))
    assert body == written()


def test_a_naive_stamp_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        written(Entry("a", NIGHTS, "x", STAMP.replace(tzinfo=None)))


# One entry for a guest's own calendar

ZONES = [
    "Europe/Madrid", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC", "Africa/Casablanca",
    "America/Sao_Paulo", "Pacific/Kiritimati",
]  # fmt: skip
instants = st.datetimes(datetime(2024, 1, 1), datetime(2036, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001 - bounds
    lambda at: at.replace(minute=0, second=0, microsecond=0)
)


def an_appointment(
    start: datetime, length: timedelta, zone: str, summary: str = "Late check-out"
) -> Appointment:
    return Appointment("a@x", Period(start, start + length), ZoneInfo(zone), summary, STAMP, "Casa Gràcia")


@given(instants, st.integers(1, 40 * 24), st.sampled_from(ZONES))
def test_the_zone_that_is_written_out_says_the_same_as_the_zone_itself(
    start: datetime, hours: int, zone: str
) -> None:
    entry = an_appointment(start, timedelta(hours=hours), zone)
    ends = [at.astimezone(entry.zone) for at in (entry.period.start, entry.period.end)]
    assume(all(at.utcoffset() == at.replace(fold=1).utcoffset() for at in ends))  # no hour that comes twice
    text = appointment(entry).replace(zone.encode(), b"Made/Up")  # so that nobody knows it but from the file
    text = text.replace(b"TRANSPARENT", b"OPAQUE")  # our reader skips what takes no time
    window = Window(start.date() - timedelta(5), start.date() + timedelta(60))
    (event,) = read(text, House(ZoneInfo("UTC")), window, today=start.date()).events
    assert (event.start, event.end) == (entry.period.start, entry.period.end)


def test_a_naive_time_stamp_is_refused_for_an_appointment_too() -> None:
    entry = Appointment("a", Period(STAMP, STAMP + timedelta(1)), ZoneInfo("UTC"), "x", datetime(2026, 1, 1))  # noqa: DTZ001 - the point
    with pytest.raises(ValueError, match="aware"):
        appointment(entry)


def test_an_appointment_asks_nobody_to_answer() -> None:
    text = appointment(an_appointment(STAMP, timedelta(hours=3), "Europe/Madrid"))
    assert b"METHOD" not in text
    assert b"ATTENDEE" not in text
