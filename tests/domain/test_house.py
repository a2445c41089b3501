"""The property's clock: nights in local time, through daylight saving, leap days and year ends."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.house import House
from domain.spans import NIGHT, Period, Span

ZONES = ["Europe/Madrid", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"]
MADRID = House(ZoneInfo("Europe/Madrid"))
HOUR = timedelta(hours=1)

MINUTES = 13 * 365 * 24 * 60
INSTANTS = st.integers(0, MINUTES).map(lambda at: datetime(2019, 1, 1, tzinfo=UTC) + timedelta(minutes=at))
PERIODS = st.builds(
    lambda start, length: Period(start, start + length),
    INSTANTS,
    st.timedeltas(timedelta(minutes=1), timedelta(days=6)),
)
HOURS = st.tuples(st.times(), st.times()).map(sorted)


def house(zone: str, check_out: time = time(11), check_in: time = time(15)) -> House:
    return House(ZoneInfo(zone), check_in, check_out)


def lasts(home: House, day: date) -> timedelta:
    night = home.night(day)
    return night.end - night.start


def overlapped(home: House, period: Period) -> set[date]:
    """Each night around the period whose own period it overlaps, tried one by one."""
    first = period.start.date() - timedelta(days=4)
    count = (period.end.date() - first).days + 5
    around = (first + timedelta(days=offset) for offset in range(count))
    return {day for day in around if home.night(day).overlaps(period)}


def test_a_check_out_later_than_the_check_in_is_refused() -> None:
    with pytest.raises(ValueError, match="check-out must not be later"):
        house("Europe/Madrid", check_out=time(15, 1), check_in=time(15))
    assert house("Europe/Madrid", check_out=time(15), check_in=time(15)).check_out == time(15)


def test_a_night_runs_from_check_in_to_the_check_out_of_the_next_day() -> None:
    night = MADRID.night(date(2026, 12, 1))
    assert night == Period(datetime(2026, 12, 1, 14, tzinfo=UTC), datetime(2026, 12, 2, 10, tzinfo=UTC))


@pytest.mark.parametrize(
    ("zone", "shorter", "longer", "change"),
    [
        ("Europe/Madrid", date(2026, 3, 28), date(2026, 10, 24), HOUR),
        ("America/New_York", date(2026, 3, 7), date(2026, 10, 31), HOUR),
        ("Australia/Lord_Howe", date(2026, 10, 3), date(2026, 4, 4), HOUR / 2),
        ("Pacific/Apia", date(2019, 9, 28), date(2020, 4, 4), HOUR),
    ],
)
def test_the_nights_of_a_clock_change_are_shorter_and_longer(
    zone: str, shorter: date, longer: date, change: timedelta
) -> None:
    home = house(zone)
    assert lasts(home, shorter) == 20 * HOUR - change
    assert lasts(home, longer) == 20 * HOUR + change
    for beside in (shorter - NIGHT, shorter + NIGHT, longer - NIGHT, longer + NIGHT):
        assert lasts(home, beside) == 20 * HOUR


def test_a_zone_without_clock_changes_has_equal_nights_all_year() -> None:
    home = house("Asia/Kathmandu")
    assert {lasts(home, date(2026, 1, 1) + timedelta(days=day)) for day in range(365)} == {20 * HOUR}
    assert home.night(date(2026, 1, 1)).start == datetime(2026, 1, 1, 9, 15, tzinfo=UTC)


def test_an_hour_that_the_clock_skips_reads_as_the_one_after_it() -> None:
    skipped = MADRID.instant(date(2026, 3, 29), time(2, 30))
    assert skipped.astimezone(MADRID.zone).time() == time(3, 30)


@pytest.mark.parametrize("zone", ZONES)
def test_leap_day_and_new_year_are_nights_like_any_other(zone: str) -> None:
    home = house(zone)
    for day in (date(2028, 2, 28), date(2028, 2, 29), date(2026, 12, 31)):
        assert lasts(home, day) == 20 * HOUR
        assert home.nights_of(home.night(day)) == Span(day, day + NIGHT)


def test_the_date_of_a_home_is_that_of_its_own_zone() -> None:
    now = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    assert MADRID.today(now) == date(2027, 1, 1)
    assert house("America/New_York").today(now) == date(2026, 12, 31)


@pytest.mark.parametrize("zone", ZONES)
def test_a_stay_takes_exactly_its_own_nights(zone: str) -> None:
    home = house(zone)
    for start in (
        date(2026, 3, 27),
        date(2026, 4, 3),
        date(2026, 10, 2),
        date(2026, 10, 23),
        date(2028, 2, 27),
    ):
        span = Span(start, start + 4 * NIGHT)
        assert home.nights_of(home.stay(span)) == span


def test_a_cleaning_between_check_out_and_check_in_takes_no_night() -> None:
    day = date(2026, 12, 6)
    cleaning = Period(MADRID.instant(day, time(11)), MADRID.instant(day, time(15)))
    assert MADRID.nights_of(cleaning) is None


def test_one_minute_over_check_in_or_check_out_takes_that_night() -> None:
    day, minute = date(2026, 12, 6), timedelta(minutes=1)
    out, into = MADRID.instant(day, time(11)), MADRID.instant(day, time(15))
    assert MADRID.nights_of(Period(out - minute, into)) == Span(day - NIGHT, day)
    assert MADRID.nights_of(Period(out, into + minute)) == Span(day, day + NIGHT)
    assert MADRID.nights_of(Period(out - minute, into + minute)) == Span(day - NIGHT, day + NIGHT)


@given(st.sampled_from(ZONES), HOURS, PERIODS)
@example(
    "Europe/Madrid",
    [time(2, 15), time(2, 45)],
    Period(datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
)
@example(
    "Australia/Lord_Howe",
    [time(0), time(23, 59)],
    Period(datetime(2026, 4, 4, 15, tzinfo=UTC), datetime(2026, 4, 4, 15, 1, tzinfo=UTC)),
)
def test_the_nights_of_a_period_are_those_it_overlaps(zone: str, hours: list[time], period: Period) -> None:
    home = house(zone, check_out=hours[0], check_in=hours[1])
    found = home.nights_of(period)
    assert (set(found.nights()) if found else set()) == overlapped(home, period)


@given(st.sampled_from(ZONES), st.dates(date(2019, 1, 1), date(2032, 1, 1)))
def test_a_night_ends_before_the_next_one_begins(zone: str, day: date) -> None:
    home = house(zone)
    assert home.night(day).end < home.night(day + NIGHT).start


def test_the_day_that_a_zone_left_out_breaks_no_reckoning() -> None:
    """Samoa went from 29 to 31 December 2011."""
    home = house("Pacific/Apia")
    around = Period(datetime(2011, 12, 29, tzinfo=UTC), datetime(2012, 1, 2, tzinfo=UTC))
    found = home.nights_of(around)
    assert found is not None
    assert {date(2011, 12, 28), date(2012, 1, 1)} <= set(found.nights())
