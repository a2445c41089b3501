"""Zones that calendars define themselves, against the zones of the world and against an independent library."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.vtimezone import DefinedZone, defined_zone

HOUR = timedelta(hours=1)
FIRST, LAST = datetime(1975, 1, 1), datetime(2037, 12, 31)  # noqa: DTZ001 - on no clock yet


def part(kind: str, start: str, before: str, after: str, *lines: str) -> str:
    return "\n".join(
        [
            f"BEGIN:{kind}",
            f"DTSTART:{start}",
            *lines,
            f"TZOFFSETFROM:{before}",
            f"TZOFFSETTO:{after}",
            f"END:{kind}",
        ]
    )


def zone(*parts: str) -> DefinedZone | None:
    return defined_zone("\n".join(["TZID:Ours", *parts]))


MADRID = (
    part("DAYLIGHT", "19960331T020000", "+0100", "+0200", "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU"),
    part("STANDARD", "19961027T030000", "+0200", "+0100", "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU"),
)
OUTLOOK = (
    part(
        "STANDARD", "16010101T030000", "+0200", "+0100", "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10"
    ),
    part(
        "DAYLIGHT", "16010101T020000", "+0100", "+0200", "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3"
    ),
)
NEW_YORK = (
    part("DAYLIGHT", "20070311T020000", "-0500", "-0400", "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU"),
    part("STANDARD", "20071104T020000", "-0400", "-0500", "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU"),
)
SYDNEY = (
    part("STANDARD", "20080406T030000", "+1100", "+1000", "RRULE:FREQ=YEARLY;BYMONTH=4;BYDAY=1SU"),
    part("DAYLIGHT", "20081005T020000", "+1000", "+1100", "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=1SU"),
)
CHANGES = (
    datetime(2027, 3, 28, 1, tzinfo=UTC), datetime(2027, 10, 31, 1, tzinfo=UTC),
    datetime(2027, 3, 14, 7, tzinfo=UTC), datetime(2027, 11, 7, 6, tzinfo=UTC),
)  # fmt: skip
walls = st.datetimes(datetime(2010, 1, 1), LAST)  # noqa: DTZ001 - on no clock yet
folds = st.integers(0, 1)


@pytest.mark.parametrize(
    ("parts", "name"),
    [(MADRID, "Europe/Madrid"), (OUTLOOK, "Europe/Madrid"), (NEW_YORK, "America/New_York"),
     (SYDNEY, "Australia/Sydney")],
)  # fmt: skip
@given(wall=walls, fold=folds)
def test_a_definition_gives_the_clock_of_the_zone_it_describes(
    parts: tuple[str, ...], name: str, wall: datetime, fold: int
) -> None:
    found, known = zone(*parts), ZoneInfo(name)
    assert (
        wall.replace(tzinfo=found, fold=fold).utcoffset() == wall.replace(tzinfo=known, fold=fold).utcoffset()
    )
    instant = wall.replace(tzinfo=UTC)
    here, there = instant.astimezone(found), instant.astimezone(known)
    assert (here.replace(tzinfo=None), here.fold) == (there.replace(tzinfo=None), there.fold)


@pytest.mark.parametrize("hour", range(-3, 4))
@pytest.mark.parametrize(("parts", "name"), [(MADRID, "Europe/Madrid"), (NEW_YORK, "America/New_York")])
def test_the_hours_round_a_change_are_those_of_the_zone(parts: tuple[str, ...], name: str, hour: int) -> None:
    found, known = zone(*parts), ZoneInfo(name)
    for change in CHANGES:
        instant = change + hour * HOUR / 2
        here, there = instant.astimezone(found), instant.astimezone(known)
        assert (here.replace(tzinfo=None), here.fold) == (there.replace(tzinfo=None), there.fold)
        assert here.astimezone(UTC) == instant
        for fold in (0, 1):
            wall = there.replace(fold=fold)
            assert wall.replace(tzinfo=found).utcoffset() == wall.utcoffset()


@given(
    wall=st.datetimes(FIRST, LAST), month=st.integers(1, 12), which=st.sampled_from(["1SU", "-1FR", "2MO"])
)
def test_a_definition_reads_as_an_independent_library_reads_it(
    wall: datetime, month: int, which: str
) -> None:
    parts = (
        part(
            "DAYLIGHT",
            "19740105T020000",
            "-0330",
            "-0200",
            f"RRULE:FREQ=YEARLY;BYMONTH={month};BYDAY={which}",
        ),
        part("STANDARD", "19740701T030000", "-0200", "-0330", f"RDATE:{2000 + month}0615T000000", "TZNAME:X"),
    )
    text = "\r\n".join(["BEGIN:VTIMEZONE", "TZID:Ours", *"\n".join(parts).split("\n"), "END:VTIMEZONE", ""])
    component = icalendar.Timezone.from_ical(text)
    assert isinstance(component, icalendar.Timezone)
    library = component.to_tz(lookup_tzid=False)
    near = [wall + hours * HOUR for hours in range(-30, 31, 10)]
    offsets = {each.replace(tzinfo=library).utcoffset() for each in near}
    if len(offsets) == 1:  # on the days of a change, libraries differ
        assert {each.replace(tzinfo=zone(*parts)).utcoffset() for each in near} == offsets


@given(instant=st.datetimes(FIRST, LAST, timezones=st.just(UTC)), shift=st.integers(-15, 15))
def test_an_instant_comes_back_from_any_clock(instant: datetime, shift: int) -> None:
    offset = f"{'-' if shift < 0 else '+'}{abs(shift):02}00"
    found = zone(
        part("STANDARD", "19710101T000000", "+0000", offset, "RRULE:FREQ=YEARLY;BYMONTH=1,6;BYMONTHDAY=1"),
        part("DAYLIGHT", "19710401T000000", offset, "+1500", "RRULE:FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=1,2,3"),
    )
    assert instant.astimezone(found).astimezone(UTC) == instant


@pytest.mark.parametrize(
    "parts",
    [
        ("",),
        ("BEGIN:STANDARD", "END:STANDARD"),
        (part("STANDARD", "19700101T000000", "+0100", "soon"),),
        (part("STANDARD", "19700101T000000", "+0100", "+9900"),),
        (part("STANDARD", "soon", "+0100", "+0100"),),
        (part("STANDARD", "19709999T000000", "+0100", "+0100"),),
        (part("STANDARD", "00010101T000000Z", "-0100", "+0100"),),
        (part("STANDARD", "19700101T000000", "+0100", "+0100", "RRULE:FREQ=SECONDLY"),),
        (part("STANDARD", "19700101T000000", "+0100", "+0100", "RRULE:FREQ=DAILY"),),
        (part("STANDARD", "19700101T000000", "+0100", "+0100", "RRULE:FREQ=YEARLY;INTERVAL=0"),),
        (part("STANDARD", "19700101T000000", "+0100", "+0100", "RRULE:FREQ=YEARLY;UNTIL=soon"),),
        (part("STANDARD", "00010101T000000", "+0100", "+0100", "RRULE:FREQ=YEARLY;COUNT=9999"),),
        (part("STANDARD", "19700101T000000", "+0100", "+0100", "RRULE:FREQ=YEARLY", "EXRULE:FREQ=YEARLY"),),
        ("X:" + "x" * 20_000, MADRID[0]),
    ],
)
def test_a_definition_that_can_t_be_followed_is_none(parts: tuple[str, ...]) -> None:
    assert zone(*parts) is None


def test_a_zone_of_one_offset_has_it_always() -> None:
    found = zone(part("STANDARD", "20200101T000000", "+0530", "+0530"))
    assert {datetime(year, 6, 1, tzinfo=found).utcoffset() for year in (1971, 2020, 2027, 2049, 2150)} == {
        5.5 * HOUR
    }


def test_before_its_first_change_a_zone_has_the_offset_it_changed_from() -> None:
    found = zone(part("DAYLIGHT", "20200401T000000", "+0100", "+0300"))
    assert datetime(2019, 1, 1, tzinfo=found).utcoffset() == HOUR
    assert datetime(2021, 1, 1, tzinfo=found).utcoffset() == 3 * HOUR


def test_a_change_at_the_end_of_time_is_none() -> None:
    found = zone(part("STANDARD", "20200101T000000", "+0000", "+0100", "RDATE:99991231T235959"))
    assert datetime(2199, 1, 1, tzinfo=found).utcoffset() == HOUR


def test_a_rule_ends_with_its_until_on_that_day_or_at_that_instant() -> None:
    for until, last in (("20211001", 2021), ("20210930T230000Z", 2021), ("20210930T225959Z", 2020)):
        found = zone(
            part("DAYLIGHT", "20200401T000000", "+0000", "+0100"),
            part("STANDARD", "20201001T000000", "+0100", "-0500", f"RRULE:FREQ=YEARLY;UNTIL={until}"),
            part("DAYLIGHT", "20210401T000000", "-0500", "+0200"),
        )
        assert datetime(2021, 12, 1, tzinfo=found).utcoffset() == (-5 * HOUR if last == 2021 else 2 * HOUR), (
            until
        )
