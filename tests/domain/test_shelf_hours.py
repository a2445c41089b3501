"""Late check-outs and early check-ins to the minute, and why there are no more: one case for each rule."""

from dataclasses import replace
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.diary import Taken
from domain.house import House
from domain.offers import (
    HourRules,
    NightRules,
    When,
    early_check_in,
    late_check_out,
    nights_after,
    nights_before,
)
from domain.prices import Item
from domain.spans import NIGHT, Period, Span
from domain.stops import Stop, Why
from tests.domain.madrid import (
    DAY,
    HOUR,
    HOURS,
    MADRID,
    NIGHTS,
    STAY,
    at,
    desk,
    ends,
    lengths,
    lost,
    next_stay,
    starts,
)


def test_a_late_check_out_leaves_the_turnaround_before_the_next_arrival() -> None:
    found = late_check_out(DAY, HOURS, desk(STAY, next_stay()))
    assert (ends(found), lost(found)) == ([time(12), time(13)], [None, None])
    assert found.stops == (Stop(Why.TURNAROUND, at=at(15), count=3, turn=at(13)),)


def test_an_early_check_in_leaves_the_turnaround_after_the_last_departure() -> None:
    found = early_check_in(DAY, HOURS, desk(STAY, next_stay()))
    assert (starts(found), lost(found)) == ([time(14), time(13)], [None, None])
    assert found.stops == (Stop(Why.TURNAROUND, at=at(11), count=3, turn=at(13)),)


def test_the_hour_that_a_feed_names_counts_and_costs_nobody_a_night() -> None:
    late = late_check_out(DAY, HOURS, desk(STAY, next_stay(comes=at(19))))
    assert (ends(late)[-1], set(lost(late))) == (time(17), {None})
    gone = Taken(STAY.nights, Period(at(16, day=DAY - 3 * NIGHT), at(8)))
    early = early_check_in(DAY, HOURS, desk(gone, next_stay()))
    assert (starts(early)[-1], set(lost(early))) == (time(10), {None})


def test_a_guest_known_to_come_before_check_in_shortens_the_hours() -> None:
    found = late_check_out(DAY, HOURS, desk(STAY, next_stay(comes=at(14))))
    assert (ends(found), found.stops) == (
        [time(12)],
        (Stop(Why.TURNAROUND, at=at(14), count=2, turn=at(12)),),
    )


def test_merged_dates_may_hide_an_arrival_on_any_of_their_days() -> None:
    merged = Taken(Span(DAY - 3 * NIGHT, DAY + 3 * NIGHT))
    assert ends(late_check_out(DAY, HOURS, desk(merged))) == [time(12), time(13)]
    assert starts(early_check_in(DAY, HOURS, desk(merged))) == [time(14), time(13)]


def test_somebody_who_is_known_to_be_there_all_day_leaves_no_hour() -> None:
    there = Taken(Span(DAY - NIGHT, DAY + NIGHT), Period(at(16, day=DAY - NIGHT), at(10, day=DAY + NIGHT)))
    assert not late_check_out(DAY, HOURS, desk(there)).quotes
    assert not early_check_in(DAY, HOURS, desk(there)).quotes


def test_no_hour_is_sold_that_the_cleaning_needs() -> None:
    cleaning = Taken(None, Period(at(12, 30), at(14)))
    late, early = (sell(DAY, HOURS, desk(cleaning)) for sell in (late_check_out, early_check_in))
    assert (ends(late), late.stops) == ([time(12)], (Stop(Why.HOURS, at=at(12, 30), count=2),))
    assert (starts(early), early.stops) == ([time(14)], (Stop(Why.HOURS, at=at(14), count=2),))


def test_hours_that_a_feed_gives_a_guest_already_are_not_sold_again() -> None:
    later = Taken(STAY.nights, Period(at(15, day=DAY - 3 * NIGHT), at(12)))
    assert late_check_out(DAY, HOURS, desk(later)).stops == (Stop(Why.HOURS, at=at(12), count=1),)
    earlier = Taken(Span(DAY, DAY + 3 * NIGHT), Period(at(14), at(11, day=DAY + 3 * NIGHT)))
    assert early_check_in(DAY, HOURS, desk(earlier)).stops == (Stop(Why.HOURS, at=at(14), count=1),)


def test_hours_that_make_a_night_impossible_close_it_and_cost_it() -> None:
    late, early = late_check_out(DAY, HOURS, desk(STAY)), early_check_in(DAY, HOURS, desk())
    assert lost(late) == [None, None] + [DAY] * 6
    assert lost(early) == [None, None] + [DAY - NIGHT] * 6
    for found in (late, early):
        items = [{line.item for line in quote.price.lines} for quote in found.quotes]
        assert [Item.LOST_NIGHT in each for each in items] == [False, False] + [True] * 6


def test_a_host_who_gives_up_no_night_for_hours_sells_none_that_would() -> None:
    found = late_check_out(DAY, replace(HOURS, closes_night=False), desk(STAY))
    assert (ends(found), found.stops) == (
        [time(12), time(13)],
        (Stop(Why.CLOSES_NIGHT, night=DAY, count=3),),
    )


def test_a_night_that_two_guests_hours_cost_is_closed_and_paid_for_once() -> None:
    late = Taken(Span(DAY, DAY + NIGHT), Period(at(11), at(18)), cleans=False)
    found = early_check_in(DAY + NIGHT, HOURS, desk(STAY, late, next_stay(DAY + NIGHT)))
    assert (starts(found)[-1], set(lost(found))) == (time(7), {None})
    assert late_check_out(DAY, HOURS, desk(STAY, next_stay(DAY + NIGHT))).quotes[-1].nights == late.nights


def test_last_night_can_not_be_lost_any_more() -> None:
    found = early_check_in(DAY, replace(HOURS, closes_night=False), desk(now=at(8)))
    assert (starts(found)[-1], set(lost(found))) == (time(8), {None})


@pytest.mark.parametrize("turnaround", [300, 1440])
def test_a_turnaround_longer_than_the_pause_makes_every_later_hour_cost_the_night(turnaround: int) -> None:
    house = replace(MADRID, turnaround=turnaround)
    assert set(lost(late_check_out(DAY, HOURS, desk(STAY, house=house)))) == {DAY}
    assert not late_check_out(DAY, HOURS, desk(STAY, next_stay(), house=house)).quotes
    assert lengths(nights_after(DAY, NIGHTS, desk(STAY, next_stay(DAY + 2 * NIGHT), house=house))) == [1, 2]


def test_a_house_without_a_pause_sells_hours_only_for_a_free_night() -> None:
    house = House(ZoneInfo("Europe/Madrid"), time(12), time(12))
    assert not late_check_out(DAY, HOURS, desk(STAY, next_stay(), house=house)).quotes
    assert set(lost(late_check_out(DAY, HOURS, desk(STAY, house=house)))) == {DAY}


def test_one_late_check_out_is_sold_for_a_departure() -> None:
    sold = Taken(None, Period(at(11), at(12)), cleans=False)
    assert late_check_out(DAY, HOURS, desk(STAY, sold)).stops == (Stop(Why.SOLD, night=DAY),)
    assert sold.changes_turnover(DAY, MADRID)


def test_between_an_early_check_in_and_a_late_check_out_the_home_is_cleaned() -> None:
    early = Taken(None, Period(at(14), at(15)), cleans=False)
    assert ends(late_check_out(DAY, HOURS, desk(STAY, next_stay(), early))) == [time(12)]
    late = Taken(None, Period(at(11), at(12)), cleans=False)
    assert starts(early_check_in(DAY, HOURS, desk(STAY, next_stay(), late))) == [time(14)]
    assert early_check_in(DAY, HOURS, desk(next_stay(), early)).stops == (Stop(Why.SOLD, night=DAY),)


def test_the_latest_and_the_earliest_time_of_the_host_hold() -> None:
    late = late_check_out(DAY, replace(HOURS, limit=time(12, 30)), desk(STAY))
    early = early_check_in(DAY, replace(HOURS, limit=time(13, 30)), desk())
    assert (ends(late), late.stops) == ([time(12)], (Stop(Why.LIMIT, at=at(12, 30), count=2),))
    assert (starts(early), early.stops) == ([time(14)], (Stop(Why.LIMIT, at=at(13, 30), count=2),))


def test_steps_that_do_not_divide_the_time_leave_the_rest_unsold() -> None:
    rules = replace(HOURS, step=timedelta(minutes=50))
    assert ends(late_check_out(DAY, rules, desk(STAY, next_stay()))) == [time(11, 50), time(12, 40)]
    assert lost(late_check_out(DAY, replace(rules, most=2 * HOUR), desk(STAY))) == [None, None]


def test_an_early_check_in_begins_neither_in_the_past_nor_after_its_cut_off() -> None:
    found = early_check_in(DAY, HourRules(8 * HOUR, when=When(cut_off=HOUR)), desk(now=at(11, 30)))
    assert (starts(found), found.stops) == (
        [time(14), time(13)],
        (Stop(Why.CUT_OFF, at=at(11), count=3, turn=at(12)),),
    )
    assert starts(early_check_in(DAY, HOURS, desk(now=at(12)))) == [time(14), time(13), time(12)]


def test_hours_never_reach_into_the_pause_of_the_next_or_the_last_day() -> None:
    rules = HourRules(40 * HOUR)
    assert late_check_out(DAY, rules, desk()).quotes[-1].period.end == at(11, day=DAY + NIGHT)
    assert early_check_in(DAY, rules, desk(today=DAY - 3 * NIGHT)).quotes[-1].period.start == at(
        15, day=DAY - NIGHT
    )


def test_cleaners_who_are_full_that_day_end_the_sale() -> None:
    rules, here = replace(HOURS, capacity=2), replace(desk(STAY), cleaned={DAY: 2, DAY - NIGHT: 9})
    assert late_check_out(DAY, rules, here).stops == (Stop(Why.CLEANERS, night=DAY),)
    assert late_check_out(DAY, rules, replace(here, cleaned={DAY: 1})).quotes


def test_a_day_that_is_not_for_sale_has_no_hours() -> None:
    for when, why in (
        (When(frozenset({0})), Why.WEEKDAY),
        (When(blackouts=(Span(DAY, DAY + NIGHT),)), Why.BLACKOUT),
    ):
        assert late_check_out(DAY, HourRules(HOUR, when=when), desk(STAY)).stops == (Stop(why, night=DAY),)
        assert early_check_in(DAY, HourRules(HOUR, when=when), desk()).stops == (Stop(why, night=DAY),)


@pytest.mark.parametrize(
    ("zone", "day", "slots"),
    [
        ("Europe/Madrid", date(2026, 3, 29), 4),
        ("Europe/Madrid", date(2026, 10, 25), 6),
        ("Australia/Sydney", date(2026, 10, 4), 4),
        ("Australia/Sydney", date(2026, 4, 5), 6),
        ("Australia/Lord_Howe", date(2026, 10, 4), 4),
        ("Australia/Lord_Howe", date(2026, 4, 5), 5),
        ("Asia/Kathmandu", date(2026, 3, 29), 5),
    ],
)
def test_a_step_is_an_hour_that_passes_whatever_the_clock_does(zone: str, day: date, slots: int) -> None:
    house = House(ZoneInfo(zone), time(6), time(5), turnaround=30)
    found = early_check_in(day, HourRules(9 * HOUR, limit=time(1)), desk(house=house, today=day - 2 * NIGHT))
    assert len(found.quotes) == slots


def test_where_the_guest_has_bought_nights_beside_the_stay_no_hours_are_sold() -> None:
    longer = Taken(Span(DAY, DAY + 2 * NIGHT), joins=DAY)
    assert late_check_out(DAY, HOURS, desk(STAY, longer)).stops == (Stop(Why.SOLD, night=DAY),)
    earlier = Taken(Span(DAY - 2 * NIGHT, DAY), joins=DAY)
    assert early_check_in(DAY, HOURS, desk(earlier, next_stay())).stops == (Stop(Why.SOLD, night=DAY),)


def test_what_is_only_kept_for_the_guest_says_until_when() -> None:
    kept = Taken(Span(DAY, DAY + 2 * NIGHT), joins=DAY, held_until=at(10))
    assert late_check_out(DAY, HOURS, desk(STAY, kept)).stops == (Stop(Why.SOLD, night=DAY, at=at(10)),)
    early = Taken(None, Period(at(13), at(15)), cleans=False, held_until=at(10))
    assert nights_before(DAY, NightRules(3), desk(early)).stops == (Stop(Why.SOLD, night=DAY, at=at(10)),)


def test_where_the_guest_has_bought_hours_no_nights_are_sold_beside_them() -> None:
    late = Taken(None, Period(at(11), at(13)), cleans=False)
    assert nights_after(DAY, NightRules(3), desk(STAY, late)).stops == (Stop(Why.SOLD, night=DAY),)
    early = Taken(None, Period(at(13), at(15)), cleans=False)
    assert nights_before(DAY, NightRules(3), desk(early)).stops == (Stop(Why.SOLD, night=DAY),)


def test_a_night_that_only_hours_have_closed_is_slept_by_nobody() -> None:
    late = Taken(Span(DAY, DAY + NIGHT), Period(at(11), at(15)), cleans=False)
    diary = desk(STAY, late).diary
    assert diary.is_taken(DAY)
    assert not diary.is_slept(DAY)
    assert diary.is_slept(DAY - NIGHT)
