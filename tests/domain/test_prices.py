"""What nights and hours cost, to the minor unit, and what can be relied on whatever the host has set."""

import ast
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from math import floor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import domain
from domain.money import Money, minor_digits
from domain.prices import (
    Discounts,
    HourPrice,
    Item,
    NightPrice,
    Occasion,
    Price,
    Pricing,
    Rates,
    Season,
    Tax,
    lines_of_night,
    of_hours,
    of_nights,
)
from domain.spans import NIGHT, Span
from tests.domain.tariffs import FIRST, OCCASIONS, PRICINGS

FRIDAY = date(2026, 12, 4)
LONG = timedelta(days=30)
SOON = Occasion(timedelta(hours=6))
LATER = Occasion(LONG)
HOUR = timedelta(hours=1)
LENGTHS = st.integers(1, 1_440).map(lambda minutes: timedelta(minutes=minutes))
MODULES = ("money", "prices", "diary", "offers")


def run(nights: Sequence[date], pricing: Pricing, occasion: Occasion = LATER) -> Price:
    lines = [line for count, night in enumerate(nights, 1) for line in lines_of_night(count, night, pricing)]
    return of_nights(lines, len(nights), pricing, occasion)


def nights(count: int, first: date = FRIDAY) -> list[date]:
    return [first + number * NIGHT for number in range(count)]


def said(price: Price) -> list[tuple[str, int]]:
    return [(line.item.value, line.amount.amount) for line in price.lines]


def flat(currency: str = "EUR", base: int = 10_000, **rules: object) -> Pricing:
    return replace(Pricing(Rates(currency, base)), **rules)  # type: ignore[arg-type]  # fields by name


def test_a_price_lists_what_it_is_made_of() -> None:
    pricing = Pricing(
        Rates("EUR", 10_000, ((5, 12_345),)),
        NightPrice(percent=90, steps=((2, 15),)),
        discounts=Discounts(weekend=-10, last_minute=20, last_minute_within=timedelta(days=1)),
        taxes=(Tax("VAT", percent=700), Tax("city tax", per_night=150, per_person=True)),
        step=100,
    )
    price = run(nights(2), pricing, replace(SOON, persons=2))
    assert said(price) == [
        ("night", 9_000),
        ("weekend", 900),
        ("night", 11_111),  # 11 110.5, half a cent away from zero
        ("length", -1_667),
        ("weekend", 944),
        ("last_minute", -4_058),
        ("rounding", -30),
        ("tax", 1_134),
        ("tax", 600),
    ]
    assert (price.net, price.total) == (Money(16_200, "EUR"), Money(17_934, "EUR"))


def test_the_first_season_that_holds_a_night_decides_and_its_weekdays_go_first() -> None:
    high = Season(Span(FRIDAY, FRIDAY + 2 * NIGHT), 20_000, ((5, 25_000),))
    longer = Season(Span(FRIDAY - 9 * NIGHT, FRIDAY + 3 * NIGHT), 5_000)
    rates = Rates("EUR", 10_000, ((4, 1), (0, 11_000)), (high, longer))
    assert [rates.of(night).amount for night in nights(4)] == [20_000, 25_000, 5_000, 11_000]


def test_a_leap_day_has_the_rate_of_its_own_weekday_and_season() -> None:
    leap = date(2028, 2, 29)
    assert Rates("EUR", 1, ((1, 2),)).of(leap).amount == 2
    assert Rates("EUR", 1, seasons=(Season(Span(leap, leap + NIGHT), 3),)).of(leap).amount == 3


@pytest.mark.parametrize(("currency", "rate", "half"), [("JPY", 12_345, 6_173), ("KWD", 45_678, 22_839)])
def test_yen_and_dinar_are_reckoned_in_their_own_units(currency: str, rate: int, half: int) -> None:
    price = run(nights(1), flat(currency, rate, nights=NightPrice(percent=50)))
    assert price.total == Money(half, currency)
    assert minor_digits(currency) != 2


def test_a_later_night_may_cost_less_but_no_earlier_one_does_for_its_sake() -> None:
    price = run(nights(4), flat(nights=NightPrice(fixed=8_000, steps=((3, 25), (4, 50), (2, 10)))))
    assert [amount for item, amount in said(price) if item == "length"] == [-800, -2_000, -4_000]


def test_a_weekend_percentage_is_taken_from_what_the_length_has_left() -> None:
    pricing = flat(nights=NightPrice(steps=((1, 60),)), discounts=Discounts(weekend=50))
    assert said(run(nights(1), pricing)) == [("night", 10_000), ("length", -6_000), ("weekend", -2_000)]


def test_a_late_purchase_and_a_filled_gap_never_add_up_the_larger_one_counts() -> None:
    discounts = Discounts(last_minute=10, last_minute_within=6 * HOUR, gap=25)
    pricing = flat(discounts=discounts)
    assert said(run(nights(1), pricing, SOON))[1:] == [("last_minute", -1_000)]
    assert said(run(nights(1), pricing, Occasion(6 * HOUR + timedelta.resolution)))[1:] == []
    assert said(run(nights(1), pricing, replace(SOON, fills_gap=True)))[1:] == [("gap", -2_500)]


def test_a_minimum_lifts_a_price_that_would_be_lower_and_is_never_rounded_away() -> None:
    assert said(run(nights(1), flat(base=900, minimum=1_040, step=100))) == [
        ("night", 900),
        ("minimum", 140),
        ("rounding", 60),
    ]
    assert said(run(nights(1), flat(base=1_049, minimum=1_000, step=100)))[1:] == [("rounding", -49)]


def test_a_price_is_never_rounded_to_nothing() -> None:
    assert run(nights(1), flat(base=300, step=1_000)).total.amount == 1_000
    assert run(nights(1), flat(base=0, step=1_000)).total.amount == 0


@pytest.mark.parametrize(
    ("hours", "minutes", "amount"),
    [
        (HourPrice(fixed=3_000, per_hour=99), 240, 3_000),
        (HourPrice(per_hour=1_500), 90, 2_250),
        (HourPrice(per_hour=1_000), 20, 333),
        (HourPrice(per_hour=1_000), 50, 833),
        (HourPrice(slots=((120, 2_500), (60, 1_500))), 60, 1_500),
        (HourPrice(slots=((120, 2_500), (60, 1_500))), 61, 2_500),
        (HourPrice(slots=((120, 2_500), (60, 1_500))), 600, 2_500),
        (HourPrice(), 60, 0),
    ],
)
def test_hours_cost_what_the_host_has_set(hours: HourPrice, minutes: int, amount: int) -> None:
    assert of_hours(timedelta(minutes=minutes), flat(hours=hours), LATER).total.amount == amount


def test_hours_that_cost_a_night_carry_its_price_where_the_host_wants_it() -> None:
    pricing = flat(nights=NightPrice(percent=80), hours=HourPrice(per_hour=1_000))
    assert said(of_hours(HOUR, pricing, LATER, lost=FRIDAY)) == [("hours", 1_000), ("lost_night", 8_000)]
    without = replace(pricing, adds_lost_night=False)
    assert said(of_hours(HOUR, without, LATER, lost=FRIDAY)) == [("hours", 1_000)]


def test_a_tax_per_night_is_due_for_nights_and_for_persons_where_it_says_so_but_not_for_hours() -> None:
    taxes = (Tax("per person", per_night=150, per_person=True), Tax("per room", per_night=200))
    pricing = flat(taxes=taxes, hours=HourPrice(fixed=500))
    three = replace(LATER, persons=3)
    assert said(run(nights(2), pricing, three))[2:] == [("tax", 900), ("tax", 400)]
    assert said(of_hours(HOUR, pricing, three, lost=FRIDAY))[2:] == []


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        (lambda: Rates("EUR", -1), "rate can't be below zero"),
        (lambda: Rates("EUR", 1, ((0, -1),)), "rate can't be below zero"),
        (lambda: Season(Span(FRIDAY, FRIDAY + NIGHT), -1), "rate can't be below zero"),
        (lambda: NightPrice(fixed=-1), "night's price can't be below zero"),
        (lambda: NightPrice(percent=-1), "night's price can't be below zero"),
        (lambda: NightPrice(steps=((0, 5),)), "number 1"),
        (lambda: NightPrice(steps=((2, 101),)), "101 % can't fall off"),
        (lambda: NightPrice(steps=((2, -1),)), "-1 % can't fall off"),
        (lambda: HourPrice(per_hour=-1), "hour's price can't be below zero"),
        (lambda: HourPrice(slots=((60, 5), (60, 6))), "equally long"),
        (lambda: HourPrice(slots=((60, 6), (120, 5))), "can't cost less"),
        (lambda: Discounts(weekend=101), "101 % can't fall off"),
        (lambda: Discounts(last_minute=-5), "-5 % can't fall off"),
        (lambda: Discounts(gap=120), "120 % can't fall off"),
        (lambda: Tax("x", percent=-1), "tax can't be below zero"),
        (lambda: flat(minimum=-1), "minimum can't be below zero"),
        (lambda: flat(step=0), "less than one minor unit"),
    ],
)
def test_prices_that_contradict_themselves_are_refused(rules: Callable[[], object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        rules()


@given(PRICINGS, OCCASIONS, st.integers(1, 9))
def test_a_price_of_nights_is_what_an_oracle_of_fractions_says(
    pricing: Pricing, occasion: Occasion, count: int
) -> None:
    net = 0
    for number, night in enumerate(nights(count, FIRST), 1):
        season = (
            [each for each in pricing.rates.seasons if night in set(each.nights.nights())] or [pricing.rates]
        )[0]
        rate = ([each for day, each in season.weekdays if day == night.weekday()] or [season.base])[-1]
        price = half_up(Fraction(rate * pricing.nights.percent, 100))
        price = price if pricing.nights.fixed is None else pricing.nights.fixed
        left = price - half_up(
            Fraction(price * max([0, *(p for n, p in pricing.nights.steps if n <= number)]), 100)
        )
        weekend = pricing.discounts.weekend if night.weekday() in {4, 5} else 0
        change = half_up(Fraction(left * abs(weekend), 100))
        net += left - change if weekend > 0 else left + change
    price = run(nights(count, FIRST), pricing, occasion)
    assert price.net.amount == finished(net, pricing, occasion)
    assert price.total.amount == price.net.amount + taxes(price.net.amount, count, pricing, occasion)


def half_up(value: Fraction) -> int:
    return floor(value + Fraction(1, 2))


def finished(net: int, pricing: Pricing, occasion: Occasion) -> int:
    discounts = pricing.discounts
    late = discounts.last_minute if occasion.until <= discounts.last_minute_within else 0
    net -= half_up(Fraction(net * max(late, discounts.gap if occasion.fills_gap else 0), 100))
    net = max(net, pricing.minimum)
    multiple = half_up(Fraction(net, pricing.step)) * pricing.step
    return multiple + pricing.step if multiple < pricing.minimum or multiple == 0 < net else multiple


def taxes(net: int, count: int, pricing: Pricing, occasion: Occasion) -> int:
    persons = [occasion.persons if tax.per_person else 1 for tax in pricing.taxes]
    each = zip(pricing.taxes, persons, strict=True)
    return sum(
        half_up(Fraction(net * tax.percent, 10_000)) + tax.per_night * count * who for tax, who in each
    )


@given(PRICINGS, OCCASIONS, st.integers(1, 9), LENGTHS, st.none() | st.just(FRIDAY))
def test_lines_add_up_to_a_price_in_one_currency_that_is_not_below_its_minimum(
    pricing: Pricing, occasion: Occasion, count: int, length: timedelta, lost: date | None
) -> None:
    for price in (
        run(nights(count, FIRST), pricing, occasion),
        of_hours(length, pricing, occasion, lost=lost),
    ):
        assert price.total.amount == sum(line.amount.amount for line in price.lines)
        assert {line.amount.currency for line in price.lines} == {pricing.rates.currency}
        assert price.total >= price.net >= Money(pricing.minimum, price.currency)
        assert price.net.amount % pricing.step == 0
        assert price.net == Money(sum(a for item, a in said(price) if item != Item.TAX), price.currency)
        assert all(
            line.amount.amount
            for line in price.lines
            if line.item not in {Item.NIGHT, Item.HOURS, Item.LOST_NIGHT}
        )


@given(PRICINGS, OCCASIONS, st.sampled_from([1, -1]))
def test_a_longer_run_of_nights_never_costs_less_unless_it_alone_fills_the_gap(
    pricing: Pricing, occasion: Occasion, direction: int
) -> None:
    away = [FIRST + number * direction * NIGHT for number in range(9)]
    prices = [run(away[:count], pricing, replace(occasion, fills_gap=False)) for count in range(1, 10)]
    assert all(short.total <= long.total for short, long in pairwise(prices))
    filled = run(away, pricing, replace(occasion, fills_gap=True))
    assert filled.total <= prices[-1].total


@given(PRICINGS, OCCASIONS, LENGTHS, LENGTHS, st.none() | st.just(FRIDAY))
def test_more_hours_never_cost_less(
    pricing: Pricing, occasion: Occasion, one: timedelta, other: timedelta, lost: date | None
) -> None:
    shorter, longer = sorted([one, other])
    assert (
        of_hours(shorter, pricing, occasion).total
        <= of_hours(longer, pricing, occasion).total
        <= of_hours(longer, pricing, occasion, lost=lost).total
    )


@given(PRICINGS, OCCASIONS, LENGTHS)
def test_the_same_rules_in_another_order_give_the_same_bytes(
    pricing: Pricing, occasion: Occasion, length: timedelta
) -> None:
    again = replace(
        pricing,
        nights=replace(pricing.nights, steps=pricing.nights.steps[::-1]),
        hours=replace(pricing.hours, slots=pricing.hours.slots[::-1]),
        discounts=replace(pricing.discounts, weekend_days=frozenset([5, 4])),
    )
    assert repr(run(nights(5, FIRST), again, occasion)) == repr(run(nights(5, FIRST), pricing, occasion))
    assert repr(of_hours(length, again, occasion)) == repr(of_hours(length, pricing, occasion))


@pytest.mark.parametrize("name", MODULES)
def test_no_float_is_written_or_made_where_prices_and_hours_are_reckoned(name: str) -> None:
    tree = ast.parse((Path(domain.__file__).parent / f"{name}.py").read_text())
    floats = [n for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, float)]
    divisions = [n for n in ast.walk(tree) if isinstance(n, ast.Div)]
    names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    names |= {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    assert not floats
    assert not divisions
    assert not names & {"float", "round", "timestamp", "total_seconds", "math", "fsum", "Decimal"}


def test_every_guarantee_of_the_page_on_pricing_names_a_test_that_exists() -> None:
    here = Path(__file__).parent
    promised = set(re.findall(r"`(test_\w+)`", (here.parent.parent / "docs/pricing.md").read_text()))
    written = {
        name for file in here.glob("test_*.py") for name in re.findall(r"def (test_\w+)", file.read_text())
    }
    assert promised
    assert promised <= written
