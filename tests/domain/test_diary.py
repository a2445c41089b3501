"""What a diary says around a stay: closed nights, who comes next, who left last, and at which hour."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.diary import Diary, Taken, impossible_beside, margins
from domain.house import House
from domain.spans import NIGHT, Period, Span
from tests.domain.diaries import DAYS, QUARTER, days_of_diaries, houses, nights_of, painted
from tests.domain.madrid import DAY, HOUR, MADRID, at

LENGTHS = st.integers(1, 44).map(lambda count: count * QUARTER)


def diary(*taken: Taken, house: House = MADRID) -> Diary:
    return Diary(house, taken)


def stay(start: datetime, end: datetime, house: House = MADRID) -> Taken:
    """A claim as it is read from a feed that names hours."""
    period = Period(start, end)
    return Taken(house.nights_of(period), period)


def test_a_claim_on_nothing_cannot_be_made_nor_bought_hours_without_hours() -> None:
    for nights, cleans in ((None, True), (None, False), (Span(DAY, DAY + NIGHT), False)):
        with pytest.raises(ValueError, match="takes nights or hours"):
            Taken(nights, None, cleans)


@given(days_of_diaries(), st.integers(0, 9))
def test_free_nights_are_those_that_counting_finds(found: tuple[date, Diary], most: int) -> None:
    day, here = found
    closed = nights_of(*here.busy)
    after, before = here.free_after(day, most), here.free_before(day, most)
    ahead, back = (
        [day + count * NIGHT for count in range(most)],
        [day - count * NIGHT for count in range(1, most + 1)],
    )
    assert nights_of(after) == set(until_closed(ahead, closed))
    assert nights_of(before) == set(until_closed(back, closed))
    assert here.is_taken(day) == (day in closed)


def until_closed(days: list[date], closed: set[date]) -> list[date]:
    return days[: next((count for count, day in enumerate(days) if day in closed), len(days))]


@given(days_of_diaries())
def test_who_comes_next_and_who_left_last_is_the_nearest_of_all_claims(found: tuple[date, Diary]) -> None:
    day, here = found
    one_by_one = [diary(claim, house=here.house) for claim in here.taken]
    comes = [at for one in one_by_one if (at := one.next_arrival(day))]
    leaves = [at for one in one_by_one if (at := one.previous_departure(day))]
    assert here.next_arrival(day) == min(comes, default=None)
    assert here.previous_departure(day) == max(leaves, default=None)


def test_dates_alone_mean_the_times_of_the_house() -> None:
    here = diary(Taken(Span(DAY, DAY + 2 * NIGHT)))
    assert here.next_arrival(DAY) == here.next_arrival(DAY - NIGHT) == at(15)
    assert here.previous_departure(DAY + 2 * NIGHT) == at(11, day=DAY + 2 * NIGHT)
    assert here.next_arrival(DAY + 2 * NIGHT) is None
    assert here.previous_departure(DAY) is None


def test_hours_that_a_feed_names_are_taken_at_their_word() -> None:
    here = diary(stay(at(18, 30), at(8, day=DAY + 2 * NIGHT)))
    assert here.next_arrival(DAY) == at(18, 30)
    assert here.previous_departure(DAY + 2 * NIGHT) == at(8, day=DAY + 2 * NIGHT)


def test_midnight_is_a_date_in_disguise() -> None:
    here = diary(stay(at(0, day=DAY), at(0, day=DAY + 2 * NIGHT)))
    assert here.taken[0].nights == Span(DAY - NIGHT, DAY + 2 * NIGHT)
    assert here.next_arrival(DAY - NIGHT) == at(15, day=DAY - NIGHT)
    assert here.previous_departure(DAY + 2 * NIGHT) == at(11, day=DAY + 2 * NIGHT)


def test_midnight_in_greenwich_is_a_date_in_disguise_too() -> None:
    tokyo = House(ZoneInfo("Asia/Tokyo"), time(15), time(11), 120)
    start, end = (datetime.combine(day, time(), UTC) for day in (DAY, DAY + 2 * NIGHT))
    here = diary(stay(start, end, tokyo), house=tokyo)
    assert here.previous_departure(DAY + 2 * NIGHT) == tokyo.instant(DAY + 2 * NIGHT, time(11))


def test_an_entry_without_length_tells_when_somebody_comes_and_not_when_they_leave() -> None:
    minute = Taken(Span(DAY, DAY + NIGHT), Period(at(20), at(20, 1)))
    assert diary(minute).next_arrival(DAY) == at(20)
    assert diary(minute).previous_departure(DAY + NIGHT) == at(11, day=DAY + NIGHT)


def test_a_guest_who_comes_after_midnight_may_come_at_check_in() -> None:
    assert diary(stay(at(0, 30, DAY + NIGHT), at(11, day=DAY + 3 * NIGHT))).next_arrival(DAY) == at(15)


def test_nights_that_were_cut_off_their_period_keep_the_earlier_and_the_later_edge() -> None:
    cut = Taken(Span(DAY, DAY + 2 * NIGHT), Period(at(16, day=DAY - 5 * NIGHT), at(10, day=DAY + 9 * NIGHT)))
    assert diary(cut).next_arrival(DAY) == at(16, day=DAY - 5 * NIGHT)
    assert diary(cut).previous_departure(DAY + 2 * NIGHT) == at(10, day=DAY + 9 * NIGHT)


@given(houses(), st.sampled_from(DAYS), st.integers(0, 95), LENGTHS)
def test_bought_hours_close_the_nights_that_lose_the_pause(
    house: House, day: date, quarter: int, length: timedelta
) -> None:
    start = house.instant(day, time(quarter // 4, quarter % 4 * 15))
    hours = Period(start, start + length)
    near = impossible_beside(hours, house)
    for number in range(-3, 4):
        night = day + number * NIGHT
        earliest, latest = margins(house, night + NIGHT)[0], margins(house, night)[1]
        is_near = bool(painted(latest, earliest) & painted(hours.start, hours.end))
        assert is_near == (near is not None and night in near)


@given(houses(), st.sampled_from(DAYS))
def test_the_margins_of_a_day_leave_the_turnaround_or_the_whole_pause(house: House, day: date) -> None:
    leaves, comes = house.instant(day, house.check_out), house.instant(day, house.check_in)
    needed = min(timedelta(minutes=house.turnaround), comes - leaves)
    assert margins(house, day) == (leaves + needed, comes - needed)


def test_hours_that_fit_into_the_pause_close_no_night() -> None:
    late = Taken(None, Period(at(11), at(13)), cleans=False)
    assert not diary(late).is_taken(DAY)
    assert diary(Taken(None, Period(at(11), at(13) + timedelta.resolution), cleans=False)).is_taken(DAY)
    assert diary(late, house=replace(MADRID, turnaround=180)).is_taken(DAY)


def test_a_night_that_two_guests_hours_make_impossible_stays_closed_when_one_gives_up() -> None:
    late = Taken(Span(DAY, DAY + NIGHT), Period(at(11), at(18)), cleans=False)
    early = Taken(None, Period(at(9, day=DAY + NIGHT), at(15, day=DAY + NIGHT)), cleans=False)
    assert diary(late, early).is_taken(DAY)
    assert diary(early).is_taken(DAY)
    assert diary(late).is_taken(DAY)


def test_who_is_known_to_be_there_all_day_came_before_it_and_leaves_after_it() -> None:
    here = diary(stay(at(16, day=DAY - NIGHT), at(10, day=DAY + 2 * NIGHT)))
    assert here.next_arrival(DAY) == at(16, day=DAY - NIGHT)
    assert here.previous_departure(DAY) == at(10, day=DAY + 2 * NIGHT)


def test_a_claim_inside_another_hides_no_departure() -> None:
    inside, around = Span(DAY + NIGHT, DAY + 2 * NIGHT), Span(DAY - NIGHT, DAY + 5 * NIGHT)
    here = diary(Taken(around), Taken(inside))
    assert here.previous_departure(DAY + 2 * NIGHT) == at(11, day=DAY + 2 * NIGHT)
    assert here.previous_departure(DAY + 9 * NIGHT) == at(11, day=DAY + 5 * NIGHT)


def test_hours_that_were_bought_are_somebody_coming_or_leaving() -> None:
    whole = Taken(None, Period(at(11), at(15)), cleans=False)
    assert (diary(whole).next_arrival(DAY), diary(whole).previous_departure(DAY)) == (at(11), at(15))
    apart = (
        Taken(None, Period(at(9), at(11)), cleans=False),
        Taken(None, Period(at(15), at(16)), cleans=False),
    )
    assert (diary(apart[0]).next_arrival(DAY), diary(apart[1]).previous_departure(DAY)) == (None, None)
    slept_in_by_nobody = Taken(Span(DAY, DAY + NIGHT), Period(at(11), at(18)), cleans=False)
    assert diary(slept_in_by_nobody).previous_departure(DAY + NIGHT) == at(18)
    early = Taken(None, Period(at(13), at(15)), cleans=False)
    assert diary(early).next_arrival(DAY) == at(13)
    late = Taken(None, Period(at(11), at(12)), cleans=False)
    assert diary(late).previous_departure(DAY) == at(12)


def test_closed_hours_are_found_from_either_side() -> None:
    first, second = Period(at(11), at(12)), Period(at(12), at(14))
    here = diary(Taken(None, second), Taken(None, first))
    assert (here.closed_from(at(11)), here.closed_from(at(12)), here.closed_from(at(14))) == (
        first,
        second,
        None,
    )
    assert (here.closed_until(at(11)), here.closed_until(at(12)), here.closed_until(at(15))) == (
        None,
        first,
        second,
    )


def test_a_diary_of_nothing_is_free() -> None:
    here = diary()
    assert here.free_after(DAY, 3) == Span(DAY, DAY + 3 * NIGHT)
    assert here.free_before(DAY, 3) == Span(DAY - 3 * NIGHT, DAY)
    assert (here.free_after(DAY, 0), here.next_arrival(DAY), here.closed_from(at(0) - HOUR)) == (
        None,
        None,
        None,
    )
