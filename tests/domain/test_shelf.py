"""What a guest is offered, and in which words the host learns why it isn't more: one case for each rule."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
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


def desk(
    *taken: Taken, now: datetime | None = None, house: House = MADRID, today: date = DAY - NIGHT
) -> Desk:
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
    for found in (
        nights_after(DAY, NightRules(most), here),
        nights_before(DAY + 3 * NIGHT, NightRules(most), here),
    ):
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
    for when, why in (
        (When(frozenset({6, 0})), Why.WEEKDAY),
        (When(blackouts=(Span(DAY + 2 * NIGHT, DAY + 3 * NIGHT),)), Why.BLACKOUT),
    ):
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
    assert nights_before(DAY, rules, desk(now=at(14) - 72 * HOUR)).stops == (
        Stop(Why.NOT_YET, at=at(15) - 72 * HOUR),
    )


def test_a_leap_day_and_new_year_are_nights_like_any_other() -> None:
    for eve in (date(2028, 2, 28), date(2026, 12, 31)):
        last = nights_after(eve, NightRules(2), desk(today=eve - NIGHT)).quotes[-1]
        assert last.nights == Span(eve, eve + 2 * NIGHT)


# Hours


def test_a_late_check_out_leaves_the_turnaround_before_the_next_arrival() -> None:
    found = late_check_out(DAY, HOURS, desk(STAY, next_stay()))
    assert (ends(found), lost(found)) == ([time(12), time(13)], [None, None])
    assert found.stops == (Stop(Why.TURNAROUND, at=at(15), count=3),)


def test_an_early_check_in_leaves_the_turnaround_after_the_last_departure() -> None:
    found = early_check_in(DAY, HOURS, desk(STAY, next_stay()))
    assert (starts(found), lost(found)) == ([time(14), time(13)], [None, None])
    assert found.stops == (Stop(Why.TURNAROUND, at=at(11), count=3),)


def test_the_hour_that_a_feed_names_counts_and_costs_nobody_a_night() -> None:
    late = late_check_out(DAY, HOURS, desk(STAY, next_stay(comes=at(19))))
    assert (ends(late)[-1], set(lost(late))) == (time(17), {None})
    gone = Taken(STAY.nights, Period(at(16, day=DAY - 3 * NIGHT), at(8)))
    early = early_check_in(DAY, HOURS, desk(gone, next_stay()))
    assert (starts(early)[-1], set(lost(early))) == (time(10), {None})


def test_a_guest_known_to_come_before_check_in_shortens_the_hours() -> None:
    found = late_check_out(DAY, HOURS, desk(STAY, next_stay(comes=at(14))))
    assert (ends(found), found.stops) == ([time(12)], (Stop(Why.TURNAROUND, at=at(14), count=2),))


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
    assert late_check_out(DAY, HOURS, desk(later)).stops == (
        Stop(Why.HOURS, at=at(15, day=DAY - 3 * NIGHT), count=1),
    )


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
    assert (starts(found), found.stops) == ([time(14), time(13)], (Stop(Why.CUT_OFF, at=at(11), count=3),))
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


# Everything


@pytest.mark.parametrize(
    ("minutes", "wished", "left"),
    [
        ([1, 20], Mode.INSTANT, Mode.INSTANT),
        ([1, 21], Mode.INSTANT, Mode.APPROVAL),
        ([60], Mode.INSTANT, Mode.APPROVAL),
        ([1, 61], Mode.INSTANT, Mode.OFF),
        ([1, None], Mode.INSTANT, Mode.OFF),
        ([], Mode.INSTANT, Mode.OFF),
        ([1], Mode.APPROVAL, Mode.APPROVAL),
        ([61], Mode.APPROVAL, Mode.OFF),
        ([1], Mode.OFF, Mode.OFF),
    ],
)
def test_how_fresh_the_feeds_are_decides_the_mode(
    minutes: list[int | None], wished: Mode, left: Mode
) -> None:
    now = datetime(2026, 12, 1, 9, tzinfo=UTC)
    reads = (None if ago is None else now - timedelta(minutes=ago) for ago in minutes)
    assert mode(wished, reads, now) is left


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        (lambda: When(cut_off=-HOUR), "after it has begun"),
        (lambda: When(opens=HOUR, cut_off=2 * HOUR), "end before they open"),
        (lambda: NightRules(0), "at least one night"),
        (lambda: NightRules(1, -1), "shorter than none"),
        (lambda: HourRules(HOUR, timedelta()), "quarter of an hour"),
        (lambda: HourRules(HOUR, 2 * HOUR), "must fit"),
    ],
)
def test_rules_that_contradict_themselves_are_refused(rules: Callable[[], object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        rules()


SAY = """
from tests.domain.test_shelf import *
here = desk(STAY, next_stay(DAY + 4 * NIGHT), Taken(None, Period(at(11), at(12)), cleans=False))
when = When(frozenset({6, 5, 0, 1}), opens=400 * HOUR)
print(nights_after(DAY, NightRules(5, 2, when), here), early_check_in(DAY + 4 * NIGHT, HOURS, here))
"""


def test_the_same_question_is_answered_byte_for_byte_the_same_in_every_process() -> None:
    answers = {
        subprocess.run(
            [sys.executable, "-c", SAY], check=True, capture_output=True, env={"PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2")
    }
    assert len(answers) == 1
    assert b"Quote" in answers.pop()


def test_keys_tell_quotes_apart_and_hold_no_price() -> None:
    here, rules = desk(STAY), replace(HOURS, most=3 * HOUR)
    quotes = nights_after(DAY, NIGHTS, here).quotes + late_check_out(DAY, rules, here).quotes
    assert len({quote.key for quote in quotes}) == 10
    assert quotes[1].key == "extra_nights-20261206-20261208"
    assert quotes[-1].key == "late_check_out-20261206T100000Z-20261206T130000Z"
    dearer = replace(here, pricing=replace(PRICING, minimum=10**6))
    assert [quote.key for quote in nights_after(DAY, NIGHTS, dearer).quotes] == [
        quote.key for quote in quotes[:7]
    ]


def test_a_diary_of_two_hundred_claims_is_reckoned_in_no_time() -> None:
    stays = [next_stay(DAY + number * 4 * NIGHT) for number in [*range(-70, 0), *range(7, 77)]]
    days = [DAY + number * NIGHT for number in range(60, 120)]
    sold = [Taken(None, Period(at(11, day=day), at(12, day=day)), cleans=False) for day in days]
    begun, arrival, rules = process_time(), DAY + 28 * NIGHT, HourRules(8 * HOUR, HOUR / 2)
    for _ in range(10):
        here = desk(*stays, *sold)
        assert len(nights_after(DAY, NightRules(30), here).quotes) == 28
        assert len(nights_before(arrival, NightRules(30), here).quotes) == 29
        assert late_check_out(DAY, rules, here).quotes
        assert early_check_in(arrival, rules, here).quotes
    assert process_time() - begun < SLOW_S
