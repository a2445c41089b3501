"""Zones, daylight saving and the day-by-day oracle, on both hemispheres."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.house import House
from domain.ics import Reading, State, Window, read
from domain.moments import known_zone

TODAY = date(2026, 11, 21)
WINDOW = Window(date(2026, 10, 22), date(2028, 11, 20))
ZONES = ["Europe/Madrid", "America/New_York", "Australia/Sydney", "America/Santiago", "Pacific/Auckland",
         "Asia/Kolkata", "Pacific/Kiritimati", "UTC"]  # fmt: skip
MADRID = House(ZoneInfo("Europe/Madrid"))
NIGHT = timedelta(1)


def reading(*lines: str, house: House = MADRID, before: tuple[str, ...] = ()) -> Reading:
    text = ["BEGIN:VCALENDAR", *before, "BEGIN:VEVENT", "UID:a", *lines, "END:VEVENT", "END:VCALENDAR", ""]
    return read("\r\n".join(text).encode(), house, WINDOW, today=TODAY)


def nights(found: Reading) -> list[str]:
    return [f"{night:%m-%d}" for night in sorted(found.nights)]


def test_floating_times_are_read_in_the_property_s_zone() -> None:
    tokyo = House(ZoneInfo("Asia/Tokyo"))
    found = reading("DTSTART:20261201T160000", "DTEND:20261203T110000", house=tokyo)
    assert nights(found) == ["12-01", "12-02"]
    assert found.events[0].period is not None
    assert found.events[0].period.start == datetime(2026, 12, 1, 7, tzinfo=UTC)


def test_utc_times_are_put_on_the_property_s_clock() -> None:
    auckland = House(ZoneInfo("Pacific/Auckland"))
    assert nights(reading("DTSTART:20261201T020000Z", "DTEND:20261202T220000Z", house=auckland)) == [
        "12-01",
        "12-02",
    ]


def test_a_windows_zone_is_known_quoted_or_not() -> None:
    found = reading(
        "DTSTART;TZID=Romance Standard Time:20261201T160000",
        'DTEND;TZID="Romance Standard Time":20261203T100000',
    )
    assert (found.state, nights(found), found.problems) == (State.OK, ["12-01", "12-02"], ())


def test_an_unknown_zone_is_read_in_the_property_s_and_told() -> None:
    found = reading("DTSTART;TZID=Custom/Zone:20261201T233000", "DTEND;TZID=Custom/Zone:20261203T100000")
    assert (found.state, nights(found)) == (State.OK, ["12-01", "12-02"])
    assert "Custom/Zone" in str(found.problems[0])


def test_a_zone_name_is_never_a_path() -> None:
    for name in ("../../etc/passwd", "/etc/localtime", "localtime", "Europe", "", "x" * 5000, "Europe/\x00"):
        assert known_zone(name) is None, name


def test_a_vendor_s_prefix_on_a_zone_is_seen_through() -> None:
    assert known_zone("/freeassociation.sourceforge.net/Europe/Paris") == ZoneInfo("Europe/Paris")
    assert known_zone("/x.org/1/America/Argentina/Buenos_Aires") == ZoneInfo("America/Argentina/Buenos_Aires")


WRONG = ("BEGIN:VTIMEZONE", "TZID:{name}", "BEGIN:STANDARD", "DTSTART:19700101T000000", "TZOFFSETFROM:+0900",
         "TZOFFSETTO:+0900", "TZNAME:X", "END:STANDARD", "END:VTIMEZONE")  # fmt: skip


def test_the_iana_zone_wins_over_an_embedded_definition() -> None:
    before = tuple(line.format(name="Europe/Madrid") for line in WRONG)
    found = reading(
        "DTSTART;TZID=Europe/Madrid:20261201T160000",
        "DTEND;TZID=Europe/Madrid:20261202T100000",
        before=before,
    )
    assert nights(found) == ["12-01"]


def test_an_embedded_definition_is_used_for_a_name_of_its_own() -> None:
    before = tuple(line.format(name="Our office") for line in WRONG)
    found = reading(
        "DTSTART;TZID=Our office:20261202T010000", "DTEND;TZID=Our office:20261202T030000", before=before
    )
    assert nights(found) == ["12-01"]
    assert found.events[0].period is not None
    assert found.events[0].period.start == datetime(2026, 12, 1, 16, tzinfo=UTC)


def test_a_definition_that_repeats_by_the_second_is_not_used() -> None:
    before = [line.format(name="Our office") for line in WRONG]
    before.insert(4, "RRULE:FREQ=SECONDLY")
    found = reading("DTSTART;TZID=Our office:20261201T160000", "DURATION:PT18H", before=tuple(before))
    assert nights(found) == ["12-01"]
    assert "Our office" in str(found.problems[0])


@pytest.mark.parametrize(
    ("zone", "day"),
    [("Europe/Madrid", date(2027, 3, 28)), ("Europe/Madrid", date(2027, 10, 31)),
     ("America/New_York", date(2027, 3, 14)), ("Australia/Sydney", date(2027, 4, 4)),
     ("Australia/Sydney", date(2027, 10, 3)), ("America/Santiago", date(2027, 9, 5))],
)  # fmt: skip
def test_a_stay_over_a_clock_change_is_its_nights(zone: str, day: date) -> None:
    start, end = day - NIGHT, day + NIGHT
    found = reading(
        f"DTSTART;TZID={zone}:{start:%Y%m%d}T160000", f"DTEND;TZID={zone}:{end:%Y%m%d}T100000",
        house=House(ZoneInfo(zone)),
    )  # fmt: skip
    assert found.nights == {start, day}


stays = st.lists(
    st.tuples(st.integers(-60, 800), st.integers(1, 60)).map(
        lambda pair: (TODAY + timedelta(pair[0]), TODAY + timedelta(pair[0] + pair[1]))
    ),
    max_size=12,
)


@given(stays)
def test_all_day_events_close_what_a_day_by_day_oracle_says(pairs: list[tuple[date, date]]) -> None:
    lines = ["BEGIN:VCALENDAR"]
    for start, end in pairs:
        lines += [
            "BEGIN:VEVENT",
            f"DTSTART;VALUE=DATE:{start:%Y%m%d}",
            f"DTEND;VALUE=DATE:{end:%Y%m%d}",
            "END:VEVENT",
        ]
    body = "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()
    days = (WINDOW.start + timedelta(count) for count in range((WINDOW.end - WINDOW.start).days))
    expected = {day for day in days if any(start <= day < end for start, end in pairs)}
    found = read(body, MADRID, WINDOW, today=TODAY)
    assert (found.state, found.nights) == (State.OK, expected)
    seen = icalendar.Calendar.from_ical(body).walk("VEVENT")
    assert sorted((event.start, event.end) for event in seen) == sorted(pairs)


@given(
    zone=st.sampled_from(ZONES),
    written=st.sampled_from([*ZONES, "Z", ""]),
    start=st.datetimes(datetime(2026, 11, 1), datetime(2028, 10, 1)),  # noqa: DTZ001 - wall times
    length=st.timedeltas(timedelta(minutes=1), timedelta(days=9)),
    check_out=st.integers(0, 12),
    check_in=st.integers(12, 23),
)
def test_timed_events_close_what_a_night_by_night_oracle_says(
    *, zone: str, written: str, start: datetime, length: timedelta, check_out: int, check_in: int
) -> None:
    house = House(ZoneInfo(zone), time(check_in), time(check_out))
    tz = UTC if written == "Z" else ZoneInfo(written or zone)
    start = start.replace(second=0, microsecond=0)
    length -= timedelta(seconds=length.seconds % 60, microseconds=length.microseconds)
    first = start.replace(tzinfo=tz).astimezone(UTC)
    last = (start + length).replace(tzinfo=tz).astimezone(UTC)
    params = f";TZID={written}" if written not in ("Z", "") else ""
    suffix = "Z" if written == "Z" else ""
    found = reading(
        f"DTSTART{params}:{start:%Y%m%dT%H%M%S}{suffix}", f"DTEND{params}:{start + length:%Y%m%dT%H%M%S}{suffix}",
        house=house,
    )  # fmt: skip
    if first >= last:  # the clock was put back in between: nothing left to compare with
        return
    begins = datetime.combine(start.date() - 3 * NIGHT, time())
    expected = set()
    for count in range(20):
        night = begins + timedelta(count)
        arrival = night.replace(hour=check_in, tzinfo=house.zone).astimezone(UTC)
        departure = (night + NIGHT).replace(hour=check_out, tzinfo=house.zone).astimezone(UTC)
        if first < departure and arrival < last:
            expected.add(night.date())
    assert (found.state, found.nights) == (State.OK, expected)
