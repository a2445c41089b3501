"""What comes too near to time that we sold, against the rule that decides whether it can be sold at all."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import assume, given
from hypothesis import strategies as st

from domain.diary import Diary, Taken
from domain.hindrances import hinders
from domain.house import House
from domain.offers import Kind
from domain.spans import NIGHT, Period, Span
from domain.stops import Why
from domain.turnovers import Outside, Side, Sold, Tight, side_of, tight

DAY = date(2027, 3, 27)  # on the morning after, Madrid's clocks go forward
HOUSE = House(ZoneInfo("Europe/Madrid"), time(15), time(11), 120)
HOUR = timedelta(hours=1)


def at(hour: float, day: date = DAY, house: House = HOUSE) -> datetime:
    return house.instant(day, time()) + hour * HOUR


def late(until: float) -> Sold:
    """Marta's late check-out on the day."""
    return Sold("marta", Period(at(11), at(until)), Side.LEAVING, sleeps=False)


def early(start: float) -> Sold:
    """Pau's early check-in on the day."""
    return Sold("pau", Period(at(start), at(15)), Side.ARRIVING, sleeps=False)


def stays(start: int, end: int, *hours: float) -> Outside:
    """An outside guest from and to so many days from the day; `hours` are those of coming and leaving."""
    nights = Span(DAY + start * NIGHT, DAY + end * NIGHT)
    period = Period(at(hours[0], nights.start), at(hours[1], nights.end)) if hours else None
    return Outside("vrbo", Taken(nights, period))


def cleans(start: float, end: float) -> Outside:
    return Outside("cleaning", Taken(None, Period(at(start), at(end))))


def found(sold: Sold, *outside: Outside, house: House = HOUSE) -> list[tuple[str, str]]:
    return [(each.first, each.second) for each in tight([sold], outside, house, DAY)]


def test_an_arrival_before_the_home_is_clean_after_a_late_check_out_is_too_soon() -> None:
    (clash,) = tight([late(13)], [stays(0, 2, 14, 11)], HOUSE, DAY)
    assert clash == Tight(DAY, "marta", "vrbo", at(13), at(14))
    assert clash.nights == Span(DAY - NIGHT, DAY + NIGHT)
    assert found(late(13), stays(0, 2, 15, 11)) == []


def test_a_departure_that_runs_into_an_early_check_in_is_too_late() -> None:
    assert found(early(12), stays(-2, 0, 15, 10.5)) == [("vrbo", "pau")]
    assert found(early(12), stays(-2, 0, 15, 10)) == []


def test_a_guest_who_comes_even_before_the_usual_check_out_is_too_soon() -> None:
    assert found(late(13), stays(-1, 2, 34, 11)) == [("marta", "vrbo")]  # 34 hours after a midnight: at 10


def test_the_buyers_own_stay_is_never_in_their_way_however_it_changes() -> None:
    for own in (stays(-3, 0), stays(-3, 0, 15, 11), stays(-3, 0, 15, 13), stays(-3, 0, 15, 20)):
        assert found(late(13), own) == []
    for own in (stays(0, 3), stays(0, 3, 15, 11), stays(0, 3, 12, 11)):
        assert found(early(12), own) == []


def test_stays_that_a_channel_has_merged_may_hide_a_guest_who_comes_at_the_usual_time() -> None:
    assert found(late(13), stays(-3, 4)) == []
    assert found(late(14), stays(-3, 4)) == [("marta", "vrbo")]
    assert found(early(12), stays(-3, 4)) == [("vrbo", "pau")]


def test_hours_that_something_else_takes_are_in_the_way_without_any_time_to_clean_around_them() -> None:
    assert found(late(13), cleans(12.5, 14)) == [("marta", "cleaning")]
    assert found(late(13), cleans(13, 14)) == []
    assert found(early(12), cleans(10, 12.5)) == [("cleaning", "pau")]


def test_between_guests_who_sleep_there_the_houses_own_times_are_enough() -> None:
    long = House(HOUSE.zone, time(15), time(11), 600)
    nights = Sold("marta", Period(at(15, DAY - 2 * NIGHT), at(11)), Side.LEAVING, sleeps=True)
    assert found(nights, stays(0, 2), house=long) == []
    assert found(nights, stays(0, 2, 14, 11), house=long) == [("marta", "vrbo")]
    before = Sold("pau", Period(at(15), at(11, DAY + NIGHT)), Side.ARRIVING, sleeps=True)
    assert found(before, stays(-2, 0), house=long) == []
    assert found(before, stays(-2, 0, 15, 12), house=long) == [("vrbo", "pau")]


def test_a_sale_under_earlier_times_meets_an_arrival_by_the_new_ones() -> None:
    new = House(HOUSE.zone, time(12), time(10), 120)
    nights = Sold("marta", Period(at(15, DAY - 2 * NIGHT), at(11)), Side.LEAVING, sleeps=True)
    assert found(nights, stays(0, 2), house=new) == [("marta", "vrbo")]


def test_what_is_over_is_too_near_to_nothing() -> None:
    assert tight([late(13)], [stays(0, 2, 12, 11)], HOUSE, DAY + NIGHT) == ()


def test_hours_that_begin_at_check_out_are_a_late_one() -> None:
    assert side_of(late(15).period, HOUSE) is Side.LEAVING
    assert side_of(early(12).period, HOUSE) is Side.ARRIVING


QUARTERS = st.integers(0, 95).map(lambda quarters: quarters / 4)
TIMES = st.integers(1, 95).map(lambda quarters: time(quarters // 4, quarters % 4 * 15))


@st.composite
def houses(draw: st.DrawFn) -> House:
    out, comes = sorted((draw(TIMES), draw(TIMES)))
    zone = draw(
        st.sampled_from(["Europe/Madrid", "Australia/Lord_Howe", "America/New_York", "Asia/Kathmandu"])
    )
    return House(ZoneInfo(zone), comes, out, draw(st.sampled_from([0, 30, 120, 240, 1440])))


@st.composite
def neighbours(draw: st.DrawFn, side: Side, house: House) -> Taken:
    """Somebody on the other side of the turnover, by dates or to the hour."""
    gap, count = draw(st.integers(0, 2)), draw(st.integers(1, 3))
    if side is Side.LEAVING:
        nights = Span(DAY + gap * NIGHT, DAY + (gap + count) * NIGHT)
    else:
        nights = Span(DAY - (gap + count) * NIGHT, DAY - gap * NIGHT)
    if draw(st.booleans()):
        return Taken(nights)
    start, end = at(draw(QUARTERS), nights.start, house), at(draw(QUARTERS), nights.end, house)
    assume(end > start)
    return Taken(nights, Period(start.astimezone(UTC), end.astimezone(UTC)))


@given(st.data(), st.sampled_from(list(Kind)))
def test_what_is_too_near_is_exactly_what_would_have_kept_it_from_being_sold(
    data: st.DataObject, kind: Kind
) -> None:
    house = data.draw(houses())
    side = Side.LEAVING if kind in {Kind.EXTRA_NIGHTS, Kind.LATE_CHECK_OUT} else Side.ARRIVING
    sleeps = kind in {Kind.EXTRA_NIGHTS, Kind.NIGHTS_BEFORE}
    nights, day = None, DAY
    if sleeps:
        nights = Span(DAY - 2 * NIGHT, DAY) if side is Side.LEAVING else Span(DAY, DAY + 2 * NIGHT)
        day = nights.start if side is Side.LEAVING else nights.end
        period = house.stay(nights)
    else:
        length = data.draw(st.integers(1, 32)) * HOUR / 4
        edge = house.instant(DAY, house.check_out if side is Side.LEAVING else house.check_in)
        period = Period(edge, edge + length) if side is Side.LEAVING else Period(edge - length, edge)
    claim = data.draw(neighbours(side, house))
    near = tight([Sold("sale", period, side, sleeps)], [Outside("other", claim)], house, DAY)
    stop = hinders(kind, day, nights, period, Diary(house, (claim,)))
    assume(stop is None or stop.why in {Why.TURNAROUND, Why.HOURS})
    assert bool(near) is (stop is not None)
