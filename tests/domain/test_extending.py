from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain import extending
from domain.spans import Span

DAY = date(2026, 12, 10)
days = st.integers(-6, 6).map(lambda number: DAY + timedelta(days=number))
lengths = st.integers(1, 4).map(lambda count: timedelta(days=count))
claims = st.builds(lambda start, length: Span(start, start + length), days, st.integers(1, 9).map(timedelta))
after = lengths.map(lambda length: (Span(DAY, DAY + length), DAY))
before = lengths.map(lambda length: (Span(DAY - length, DAY), DAY))


@given(claims, after | before)
def test_a_longer_stay_holds_the_bought_nights_and_the_night_of_the_stay_beside_them(
    claim: Span, sold: tuple[Span, date]
) -> None:
    bought, joins = sold
    own_night = joins - timedelta(days=1) if bought.start == joins else joins
    assert extending.shows(claim, bought, joins) == {*bought.nights(), own_night}.issubset(claim.nights())


@given(after | before)
def test_a_strangers_booking_of_just_the_bought_nights_is_no_longer_stay(sold: tuple[Span, date]) -> None:
    bought, joins = sold
    assert not extending.shows(bought, bought, joins)
    assert extending.closes([bought], bought)


def test_nights_may_be_closed_by_several_claims_together_but_by_all_of_them() -> None:
    bought = Span(DAY, DAY + timedelta(days=3))
    first, rest = Span(DAY, DAY + timedelta(days=1)), Span(DAY + timedelta(days=1), bought.end)
    assert extending.closes([rest, first], bought)
    assert not extending.closes([rest], bought)
