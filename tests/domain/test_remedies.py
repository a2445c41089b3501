"""What is left for a guest whose nights somebody else has booked."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.diary import Diary, Taken
from domain.house import House
from domain.money import Money
from domain.offers import Kind
from domain.prices import (
    Discounts,
    Item,
    Line,
    NightPrice,
    Occasion,
    Price,
    Pricing,
    Rates,
    Tax,
    lines_of_night,
    of_nights,
)
from domain.remedies import HOST_CANCELS, Tier, price_of_rest, refund, rest
from domain.spans import NIGHT, Period, Span

DAY = date(2026, 12, 4)
HOUSE = House(ZoneInfo("Europe/Madrid"), turnaround=240)
AFTER, BEFORE = Kind.EXTRA_NIGHTS, Kind.NIGHTS_BEFORE
HOUR = timedelta(hours=1)


def span(start: int, end: int) -> Span:
    return Span(DAY + start * NIGHT, DAY + end * NIGHT)


def diary(*taken: Span) -> Diary:
    return Diary(HOUSE, tuple(Taken(nights) for nights in taken))


# Money back


def test_whoever_is_cancelled_by_the_host_gets_everything_back_whenever_it_is() -> None:
    price = Money(19_999, "EUR")
    for until in (-400 * HOUR, timedelta(), 400 * HOUR):
        assert refund(price, HOST_CANCELS, until) == price


@pytest.mark.parametrize(
    ("hours", "amount"), [(72, 10_001), (48, 10_001), (47, 5_001), (1, 5_001), (0, 5_001), (-1, 0)]
)
def test_a_tier_holds_from_its_notice_on(hours: int, amount: int) -> None:
    tiers = (Tier(timedelta(), 50), Tier(48 * HOUR, 100))
    assert refund(Money(10_001, "EUR"), tiers, hours * HOUR) == Money(amount, "EUR")


def test_without_a_tier_nothing_is_given_back() -> None:
    assert refund(Money(1, "JPY"), (), HOUR) == Money(0, "JPY")


# The nights that are left


@pytest.mark.parametrize(
    ("kind", "taken", "left"),
    [
        (AFTER, [span(2, 4)], span(0, 2)),
        (AFTER, [span(1, 2)], span(0, 1)),
        (AFTER, [span(0, 1)], None),
        (AFTER, [span(-2, 6)], None),
        (AFTER, [], span(0, 3)),
        (AFTER, [span(3, 5), span(-3, 0)], span(0, 3)),
        (BEFORE, [span(-1, 1)], span(1, 3)),
        (BEFORE, [span(1, 2)], span(2, 3)),
        (BEFORE, [span(2, 3)], None),
    ],
)
def test_what_is_left_is_next_to_the_stay(kind: Kind, taken: list[Span], left: Span | None) -> None:
    day = DAY if kind is AFTER else DAY + 3 * NIGHT
    assert rest(kind, day, span(0, 3), diary(*taken)) == left


def test_a_guest_who_comes_too_early_to_clean_costs_one_night_more() -> None:
    night = DAY + 2 * NIGHT
    early = Period(datetime(2026, 12, 6, 11, tzinfo=UTC), HOUSE.instant(night + NIGHT, HOUSE.check_out))
    assert rest(AFTER, DAY, span(0, 3), Diary(HOUSE, (Taken(Span(night, night + NIGHT), early),))) == span(
        0, 1
    )


@given(
    st.sampled_from([AFTER, BEFORE]),
    st.integers(1, 9),
    st.lists(st.tuples(st.integers(-4, 12), st.integers(1, 4)), max_size=4),
)
def test_no_night_that_is_left_is_taken_and_none_more_could_be(
    kind: Kind, count: int, claims: list[tuple[int, int]]
) -> None:
    taken = [span(start, start + length) for start, length in claims]
    sold, busy = span(0, count), diary(*taken)
    left = rest(kind, sold.start if kind is AFTER else sold.end, sold, busy)
    if left is None:
        assert busy.is_taken(sold.start if kind is AFTER else sold.end - NIGHT)
        return
    assert not any(busy.is_taken(night) for night in left.nights())
    assert (left.start if kind is AFTER else left.end) == (sold.start if kind is AFTER else sold.end)
    if left != sold:
        assert busy.is_taken(left.end if kind is AFTER else left.start - NIGHT)


# Their price


def priced(nights: Span, pricing: Pricing, kind: Kind = AFTER, persons: int = 2) -> Price:
    """The price of the nights as a guest buys them."""
    in_order = list(nights.nights()) if kind is AFTER else list(nights.nights())[::-1]
    lines = [
        line for number, night in enumerate(in_order, 1) for line in lines_of_night(number, night, pricing)
    ]
    return of_nights(lines, len(nights), pricing, Occasion(HOUR, fills_gap=True, persons=persons))


TAXES = (Tax("VAT", percent=1_000), Tax("City tax", per_night=350, per_person=True))


def test_the_rest_costs_its_own_nights_with_their_discounts_and_taxes() -> None:
    pricing = Pricing(
        Rates("EUR", 10_000, ((5, 20_000),)),  # Saturday
        NightPrice(steps=((2, 10),)),
        discounts=Discounts(weekend=-50, last_minute=10, last_minute_within=2 * HOUR),
        taxes=TAXES,
    )
    whole = priced(span(0, 3), pricing)  # Friday to Monday
    left = price_of_rest(whole, span(0, 3), span(0, 2), TAXES, 2)
    assert [(line.item, line.amount.amount) for line in left.lines] == [
        (Item.NIGHT, 10_000),
        (Item.WEEKEND, 5_000),
        (Item.NIGHT, 20_000),
        (Item.LENGTH, -2_000),
        (Item.WEEKEND, 9_000),
        (Item.LAST_MINUTE, -4_200),
        (Item.TAX, 3_780),
        (Item.TAX, 1_400),
    ]


def test_a_tax_that_was_changed_since_falls_with_the_price() -> None:
    whole = priced(span(0, 2), Pricing(Rates("EUR", 10_000), taxes=(Tax("VAT", percent=1_000),)))
    left = price_of_rest(whole, span(0, 2), span(0, 1), (Tax("VAT", percent=2_100),), 1)
    assert [line.amount.amount for line in left.lines] == [10_000, 1_000]


def test_a_price_below_zero_never_comes_out() -> None:
    nights = span(0, 2)
    odd = Price(
        (
            Line(Item.NIGHT, Money(-500, "EUR"), nights.start),
            Line(Item.NIGHT, Money(900, "EUR"), nights.start + NIGHT),
        ),
        "EUR",
    )
    assert price_of_rest(odd, nights, span(0, 1), (), 1).total == Money(0, "EUR")
    assert price_of_rest(odd, nights, span(1, 2), (), 1).total == Money(400, "EUR")


PRICINGS = st.builds(
    Pricing,
    st.builds(
        Rates,
        st.sampled_from(["EUR", "JPY", "KWD"]),
        st.integers(0, 200_000),
        st.dictionaries(st.integers(0, 6), st.integers(0, 400_000)).map(lambda rates: tuple(rates.items())),
    ),
    st.builds(
        NightPrice, st.none() | st.integers(0, 99_999), st.integers(0, 300), st.just(((3, 15), (5, 30)))
    ),
    discounts=st.builds(
        Discounts,
        weekend=st.integers(-100, 90),
        last_minute=st.integers(0, 90),
        last_minute_within=st.just(2 * HOUR),
        gap=st.integers(0, 90),
    ),
    taxes=st.sampled_from([(), TAXES, TAXES[:1]]),
    minimum=st.sampled_from([0, 5_000]),
    step=st.sampled_from([1, 100, 500]),
)


@given(PRICINGS, st.sampled_from([AFTER, BEFORE]), st.integers(1, 7), st.data(), st.booleans())
def test_fewer_nights_never_cost_more_and_all_of_them_cost_the_same(
    pricing: Pricing, kind: Kind, count: int, data: st.DataObject, known: bool
) -> None:
    nights, persons = span(0, count), 2
    whole = priced(nights, pricing, kind, persons)
    taxes = pricing.taxes if known else ()
    assert price_of_rest(whole, nights, nights, taxes, persons).total == whole.total
    few = data.draw(st.integers(1, count))
    left = span(0, few) if kind is AFTER else span(count - few, count)
    found = price_of_rest(whole, nights, left, taxes, persons)
    assert Money(0, whole.currency) <= found.total <= whole.total
    assert {line.on for line in found.lines if line.on} <= set(left.nights())
    own = [line for line in whole.lines if line.on in set(left.nights()) and line.amount.amount]
    assert [line for line in found.lines if line.on] == own


@given(PRICINGS, st.integers(2, 7))
def test_a_tax_by_night_is_the_nights_own(pricing: Pricing, count: int) -> None:
    pricing = replace(pricing, taxes=TAXES[1:])
    left = price_of_rest(priced(span(0, count), pricing), span(0, count), span(0, 1), TAXES[1:], 2)
    assert [line.amount.amount for line in left.lines if line.item is Item.TAX] == [700]
