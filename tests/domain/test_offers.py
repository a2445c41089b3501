"""What a departing guest is offered: free nights that follow, never a closed one."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from domain.money import Money
from domain.offers import Quote, Terms, extra_nights, fresh_enough
from domain.spans import NIGHT, Span, nights_in

TODAY = date(2026, 12, 1)
NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
TERMS = Terms(Money(9_900, "EUR"), max_nights=7)
DAYS = st.integers(0, 30).map(lambda offset: TODAY + timedelta(days=offset))
BUSY = st.lists(
    st.builds(lambda start, count: Span(start, start + timedelta(days=count)), DAYS, st.integers(1, 6)),
    max_size=5,
)


def lengths(quotes: tuple[Quote, ...]) -> list[int]:
    return [len(quote.nights) for quote in quotes]


def test_free_nights_are_offered_one_length_each_up_to_the_most_allowed() -> None:
    quotes = extra_nights(TODAY + 4 * NIGHT, [], TERMS, today=TODAY)
    assert lengths(quotes) == [1, 2, 3, 4, 5, 6, 7]
    assert {quote.nights.start for quote in quotes} == {TODAY + 4 * NIGHT}


def test_the_next_arrival_ends_what_is_offered() -> None:
    arrival = Span(TODAY + 6 * NIGHT, TODAY + 9 * NIGHT)
    assert lengths(extra_nights(TODAY + 4 * NIGHT, [arrival], TERMS, today=TODAY)) == [1, 2]


def test_an_arrival_on_the_departure_day_leaves_nothing() -> None:
    arrival = Span(TODAY + 4 * NIGHT, TODAY + 5 * NIGHT)
    assert extra_nights(TODAY + 4 * NIGHT, [arrival], TERMS, today=TODAY) == ()


def test_a_departure_today_can_still_be_prolonged_and_one_yesterday_cannot() -> None:
    assert extra_nights(TODAY, [], TERMS, today=TODAY)
    assert extra_nights(TODAY - NIGHT, [], TERMS, today=TODAY) == ()


def test_every_night_costs_the_same_price() -> None:
    quotes = extra_nights(TODAY, [], TERMS, today=TODAY)
    assert [quote.price for quote in quotes[:3]] == [
        Money(9_900, "EUR"),
        Money(19_800, "EUR"),
        Money(29_700, "EUR"),
    ]


@given(DAYS, BUSY, st.integers(1, 30), st.integers(1, 10**6))
def test_no_offer_ever_holds_a_closed_night(departure: date, busy: list[Span], most: int, price: int) -> None:
    quotes = extra_nights(departure, busy, Terms(Money(price, "EUR"), most), today=TODAY)
    assert nights_in(quote.nights for quote in quotes).isdisjoint(nights_in(busy))


@given(DAYS, BUSY, st.integers(1, 30), st.integers(1, 10**6))
def test_lengths_have_no_gap_and_longer_stays_cost_more(
    departure: date, busy: list[Span], most: int, price: int
) -> None:
    quotes = extra_nights(departure, busy, Terms(Money(price, "EUR"), most), today=TODAY)
    assert lengths(quotes) == list(range(1, len(quotes) + 1))
    assert len(quotes) <= most
    assert all(shorter.price < longer.price for shorter, longer in pairwise(quotes))


def test_every_feed_must_have_been_read_within_the_hour() -> None:
    hour = timedelta(hours=1)
    assert fresh_enough([NOW, NOW - hour], NOW)
    assert not fresh_enough([NOW, NOW - hour - timedelta.resolution], NOW)


def test_a_feed_never_read_and_no_feed_at_all_are_not_fresh() -> None:
    assert not fresh_enough([NOW, None], NOW)
    assert not fresh_enough([], NOW)
    assert not fresh_enough(iter(()), NOW)
