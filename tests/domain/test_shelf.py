"""What a guest is offered, and in which words the host learns why it isn't more: one case for each rule."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from time import process_time
from zoneinfo import ZoneInfo

import pytest

from domain.diary import Diary, Taken
from domain.house import House
from domain.prices import Item
from domain.shelf import (
    Desk,
    Found,
    HourRules,
    Mode,
    NightRules,
    Stop,
    When,
    Why,
    early_check_in,
    late_check_out,
    mode,
    nights_after,
    nights_before,
)
from domain.spans import NIGHT, Period, Span
from tests.domain.tariffs import PRICING

MADRID = House(ZoneInfo("Europe/Madrid"), time(15), time(11), turnaround=120)
DAY = date(2026, 12, 6)
HOUR = timedelta(hours=1)
NIGHTS = NightRules(7)
HOURS = HourRules(8 * HOUR)
STAY = Taken(Span(DAY - 3 * NIGHT, DAY))
SLOW_S = 2  # a hang breaks this; the figures are measured elsewhere


def at(hour: int, minute: int = 0, day: date = DAY, house: House = MADRID) -> datetime:
    return house.instant(day, time(hour, minute))


def desk(*taken: Taken, now: datetime | None = None, house: House = MADRID, today: date = DAY - NIGHT) -> Desk:
    return Desk(Diary(house, taken), PRICING, now or house.instant(today, time(9)))


def next_stay(begins: date = DAY, comes: datetime | None = None) -> Taken:
    nights = Span(begins, begins + 3 * NIGHT)
    return Taken(nights, Period(comes, at(11, day=nights.end)) if comes else None)


def lengths(found: Found) -> list[int]:
    return [len(quote.nights) for quote in found.quotes if quote.nights]


def ends(found: Found, house: House = MADRID) -> list[time]:
    return [quote.period.end.astimezone(house.zone).time() for quote in found.quotes]


def starts(found: Found, house: House = MADRID) -> list[time]:
    return [quote.period.start.astimezone(house.zone).time() for quote in found.quotes]


def lost(found: Found) -> list[date | None]:
    return [quote.nights.start if quote.nights else None for quote in found.quotes]


# Nights


def test_free_nights_are_offered_one_length_each_up_to_the_next_arrival() -> None:
    found = nights_after(DAY, NIGHTS, desk(STAY, next_stay(DAY + 3 * NIGHT)))
    assert lengths(found) == [1, 2, 3]
    assert found.stops == (Stop(Why.TAKEN, night=DAY + 3 * NIGHT, count=4),)
    assert [quote.period for quote in found.quotes][0] == Period(at(15), at(11, day=DAY + NIGHT))


def test_nights_before_an_arrival_are_offered_back_to_the_last_departure() -> None:
    found = nights_before(DAY + 3 * NIGHT, NIGHTS, desk(STAY, next_stay(DAY + 3 * NIGHT)))
    assert lengths(found) == [1, 2, 3]
    assert found.stops == (Stop(Why.TAKEN, night=DAY - NIGHT, count=4),)


def test_one_free_night_before_an_arrival_names_the_night_before_it_as_taken() -> None:
    found = nights_before(DAY + NIGHT, NIGHTS, desk(STAY, next_stay(DAY + NIGHT)))
    assert found.stops == (Stop(Why.TAKEN, night=DAY - NIGHT, count=2),)


def test_back_to_back_guests_leave_nothing_between_them() -> None:
    here = desk(STAY, next_stay())
    assert nights_after(DAY, NIGHTS, here).stops == (Stop(Why.TAKEN, night=DAY),)
    assert nights_before(DAY, NIGHTS, here).stops == (Stop(Why.TAKEN, night=DAY - NIGHT),)


def test_the_most_that_the_host_sells_is_said() -> None:
    found = nights_after(DAY, NightRules(2), desk(STAY))
    assert (lengths(found), found.stops) == ([1, 2], (Stop(Why.MOST, count=3),))


def test_a_gap_too_short_to_sell_is_not_left_behind_but_none_is_fine() -> None:
    found = nights_after(DAY, NightRules(5, least_gap=2), desk(STAY, next_stay(DAY + 4 * NIGHT)))
    assert lengths(found) == [1, 2, 4]
    assert Stop(Why.ORPHAN, night=DAY + 3 * NIGHT, count=3) in found.stops


def test_a_gap_that_goes_on_beyond_what_is_sold_is_long_enough() -> None:
    assert lengths(nights_after(DAY, NightRules(3, least_gap=9), desk(STAY))) == [1, 2, 3]
    edge = desk(STAY, next_stay(DAY + 5 * NIGHT))
    assert lengths(nights_after(DAY, NightRules(3, least_gap=2), edge)) == [1, 2, 3]


def test_nights_that_are_over_are_no_gap_that_could_be_sold() -> None:
    here = desk(next_stay(DAY + 3 * NIGHT), today=DAY)
    found = nights_before(DAY + 3 * NIGHT, NightRules(7, least_gap=2), here)
    assert lengths(found) == [1, 3]
    assert found.stops[0] == Stop(Why.ORPHAN, night=DAY, count=2)


@pytest.mark.parametrize("most", [3, 5])
def test_a_gap_that_is_filled_to_the_last_night_has_its_discount(most: int) -> None:
    here = desk(STAY, next_stay(DAY + 3 * NIGHT), today=DAY - 3 * NIGHT)
    for found in (nights_after(DAY, NightRules(most), here), nights_before(DAY + 3 * NIGHT, NightRules(most), here)):
        fills = [any(line.item is Item.GAP for line in quote.price.lines) for quote in found.quotes]
        assert fills == [False, False, True]


def test_no_stay_ends_where_the_next_guest_is_known_to_come_too_early() -> None:
    comes = at(12, 30, DAY + 2 * NIGHT)
    found = nights_after(DAY, NIGHTS, desk(STAY, next_stay(DAY + 2 * NIGHT, comes)))
    assert (lengths(found), found.stops) == ([1], (Stop(Why.TURNAROUND, at=comes, count=2),))


def test_no_stay_begins_where_the_last_guest_is_known_to_leave_too_late() -> None:
    leaves = at(13, 30)
    late = Taken(STAY.nights, Period(at(15, day=DAY - 3 * NIGHT), leaves))
    found = nights_before(DAY + 2 * NIGHT, NIGHTS, desk(late, next_stay(DAY + 2 * NIGHT)))
    assert (lengths(found), found.stops) == ([1], (Stop(Why.TURNAROUND, at=leaves, count=2),))


def test_a_stay_goes_on_over_no_hours_that_something_else_needs() -> None:
    plumber = Period(at(12, day=DAY + 2 * NIGHT), at(13, day=DAY + 2 * NIGHT))
    here = desk(STAY, Taken(None, plumber), next_stay(DAY + 4 * NIGHT))
    after, before = nights_after(DAY, NIGHTS, here), nights_before(DAY + 4 * NIGHT, NIGHTS, here)
    assert (lengths(after), after.stops) == ([1, 2], (Stop(Why.HOURS, at=plumber.start, count=3),))
    assert (lengths(before), before.stops) == ([1, 2], (Stop(Why.HOURS, at=plumber.end, count=3),))


def test_a_night_that_is_not_for_sale_ends_what_is_offered() -> None:
    for when, why in ((When(frozenset({6, 0})), Why.WEEKDAY), (When(blackouts=(Span(DAY + 2 * NIGHT, DAY + 3 * NIGHT),)), Why.BLACKOUT)):
        found = nights_after(DAY, NightRules(7, when=when), desk(STAY))
        assert (lengths(found), found.stops) == ([1, 2], (Stop(why, night=DAY + 2 * NIGHT, count=3),))


def test_on_the_departure_day_nights_are_sold_until_check_out_to_the_minute() -> None:
    assert nights_after(DAY, NIGHTS, desk(STAY, now=at(11))).quotes
    found = nights_after(DAY, NIGHTS, desk(STAY, now=at(11) + timedelta.resolution))
    assert (found.quotes, found.stops) == ((), (Stop(Why.CUT_OFF, at=at(11)),))
    assert nights_after(DAY, NIGHTS, desk(STAY, today=DAY + NIGHT)).stops == (Stop(Why.OVER, night=DAY),)


def test_tonight_is_sold_before_an_arrival_tomorrow_until_check_in_and_last_night_never() -> None:
    assert lengths(nights_before(DAY + NIGHT, NIGHTS, desk(now=at(15)))) == [1]
    late = nights_before(DAY + NIGHT, NIGHTS, desk(now=at(15, 1)))
    assert (late.quotes, late.stops) == ((), (Stop(Why.CUT_OFF, at=at(15), count=1),))
    assert nights_before(DAY, NIGHTS, desk(today=DAY)).stops == (Stop(Why.OVER, night=DAY - NIGHT),)


def test_sales_open_and_close_by_the_clock() -> None:
    rules = NightRules(3, when=When(opens=48 * HOUR, cut_off=24 * HOUR))
    opens, closes = at(11) - 48 * HOUR, at(11) - 24 * HOUR
    assert nights_after(DAY, rules, desk(now=opens - HOUR)).stops == (Stop(Why.NOT_YET, at=opens),)
    assert lengths(nights_after(DAY, rules, desk(now=opens))) == [1, 2, 3]
    assert lengths(nights_after(DAY, rules, desk(now=closes))) == [1, 2, 3]
    assert nights_after(DAY, rules, desk(now=closes + HOUR)).stops == (Stop(Why.CUT_OFF, at=closes),)


def test_earlier_nights_open_with_the_arrival_and_close_with_their_own_beginning() -> None:
    rules = NightRules(3, when=When(opens=72 * HOUR, cut_off=36 * HOUR))
    found = nights_before(DAY, rules, desk(now=at(15) - 72 * HOUR))
    assert (lengths(found), found.stops) == ([1], (Stop(Why.CUT_OFF, at=at(15) - 84 * HOUR, count=2),))
    assert nights_before(DAY, rules, desk(now=at(14) - 72 * HOUR)).stops == (Stop(Why.NOT_YET, at=at(15) - 72 * HOUR),)


def test_a_leap_day_and_new_year_are_nights_like_any_other() -> None:
    for eve in (date(2028, 2, 28), date(2026, 12, 31)):
        last = nights_after(eve, NightRules(2), desk(today=eve - NIGHT)).quotes[-1]
        assert last.nights == Span(eve, eve + 2 * NIGHT)


# Hours
