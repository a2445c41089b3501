"""What a guest is offered as nights, and what every offer has in common: one case for each rule."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from time import process_time

import pytest

from domain.diary import Taken
from domain.offers import (
    HourRules,
    Mode,
    NightRules,
    Quote,
    When,
    early_check_in,
    late_check_out,
    mode,
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
    NIGHTS,
    STAY,
    at,
    desk,
    lengths,
    next_stay,
)
from tests.domain.tariffs import PRICING

SLOW_S = 2  # a hang breaks this; the figures are measured elsewhere


def test_free_nights_are_offered_one_length_each_up_to_the_next_arrival() -> None:
    found = nights_after(DAY, NIGHTS, desk(STAY, next_stay(DAY + 3 * NIGHT)))
    assert lengths(found) == [1, 2, 3]
    assert found.stops == (Stop(Why.TAKEN, night=DAY + 3 * NIGHT, count=4),)
    assert found.quotes[0].period == Period(at(15), at(11, day=DAY + NIGHT))


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
    assert found.stops == (Stop(Why.ORPHAN, night=DAY, count=2), Stop(Why.OVER, night=DAY - NIGHT, count=4))


@pytest.mark.parametrize("most", [3, 5])
def test_a_gap_that_is_filled_to_the_last_night_has_its_discount(most: int) -> None:
    here = desk(STAY, next_stay(DAY + 3 * NIGHT), today=DAY - 3 * NIGHT)
    for found in (
        nights_after(DAY, NightRules(most), here),
        nights_before(DAY + 3 * NIGHT, NightRules(most), here),
    ):
        fills = [any(line.item is Item.GAP for line in quote.price.lines) for quote in found.quotes]
        assert fills == [False, False, True]


def test_a_quote_is_priced_night_by_night_away_from_the_stay_and_for_all_who_stay() -> None:
    here = replace(desk(), persons=3)
    after, before = (sell(DAY, NightRules(3), here).quotes[-1] for sell in (nights_after, nights_before))
    assert nights_priced(after) == [DAY, DAY + NIGHT, DAY + 2 * NIGHT]
    assert nights_priced(before) == [DAY - NIGHT]
    here = replace(here, now=at(9, day=DAY - 5 * NIGHT))
    assert nights_priced(nights_before(DAY, NightRules(2), here).quotes[-1]) == [DAY - NIGHT, DAY - 2 * NIGHT]
    assert [line.amount.amount for line in after.price.lines if line.name == "city tax"] == [3 * 3 * 150]


def nights_priced(quote: Quote) -> list[date | None]:
    return [line.on for line in quote.price.lines if line.item is Item.NIGHT]


def test_no_stay_ends_where_the_next_guest_is_known_to_come_too_early() -> None:
    comes = at(12, 30, DAY + 2 * NIGHT)
    found = nights_after(DAY, NIGHTS, desk(STAY, next_stay(DAY + 2 * NIGHT, comes)))
    assert (lengths(found), found.stops) == ([1], (Stop(Why.TURNAROUND, at=comes, count=2),))


def test_no_stay_begins_where_the_last_guest_is_known_to_leave_too_late() -> None:
    leaves = at(13, 30)
    late = Taken(STAY.nights, Period(at(15, day=DAY - 3 * NIGHT), leaves))
    found = nights_before(DAY + 2 * NIGHT, NIGHTS, desk(late, next_stay(DAY + 2 * NIGHT)))
    assert (lengths(found), found.stops) == ([1], (Stop(Why.TURNAROUND, at=leaves, count=2),))
    in_time = Taken(STAY.nights, Period(at(15, day=DAY - 3 * NIGHT), at(13)))
    assert lengths(nights_before(DAY + 2 * NIGHT, NIGHTS, desk(in_time))) == [1, 2]


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
from datetime import *
from zoneinfo import ZoneInfo
from domain.diary import Diary, Taken
from domain.house import House
from domain.prices import *
from domain.offers import *
from domain.spans import Span
day = date(2026, 12, 31)
taken = Taken(Span(day - timedelta(3), day)), Taken(Span(day + timedelta(3), day + timedelta(5)))
pricing = Pricing(Rates("EUR", 10_000), discounts=Discounts(7), taxes=(Tax("VAT", 999), Tax("city", 0, 150)))
diary = Diary(House(ZoneInfo("Europe/Madrid"), turnaround=90), taken)
desk = Desk(diary, pricing, datetime(2026, 12, 30, 9, tzinfo=UTC))
rules = NightRules(5, 2, When(frozenset({3, 4, 5, 6}), opens=timedelta(9)))
answer = repr((nights_after(day, rules, desk), late_check_out(day, HourRules(timedelta(hours=5)), desk)))
"""


def test_the_same_question_is_answered_byte_for_byte_the_same_in_every_process() -> None:
    here: dict[str, str] = {}
    exec(SAY, here)  # noqa: S102 - the same lines as in the other process
    command = [sys.executable, "-c", SAY + "print(answer)"]
    there = subprocess.run(command, check=True, capture_output=True, text=True, env={"PYTHONHASHSEED": "1"})
    assert there.stdout.strip() == here["answer"]
    assert here["answer"].count("Quote(") == 7


def test_keys_tell_quotes_apart_and_hold_no_price() -> None:
    here, rules = desk(STAY), replace(HOURS, most=3 * HOUR)
    quotes = nights_after(DAY, NIGHTS, here).quotes + late_check_out(DAY, rules, here).quotes
    assert len({quote.key for quote in quotes}) == 10
    assert quotes[1].key == "extra_nights-2"
    assert quotes[-1].key == "late_check_out-180"
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
